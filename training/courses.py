"""The courses by which teachers are fine-tuned. Seeded; each goes on where it was stopped.

Two are made, by courses of their own: MiniLM, whose word the student learns, and BGE, which reads beside the student in
the tier ``deep`` and errs on other texts. Both read everything, MiniLM after the public data alone. MiniLM practises
many of the texts written for this project, among some of the public ones, so that it does not forget those. BGE reads
much once more, by the labels and by what both teachers say of it (as in knowledge distillation, Hinton et al. 2015):
what only the labels say is soon known by heart.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training import base
from training.encoder import Teacher
from training.progress import console
from training.teacher import BATCH, Material, batches, material, mix, step, tell

DECAY, LEAST = 0.01, 0.02
"""Weight decay, and what is left of a rate at the end, as a share of its peak."""
KEEP, LATER, MIXED = 0.98, 0.9, 10
"""Of the running mean of the weights, the share that stays every ``MIXED`` steps, at first and in later phases; in the
end the mean is what is kept."""
OWN, PUBLIC = 40_000, 12_000
"""Own and public texts that are practised."""
OWN_AGAIN, TWEETS_AGAIN, DROP_AGAIN = 26_000, 14_000, 0.05
"""What is read once more beside all comments whose emotions are known, and the dropout then."""
EVERY = 100
"""Steps between two checkpoints."""


@dataclass(frozen=True)
class Course:
    """How a teacher is made."""

    name: str
    begin: Callable[[Path, Iterable[str]], None]
    """Writes the weights that it begins with."""
    public_first: bool
    """Whether it reads the public data alone before it reads everything."""
    rate: float
    """Peak rate."""
    last_rate: float
    """The same when it practises or reads once more."""


LABELLING = Course("minilm", base.minilm, public_first=True, rate=1.2e-4, last_rate=8e-5)
DEEP = Course("bge", base.bge, public_first=False, rate=1e-4, last_rate=6e-5)


@dataclass(frozen=True)
class Part:
    """Texts that are read one after the other."""

    stuff: Material
    chosen: NDArray[np.int64]
    """Their numbers."""
    said: NDArray[np.float32] | None = None
    """What others say of all the material, in logits."""

    @classmethod
    def whole(cls, stuff: Material) -> Part:
        """All of the material."""
        return cls(stuff, np.arange(len(stuff.data.texts)))


@dataclass(frozen=True)
class Lesson:
    """What is read in a phase, and how."""

    name: str
    parts: list[Part]
    rate: float
    """Peak rate."""
    head_rate: float
    """The same of the heads."""
    warm_up: int = 50
    """Steps to the peak."""
    keep: float = LATER
    dropout: float | None = None
    """Within the body; None: as it is."""


def read(course: Course, root: Path, folder: Path, seed: int) -> Teacher:
    """The teacher when it has read everything, from the last checkpoint on."""
    folder.mkdir(exist_ok=True)
    everything = material(root, own=True)
    course.begin(folder / "base", everything.data.texts)
    parts = [Part.whole(material(root, own=False))] if course.public_first else []
    parts.append(Part.whole(everything))
    lesson = Lesson("read", parts, course.rate, head_rate=1e-3, warm_up=200, keep=KEEP)
    return _learnt(lesson, course, root, folder, seed)


def practised(course: Course, root: Path, folder: Path, seed: int) -> Teacher:
    """The teacher that has read everything, when it has practised the project's own texts."""
    stuff, random = material(root, own=True), np.random.default_rng(seed + 7)
    public, own = np.arange(stuff.public), np.arange(stuff.public, len(stuff.data.texts))
    chosen = np.concatenate([random.choice(own, OWN, replace=False), random.choice(public, PUBLIC, replace=False)])
    lesson = Lesson("practised", [Part(stuff, chosen)], course.last_rate, course.last_rate)
    return _learnt(lesson, course, root, folder, seed, after="read")


