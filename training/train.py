"""Builds the scorer's weights from GoEmotions, SemEval-2017 and the project's own texts: ``make train``.

Teachers, labels, student, calibration: seeded, with progress, and each goes on where it was stopped (``.train/``).
About three hours on two cores that do nothing else, by what its steps took one by one, and more on slow ones. Nothing
that ``groundswell eval`` reports on is read.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from groundswell.evaluation.figures import f1, macro_f1, macro_recall
from streams.scoring import feelings
from streams.scoring.alike import NAME, families, family_of
from streams.scoring.curves import log_odds
from streams.scoring.deep import HERE as DEEP
from streams.scoring.deep import SHARE
from streams.scoring.model import Model
from streams.scoring.tokens import Lexicon
from streams.scoring.weights import EMOTION, FELT, FULL_TAP, OUTPUTS, SENTIMENT, TAPS, WEIGHTS, Weights
from streams.scoring.words import Vocabulary
from training import courses, distil
from training.calibrate import Beside, Calibration, calibrated, sigmoid, softmax
from training.data import Labelled, goemotions, semeval, written
from training.deep import Labeller, exported, quantised
from training.encoder import Teacher, padded
from training.families import joined
from training.lessons import further_lesson, lesson
from training.progress import console
from training.student import Student
from training.teacher import Material, material

DIMENSIONS = 128
EPOCHS, LAST_EPOCHS, FURTHER_EPOCHS = 6, 9, 6
OWN_SHARE = 0.05
"""What an own text counts for where confidence is set: it is easier than what others write, being of the same hands as
those that were learnt from, and they are many."""


def vocabulary(texts: list[str], known: Iterable[str]) -> Vocabulary:
    """The words that are met twice in the texts, and those of a teacher's pieces that are whole words."""
    lexicon = Lexicon()
    frame = lexicon.read(texts)
    counts: Counter[str] = Counter()
    for atom, count in zip(*np.unique(frame.atoms, return_counts=True), strict=True):
        counts[lexicon.norm[atom]] += int(count)
    whole = {word for word in known if word.isalpha() and word.isascii() and len(word) > 2}
    words = {family_of(word) or word for word in whole | {word for word, count in counts.items() if word and count > 1}}
    return Vocabulary(sorted(words | {NAME, *families().values()}))


def static(model: Teacher, words: list[str]) -> NDArray[np.float32]:
    """Where the teacher puts each word by itself: words × DIMENSIONS, its pieces' mean, by principal components."""
    pieces = model.speller.pieces([word.strip("<>") or "." for word in words])
    order = np.argsort([len(piece) for piece in pieces], kind="stable")
    out = np.empty((len(words), model.body.config.hidden_size), dtype=np.float32)
    model.eval()
    with torch.inference_mode():
        for at in range(0, len(order), 256):
            ids, mask = padded([pieces[i] for i in order[at : at + 256]])
            hidden = model.body(input_ids=ids, attention_mask=mask).last_hidden_state
            inner = mask.clone().float()
            inner[:, 0] = 0
            inner[torch.arange(len(inner)), mask.sum(1) - 1] = 0
            mean = (hidden * inner[..., None]).sum(1) / inner.sum(1, keepdim=True).clamp(min=1)
            out[order[at : at + 256]] = mean.numpy()
    out -= out.mean(axis=0)
    _, _, axes = np.linalg.svd(out[::3], full_matrices=False)
    begin = out @ axes[:DIMENSIONS].T
    return np.asarray(0.3 * begin / begin.std(), dtype=np.float32)


