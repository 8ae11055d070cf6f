"""Fine-tunes teachers on all heads at once. Seeded; goes on where it was stopped.

Two are made, by courses of their own: MiniLM, whose word the student learns, and BGE, which reads beside the student in
the tier ``deep`` and errs on other texts. Both read everything, MiniLM after the public data alone; then many of the
texts written for this project again, among some of the public ones, so that it does not forget those. What a teacher
learnt last costs some of what it knew: the mean of both weights keeps most of either (Wortsman et al. 2022).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from groundswell.evaluation.figures import macro_f1, macro_recall
from streams.scoring.weights import EMOTION, FAMILY, SENTIMENT
from training import base
from training.data import Labelled, goemotions, own_sentences, semeval, written
from training.encoder import Teacher, padded
from training.families import joined
from training.progress import console

BATCH, HEAD_RATE, WARM_UP, DECAY = 64, 1e-3, 200, 0.01
KEEP, MIXED = 0.98, 10
"""Of the running mean of the weights, the share that stays every ``MIXED`` steps; the mean is kept in the end."""
OWN, PUBLIC = 40_000, 12_000
"""Own and public texts of the last phase."""
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
    last_rate: float
    """Peak rate of the last phase."""


LABELLING = Course("minilm", base.minilm, public_first=True, rate=1.2e-4, last_rate=8e-5)
DEEP = Course("bge", base.bge, public_first=False, rate=1e-4, last_rate=7e-5)


@dataclass
class Material:
    """Texts with the weights that their labels have."""

    data: Labelled
    weight: NDArray[np.float32]
    """What a text's sentiment counts for."""
    felt: NDArray[np.float32]
    """What a text's emotions count for."""


def balanced(labels: NDArray[np.int8]) -> NDArray[np.float32]:
    """A weight for each text so that every known class counts alike; 0 where none is known."""
    counts = np.bincount(labels[labels >= 0], minlength=3)
    each = counts.sum() / 3 / np.maximum(counts, 1)
    return np.where(labels >= 0, each[np.maximum(labels, 0)], 0).astype(np.float32)


def material(root: Path, *, own: bool) -> Material:
    """The training share of everything; with the project's own texts or without."""
    tweets, comments = semeval(root).part("train"), goemotions(root, "train").part("train")
    parts = [tweets, comments, own_sentences()]
    weights = [balanced(tweets.sentiment), 0.3 * balanced(comments.sentiment), 0.4 * balanced(parts[2].sentiment)]
    felt = [0.0, 1.0, 0.3]
    if own:
        mine = written().part("train")
        parts.append(mine)
        weights.append(balanced(mine.sentiment))
        felt.append(0.6)
    known = [np.where(part.emotions[:, 0] >= 0, share, 0.0) for part, share in zip(parts, felt, strict=True)]
    return Material(
        Labelled.joined(parts), np.concatenate(weights).astype(np.float32), np.concatenate(known).astype(np.float32)
    )


def loss(out: Tensor, sentiment: Tensor, emotions: Tensor, weight: Tensor, felt: Tensor) -> Tensor:
    """Mean over the texts of each head's cross-entropy, where the label is known."""
    families = torch.from_numpy(joined(emotions.numpy().astype(np.int8))).float().clamp(min=0)
    mood = functional.cross_entropy(out[:, SENTIMENT], sentiment.clamp(min=0), reduction="none", label_smoothing=0.05)
    each = functional.binary_cross_entropy_with_logits(
        out[:, EMOTION], emotions.float().clamp(min=0), reduction="none"
    ).sum(1)
    some = functional.binary_cross_entropy_with_logits(out[:, FAMILY], families, reduction="none").sum(1)
    return (mood * weight + (each + 0.6 * some) * 0.5 * felt).mean()


def step(
    model: nn.Module, optimiser: torch.optim.Optimizer, stuff: Material, rows: NDArray[np.int64], ids: list[list[int]]
) -> float:
    """Learns from one batch; gives its loss.

    Args:
        rows: Numbers of the texts.
        ids: Their pieces.
    """
    model.train()
    now = loss(
        model(*padded(ids)),
        torch.from_numpy(stuff.data.sentiment[rows].astype(np.int64)),
        torch.from_numpy(stuff.data.emotions[rows]),
        torch.from_numpy(stuff.weight[rows]),
        torch.from_numpy(stuff.felt[rows]),
    )
    optimiser.zero_grad()
    now.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(now.item())


def mix(mean: nn.Module, model: nn.Module, share: float) -> None:
    """Moves the running mean of the weights by a share towards those of now."""
    with torch.no_grad():
        for slow, fast in zip(mean.parameters(), model.parameters(), strict=True):
            slow.lerp_(fast, share)


