"""The registry of sources: to add one, write its variant in ``schemas/raw.py``, its topic, and its line here."""

from __future__ import annotations

from schemas.raw import Post, RawEvent, Review, Source, Ticket

SOURCES: dict[Source, type[RawEvent]] = {
    "reviews": Review,
    "posts": Post,
    "tickets": Ticket,
}
