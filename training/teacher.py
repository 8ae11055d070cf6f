"""What a teacher learns from, and one step of learning it: all heads at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from groundswell.evaluation.figures import macro_f1, macro_recall
from streams.scoring.weights import EMOTION, FAMILY, SENTIMENT
from training.data import Labelled, goemotions, own_sentences, semeval, told_twice, written
from training.encoder import Teacher, padded
from training.families import joined
from training.progress import console

BATCH = 64


@dataclass
class Material:
    """Texts with the weights that their labels have."""

    data: Labelled
    weight: NDArray[np.float32]
    """What a text's sentiment counts for."""
    felt: NDArray[np.float32]
    """What a text's emotions count for."""
    public: int
    """How many are by others; they stand first."""
    twice: int
    """How many are told twice, both ways counted; they stand last, the two ways of each behind each other."""


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
    pairs = told_twice()
    if own:
        for mine in (written().part("train"), pairs):
            parts.append(mine)
            weights.append(balanced(mine.sentiment))
            felt.append(0.6)
    known = [np.where(part.emotions[:, 0] >= 0, share, 0.0) for part, share in zip(parts, felt, strict=True)]
    return Material(
        Labelled.joined(parts),
        np.concatenate(weights).astype(np.float32),
        np.concatenate(known).astype(np.float32),
        len(tweets.texts) + len(comments.texts),
        len(pairs.texts) if own else 0,
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


def told(out: Tensor, said: Tensor) -> Tensor:
    """Mean over the texts of each head's cross-entropy against what others say of them, in logits."""
    chances = functional.softmax(said[:, SENTIMENT], dim=1)
    mood = -(chances * functional.log_softmax(out[:, SENTIMENT], dim=1)).sum(1)
    each, some = (
        functional.binary_cross_entropy_with_logits(out[:, head], torch.sigmoid(said[:, head]), reduction="none").sum(1)
        for head in (EMOTION, FAMILY)
    )
    return (mood + (each + 0.6 * some) * 0.5).mean()


def step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    stuff: Material,
    rows: NDArray[np.int64],
    ids: list[list[int]],
    said: Tensor | None = None,
) -> float:
    """Learns from one batch; gives its loss.

    Args:
        model: What learns.
        optimiser: Its parameters'.
        stuff: The texts.
        rows: Numbers of the texts.
        ids: Their pieces.
        said: What others say of them, in logits; it counts as much as the labels.
    """
    model.train()
    out = model(*padded(ids))
    now = loss(
        out,
        torch.from_numpy(stuff.data.sentiment[rows].astype(np.int64)),
        torch.from_numpy(stuff.data.emotions[rows]),
        torch.from_numpy(stuff.weight[rows]),
        torch.from_numpy(stuff.felt[rows]),
    )
    if said is not None:
        now = (now + told(out, said)) / 2
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


def tell(model: Teacher, root: Path) -> None:
    """How well it reads the share that is for tuning."""
    tweets, comments = semeval(root).part("tune"), goemotions(root, "train").part("tune")
    guess = predict(model, tweets.texts)[:, SENTIMENT].argmax(1)
    chances = predict(model, comments.texts)
    recall = macro_recall(tweets.sentiment.astype(np.int64), guess)
    told = macro_f1(comments.emotions == 1, chances[:, EMOTION] > -1.0)
    kin = macro_f1(joined(comments.emotions) == 1, chances[:, FAMILY] > -0.4)
    console.print(f"tune: sentiment {100 * recall:.1f}, 28 emotions {100 * told:.1f}, families {100 * kin:.1f}")
