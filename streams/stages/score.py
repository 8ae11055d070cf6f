"""raw → scored, quarantine: the stage that reads, on any worker that has raw partitions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from schemas.progress import Progress
from schemas.raw import Source
from streams.reader import SLICE_RECORDS, Reader
from streams.settings import Settings
from streams.stages.arrived import Arrived, raw_of
from streams.stages.publisher import Publisher
from streams.telemetry import Telemetry
from streams.topics import CHANGES, RAW

if TYPE_CHECKING:
    from streams.tracing import Tracing  # What it needs is only there where it is wanted.


class ScoreStage:
    """raw → scored, quarantine; and the progress of the origins."""

    def __init__(
        self,
        settings: Settings,
        reader: Reader,
        publisher: Publisher,
        telemetry: Telemetry,
        tracing: Tracing | None = None,
    ) -> None:
        self._tracing = tracing
        self._reader = reader
        self._publisher = publisher
        self._telemetry = telemetry
        self._sources: dict[str, Source] = {
            topic.full_name(settings.topic_prefix): source for source, topic in RAW.items()
        }
        self._changes = CHANGES.full_name(settings.topic_prefix)
        # Changes are waited for as events are: what has happened is known before what follows from it is judged.
        self._raw = dict.fromkeys((*self._sources, self._changes), settings.partitions)
        self._turn = asyncio.Lock()

    async def handle(self, frame: Arrived) -> None:
        """Read a frame; all that follows is on the broker when it returns."""
        source, records = self._sources.get(frame.topic), frame.records
        if source is not None:
            self._telemetry.read.labels(source).inc(len(records))
        spans = None if self._tracing is None else self._tracing.frame("score", frame.topic, frame.partition, records)
        carried = None if spans is None else spans.scored
        async with self._turn:
            for begin in range(0, len(records), SLICE_RECORDS):
                raws = [raw_of(record) for record in records[begin : begin + SLICE_RECORDS]]
                effects = self._reader.read_changes(raws) if source is None else self._reader.read(source, raws)
                await self._publisher.put(effects, carried)
                self._telemetry.note(effects)
                await asyncio.sleep(0)
            if frame.caught_up_ms is not None:
                self._reader.complete(frame.topic, frame.partition, records[-1].offset, frame.caught_up_ms)
            self._put_progress()
        await self._publisher.flush()
        if spans is not None:
            spans.end()

    async def quiet(self, caught_up: Iterable[tuple[str, int, int, int]]) -> None:
        """Nothing may have come for a second: tell how far the origins are all the same.

        Args:
            caught_up: (topic, partition, last finished offset, when the broker said that nothing lies behind it).
        """
        async with self._turn:
            for topic, partition, offset, at_ms in caught_up:
                if topic in self._raw:
                    self._reader.complete(topic, partition, offset, at_ms)
            self._put_progress()
        await self._publisher.flush()

    def assigned(self, partitions: set[tuple[str, int]]) -> None:
        """From now on these partitions are read by this worker, and no others."""
        self._reader.keep({f"{topic}:{partition}" for topic, partition in partitions})

    def _put_progress(self) -> None:
        # Each partition of scored gets it behind its own part of what was put: there it is true when it arrives.
        origins = self._reader.progress()
        if origins:
            self._publisher.put_progress(Progress(origins=origins, at_ms=_now_ms(), raw=self._raw))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
