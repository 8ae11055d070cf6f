"""The topics, as typed values: name, key, value and settings together, in the order of the data's way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from schemas.alerts import Alert
from schemas.candidates import Candidate
from schemas.changes import Change
from schemas.feeds import Delight, Handoff, PainPoint
from schemas.metrics import WindowMetrics
from schemas.progress import CHANGE_HEADER
from schemas.quarantine import Quarantined
from schemas.raw import Post, Review, Source, Ticket
from schemas.receipts import Receipt
from schemas.scored import Scored
from schemas.silences import SilenceRecord

DAY_MS = 24 * 60 * 60 * 1000
MIB = 1024 * 1024

BROKERS_TIME = {"message.timestamp.type": "LogAppendTime"}
"""Records are stamped by the broker: retention and what counts as the future follow one clock, and not the writers'."""

Cleanup = Literal["delete", "compact", "compact,delete"]


@dataclass(frozen=True)
class Topic:
    """One topic: what travels on it and how the broker keeps it."""

    name: str
    """Name without the prefix: ``scored.v1``."""
    value: type[BaseModel]
    key: str
    """What the key is, in words."""
    cleanup: Cleanup
    retention_ms: int
    max_message_bytes: int = 4 * MIB
    headers: tuple[tuple[str, bytes], ...] = ()
    """What each record carries that is written under this value."""

    def full_name(self, prefix: str) -> str:
        """The name on the broker."""
        return prefix + self.name

    @property
    def short_name(self) -> str:
        """The name people use: ``scored``."""
        return self.name.rpartition(".v")[0]

    @property
    def config(self) -> dict[str, str]:
        """The broker's settings for this topic."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            **BROKERS_TIME,
        }


REVIEWS = Topic("reviews.v1", Review, "event id", "delete", 30 * DAY_MS, 8 * MIB)
POSTS = Topic("posts.v1", Post, "event id", "delete", 30 * DAY_MS, 8 * MIB)
TICKETS = Topic("tickets.v1", Ticket, "event id", "delete", 30 * DAY_MS, 8 * MIB)
SCORED = Topic("scored.v1", Scored, "brand", "delete", 30 * DAY_MS)
METRICS = Topic("metrics.v1", WindowMetrics, "brand|pain point|window start", "compact,delete", 90 * DAY_MS)
ALERTS = Topic("alerts.v1", Alert, "alert fingerprint", "compact,delete", 365 * DAY_MS)
PAIN_POINTS = Topic("pain-points.v1", PainPoint, "brand|pain point", "compact", -1)
DELIGHTS = Topic("delights.v1", Delight, "brand|delight", "compact,delete", 365 * DAY_MS)
HANDOFFS = Topic("handoffs.v1", Handoff, "event or conversation id", "compact,delete", 90 * DAY_MS)
CANDIDATES = Topic("candidates.v1", Candidate, "brand|term", "compact,delete", 90 * DAY_MS)
QUARANTINE = Topic("quarantine.v1", Quarantined, "origin", "delete", 90 * DAY_MS, 16 * MIB)
SILENCES = Topic("silences.v1", SilenceRecord, "id", "compact,delete", 365 * DAY_MS)
"""What people and notify write, and no step: what is over stays for a year, to look up who silenced what."""
RECEIPTS = Topic("receipts.v1", Receipt, "fingerprint|revision|receiver", "compact,delete", 30 * DAY_MS)
"""What notify writes. Longer than anything is tried again, and than a firing alert goes without a reminder."""

CHANGES = Topic("changes.v1", Change, "brand", "delete", 365 * DAY_MS)
"""Releases, outages and campaigns, from whoever makes them."""
CARRIED = Topic(SCORED.name, Change, "brand", SCORED.cleanup, SCORED.retention_ms, headers=((CHANGE_HEADER, b"1"),))
"""The same on their way to detect, in the brand's partition of ``scored``, so that it hears one log; subscribers of
``scored`` don't see them."""

STATE_CONFIG = {
    "cleanup.policy": "compact",
    "retention.ms": "-1",
    "max.message.bytes": str(8 * MIB),
    "segment.ms": str(60 * 60 * 1000),  # Only closed segments are compacted.
    **BROKERS_TIME,
}
"""How the broker keeps detect's state (``Settings.state_topic``): only the newest value of each key."""

RAW: dict[Source, Topic] = {"reviews": REVIEWS, "posts": POSTS, "tickets": TICKETS}
DERIVED = (SCORED, METRICS, ALERTS, PAIN_POINTS, DELIGHTS, HANDOFFS, CANDIDATES, QUARANTINE)
INPUTS = (*RAW.values(), CHANGES)
"""What others write and score reads."""
ALL = (*INPUTS, *DERIVED, SILENCES, RECEIPTS)


def named(name: str, prefix: str = "") -> Topic:
    """The topic that goes by ``name``: ``scored``, ``scored.v1`` or with its prefix.

    Raises:
        KeyError: No topic has that name; the message lists those that do.
    """
    for topic in ALL:
        if name in (topic.short_name, topic.name, topic.full_name(prefix)):
            return topic
    raise KeyError(f"no topic is called {name!r}; there are: {', '.join(t.short_name for t in ALL)}")
