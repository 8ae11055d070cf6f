"""Effort, churn risk, urgency, repeat contact, need, the journey's stage: rules as data, and the event's fields."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from schemas.raw import RawEvent
from streams.catalog import shared_words
from streams.catalog.phrases import Element, parse


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase that tells of a signal."""

    signal: str
    weight: float
    phrase: tuple[Element, ...]


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """The rules of signals.toml; those of journey stages go by ``journey.<stage>``."""
    blocks: dict[str, Any] = tomllib.loads((files("streams.scoring") / "signals.toml").read_text("utf-8"))
    stages = blocks.pop("journey")
    words = shared_words()
    found = [
        Rule(signal, float(weight), parse(phrase, words))
        for signal, weights in blocks.items()
        for weight, phrases in weights.items()
        for phrase in phrases
    ]
    found += [
        Rule(f"journey.{stage}", 1.0, parse(phrase, words))
        for stage, block in stages.items()
        for phrase in block["words"]
    ]
    return tuple(found)


_URGENT = {
    "urgent": 0.9,
    "critical": 0.9,
    "p1": 0.9,
    "highest": 0.9,
    "high": 0.6,
    "p2": 0.6,
    "blocker": 0.9,
    "emergency": 0.9,
}
_REOPENED = frozenset({"reopened", "re-opened", "escalated"})


def from_fields(event: RawEvent) -> dict[str, tuple[float, str]]:
    """What the event's own fields say: signal → strength and the words to show for it."""
    said: dict[str, tuple[float, str]] = {}
    fields = event.__dict__
    priority, status, csat, rating = (fields.get(name) for name in ("priority", "status", "csat", "rating"))
    if priority and (strength := _URGENT.get(priority.casefold())):
        said["urgency"] = (strength, f"priority {priority}")
    if status and status.casefold() in _REOPENED:
        said["repeat_contact"] = (1.0, f"status {status}")
    if csat is not None and csat <= 2:
        said["churn_risk"] = (0.3, f"csat {csat:g}")
        said["effort"] = (0.3, f"csat {csat:g}")
    elif rating is not None and rating <= 1.5:
        said["churn_risk"] = (0.2, f"rating {rating:g}")
    return said


def together(weights: Iterable[float]) -> float:
    """How strong signals are together: 1 - Π(1 - weight)."""
    left = 1.0
    for weight in weights:
        left *= 1.0 - weight
    return 1.0 - left
