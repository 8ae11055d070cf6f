"""How far the origins of ``scored`` have got: watermarks that travel with the data.

A progress record has the header ``groundswell-progress``; ``streams.client`` hides it from subscribers.
"""

from __future__ import annotations

from pydantic import Field

from schemas.base import Wire
from schemas.scored import Part

PROGRESS_HEADER = "groundswell-progress"
CHANGE_HEADER = "groundswell-change"
"""Marks a record of ``scored`` that carries a change (``schemas.changes``)."""
REPLAY_HEADER = "groundswell-replay"


class ReplayMark(Wire):
    """The value of a raw record with the header ``groundswell-replay`` and no key: how far a replay has got.

    ``send`` writes one to every partition of the topic: at the beginning, about once a second, and at the end.
    """

    replay: str = Field(description="Id of the replay; its records carry it in the same header.")
    origins: dict[str, int] = Field(description="Raw topic → partitions that it sends to: all of them are waited for.")
    time_ms: int | None = Field(None, description="No record before this event time is still to come, less lateness.")
    ended: bool = Field(False, description="Nothing more comes; time_ms is then the replay's last event time.")
    sent_ms: int = Field(description="The sender's clock.")


class OriginProgress(Part):
    """How far one raw partition has been scored."""

    offset: int = Field(description="The last raw offset whose results are in scored.")
    live_ms: int | None = Field(None, description="Live event time up to which this origin is complete.")
    replays: dict[str, ReplayMark] = Field(default_factory=dict, description="Replay → its last mark in this origin.")


class Progress(Wire):
    """What a score worker tells each partition of ``scored`` about the origins that it owns."""

    origins: dict[str, OriginProgress] = Field(description="topic:partition → how far.")
    at_ms: int = Field(description="The worker's clock.")
    raw: dict[str, int] = Field(description="Raw topic → its number of partitions: every one of them is waited for.")