def batches(lengths: NDArray[np.int64], random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Every text once, in batches of texts of about the same length, in random order."""
    order = random.permutation(len(lengths))
    made = []
    for at in range(0, len(order), BATCH * 50):
        some = order[at : at + BATCH * 50]
        some = some[np.argsort(lengths[some], kind="stable")]
        made += [some[begin : begin + BATCH] for begin in range(0, len(some), BATCH)]
    for at in random.permutation(len(made)):
        yield made[at]


def predict(model: Teacher, texts: list[str]) -> NDArray[np.float32]:
    """texts × OUTPUTS logits."""
    pieces = model.speller.pieces(texts)
    order = np.argsort([len(piece) for piece in pieces], kind="stable")
    model.eval()
    with torch.inference_mode():
        out = [model(*padded([pieces[i] for i in order[at : at + 64]])) for at in range(0, len(order), 64)]
    result = np.empty((len(texts), out[0].shape[1]), dtype=np.float32)
    result[order] = torch.cat(out).numpy()
    return result


def made(course: Course, root: Path, folder: Path, seed: int) -> dict[str, Teacher]:
    """The teacher as it was when it had ``read``, when it had ``practised``, and the ``mean`` of both."""
    folder.mkdir(exist_ok=True)
    course.begin(folder / "base", material(root, own=True).data.texts)
    if not (folder / f"teacher-{seed}.pt").exists():
        if not (folder / f"teacher-{seed}-read.pt").exists():
            _read(course, root, folder, seed)
        _practise(course, root, folder, seed)
    before, after = (torch.load(folder / f"teacher-{seed}{part}.pt") for part in ("-read", ""))
    teachers = {}
    for name, state in (
        ("read", before),
        ("practised", after),
        ("mean", {k: (before[k] + after[k]) / 2 for k in before}),
    ):
        teachers[name] = Teacher(folder / "base")
        teachers[name].load_state_dict(state)
    return teachers


def _read(course: Course, root: Path, folder: Path, seed: int) -> None:
    """The first phases, from the last checkpoint on: → ``teacher-SEED-read.pt``."""
    torch.manual_seed(seed)
    checkpoint = folder / f"teacher-{seed}.ckpt"
    model, mean = Teacher(folder / "base"), Teacher(folder / "base")
    mean.load_state_dict(model.state_dict())
    body, head = list(model.body.parameters()), list(model.head.parameters())
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": course.rate}, {"params": head, "lr": HEAD_RATE}], weight_decay=DECAY, fused=True
    )
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        done = state["step"]
        console.print(f"goes on at step {done}")
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
                state = {"model": model.state_dict(), "mean": mean.state_dict(), "step": at}
                torch.save({**state, "optimiser": optimiser.state_dict()}, checkpoint.with_suffix(".new"))
                checkpoint.with_suffix(".new").replace(checkpoint)
        tell(mean, root)
    torch.save(mean.state_dict(), folder / f"teacher-{seed}-read.pt")


def _practise(course: Course, root: Path, folder: Path, seed: int) -> None:
    """The last phase: ``teacher-SEED-read.pt`` → ``teacher-SEED.pt``."""
    torch.manual_seed(seed + 7)
    random = np.random.default_rng(seed + 7)
    model, mean = Teacher(folder / "base"), Teacher(folder / "base")
    for each in (model, mean):
        each.load_state_dict(torch.load(folder / f"teacher-{seed}-read.pt"))
    stuff = material(root, own=True)
    mine = len(written().part("train").texts) + len(own_sentences().texts)
    count = len(stuff.data.texts)
    public, own = np.arange(count - mine), np.arange(count - mine, count)
    chosen = np.concatenate([random.choice(own, OWN, replace=False), random.choice(public, PUBLIC, replace=False)])
    pieces = model.speller.pieces([stuff.data.texts[at] for at in chosen])
    optimiser = torch.optim.AdamW(model.parameters(), lr=course.last_rate, weight_decay=DECAY, fused=True)
    some = list(batches(np.array([len(piece) for piece in pieces]), random))
    losses, began = list[float](), time.monotonic()
    for at, which in enumerate(some, 1):
        for group in optimiser.param_groups:
            group["lr"] = course.last_rate * min(at / 40, max(0.02, 1 - at / len(some)))
        losses.append(step(model, optimiser, stuff, chosen[which], [pieces[i] for i in which]))
        if at % MIXED == 0:
            mix(mean, model, 0.15)
        if at % EVERY == 0:
            left = (len(some) - at) * (time.monotonic() - began) / at / 60
            console.print(
                f"{course.name}: practice {at}/{len(some)}, loss {np.mean(losses[-EVERY:]):.3f}, {left:.0f} min left"
            )
    tell(mean, root)
    torch.save(mean.state_dict(), folder / f"teacher-{seed}.pt")


def tell(model: Teacher, root: Path) -> None:
    """How well it reads the share that is for tuning."""
    tweets, comments = semeval(root).part("tune"), goemotions(root, "train").part("tune")
    guess = predict(model, tweets.texts)[:, SENTIMENT].argmax(1)
    chances = predict(model, comments.texts)
    recall = macro_recall(tweets.sentiment.astype(np.int64), guess)
    told = macro_f1(comments.emotions == 1, chances[:, EMOTION] > -1.0)
    kin = macro_f1(joined(comments.emotions) == 1, chances[:, FAMILY] > -0.4)
    console.print(f"tune: sentiment {100 * recall:.1f}, 28 emotions {100 * told:.1f}, families {100 * kin:.1f}")
