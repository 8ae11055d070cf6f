"""What the student learns: every training text, some of them written carelessly, and texts made of them; of each, what
teachers say.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from streams.scoring.words import Vocabulary
from training.data import Labelled
from training.deep import Labeller
from training.distil import Lesson
from training.remade import careless, fragments, remade
from training.teacher import Material

REMADE, FRAGMENTS = 20_000, 25_000
"""Texts made of the public ones and as many of the own ones, of each kind."""
CARELESS = 0.2
LIKE_COMMENTS, LIKE_TWEETS = 280_000, 60_000
"""Texts made of comments and of what else others wrote, by which the student learns from the tier `deep` in the end."""
NEAR = 8
"""Words that a word may be exchanged for."""


def lesson(
    stuff: Material,
    soft: NDArray[np.float32],
    folder: Path,
    labellers: dict[str, Labeller],
    words: Vocabulary,
    begin: NDArray[np.float32],
) -> Lesson:
    """What the student learns: every training text, some written carelessly, and texts made of them."""
    texts, near, own = stuff.data.texts, _near(stuff, words, begin), stuff.public
    more, told = [], []
    for name, mine in (("read", texts[:own]), ("practised", texts[own:])):
        # Neighbours hang on the last digit of a float; labels that are kept have to be of the same texts.
        kept = folder / f"remade-{name}.json"
        if not kept.exists():
            kept.write_bytes(orjson.dumps(remade(mine, near, REMADE) + fragments(mine, FRAGMENTS)))
        made: list[str] = orjson.loads(kept.read_bytes())
        told.append(labellers[name].resumed(made, folder, f"{name}-made"))
        more += made
    dice = random.Random(23)  # noqa: S311
    again = np.array([*(at for at in range(len(texts)) if dice.random() < CARELESS), *range(own, len(texts))])
    return _lesson(stuff, soft, again, dice, more, np.concatenate(told), own_from=len(more) // 2)


def further_lesson(
    stuff: Material, folder: Path, deep: Labeller, words: Vocabulary, begin: NDArray[np.float32]
) -> Lesson:
    """What is learnt in the end, by the word of the tier ``deep``: the same texts, and many made of what others wrote.

    Nobody needs to know their labels, so there may be as many as there is time for; comments' emotions gain most.
    """
    texts, near = stuff.data.texts, _near(stuff, words, begin)
    felt = stuff.felt[: stuff.public] >= 1.0
    more: list[str] = []
    for name, which, count in (("comments", felt, LIKE_COMMENTS), ("tweets", ~felt, LIKE_TWEETS)):
        kept = folder / f"like-{name}.json"
        if not kept.exists():
            kept.write_bytes(orjson.dumps(remade([texts[at] for at in np.flatnonzero(which)], near, count, seed=5)))
        more += orjson.loads(kept.read_bytes())
    dice = random.Random(29)  # noqa: S311
    again = np.array([at for at in range(len(texts)) if dice.random() < CARELESS])
    soft, told = deep.resumed(texts, folder, "deep"), deep.resumed(more, folder, "deep-made")
    return _lesson(stuff, soft, again, dice, more, told, own_from=len(more), comments=LIKE_COMMENTS)


def _near(stuff: Material, words: Vocabulary, begin: NDArray[np.float32]) -> dict[str, list[str]]:
    counts = Counter(word for text in stuff.data.texts for word in text.lower().split())
    return neighbours(list(words.words), begin, {word for word, n in counts.items() if n >= 5 and word.isalpha()})


def _lesson(
    stuff: Material,
    soft: NDArray[np.float32],
    again: NDArray[np.int64],
    dice: random.Random,
    more: list[str],
    told: NDArray[np.float32],
    *,
    own_from: int,
    comments: int = 0,
) -> Lesson:
    """All the material, some of it ``again`` as written in a hurry, and ``more`` whose labels nobody knows: the first
    of these are made of ``comments``, those from ``own_from`` on of own texts.
    """
    ours = np.arange(len(stuff.data.texts)) >= stuff.public
    ours[-stuff.twice :] = False
    hasty = stuff.data.take(again)
    hasty.texts = [careless(text, dice) for text in hasty.texts]
    nothing = Labelled(
        more,
        np.full(len(more), -1, dtype=np.int8),
        np.full((len(more), stuff.data.emotions.shape[1]), -1, dtype=np.int8),
    )
    none = np.zeros(len(more), dtype=np.float32)
    return Lesson(
        Labelled.joined([stuff.data, hasty, nothing]),
        np.concatenate([soft, soft[again], told]),
        np.concatenate([stuff.weight, stuff.weight[again], none]),
        np.concatenate([stuff.felt, stuff.felt[again], none]),
        np.concatenate([ours, ours[again], np.arange(len(more)) >= own_from]),
        np.concatenate([np.zeros(len(ours) + len(again), dtype=np.bool_), np.arange(len(more)) < comments]),
    )


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