def once_more(course: Course, root: Path, said: NDArray[np.float32], folder: Path, seed: int) -> Teacher:
    """The teacher that has read everything, when it has read much of it once more.

    Args:
        course: The teacher's.
        root: Folder of the data sets.
        said: What both teachers say of the material: texts × OUTPUTS logits.
        folder: The teacher's.
        seed: Of the order.
    """
    stuff, random = material(root, own=True), np.random.default_rng(seed + 9)
    felt = stuff.data.emotions[: stuff.public, 0] >= 0
    tweets, own = np.flatnonzero(~felt), np.arange(stuff.public, len(stuff.data.texts))
    some = [random.choice(own, OWN_AGAIN, replace=False), random.choice(tweets, TWEETS_AGAIN, replace=False)]
    parts = [Part(stuff, np.concatenate([np.flatnonzero(felt), *some]), said)]
    lesson = Lesson("again", parts, course.last_rate, course.last_rate, dropout=DROP_AGAIN)
    return _learnt(lesson, course, root, folder, seed, after="read")


def _learnt(lesson: Lesson, course: Course, root: Path, folder: Path, seed: int, after: str | None = None) -> Teacher:
    """The running mean of the weights over a phase, which begins where another ended, if it comes after one."""
    kept = folder / f"teacher-{seed}-{lesson.name}.pt"
    if kept.exists():
        return _teacher(folder, kept)
    torch.manual_seed(seed)
    model, mean = (_teacher(folder, after and folder / f"teacher-{seed}-{after}.pt") for _ in range(2))
    mean.load_state_dict(model.state_dict())
    for layer in model.body.modules():
        if isinstance(layer, nn.Dropout) and lesson.dropout is not None:
            layer.p = lesson.dropout
    peaks = lesson.rate, lesson.head_rate
    groups = [{"params": list(layers.parameters())} for layers in (model.body, model.head)]
    optimiser = torch.optim.AdamW(groups, weight_decay=DECAY, fused=True)
    checkpoint = kept.with_suffix(".ckpt")
    done = _restored(checkpoint, model, mean, optimiser) if checkpoint.exists() else 0
    total = sum(math.ceil(len(part.chosen) / BATCH) for part in lesson.parts)
    at, began, losses = 0, time.monotonic(), list[float]()
    for number, part in enumerate(lesson.parts, 1):
        pieces = model.speller.pieces([part.stuff.data.texts[text] for text in part.chosen])
        soft = None if part.said is None else torch.from_numpy(part.said[part.chosen])
        for which in batches(np.array([len(piece) for piece in pieces]), np.random.default_rng(100 * seed + number)):
            at += 1
            if at <= done:
                continue
            torch.manual_seed(seed * 1_000_003 + at)
            share = min(at / lesson.warm_up, max(LEAST, (total - at) / max(1, total - lesson.warm_up)))
            for group, peak in zip(optimiser.param_groups, peaks, strict=True):
                group["lr"] = peak * share
            told = None if soft is None else soft[torch.from_numpy(which)]
            losses.append(step(model, optimiser, part.stuff, part.chosen[which], [pieces[i] for i in which], told))
            if at % MIXED == 0:
                mix(mean, model, 1 - min(lesson.keep, at / (at + MIXED)))
            if at % EVERY == 0:
                left = (total - at) * (time.monotonic() - began) / (at - done) / 60
                name = f"{course.name}: {lesson.name} {at}/{total}"
                console.print(f"{name}, loss {np.mean(losses[-EVERY:]):.3f}, {left:.0f} min left")
                _keep(checkpoint, model, mean, optimiser, at)
        tell(mean, root)
    torch.save(mean.state_dict(), kept)
    return mean


def _teacher(folder: Path, kept: Path | None) -> Teacher:
    teacher = Teacher(folder / "base")
    if kept is not None:
        teacher.load_state_dict(torch.load(kept))
    return teacher


def _keep(checkpoint: Path, model: Teacher, mean: Teacher, optimiser: torch.optim.Optimizer, step: int) -> None:
    state = {"model": model.state_dict(), "mean": mean.state_dict(), "step": step, "optimiser": optimiser.state_dict()}
    torch.save(state, checkpoint.with_suffix(".new"))
    checkpoint.with_suffix(".new").replace(checkpoint)


def _restored(checkpoint: Path, model: Teacher, mean: Teacher, optimiser: torch.optim.Optimizer) -> int:
    """Goes back to where it was stopped; gives the step."""
    state = torch.load(checkpoint)
    model.load_state_dict(state["model"])
    mean.load_state_dict(state["mean"])
    optimiser.load_state_dict(state["optimiser"])
    console.print(f"goes on at step {state['step']}")
    return int(state["step"])