def said(stuff: Material, folder: Path, labellers: dict[str, Labeller]) -> NDArray[np.float32]:
    """What the teachers say of every training text: texts × OUTPUTS logits.

    Who has practised knows the project's own texts, and has forgotten some of the others: each is asked for what it
    knows best. What others wrote is read by the other teacher besides; the mean of two errs less than each. What is
    told twice has one label: the mean of both.
    """
    texts = stuff.data.texts
    public, own = texts[: stuff.public], texts[stuff.public :]
    theirs = labellers["read"].resumed(public, folder, "read") + labellers["other"].resumed(public, folder, "other")
    soft = np.concatenate([theirs / 2, labellers["practised"].resumed(own, folder, "practised")])
    soft[-stuff.twice :] = soft[-stuff.twice :].reshape(stuff.twice // 2, 2, -1).mean(axis=1).repeat(2, axis=0)
    return soft


def _embedded(table: NDArray[np.float32], words: Vocabulary) -> NDArray[np.float32]:
    """Every known word, its letters included: words × dimensions."""
    lexicon = Lexicon()
    lexicon.read(list(words.words))
    rows = words.rows(lexicon.norm, lexicon.flags)
    return np.asarray(np.add.reduceat(table[rows.rows] * rows.scales[:, None], rows.starts, axis=0), dtype=np.float32)


def packed(student: Student, words: Vocabulary) -> Weights:
    """The student's numbers in the package's form, not calibrated yet."""
    table = student.table.detach().numpy()
    scales = np.maximum(np.abs(table).max(axis=1) / 127, 1e-6).astype(np.float16)
    small = np.rint(table / scales.astype(np.float32)[:, None]).clip(-127, 127).astype(np.int8)
    maps, states, pairs, out = (
        part.detach().numpy() for part in (student.taps, student.states, student.pairs, student.out)
    )
    said = (_embedded(table, words) @ maps).reshape(-1, TAPS, student.channels)
    largest = [np.abs(said).max(axis=(0, 1)), np.abs(states).max(axis=0), np.abs(pairs).max(axis=0)]
    step = np.maximum.reduce(largest) / FULL_TAP
    pair_steps = np.maximum(np.ceil(largest[-1] / step / 127), 1)
    none, one = (
        np.zeros(OUTPUTS - SENTIMENT.stop, dtype=np.float32),
        np.ones(OUTPUTS - SENTIMENT.stop, dtype=np.float32),
    )
    emotions = EMOTION.stop - EMOTION.start
    return Weights(
        np.frombuffer("\n".join(words.words).encode(), dtype=np.uint8), small, scales,
        (maps / np.tile(step, TAPS)).astype(np.float16).astype(np.float32), np.rint(states / step).astype(np.int16),
        student.known, np.rint(pairs / (step * pair_steps)).astype(np.int8), pair_steps.astype(np.int16),
        (out * step[:, None]).astype(np.float32), student.bias.detach().numpy(),
        student.mood_units.detach().numpy(), student.felt_units.detach().numpy(),
        student.power.detach().clamp(0.3, 1.0).numpy(), np.ones(1, dtype=np.float32),
        one, none, one[:emotions] * 0.5, one[emotions:] * 0.5,
    )  # fmt: skip


def read(weights: Weights, texts: list[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the package's own reader makes of texts: logits of sentiment, and of emotions and families."""
    model, moods, felts = Model(weights), [], []
    for at in range(0, len(texts), 2_000):
        part = texts[at : at + 2_000]
        judged = model.judge(model.prepare(part), np.ones(len(part), dtype=np.bool_))
        moods.append(judged.sentiment)
        felts.append(np.concatenate([judged.emotions, judged.families], axis=1))
    return np.concatenate(moods), log_odds(np.concatenate(felts))


@dataclass
class Tuning:
    """The share kept for setting what is told and how sure: texts with a sentiment, and texts with emotions."""

    moody: Labelled
    weight: NDArray[np.float32]
    comments: Labelled

    @classmethod
    def of(cls, root: Path) -> Tuning:
        """Read from the data sets."""
        tweets, own = semeval(root).part("tune"), written().part("tune")
        counts = np.repeat([1.0, OWN_SHARE], [len(tweets.texts), len(own.texts)])
        return cls(Labelled.joined([tweets, own]), counts.astype(np.float32), goemotions(root, "train").part("tune"))

    def found(self, mood: NDArray[np.float32], felt: NDArray[np.float32], beside: Beside | None = None) -> Calibration:
        """The calibration for logits of both."""
        truth = np.concatenate([self.comments.emotions, joined(self.comments.emotions)], axis=1) == 1
        return calibrated(mood, self.moody.sentiment.astype(np.int64), self.weight, felt, truth, beside)

    def tell(self, name: str, mood: NDArray[np.float32], told: NDArray[np.bool_]) -> None:
        """How well it reads the share that it was calibrated on: not for the card."""
        truth, said = joined(self.comments.emotions) == 1, joined(told.astype(np.int8)) == 1
        sides = np.mean([f1(truth[:, at], said[:, at]) for at in (3, 5, 6, 7)])
        recall = macro_recall(self.moody.sentiment.astype(np.int64), mood.argmax(axis=1))
        console.print(
            f"{name}, tune: sentiment {100 * recall:.1f}, 28 {100 * macro_f1(self.comments.emotions == 1, told):.1f}, "
            f"Ekman {100 * macro_f1(truth[:, :7], said[:, :7]):.1f}, groups {100 * sides:.1f}",
        )


def calibrate(tuning: Tuning, weights: Weights) -> Beside:
    """Sets what the student tells and how sure; gives what it makes of the share for tuning, beside another reader."""
    mood, _ = read(weights, tuning.moody.texts)
    _, felt = read(weights, tuning.comments.texts)
    found = tuning.found(mood, felt)
    emotions = EMOTION.stop - EMOTION.start
    weights.sentiment_slope = np.array([found.sentiment_slope], dtype=np.float32)
    weights.felt_slope, weights.felt_shift = found.slopes, found.shifts
    weights.thresholds, weights.family_thresholds = found.thresholds[:emotions], found.thresholds[emotions:]
    mood, felt = mood * weights.sentiment_slope, felt * found.slopes + found.shifts
    chances = sigmoid(felt)
    told = feelings.told(chances[:, :emotions], chances[:, emotions:], weights)
    tuning.tell("fast", mood, told)
    return Beside(mood, felt, SHARE)


def calibrate_deep(tuning: Tuning, weights: Weights, fast: Beside, small: Path, folder: Path) -> None:
    """The same of the int8 teacher beside the student, and the margins of the student's chances below which it is
    asked."""
    deep = Labeller(small, threads=2, alone=True)
    moods, felts = deep.logits(tuning.moody.texts)[:, SENTIMENT], deep.logits(tuning.comments.texts)[:, FELT]
    found = tuning.found(moods, felts, fast)
    sure = np.sort(softmax(fast.mood), axis=1)
    np.savez(
        folder / "calibration.npz", slope=found.slopes, shift=found.shifts,
        sentiment_slope=np.array([found.sentiment_slope], dtype=np.float32),
        margins=np.quantile(sure[:, -1] - sure[:, -2], np.linspace(0, 1, 101)).astype(np.float32),
    )  # fmt: skip
    mood = SHARE * found.sentiment_slope * moods + (1 - SHARE) * fast.mood
    chances = sigmoid(SHARE * (felts * found.slopes + found.shifts) + (1 - SHARE) * fast.felt)
    emotions = EMOTION.stop - EMOTION.start
    tuning.tell("deep", mood, feelings.told(chances[:, :emotions], chances[:, emotions:], weights))


def train(root: Path, folder: Path, seed: int) -> None:
    """Everything, from the last checkpoint on."""
    stuff, minilm, bge = material(root, own=True), folder / courses.LABELLING.name, folder / courses.DEEP.name
    asked = {"read": courses.read(courses.LABELLING, root, minilm, seed)}
    practised = asked["practised"] = courses.practised(courses.LABELLING, root, minilm, seed)
    asked["other"] = courses.read(courses.DEEP, root, bge, seed)
    labellers = {name: Labeller(exported(each, folder / name)) for name, each in asked.items()}
    soft = said(stuff, folder, labellers)
    small = quantised(exported(courses.once_more(courses.DEEP, root, soft, bge, seed), folder / "deep"))
    words = vocabulary(stuff.data.texts, practised.speller.tokenizer.get_vocab())
    begin = static(practised, list(words.words))
    taught = lesson(stuff, soft, folder, labellers, words, begin)
    student = distil.fit(taught, words, begin, seed, EPOCHS, LAST_EPOCHS)
    further = further_lesson(stuff, folder, Labeller(small), words, begin)
    student = distil.refined(student, further, words, seed, FURTHER_EPOCHS)
    torch.save(student.state_dict(), folder / f"student-{seed}.pt")
    weights = packed(student, words)
    DEEP.mkdir(exist_ok=True)
    tuning = Tuning.of(root)
    calibrate_deep(tuning, weights, calibrate(tuning, weights), small, DEEP)
    weights.save(WEIGHTS)
    shutil.copy(small, DEEP / "model.onnx")
    shutil.copy(small.with_name("tokenizer.json"), DEEP)
    for path in (WEIGHTS, DEEP / "model.onnx"):
        console.print(f"{path} written, {path.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="Folder of the data sets.")
    parser.add_argument("--folder", type=Path, default=Path(".train"), help="Where checkpoints and weights go.")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.folder.mkdir(exist_ok=True)
    torch.set_num_threads(2)
    train(args.data, args.folder, args.seed)


if __name__ == "__main__":
    main()
