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

HEAD_RATE, WARM_UP, DECAY = 1e-3, 200, 0.01
KEEP, LATER, MIXED = 0.98, 0.1, 10
"""Of the running mean of the weights, the share that stays every ``MIXED`` steps, and in later phases the share that
moves; the mean is kept in the end."""
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


def read(course: Course, root: Path, folder: Path, seed: int) -> Teacher:
    """The teacher when it has read everything, from the last checkpoint on."""
    folder.mkdir(exist_ok=True)
    course.begin(folder / "base", material(root, own=True).data.texts)
    kept = folder / f"teacher-{seed}-read.pt"
    if kept.exists():
        return _teacher(folder, kept)
    torch.manual_seed(seed)
    checkpoint = folder / f"teacher-{seed}-read.ckpt"
    model, mean = Teacher(folder / "base"), Teacher(folder / "base")
    mean.load_state_dict(model.state_dict())
    body, head = list(model.body.parameters()), list(model.head.parameters())
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": course.rate}, {"params": head, "lr": HEAD_RATE}], weight_decay=DECAY, fused=True
    )
    done = _restored(checkpoint, model, mean, optimiser) if checkpoint.exists() else 0
    phases = [material(root, own=False)] if course.public_first else []
    phases.append(material(root, own=True))
    total = sum(math.ceil(len(stuff.data.texts) / BATCH) for stuff in phases)
    at, began, losses = 0, time.monotonic(), list[float]()
    for phase, stuff in enumerate(phases, 1):
        pieces = model.speller.pieces(stuff.data.texts)
        lengths = np.array([len(piece) for piece in pieces])
        for which in batches(lengths, np.random.default_rng(100 * seed + phase)):
            at += 1
            if at <= done:
                continue
            torch.manual_seed(seed * 1_000_003 + at)
            rate = min(at / WARM_UP, max(0.02, (total - at) / (total - WARM_UP)))
            for group, peak in zip(optimiser.param_groups, (course.rate, HEAD_RATE), strict=True):
                group["lr"] = peak * rate
            losses.append(step(model, optimiser, stuff, which, [pieces[i] for i in which]))
            if at % MIXED == 0:
                mix(mean, model, 1 - min(KEEP, at / (at + 20 * MIXED)))
            if at % EVERY == 0:
                pace = (time.monotonic() - began) / (at - done)
                left = (total - at) * pace / 60
                console.print(
                    f"{course.name}: step {at}/{total}, loss {np.mean(losses[-EVERY:]):.3f}, {left:.0f} min left"
                )
                _keep(checkpoint, model, mean, optimiser, at)
        tell(mean, root)
    torch.save(mean.state_dict(), kept)
    return mean


def practised(course: Course, root: Path, folder: Path, seed: int) -> Teacher:
    """The teacher that has read everything, when it has practised the project's own texts."""
    stuff, random = material(root, own=True), np.random.default_rng(seed + 7)
    public, own = np.arange(stuff.public), np.arange(stuff.public, len(stuff.data.texts))
    chosen = np.concatenate([random.choice(own, OWN, replace=False), random.choice(public, PUBLIC, replace=False)])
    return _learnt(Lesson("practised", stuff, chosen), course, root, folder, seed)


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
    parts = [(own, OWN_AGAIN), (tweets, TWEETS_AGAIN)]
    chosen = np.concatenate([np.flatnonzero(felt), *(random.choice(some, many, replace=False) for some, many in parts)])
    return _learnt(Lesson("again", stuff, chosen, said, DROP_AGAIN), course, root, folder, seed)


@dataclass(frozen=True)
class Lesson:
    """What is read in a later phase."""

    name: str
    stuff: Material
    chosen: NDArray[np.int64]
    """Numbers of the texts."""
    said: NDArray[np.float32] | None = None
    """What others say of all the texts, in logits."""
    dropout: float | None = None
    """Within the body; None: as it is."""


def _teacher(folder: Path, kept: Path) -> Teacher:
    teacher = Teacher(folder / "base")
    teacher.load_state_dict(torch.load(kept))
    return teacher


def _learnt(lesson: Lesson, course: Course, root: Path, folder: Path, seed: int) -> Teacher:
    """The running mean of the weights over a later phase, which begins with what was read."""
    kept = folder / f"teacher-{seed}-{lesson.name}.pt"
    if kept.exists():
        return _teacher(folder, kept)
    model, mean = (_teacher(folder, folder / f"teacher-{seed}-read.pt") for _ in range(2))
    checkpoint, stuff, chosen = kept.with_suffix(".ckpt"), lesson.stuff, lesson.chosen
    for part in model.body.modules():
        if isinstance(part, nn.Dropout) and lesson.dropout is not None:
            part.p = lesson.dropout
    pieces = model.speller.pieces([stuff.data.texts[at] for at in chosen])
    optimiser = torch.optim.AdamW(model.parameters(), lr=course.last_rate, weight_decay=DECAY, fused=True)
    some = list(batches(np.array([len(piece) for piece in pieces]), np.random.default_rng(seed)))
    soft = None if lesson.said is None else torch.from_numpy(lesson.said[chosen])
    done, losses, began = 0, list[float](), time.monotonic()
    if checkpoint.exists():
        done = _restored(checkpoint, model, mean, optimiser)
    for at, which in enumerate(some, 1):
        if at <= done:
            continue
        torch.manual_seed(seed * 1_000_003 + at)
        for group in optimiser.param_groups:
            group["lr"] = course.last_rate * min(at / 50, max(0.02, 1 - at / len(some)))
        told = None if soft is None else soft[torch.from_numpy(which)]
        losses.append(step(model, optimiser, stuff, chosen[which], [pieces[i] for i in which], told))
        if at % MIXED == 0:
            mix(mean, model, LATER)
        if at % EVERY == 0:
            left = (len(some) - at) * (time.monotonic() - began) / (at - done) / 60
            told_by = f"{course.name}: {lesson.name} {at}/{len(some)}"
            console.print(f"{told_by}, loss {np.mean(losses[-EVERY:]):.3f}, {left:.0f} min left")
            _keep(checkpoint, model, mean, optimiser, at)
    tell(mean, root)
    torch.save(mean.state_dict(), kept)
    return mean


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
