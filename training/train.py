"""Builds the scorer's weights from GoEmotions, SemEval-2017 and the project's own texts: ``make train``.

Teacher, its labels, student, calibration: seeded, with progress, and each goes on where it was stopped (``.train/``).
About two and a half hours on two cores. Nothing that ``groundswell eval`` reports on is
read.
"""

from __future__ import annotations

import argparse
import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import orjson
import torch
from numpy.typing import NDArray

from groundswell.evaluation.figures import f1, macro_f1, macro_recall
from streams.scoring import feelings
from streams.scoring.alike import families
from streams.scoring.deep import HERE as DEEP
from streams.scoring.deep import spelt
from streams.scoring.model import Model
from streams.scoring.tokens import Lexicon
from streams.scoring.weights import EMOTION, FELT, FULL_TAP, OUTPUTS, SENTIMENT, TAPS, WEIGHTS, Weights
from streams.scoring.words import Vocabulary
from training import distil, teacher
from training.calibrate import calibrated, sigmoid, softmax
from training.data import Labelled, goemotions, own_sentences, semeval, written
from training.deep import Labeller, exported
from training.encoder import Teacher, padded, tokenizer
from training.families import joined
from training.progress import console
from training.remade import careless, remade
from training.student import Student

DIMENSIONS = 128
REMADE = 30_000
CARELESS = 0.2
EPOCHS = 7
NEAR = 8
"""Words that a word may be exchanged for."""


def vocabulary(texts: list[str]) -> Vocabulary:
    """The words that are met twice in the texts, and the whole words that the teacher knows."""
    lexicon = Lexicon()
    frame = lexicon.read(texts)
    counts: Counter[str] = Counter()
    for atom, count in zip(*np.unique(frame.atoms, return_counts=True), strict=True):
        counts[lexicon.norm[atom]] += int(count)
    known = {word for word in tokenizer().get_vocab() if word.isalpha() and word.isascii() and len(word) > 2}
    alike = families()
    words = {alike.get(word, word) for word in known | {word for word, count in counts.items() if word and count > 1}}
    return Vocabulary(sorted(words | set(alike.values())))


def static(model: Teacher, words: list[str]) -> NDArray[np.float32]:
    """Where the teacher puts each word by itself: words × DIMENSIONS, its pieces' mean, by principal components."""
    pieces = [encoding.ids for encoding in tokenizer().encode_batch([spelt(word.strip("<>")) or "." for word in words])]
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


def neighbours(words: list[str], begin: NDArray[np.float32], frequent: set[str]) -> dict[str, list[str]]:
    """Of each frequent word, the frequent words that stand nearest to it."""
    rows = [row for row, word in enumerate(words) if word in frequent]
    unit = begin[rows] / np.linalg.norm(begin[rows], axis=1, keepdims=True).clip(1e-6)
    near: dict[str, list[str]] = {}
    for at in range(0, len(rows), 1_000):
        close = np.argpartition(-(unit[at : at + 1_000] @ unit.T), NEAR + 1, axis=1)[:, : NEAR + 1]
        for row, others in zip(rows[at : at + 1_000], close, strict=True):
            near[words[row]] = [words[rows[other]] for other in others if rows[other] != row][:NEAR]
    return near


