"""Customers whom a person should see now, until somebody has answered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from schemas.base import SCHEMA_VERSION, stamp
from streams.windows.observation import Observation, Quote
from streams.windows.quotes import published
from streams.windows.said import Said

STRONG_EMOTIONS = frozenset({"anger", "disgust", "fear", "grief", "sadness"})
"""Remorse is not among them: it is heard in every "sorry"."""
IN_PUBLIC = frozenset({"anger", "grief"})
"""Where nobody was asked, the others are said of any bag or flight: "more sad than cross", "the worst", "terrible"."""
EMOTION = 0.6
"""Probability from which one of these is strong …"""
INTENSITY = 0.6
"""… where it is also said so strongly."""
CHURN = 0.6
URGENCY = 0.75
WHY_LENGTH = 300
"""Characters of the words that decided."""

WHY_WORDS = 8
"""Words that are kept for each reason; the first in the alphabet, so that the choice doesn't depend on arrival."""

_BESIDE = frozenset({"i", "i'm", "i’m", "i've", "i’ve", "i'll", "i’ll", "we", "me", "please", "im", "ive", "ill"})
"""Words that only stand beside "cancel" in a phrase."""
_THINGS = (
    r"(?:order|deliver(?:y|ie)|parcel|shipment|booking|reservation|appointment"
    r"|flight|flt|trip|ticket|leg|train|ride|room|table)"
)
_ONE_THING = re.compile(
    rf"\bcancel\w*\W+(?:[\w'’]+\W+){{0,5}}?{_THINGS}s?\b|\b{_THINGS}s?\W+(?:[\w'’]+\W+){{0,5}}?cancel", re.IGNORECASE
)
_LEAVES = re.compile(r"\b(?:subscription|membership|account|contract|plan|policy|everything)s?\b", re.IGNORECASE)

_SIGNALS = {"repeat_contact": "repeat_contact", "threat_to_leave": "churn_risk", "urgent": "urgency"}


@dataclass(slots=True)
class Case:
    """One customer who waits for a person."""

    id: str
    author: str
    source: str
    revision: int = 0
    reasons: list[str] = field(default_factory=list)
    why: str = ""
    contacts: int = 0
    waiting_ms: int = 0
    quote: Quote = field(default_factory=dict)
    reasons_why: dict[str, list[str]] = field(default_factory=dict)

    def to_state(self) -> list[Any]:
        """As JSON values."""
        return [getattr(self, name) for name in self.__slots__]


@dataclass(slots=True)
class Answer:
    """The company's last message in a conversation."""

    at_ms: int
    revision: int = 0
    """Of the case that it ended; the conversation's next case goes on from there."""

    def to_state(self) -> list[int]:
        """As JSON values."""
        return [self.at_ms, self.revision]


def concerns(said: Said) -> list[str]:
    """Why a person should see this customer, from a scored record; empty where nobody needs to.

    Who is content needs nobody, whatever the words: "I cancelled two others and kept this one". Who writes a ticket
    asks for an answer, and the polite are often heard as content: a ticket that is written again always counts.
    """
    signals, mood, asks = said.signals, said.sentiment.label, said.source == "tickets"
    complains = mood == "negative" or (asks and mood == "neutral")
    found = []
    if complains and _strong(said):
        found.append("strong_emotion")
    if signals.repeat_contact and (asks or complains):
        found.append("repeat_contact")
    if complains and signals.churn_risk >= CHURN and not _cancels_one_thing(said):
        found.append("threat_to_leave")
    if signals.urgency >= URGENCY and (mood != "positive" or _in_words(signals.words.get("urgency", ()))):
        found.append("urgent")
    return found


def _strong(said: Said) -> list[str]:
    """The strong emotions that a text is full of."""
    if said.intensity < INTENSITY:
        return []
    strong = STRONG_EMOTIONS if said.source == "tickets" else IN_PUBLIC
    return [it.label for it in said.emotions if it.probability >= EMOTION and it.label in strong]


def _cancels_one_thing(said: Said) -> bool:
    """Whether only "cancel" told of leaving, and an order or a flight was cancelled, by whomever: no farewell."""
    words = [word.lower() for word in said.signals.words.get("churn_risk", ())]
    named = [word for word in words if word not in _BESIDE and not word.startswith(("csat", "rating"))]
    only = bool(named) and all(word.startswith("cancel") for word in named)
    return only and bool(_ONE_THING.search(said.text)) and not _LEAVES.search(said.text)


def _in_words(words: Iterable[str]) -> bool:
    """Whether more than the ticket's own priority says so: thanks come under the priority of the question."""
    return any(not word.startswith("priority ") for word in words)


def needs_person(brand: str, case: Case, found: list[str], seen: Observation) -> dict[str, Any]:
    """The customer asks (again): note it in the case; gives ``schemas.feeds.Handoff`` in wire form."""
    decided, quote = seen.said.signals.words, seen.quote
    words = [word for name in ("repeat_contact", "churn_risk", "urgency") for word in decided.get(name, ())]
    words += seen.said.words[:3] if "strong_emotion" in found else []
    case.revision += 1
    case.contacts += 1
    case.reasons = sorted({*case.reasons, *found})
    case.why = ", ".join(dict.fromkeys(words))[:WHY_LENGTH] or case.why
    for reason in found:
        case.reasons_why[reason] = sorted({*case.reasons_why.get(reason, ()), *_decided(reason, seen)})[:WHY_WORDS]
    case.waiting_ms = min(case.waiting_ms, quote["at"]) if case.contacts > 1 else quote["at"]
    if not case.quote or quote["at"] >= case.quote["at"]:
        case.quote = quote
    return _published(brand, case, None)


def answer(brand: str, case: Case, at_ms: int) -> dict[str, Any]:
    """Somebody of the company answered: the case is over."""
    case.revision += 1
    return _published(brand, case, max(at_ms, case.waiting_ms))


def _decided(reason: str, seen: Observation) -> list[str]:
    if reason == "strong_emotion":
        return _strong(seen.said)
    return [word[:WHY_LENGTH] for word in seen.said.signals.words.get(_SIGNALS[reason], ())]


def _published(brand: str, case: Case, answered_ms: int | None) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "id": case.id,
        "revision": case.revision,
        "status": "open" if answered_ms is None else "answered",
        "brand": brand,
        "author": case.author,
        "source": case.source,
        "reasons": case.reasons,
        "why": case.why,
        "contacts": case.contacts,
        "waiting_since": stamp(case.waiting_ms),
        "answered_at": None if answered_ms is None else stamp(answered_ms),
        "waited_seconds": None if answered_ms is None else (answered_ms - case.waiting_ms) / 1000,
        "quote": published(case.quote),
        "updated_at": stamp(case.quote["at"] if answered_ms is None else answered_ms),
        "unanswered_seconds": (case.quote["at"] - case.waiting_ms) / 1000 if answered_ms is None else None,
        "reasons_why": {reason: list(words) for reason, words in sorted(case.reasons_why.items())},
        "product": case.quote["product"],
    }
