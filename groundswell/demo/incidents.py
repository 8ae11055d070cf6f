"""What happens in the week, in words and in numbers; the script plays it and the tests hold the data to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal


def at(day: int, hour: int) -> datetime:
    """A full hour of February 2026 in UTC."""
    return datetime(2026, 2, day, hour, tzinfo=UTC)


@dataclass(frozen=True)
class Incident:
    """One thing that happens, and what a good listener should make of it."""

    id: str
    kind: Literal["pain_point", "delight", "loud_voice"]
    pain_point: str
    """Id of the pain point or delight in the catalog."""
    starts_at: datetime
    ends_at: datetime
    title: str
    what: str
    """What happens, and what a good alert says of it; or why there must be none."""
    voices: tuple[int, ...]
    """Distinct voices hour by hour, from ``starts_at``; a usual hour has none to two."""

    @property
    def peak(self) -> int:
        """Distinct voices in its loudest hour."""
        return max(self.voices)


INCIDENTS = (
    Incident(
        "roaster-failure",
        "pain_point",
        "late_delivery",
        at(11, 9),
        at(12, 12),
        "Parcels are late: the roaster broke",
        "The roaster's drive shaft broke on Monday night. From Wednesday morning customers miss their parcels, first "
        "puzzled, by noon by the dozen, in reviews, posts and tickets, most of them in NL, BE and DE, which that "
        "roaster serves. An honest mail and a night shift end it on Thursday by noon. A good alert: late deliveries, "
        "about 35 different customers an hour where one is usual, since Wednesday 09:00 to 11:00, all channels.",
        (5, 11, 18, 26, 32, 36, 37, 35, 33, 31, 28, 25, 20, 14, 9, 6, 4, 3, 3, 4, 6, 9, 11, 10, 8, 6, 4),
    ),
    Incident(
        "checkout-4.2.0",
        "pain_point",
        "checkout",
        at(12, 18),
        at(12, 22),
        "App 4.2.0 can't take payments",
        "Release 4.2.0 of the app goes out at 18:00 on Thursday and its payment step crashes; 4.2.1 mends it at 22:00. "
        "A good alert: checkout fails, 30 to 40 different customers an hour where none is usual, from one minute to "
        "the next, concentrated in version 4.2.0.",
        (34, 40, 30, 15),
    ),
    Incident(
        "furious-author",
        "loud_voice",
        "refund",
        at(13, 10),
        at(13, 12),
        "One man, forty posts",
        "Reginald wants his £14.50 back and says so forty times in two hours; hardly anybody else speaks of refunds. "
        "There must be no alert: it is one voice. He may well be worth a person's time.",
        (1, 1),
    ),
    Incident(
        "handwritten-notes",
        "delight",
        "personal_touch",
        at(14, 11),
        at(14, 17),
        "A handwritten note in every box",
        "To make up for the week, the packers put a handwritten note into every box, and Saturday's post brings them. "
        "A good alert, of a delight: the personal touch, about 25 different customers an hour where none or one is "
        "usual.",
        (10, 20, 27, 26, 20, 11),
    ),
)
