"""The project's own evaluation sets, in ``sets/``: written by hand, and kept away from everything that is trained.

``challenge.jsonl``: what readers of sentiment stumble over, in 12 kinds. ``label`` is the sentiment, a list where two
people would call it differently; ``weaker`` is a text that says the same less strongly; ``pain_points`` and
``delights`` are ids of the generic pack that have to be told, a list inside the list where any of its ids does; an
empty list means that none may be told.

``implicit.jsonl``: what happened, without a word of feeling: complaints, praise, and neutral lookalikes.

``fairness.jsonl``: templates with pairs of fillings that differ only in who is spoken of, or in how it is spelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import orjson

KINDS = (
    "negation", "contrast", "intensity", "emoji", "sarcasm", "capitals", "misspelling", "false_pain_points",
    "questions", "politeness", "mixed_aspects", "thanks_for_nothing",
)  # fmt: skip
"""What the challenge set is made of."""

Wanted = tuple[frozenset[str], ...]
"""Ids that have to be told: one of each set; none at all where there is no set."""


@dataclass(frozen=True, slots=True)
class Case:
    """A text and what is right to hear in it."""

    id: str
    kind: str
    text: str
    labels: frozenset[str]
    """The sentiments that are right."""
    weaker: str | None = None
    """What is said less strongly."""
    pain_points: Wanted | None = None
    """None: not asked."""
    delights: Wanted | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that should be read alike."""

    group: str
    template: str
    texts: tuple[str, str]


def challenge() -> list[Case]:
    """The challenge set, by kind."""
    return [
        Case(
            row["id"],
            row["kind"],
            row["text"],
            _labels(row["label"]),
            row.get("weaker"),
            _wanted(row.get("pain_points")),
            _wanted(row.get("delights")),
        )
        for row in _rows("challenge")
    ]


def implicit() -> list[Case]:
    """The set of implicit sentiment; its kind is the label."""
    return [Case(row["id"], row["label"], row["text"], _labels(row["label"])) for row in _rows("implicit")]


def fairness() -> list[Pair]:
    """The pairs, group by group."""
    return [
        Pair(row["group"], row["id"], (_filled(row["template"], one), _filled(row["template"], other)))
        for row in _rows("fairness")
        for one, other in row["pairs"]
    ]


def _rows(name: str) -> Iterator[dict[str, Any]]:
    text = (files("groundswell.evaluation") / "sets" / f"{name}.jsonl").read_bytes()
    return (orjson.loads(line) for line in text.splitlines())


def _labels(label: str | list[str]) -> frozenset[str]:
    return frozenset([label] if isinstance(label, str) else label)


def _wanted(ids: list[str | list[str]] | None) -> Wanted | None:
    return None if ids is None else tuple(_labels(name) for name in ids)


def _filled(template: str, fillings: str | list[str]) -> str:
    return template.format(*([fillings] if isinstance(fillings, str) else fillings))