def lesson(
    root: Path, folder: Path, labellers: dict[str, Labeller], words: Vocabulary, begin: NDArray[np.float32]
) -> distil.Lesson:
    """What the student learns: every training text, some written carelessly, and texts made of them."""
    stuff = teacher.material(root, own=True)
    texts = stuff.data.texts
    counts = Counter(word for text in texts for word in text.lower().split())
    frequent = {word for word, count in counts.items() if count >= 5 and word.isalpha()}
    kept = folder / "remade.json"
    # Neighbours hang on the last digit of a float; labels that are kept have to be of the same texts.
    if not kept.exists():
        kept.write_bytes(orjson.dumps(remade(texts, neighbours(list(words.words), begin, frequent), REMADE)))
    more: list[str] = orjson.loads(kept.read_bytes())
    soft = labellers["read"].resumed(texts + more, folder, "read")
    # Who has practised knows the project's own texts, and has forgotten some of the others.
    own = len(texts) - len(written().part("train").texts) - len(own_sentences().texts)
    soft[own : len(texts)] = labellers["practised"].resumed(texts[own:], folder, "practised")
    dice = random.Random(23)  # noqa: S311
    hasty = [at for at in range(len(texts)) if dice.random() < CARELESS]
    nothing = Labelled(
        more,
        np.full(len(more), -1, dtype=np.int8),
        np.full((len(more), stuff.data.emotions.shape[1]), -1, dtype=np.int8),
    )
    again = stuff.data.take(np.array(hasty))
    again.texts = [careless(text, dice) for text in again.texts]
    none = np.zeros(len(more), dtype=np.float32)
    return distil.Lesson(
        Labelled.joined([stuff.data, again, nothing]),
        np.concatenate([soft[: len(texts)], soft[hasty], soft[len(texts) :]]),
        np.concatenate([stuff.weight, stuff.weight[hasty], none]),
        np.concatenate([stuff.felt, stuff.felt[hasty], none]),
    )


def _embedded(table: NDArray[np.float32], words: Vocabulary) -> NDArray[np.float32]:
    """Every known word, its letters included: words × dimensions."""
    lexicon = Lexicon()
    lexicon.read(list(words.words))
    rows = words.rows(lexicon, 0, len(lexicon.norm))
    return np.asarray(np.add.reduceat(table[rows.rows] * rows.scales[:, None], rows.starts, axis=0), dtype=np.float32)


