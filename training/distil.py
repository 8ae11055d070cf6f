"""Trains the student on what the teacher says of the same texts. Seeded.

Knowledge distillation (Hinton et al. 2015) on the training texts, and on texts made of them (``training.remade``) whose
labels nobody knows but the teacher. Known labels count besides.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from streams.scoring.weights import EMOTION, FAMILY, SENTIMENT
from streams.scoring.words import Rows, Vocabulary
from training.data import Labelled
from training.families import joined
from training.progress import console
from training.student import Read, Reader, Student, batches, frequent

BATCH, RATE, TABLE_RATE = 256, 2e-3, 1e-3
LAST, OWN_AGAIN = 0.5, 0.25
"""Of the last epochs: their rates as a share of the first ones', and the share of the own texts that is read again."""
DROP, UNKNOWN = 0.08, 0.12
NEAR = 2e-3
HARD = 0.4
"""What known labels count for beside the teacher's word."""
COMMENTS, LIKE_COMMENTS, OTHERS = 2.0, 1.5, 0.6
"""What is felt in texts counts for in the last epochs: in comments, whose emotions people have told, in what is made of
them, and in all others, of which only the teachers and who wrote them say so."""
MOOD_LIKE_COMMENTS = 0.25
"""What the sentiment of texts that were made of comments counts for: they are many, and customers write otherwise."""


@dataclass
class Lesson:
    """Texts, what is known of them and what the teacher says: logits, NaN where it was not asked."""

    data: Labelled
    teacher: NDArray[np.float32]
    weight: NDArray[np.float32]
    felt: NDArray[np.float32]
    own: NDArray[np.bool_]
    """Which of the texts were written for the project, or made of such; not those that are told twice."""
    like_comments: NDArray[np.bool_]
    """Which were made of comments."""

    @property
    def felt_counts(self) -> NDArray[np.float32]:
        """What each text's emotions count for. Only of comments do their labels count in full (`training.teacher`)."""
        made = np.where(self.like_comments, LIKE_COMMENTS, OTHERS)
        return np.where(self.felt >= 1.0, COMMENTS, made).astype(np.float32)

    @property
    def mood_counts(self) -> NDArray[np.float32]:
        """What each text's sentiment counts for."""
        return np.where(self.like_comments, MOOD_LIKE_COMMENTS, 1.0).astype(np.float32)


def _mood(out: Tensor, soft: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy against the teacher's chances and against the label, where there is one."""
    logs = functional.log_softmax(out[:, SENTIMENT], dim=1)
    taught = -(functional.softmax(soft[:, SENTIMENT], dim=1) * logs).sum(1)
    known = functional.nll_loss(logs, label.clamp(min=0), reduction="none") * weight
    return (1 - HARD) * 1.5 * taught + HARD * known


def _felt(out: Tensor, soft: Tensor, emotions: Tensor, felt: Tensor) -> Tensor:
    """The same for emotions and families, each a chance of its own."""
    both = slice(EMOTION.start, FAMILY.stop)
    chances = torch.sigmoid(soft[:, both])
    share = (HARD * (felt > 0).float()).unsqueeze(1)
    target = (1 - share) * chances + share * emotions
    each = functional.binary_cross_entropy_with_logits(out[:, both], target, reduction="none")
    return each[:, : EMOTION.stop - EMOTION.start].sum(1) + 0.6 * each[:, EMOTION.stop - EMOTION.start :].sum(1)


def fit(
    lesson: Lesson, vocabulary: Vocabulary, begin: NDArray[np.float32], seed: int, epochs: int, last: int
) -> Student:
    """The trained student: so many epochs of everything, and the last ones of what others wrote and some of the own.

    The own texts are more than half of all; what the public ones taught of rare emotions would fade behind them.
    """
    torch.manual_seed(seed)
    reader = Reader(vocabulary)
    read = reader.read(lesson.data.texts)
    rows = reader.rows()
    student = Student(vocabulary, begin, frequent(read.pairs))
    everything = np.arange(len(lesson.own))
    alike = np.ones(len(lesson.own), dtype=np.float32)
    student = _taught(student, lesson, read, rows, everything, alike, seed, epochs, 1.0)
    some = np.flatnonzero(~lesson.own | (np.random.default_rng(seed).random(len(lesson.own)) < OWN_AGAIN))
    return _taught(student, lesson, read, rows, some, lesson.felt_counts, seed + 1, last, LAST)


def refined(student: Student, lesson: Lesson, vocabulary: Vocabulary, seed: int, epochs: int) -> Student:
    """The student after so many further epochs of a lesson."""
    reader = Reader(vocabulary)
    read = reader.read(lesson.data.texts)
    everything = np.arange(len(lesson.own))
    return _taught(student, lesson, read, reader.rows(), everything, lesson.felt_counts, seed + 2, epochs, LAST)


def _taught(
    student: Student,
    lesson: Lesson,
    read: Read,
    rows: Rows,
    texts: NDArray[np.int64],
    counts: NDArray[np.float32],
    seed: int,
    epochs: int,
    share: float,
) -> Student:
    """The running mean of the student's weights over the last steps of some epochs of these texts.

    ``counts`` is what each text's emotions count for, ``share`` that of the full rates.
    """
    mean = copy.deepcopy(student)
    tables = ("table", "pairs")
    rest = [value for name, value in student.named_parameters() if name not in tables]
    optimiser = torch.optim.AdamW(
        [
            {"params": rest, "lr": RATE, "weight_decay": 0.01},
            {"params": [student.table, student.pairs], "lr": TABLE_RATE, "weight_decay": 0.0},
        ],
        fused=True,
    )
    kin = joined(lesson.data.emotions)
    emotions = torch.from_numpy(np.concatenate([lesson.data.emotions, kin], axis=1).clip(0).astype(np.float32))
    labels = torch.from_numpy(lesson.data.sentiment.astype(np.int64))
    weight, felt = torch.from_numpy(lesson.weight), torch.from_numpy(lesson.felt)
    soft, heard = torch.from_numpy(lesson.teacher), 0.5 * torch.from_numpy(counts)
    seen = torch.from_numpy(lesson.mood_counts)
    total = epochs * -(-len(texts) // BATCH)
    random, step, began = np.random.default_rng(seed), 0, time.monotonic()
    for epoch in range(epochs):
        losses = []
        for which in batches(texts, BATCH, random):
            step += 1
            rate = share * min(step / 100, max(0.01, 1 - step / total))
            for group, peak in zip(optimiser.param_groups, (RATE, TABLE_RATE), strict=True):
                group["lr"] = peak * rate
            student.train()
            out = student(rows, read, which, DROP, UNKNOWN)
            here = torch.from_numpy(which)
            mood = seen[here] * _mood(out, soft[here], labels[here], weight[here])
            now = (mood + heard[here] * _felt(out, soft[here], emotions[here], felt[here])).mean()
            optimiser.zero_grad()
            now.backward()
            optimiser.step()
            losses.append(now.item())
            if step % 10 == 0:
                keep = min(0.97, step / (step + 100))
                with torch.no_grad():
                    # Words that are seldom seen stay near where the teacher puts them, and such pairs say little.
                    student.table[: student.words].lerp_(student.first, NEAR)
                    student.pairs.mul_(1 - NEAR)
                    for slow, fast in zip(mean.parameters(), student.parameters(), strict=True):
                        slow.lerp_(fast, 1 - keep)
        console.print(f"epoch {epoch + 1}/{epochs}, loss {np.mean(losses):.4f}, {time.monotonic() - began:.0f} s")
    return mean
