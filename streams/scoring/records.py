"""What was heard in an event → its record in wire form (`schemas.scored.Scored`).

What would be null is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from schemas.raw import Post, RawEvent, Source
from streams.scoring.cleaning import Cleaned
from streams.scoring.heard import Heard, Mention
from streams.scoring.signals import from_fields, together

NEED_LENGTH = 300
_OPTIONAL = ("product", "version", "region", "conversation_id")
_OF_SOURCE = {
    "reviews": (*_OPTIONAL, "rating"),
    "posts": (*_OPTIONAL, "reach"),
    "tickets": (*_OPTIONAL, "status", "priority", "csat", "direction"),
}
_ALWAYS_SET = 5
"""Fields without which there is no event."""


def mentions(heard: Sequence[Mention] | None) -> list[dict[str, Any]]:
    """Pain points or delights."""
    if not heard:
        return []
    return [{"id": entry.id, "words": words, "sentiment": round(feeling, 3)} for entry, words, feeling in heard]


LEAVING, HARD = 0.5, 0.4
"""Strength of what speaks of leaving, and of effort or urgency, from which it tells the stage."""


def stage(pains: Sequence[Mention] | None, heard: Heard, source: Source) -> str | None:
    """Where on the journey the customer is.

    Who speaks of leaving is leaving, and who writes again is getting help. Else it is as the main mention says, as most
    words say, and where nothing is said: who had to work for it or is in a hurry is getting help, as whoever writes a
    ticket; a review is of use.
    """
    told = heard.signals
    if told:
        if (said := told.get("churn_risk")) and said[0][0] >= LEAVING:
            return "renew_or_leave"
        if "repeat_contact" in told:
            return "get_help"
    if pains:
        return pains[0][0].journey_stage
    if heard.delights:
        return heard.delights[0][0].journey_stage
    if heard.stage is not None:
        return heard.stage if isinstance(heard.stage, str) else heard.stage()
    if told and any((said := told.get(name)) and said[0][0] >= HARD for name in ("effort", "urgency")):
        return "get_help"
    return _USUAL.get(source)


_USUAL = {"tickets": "get_help", "reviews": "use"}


def signals(event: RawEvent, heard: Heard, need: str) -> dict[str, Any]:
    """The signals of one text and its event's fields, with their words."""
    found: dict[str, Any] = {"effort": 0.0, "churn_risk": 0.0, "urgency": 0.0}
    told = heard.signals
    if type(event) is not Post and (fields := from_fields(event)):
        told = told or {}
        told |= {name: [*told.get(name, ()), (weight, [word])] for name, (weight, word) in fields.items()}
    words: dict[str, list[str]] = {}
    if told:
        for name in found:
            if said := told.get(name):
                found[name] = _strength(tuple([weight for weight, _ in said]))
                words[name] = _words(said)
        if said := told.get("repeat_contact"):
            found["repeat_contact"] = True
            words["repeat_contact"] = _words(said)
    if need:
        found["need"] = need[:NEED_LENGTH]
    if words:
        found["words"] = words
    return found


@lru_cache(maxsize=4_096)
def _strength(weights: tuple[float, ...]) -> float:
    return round(together(weights), 3)


def _words(said: Sequence[tuple[float, list[str]]]) -> list[str]:
    return list(dict.fromkeys(said[0][1] if len(said) == 1 else [word for _, words in said for word in words]))


def carry(record: dict[str, Any], source: Source, event: RawEvent, at: int, cleaned: Cleaned) -> None:
    """Adds the own fields of the frame's event number ``at`` that are not empty."""
    title, redacted = cleaned.titles.get(at), cleaned.redacted.get(at)
    # Reading the fields' dictionary spares pydantic's detour for fields that a source does not have.
    fields = event.__dict__
    record["channel"] = fields.get("network") or source
    if title:
        record["title"] = title
    if at in cleaned.urls:
        record["url"] = cleaned.urls[at]
    # A ticket says who wrote it also where its source did not.
    if len(event.__pydantic_fields_set__) > _ALWAYS_SET or source == "tickets":
        for name in _OF_SOURCE[source]:
            value = fields.get(name)
            if value is not None:
                record[name] = value
    if redacted:
        record["redacted"] = redacted
    if event.__pydantic_extra__:
        record["extra"] = event.__pydantic_extra__
