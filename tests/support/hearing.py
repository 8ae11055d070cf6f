"""A scorer for tests to which only the path matters: it hears late parcels, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.scoring import Event, Scorer
from tests.support.records import scored


class Fixed(Scorer):
    """Names a late delivery where the text says so."""

    def __init__(self) -> None:
        pass

    def score(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        return [
            scored(
                event.id,
                int(event.created_at.timestamp() * 1000),
                brand=event.brand,
                source=source,
                author=event.author,
                text=event.text,
                points=["late_delivery"] if "late parcel" in event.text else [],
                sentiment=-0.6 if "late parcel" in event.text else 0.0,
            )
            | {"origin": origin}
            for source, event, origin in events
        ]
