"""Fine-tunes the teacher on all heads at once. Seeded; goes on where it was stopped.

Three phases: the public data alone; again together with the texts written for this project, so that those few thousand
are read when the model already knows what tweets and comments feel like; and those alone, several times, among a sample
of the public ones, so that it does not forget them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from groundswell.evaluation.figures import macro_f1, macro_recall
from streams.scoring.deep import spelt
from streams.scoring.weights import EMOTION, FAMILY, SENTIMENT
from training.data import Labelled, goemotions, own_sentences, semeval, written
from training.encoder import Teacher, padded, tokenizer
from training.families import joined
from training.progress import console

BATCH, RATE, HEAD_RATE, WARM_UP, DECAY = 64, 1.2e-4, 1e-3, 200, 0.01
KEEP, MIXED = 0.98, 10
"""Of the running mean of the weights, the share that stays every ``MIXED`` steps; the mean is kept in the end."""
ROUNDS, SAMPLE, LAST_RATE = 2, 40_000, 8e-5
"""Of the last phase: how often the own texts are read, among how many public ones, and the peak rate."""
EVERY = 100
"""Steps between two checkpoints."""


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


def predict(model: nn.Module, texts: list[str]) -> NDArray[np.float32]:
    """texts × OUTPUTS logits."""
    pieces = [encoding.ids for encoding in tokenizer().encode_batch([spelt(text) for text in texts])]
    order = np.argsort([len(piece) for piece in pieces], kind="stable")
    model.eval()
    with torch.inference_mode():
        out = [model(*padded([pieces[i] for i in order[at : at + 64]])) for at in range(0, len(order), 64)]
    result = np.empty((len(texts), out[0].shape[1]), dtype=np.float32)
    result[order] = torch.cat(out).numpy()
    return result


def train(root: Path, folder: Path, seed: int) -> None:
    """The first two phases, from the last checkpoint on: → ``teacher-SEED-read.pt``."""
    torch.manual_seed(seed)
    checkpoint = folder / f"teacher-{seed}.ckpt"
    model = Teacher()
    mean = Teacher()
    mean.load_state_dict(model.state_dict())
    body, head = list(model.body.parameters()), list(model.head.parameters())
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": RATE}, {"params": head, "lr": HEAD_RATE}], weight_decay=DECAY, fused=True
    )
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        done = state["step"]
        console.print(f"goes on at step {done}")
    public = material(root, own=False)
    total = math.ceil(len(public.data.texts) / BATCH)
    total += math.ceil((len(public.data.texts) + len(written().part("train").texts)) / BATCH)
    at, began, losses = 0, time.monotonic(), list[float]()
    for phase in (1, 2):
        stuff = public if phase == 1 else material(root, own=True)
        pieces = [e.ids for e in tokenizer().encode_batch([spelt(text) for text in stuff.data.texts])]
        lengths = np.array([len(piece) for piece in pieces])
        for which in batches(lengths, np.random.default_rng(100 * seed + phase)):
            at += 1
            if at <= done:
                continue
            torch.manual_seed(seed * 1_000_003 + at)
            rate = min(at / WARM_UP, max(0.02, (total - at) / (total - WARM_UP)))
            for group, peak in zip(optimiser.param_groups, (RATE, HEAD_RATE), strict=True):
                group["lr"] = peak * rate
            losses.append(step(model, optimiser, stuff, which, [pieces[i] for i in which]))
            if at % MIXED == 0:
                mix(mean, model, 1 - min(KEEP, at / (at + 20 * MIXED)))
            if at % EVERY == 0:
                pace = (time.monotonic() - began) / (at - done)
                left = (total - at) * pace / 60
                console.print(f"step {at}/{total}, loss {np.mean(losses[-EVERY:]):.3f}, {left:.0f} min left")
                state = {"model": model.state_dict(), "mean": mean.state_dict(), "step": at}
                torch.save({**state, "optimiser": optimiser.state_dict()}, checkpoint.with_suffix(".new"))
                checkpoint.with_suffix(".new").replace(checkpoint)
        tell(mean, root)
    torch.save(mean.state_dict(), folder / f"teacher-{seed}-read.pt")


def practise(root: Path, folder: Path, seed: int) -> None:
    """The third phase: ``teacher-SEED-read.pt`` → ``teacher-SEED.pt``."""
    torch.manual_seed(seed + 7)
    random = np.random.default_rng(seed + 7)
    model, mean = Teacher(), Teacher()
    for each in (model, mean):
        each.load_state_dict(torch.load(folder / f"teacher-{seed}-read.pt"))
    stuff = material(root, own=True)
    mine = len(written().part("train").texts) + len(own_sentences().texts)
    count = len(stuff.data.texts)
    public, own = np.arange(count - mine), np.arange(count - mine, count)
    chosen = np.concatenate([own] * ROUNDS + [random.choice(public, SAMPLE, replace=False)])
    pieces = [e.ids for e in tokenizer().encode_batch([spelt(stuff.data.texts[at]) for at in chosen])]
    optimiser = torch.optim.AdamW(model.parameters(), lr=LAST_RATE, weight_decay=DECAY, fused=True)
    some = list(batches(np.array([len(piece) for piece in pieces]), random))
    losses, began = list[float](), time.monotonic()
    for at, which in enumerate(some, 1):
        for group in optimiser.param_groups:
            group["lr"] = LAST_RATE * min(at / 40, max(0.02, 1 - at / len(some)))
        losses.append(step(model, optimiser, stuff, chosen[which], [pieces[i] for i in which]))
        if at % MIXED == 0:
            mix(mean, model, 0.15)
        if at % EVERY == 0:
            left = (len(some) - at) * (time.monotonic() - began) / at / 60
            console.print(f"practice {at}/{len(some)}, loss {np.mean(losses[-EVERY:]):.3f}, {left:.0f} min left")
    tell(mean, root)
    torch.save(mean.state_dict(), folder / f"teacher-{seed}.pt")


def tell(model: nn.Module, root: Path) -> None:
    """How well it reads the share that is for tuning."""
    tweets, comments = semeval(root).part("tune"), goemotions(root, "train").part("tune")
    guess = predict(model, tweets.texts)[:, SENTIMENT].argmax(1)
    chances = predict(model, comments.texts)
    recall = macro_recall(tweets.sentiment.astype(np.int64), guess)
    told = macro_f1(comments.emotions == 1, chances[:, EMOTION] > -1.0)
    kin = macro_f1(joined(comments.emotions) == 1, chances[:, FAMILY] > -0.4)
    console.print(f"tune: sentiment {100 * recall:.1f}, 28 emotions {100 * told:.1f}, families {100 * kin:.1f}")