def packed(student: Student, words: Vocabulary) -> Weights:
    """The student's numbers in the package's form, not calibrated yet."""
    table = student.table.detach().numpy()
    scales = np.maximum(np.abs(table).max(axis=1) / 127, 1e-6).astype(np.float16)
    small = np.rint(table / scales.astype(np.float32)[:, None]).clip(-127, 127).astype(np.int8)
    maps, states, out = (part.detach().numpy() for part in (student.taps, student.states, student.out))
    said = (_embedded(table, words) @ maps).reshape(-1, TAPS, student.channels)
    step = np.maximum(np.abs(said).max(axis=(0, 1)), np.abs(states).max(axis=0)) / FULL_TAP
    none, one = (
        np.zeros(OUTPUTS - SENTIMENT.stop, dtype=np.float32),
        np.ones(OUTPUTS - SENTIMENT.stop, dtype=np.float32),
    )
    emotions = EMOTION.stop - EMOTION.start
    return Weights(
        np.frombuffer("\n".join(words.words).encode(), dtype=np.uint8), small, scales,
        (maps / np.tile(step, TAPS)).astype(np.float16).astype(np.float32), np.rint(states / step).astype(np.int16),
        (out * step[:, None]).astype(np.float32), student.bias.detach().numpy(),
        student.power.detach().clamp(0.3, 1.0).numpy(), np.ones(1, dtype=np.float32), np.zeros(3, dtype=np.float32),
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
    chances = np.clip(np.concatenate(felts), 1e-7, 1 - 1e-7)
    return np.concatenate(moods), np.log(chances / (1 - chances)).astype(np.float32)


def calibrate(root: Path, weights: Weights, folder: Path, small: Path) -> None:
    """Sets what is told and how sure, of the student and of the int8 teacher, on the share kept for it."""
    tweets, comments, own = semeval(root).part("tune"), goemotions(root, "train").part("tune"), written().part("tune")
    moody = Labelled.joined([tweets, own])
    weight = np.concatenate([teacher.balanced(tweets.sentiment), teacher.balanced(own.sentiment)])
    labels = moody.sentiment.astype(np.int64)
    truth = np.concatenate([comments.emotions, joined(comments.emotions)], axis=1) == 1
    mood, _ = read(weights, moody.texts)
    _, felt = read(weights, comments.texts)
    found = calibrated(mood, labels, weight, felt, truth)
    emotions = EMOTION.stop - EMOTION.start
    weights.sentiment_slope = np.array([found.sentiment_slope], dtype=np.float32)
    weights.felt_slope, weights.felt_shift = found.slopes, found.shifts
    weights.thresholds, weights.family_thresholds = found.thresholds[:emotions], found.thresholds[emotions:]
    chances = sigmoid(felt * found.slopes + found.shifts)
    told = feelings.told(chances[:, :emotions], chances[:, emotions:], weights)
    tell("fast", mood.argmax(axis=1), labels, told, comments)

    deep = Labeller(small, threads=2, alone=True)
    moods, felts = deep.logits(moody.texts), deep.logits(comments.texts)
    found = calibrated(moods[:, SENTIMENT], labels, weight, felts[:, FELT], truth)
    sure = np.sort(softmax(mood * weights.sentiment_slope), axis=1)
    np.savez(
        folder / "calibration.npz", slope=found.slopes, shift=found.shifts,
        sentiment_slope=np.array([found.sentiment_slope], dtype=np.float32),
        sentiment_shift=np.zeros(3, dtype=np.float32),
        margins=np.quantile(sure[:, -1] - sure[:, -2], np.linspace(0, 1, 101)).astype(np.float32),
    )  # fmt: skip
    chances = sigmoid(felts[:, FELT] * found.slopes + found.shifts)
    told = feelings.told(chances[:, :emotions], chances[:, emotions:], weights)
    tell("deep", moods[:, SENTIMENT].argmax(axis=1), labels, told, comments)


def tell(
    name: str, guess: NDArray[np.int64], labels: NDArray[np.int64], told: NDArray[np.bool_], comments: Labelled
) -> None:
    """How well it reads the share that it was calibrated on: not for the card."""
    truth, said = joined(comments.emotions) == 1, joined(told.astype(np.int8)) == 1
    sides = np.mean([f1(truth[:, at], said[:, at]) for at in (3, 5, 6, 7)])
    console.print(
        f"{name}, tune: sentiment {100 * macro_recall(labels, guess):.1f}, "
        f"28 {100 * macro_f1(comments.emotions == 1, told):.1f}, "
        f"Ekman {100 * macro_f1(truth[:, :7], said[:, :7]):.1f}, groups {100 * sides:.1f}",
    )


def train(root: Path, folder: Path, seed: int) -> None:
    """Everything, from the last checkpoint on."""
    finished = folder / f"teacher-{seed}.pt"
    if not finished.exists():
        if not (folder / f"teacher-{seed}-read.pt").exists():
            teacher.train(root, folder, seed)
        teacher.practise(root, folder, seed)
    # What it learnt last costs some of what it knew: the mean of both weights keeps most of either (Wortsman et al.
    # 2022).
    before, after = (torch.load(folder / f"teacher-{seed}{part}.pt") for part in ("-read", ""))
    models = {"read": before, "practised": after, "mean": {k: (before[k] + after[k]) / 2 for k in before}}
    teachers = {}
    for name, state in models.items():
        teachers[name] = Teacher()
        teachers[name].load_state_dict(state)
    files = {name: exported(model, folder / name) for name, model in teachers.items()}
    small = files["mean"][1]
    words = vocabulary(teacher.material(root, own=True).data.texts)
    begin = static(teachers["practised"], list(words.words))
    labellers = {name: Labeller(files[name][0]) for name in ("read", "practised")}
    student, _ = distil.fit(lesson(root, folder, labellers, words, begin), words, begin, seed, EPOCHS)
    torch.save(student.state_dict(), folder / f"student-{seed}.pt")
    weights = packed(student, words)
    DEEP.mkdir(exist_ok=True)
    calibrate(root, weights, DEEP, small)
    weights.save(WEIGHTS)
    shutil.copy(small, DEEP / "model.onnx")
    tokenizer().save(str(DEEP / "tokenizer.json"))
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
