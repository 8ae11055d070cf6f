"""Fits the weight table: AdaGrad on a softmax for sentiment and 28 logistic losses for emotions, in plain numpy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.scored import EMOTIONS
from streams.scoring.features import (
    BIAS,
    NEGATED_AT,
    PAIRS_AT,
    ROWS,
    negated_rows,
    new_word_rows,
    pair_rows,
    structure,
)
from streams.scoring.tokens import Frame, Lexicon
from training.data import Labelled

SENTIMENT = slice(0, 3)
EMOTION = slice(3, 3 + len(EMOTIONS))
OUTPUTS = 3 + len(EMOTIONS)


@dataclass
class Encoded:
    """All texts as atoms and rows, with every word's rows beside it."""

    lexicon: Lexicon
    frame: Frame
    negated: NDArray[np.bool_]
    hashes: NDArray[np.uint32]
    word_rows: NDArray[np.int64]
    word_scales: NDArray[np.float32]
    word_starts: NDArray[np.int64]
    pair_rows: NDArray[np.int64]
    """One an atom: the pair that it ends; -1 where it opens its text or the pair is too rare."""


def encode(texts: list[str], min_pairs: int = 2) -> Encoded:
    """Reads the texts as scoring does. Pairs seen less often than ``min_pairs`` are left out."""
    lexicon = Lexicon()
    frame = lexicon.read(texts)
    hashes = np.array(lexicon.hashes, dtype=np.uint32)
    around = structure(frame, np.array(lexicon.flags, dtype=np.int32))
    rows, scales, starts = new_word_rows(lexicon, 0, len(lexicon.norm))
    pairs, at = pair_rows(frame, hashes)
    seen = np.bincount(pairs - PAIRS_AT, minlength=ROWS - PAIRS_AT)
    all_pairs = np.full(len(frame.atoms), -1, dtype=np.int64)
    all_pairs[at] = np.where(seen[pairs - PAIRS_AT] >= min_pairs, pairs, -1)
    return Encoded(lexicon, frame, around.negated, hashes, rows, scales, starts, all_pairs)


def _ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers start … start + length - 1 of every range, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)


@dataclass
class Batch:
    """The rows and factors of some texts: Σ weights[rows] * factors over each text's span is its score."""

    rows: NDArray[np.int64]
    factors: NDArray[np.float32]
    starts: NDArray[np.int64]


def _batch(encoded: Encoded, which: NDArray[np.int64], drop: float, random: np.random.Generator) -> Batch:
    """Every feature of the texts, words expanded into their letters; a share of the atoms is dropped."""
    lengths = encoded.frame.ends[which] - encoded.frame.starts[which]
    places = _ranges(encoded.frame.starts[which], lengths)
    text = np.repeat(np.arange(len(which)), lengths)
    scale = (1.0 / np.sqrt(lengths)).astype(np.float32)
    if drop:
        kept = random.random(len(places)) >= drop
        places, text = places[kept], text[kept]
    atoms = encoded.frame.atoms[places]
    word_lengths = np.append(encoded.word_starts[1:], len(encoded.word_rows))[atoms] - encoded.word_starts[atoms]
    spread = _ranges(encoded.word_starts[atoms], word_lengths)
    rows = [encoded.word_rows[spread]]
    factors = [encoded.word_scales[spread]]
    owner = [np.repeat(text, word_lengths)]
    pairs = encoded.pair_rows[places]
    there = pairs >= 0
    rows.append(pairs[there])
    owner.append(text[there])
    factors.append(np.ones(int(there.sum()), dtype=np.float32))
    turned = encoded.negated[places]
    rows.append(negated_rows(encoded.hashes)[atoms[turned]])
    owner.append(text[turned])
    factors.append(np.ones(int(turned.sum()), dtype=np.float32))
    rows.append(np.full(len(which), BIAS))
    owner.append(np.arange(len(which)))
    factors.append(np.sqrt(lengths).astype(np.float32))
    all_owner = np.concatenate(owner)
    order = np.argsort(all_owner, kind="stable")
    all_factors = np.concatenate(factors) * scale[all_owner]
    starts = np.searchsorted(all_owner[order], np.arange(len(which)))
    return Batch(np.concatenate(rows)[order], all_factors[order], starts)


def scores(weights: NDArray[np.float32], batch: Batch) -> NDArray[np.float32]:
    """texts × outputs."""
    out: NDArray[np.float32] = np.add.reduceat(weights[batch.rows] * batch.factors[:, None], batch.starts, axis=0)
    return out


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    out: NDArray[np.float32] = shifted / shifted.sum(axis=-1, keepdims=True)
    return out


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities, each on its own."""
    out: NDArray[np.float32] = 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30)))
    return out


@dataclass
class Recipe:
    """What can be turned in training."""

    epochs: int = 6
    batch: int = 256
    rate: float = 0.15
    decay: float = 1e-5
    """L2, applied to the rows a batch touches."""
    drop: float = 0.1
    emotion_weight: float = 1.0
    seed: int = 7


def fit(
    encoded: Encoded, data: Labelled, weight: NDArray[np.float32], recipe: Recipe
) -> Iterator[tuple[int, float, NDArray[np.float32]]]:
    """Trains; yields epoch, mean loss and the weights (the live array) after each epoch.

    ``weight`` is what each text's sentiment counts for; emotions count where they are known.
    """
    random = np.random.default_rng(recipe.seed)
    table = np.zeros((ROWS, OUTPUTS), dtype=np.float32)
    # Letters and words begin alike; pairs and negation learn more slowly, since they are many and rare.
    squares = np.full((ROWS, OUTPUTS), 1e-2, dtype=np.float32)
    squares[NEGATED_AT:] = 3e-2
    known = data.emotions[:, 0] >= 0
    emotions = np.maximum(data.emotions, 0).astype(np.float32)
    target = np.zeros((len(data.texts), 3), dtype=np.float32)
    has = data.sentiment >= 0
    target[has, data.sentiment[has]] = 1.0
    weight = weight * has
    for epoch in range(recipe.epochs):
        order = random.permutation(len(data.texts))
        rate = recipe.rate * (1 - epoch / recipe.epochs * 0.9)
        total = 0.0
        for at in range(0, len(order), recipe.batch):
            which = order[at : at + recipe.batch]
            batch = _batch(encoded, which, recipe.drop, random)
            logits = scores(table, batch)
            slope = np.zeros_like(logits)
            guess = softmax(logits[:, SENTIMENT])
            slope[:, SENTIMENT] = (guess - target[which]) * weight[which, None]
            chance = sigmoid(logits[:, EMOTION])
            slope[:, EMOTION] = (chance - emotions[which]) * (recipe.emotion_weight * known[which, None])
            total -= float(np.sum(np.log(np.sum(guess * target[which], axis=1) + 1e-9) * weight[which]))
            likely = np.where(emotions[which] > 0, chance, 1 - chance)
            total -= float(np.sum(np.log(likely + 1e-9) * (recipe.emotion_weight * known[which, None])))
            lengths = np.diff(np.append(batch.starts, len(batch.rows)))
            by_row = np.argsort(batch.rows, kind="stable")
            owner = np.repeat(np.arange(len(which)), lengths)[by_row]
            rows = batch.rows[by_row]
            opens = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
            touched = rows[opens]
            grads = np.add.reduceat(slope[owner] * batch.factors[by_row, None], opens, axis=0)
            grads += recipe.decay * len(which) * table[touched]
            squares[touched] += grads * grads
            table[touched] -= rate * grads / np.sqrt(squares[touched])
        yield epoch, total / len(order), table
