"""Builds streams/scoring/weights.npz from GoEmotions, SemEval-2017 and the project's own sentences: ``make train``.

Seeded and deterministic on one machine; about ten minutes on one core. A tenth of the training data is held out for
calibration and thresholds; nothing that `groundswell eval` reports on is read here.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from groundswell.evaluation.figures import f1
from schemas.scored import EMOTIONS
from streams.scoring.features import BIAS
from streams.scoring.model import WEIGHTS, Model, Weights, quantised
from training.data import Labelled, goemotions, own_sentences, semeval
from training.fit import EMOTION, Recipe, encode, fit, sigmoid, softmax

SENTIMENT_RECIPE = Recipe(epochs=2, rate=0.15, drop=0.2, decay=1e-5, emotion_weight=0.0)
EMOTION_RECIPE = Recipe(epochs=5, rate=0.4, drop=0.3, decay=1e-6, batch=128)
GOEMOTIONS_WEIGHT = 0.15
OWN_WEIGHT = 3.0
HELD_OUT = 10
"""One text in so many is held out."""

console = Console()


def balanced(labels: NDArray[np.int8]) -> NDArray[np.float32]:
    """A weight for each text so that every known class counts alike; 0 where none is known."""
    counts = np.bincount(labels[labels >= 0], minlength=3)
    per_class = counts.sum() / 3 / np.maximum(counts, 1)
    return np.where(labels >= 0, per_class[np.maximum(labels, 0)], 0).astype(np.float32)


def temperature(logits: NDArray[np.float32], labels: NDArray[np.int8], weight: NDArray[np.float32]) -> float:
    """The temperature that makes the held-out labels likeliest, from a fine grid."""
    grid = np.geomspace(0.3, 5, 60)
    losses = [
        -float(np.sum(weight * np.log(softmax(logits / heat)[np.arange(len(labels)), labels] + 1e-9))) for heat in grid
    ]
    return float(grid[int(np.argmin(losses))])


def platt(logit: NDArray[np.float32], label: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and shift of the logistic curve through the held-out labels (Platt 1999), by Newton's method."""
    slope, shift = 1.0, 0.0
    for _ in range(50):
        chance = sigmoid(slope * logit + shift)
        error, weight = chance - label, np.maximum(chance * (1 - chance), 1e-6)
        gradient = np.array([np.sum(error * logit) + 1e-3 * (slope - 1), np.sum(error)])
        hessian = np.array(
            [
                [np.sum(weight * logit * logit) + 1e-3, np.sum(weight * logit)],
                [np.sum(weight * logit), np.sum(weight) + 1e-6],
            ]
        )
        step = np.linalg.solve(hessian, gradient)
        slope, shift = slope - float(np.clip(step[0], -1, 1)), shift - float(np.clip(step[1], -1, 1))
    return slope, shift


def threshold(probability: NDArray[np.float32], label: NDArray[np.bool_]) -> float:
    """The probability from which telling the label gives the best F1 on the held-out texts."""
    grid = np.linspace(0.04, 0.7, 67)
    # Neighbours on the grid are averaged: the best point of a rare label is luck.
    scores = np.array([f1(label, probability >= level) for level in grid])
    smooth = np.convolve(np.pad(scores, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return float(grid[int(np.argmax(smooth))])


def run(name: str, data: Labelled, weight: NDArray[np.float32], recipe: Recipe) -> NDArray[np.float32]:
    """Fits and says how it goes."""
    encoded = encode(data.texts)
    began = time.monotonic()
    table = np.zeros((0, 0), dtype=np.float32)
    for epoch, loss, table in fit(encoded, data, weight, recipe):  # noqa: B007
        console.print(f"{name}: epoch {epoch + 1}/{recipe.epochs}, loss {loss:.4f}, {time.monotonic() - began:.0f} s")
    return table


def train(root: Path, out: Path) -> None:
    """Reads, fits, calibrates, writes."""
    emotional, tweets, own = goemotions(root, "train"), semeval(root), own_sentences()
    data = Labelled.joined([tweets, emotional, own])
    weight = np.concatenate(
        [
            balanced(tweets.sentiment),
            balanced(emotional.sentiment) * np.float32(GOEMOTIONS_WEIGHT),
            balanced(own.sentiment) * np.float32(OWN_WEIGHT),
        ]
    )
    held = np.random.default_rng(11).permutation(len(data.texts)) % HELD_OUT == 0
    kept, aside = np.flatnonzero(~held), np.flatnonzero(held)
    part = data.take(kept)
    table = run("sentiment", part, weight[kept], SENTIMENT_RECIPE)
    feeling = part.take(np.flatnonzero(part.emotions[:, 0] >= 0))
    emotion_table = run("emotions", feeling, np.zeros(len(feeling.texts), dtype=np.float32), EMOTION_RECIPE)
    table[:, EMOTION] = emotion_table[:, EMOTION]

    small, scales = quantised(table)
    bias = table[BIAS].copy()
    test = data.take(aside)
    # Calibrated on what the reader as it ships makes of the held-out texts, sentence by sentence and in int8.
    plain = np.ones(len(EMOTIONS), dtype=np.float32)
    reader = Model(Weights(small, scales, bias, 1.0, plain, 0 * plain, plain))
    sentiment, emotions = [], []
    for at in range(0, len(test.texts), 2_000):
        texts = test.texts[at : at + 2_000]
        judged = reader.judge(reader.prepare(texts), np.ones(len(texts), dtype=np.bool_))
        sentiment.append(judged.sentiment)
        emotions.append(judged.emotions)
    logits = np.concatenate(sentiment)
    chances = np.clip(np.concatenate(emotions), 1e-6, 1 - 1e-6)
    feelings = np.log(chances / (1 - chances))
    told = (test.sentiment >= 0) & (aside < len(tweets.texts))
    temper = temperature(logits[told], test.sentiment[told], weight[aside][told])
    # The project's own sentences would flatter: thresholds come from GoEmotions alone.
    felt = (test.emotions[:, 0] >= 0) & (aside < len(tweets.texts) + len(emotional.texts))
    slopes, shifts, thresholds = [], [], []
    for at in range(len(EMOTIONS)):
        logit, label = feelings[felt, at], test.emotions[felt, at] == 1
        slope, shift = platt(logit, label)
        slopes.append(slope)
        shifts.append(shift)
        thresholds.append(threshold(sigmoid(slope * logit + shift), label))
    numbers = [np.array(values, dtype=np.float32) for values in (slopes, shifts, thresholds)]
    Weights(small, scales, bias, temper, *numbers).save(out)
    console.print(f"temperature {temper:.2f}; {out} written, {out.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="Folder of the data sets.")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="Weights file to write.")
    args = parser.parse_args()
    train(args.data, args.out)


if __name__ == "__main__":
    main()
