"""scored → metrics, alerts, feeds: the stage that decides, with the state of each partition of ``scored`` it has."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from schemas.progress import CHANGE_HEADER, PROGRESS_HEADER
from streams import connection
from streams.catalog import Catalogs
from streams.changelog import Changelog, FencedError
from streams.detection import Detector
from streams.effects import Effects
from streams.listener import Incoming, Listener
from streams.paging import Terms
from streams.reader import quarantined
from streams.settings import Settings
from streams.stages.arrived import Arrived, raw_of
from streams.stages.publisher import Publisher
from streams.telemetry import Telemetry
from streams.topics import QUARANTINE, SCORED
from streams.windows.bounds import Bounds

if TYPE_CHECKING:
    from streams.tracing import Tracing  # What it needs is only there where it is wanted.

log = logging.getLogger(__name__)

TELL_SECONDS = 0.25
"""How often it is seen whether windows that are still open wait to be told, where no frame brings it up."""

TELL_SHARE = 0.1
"""The share of a worker's time that telling them may take: a few are told at once, many seldom."""

OURS_SECONDS = 3.0
"""For how long a write to the state proves that the partition is ours: less than the group's session timeout."""

NEAR_RECORDS = 2_000
"""A partition with more behind it has other work than to tell windows that are still open."""

SLICE_SECONDS = 0.02
"""How long the reading of a state keeps the event loop for itself."""


class DetectStage:
    """Hears frames of ``scored``; keeps the state of each partition that is this worker's."""

    def __init__(
        self,
        settings: Settings,
        address: str,
        catalogs: Catalogs,
        detector: Detector,
        producer: AIOKafkaProducer,
        publisher: Publisher,
        telemetry: Telemetry,
        tracing: Tracing | None = None,
    ) -> None:
        self._tracing = tracing
        self._settings = settings
        self._publisher = publisher
        self._telemetry = telemetry
        telemetry.voices.listeners = lambda: self._listeners.values()
        self._producer = producer
        bounds = Bounds(brands=settings.max_brands, voices=settings.max_voices, events=settings.max_events)
        self._new_listener: Callable[[], Listener] = lambda: Listener(
            catalogs, detector, settings.lateness_ms, bounds=bounds, terms=Terms.of(settings)
        )
        self._arguments = connection.aiokafka(settings, address)
        self._owned: set[int] = set()
        self._epochs: dict[int, int] = {}
        """Partition → our claim since it was assigned: one above it means that others have it now."""
        self._unchecked: set[int] = set()
        """Partitions that we had before the last rebalance and have again: somebody else may have written since."""
        self._changelogs: dict[int, Changelog] = {}
        self._listeners: dict[int, Listener] = {}
        self._recovering: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._restoring = asyncio.Lock()
        self._telling: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Partition → held from when its records are put until the broker has them."""
        self._ours_at: dict[int, float] = {}
        """Partition → when we began to ask the state's log whether it is ours, and it was, in monotonic seconds."""
        self._due_at: dict[int, float] = {}
        """Partition that is near the end of its log → when its open windows may be told, in monotonic seconds."""

    async def handle(self, frame: Arrived) -> bool:
        """Hear a frame; gives False where another worker has taken the partition over."""
        records = [
            Incoming(r.value or b"", _marked(r, PROGRESS_HEADER), r.timestamp, _marked(r, CHANGE_HEADER))
            for r in frame.records
        ]
        while (listener := await self._listener(frame.partition)) is not None:
            changelog = self._changelogs[frame.partition]
            effects = self._hear(listener, frame, records)
            spans = None
            if self._tracing is not None:
                spans = self._tracing.frame("detect", frame.topic, frame.partition, frame.records)
            stored = {key: Listener.encode(value) for key, value in effects.state.items()}
            try:
                # Whoever was frozen in the middle of a frame may have lost the partition, and others have gone on.
                if effects.records and not self._surely_ours(frame.partition):
                    asked = time.monotonic()
                    await changelog.prove()
                    self._ours_at[frame.partition] = asked
                async with self._telling[frame.partition]:
                    await self._publisher.put(effects, None if spans is None else spans.decided)
                    await self._flush(frame.partition, changelog, effects)
                asked = time.monotonic()
                await changelog.write(stored)
            except FencedError as error:
                # What was counted is not sure to be stored: read the state again, then hear the frame again.
                log.warning("%s", error)
                self._forget(frame.partition)
                continue
            if effects.state:
                self._ours_at[frame.partition] = asked
                self._telemetry.state_written.inc(sum(len(value or b"") for value in stored.values()))
            if frame.behind is None or frame.behind > NEAR_RECORDS:
                self._due_at.pop(frame.partition, None)
            else:
                self._due_at.setdefault(frame.partition, 0.0)
                await self._tell_open_of(frame.partition)
            self._telemetry.note(effects)
            if spans is not None:
                spans.end()
            return True
        return False

    async def tell_open(self) -> None:
        """Tell the open windows that wait for it: the last of a burst, with no frame behind it."""
        idle = [partition for partition in self._listeners if not self._telling[partition].locked()]
        await asyncio.gather(*map(self._tell_open_of, idle))

    async def _tell_open_of(self, partition: int) -> None:
        async with self._telling[partition]:
            listener, changelog = self._listeners.get(partition), self._changelogs.get(partition)
            now, due_at = time.monotonic(), self._due_at.get(partition)
            if listener is None or changelog is None or partition in self._unchecked:
                return
            # Where others have the partition by now, what we call open is closed, and would be its last word.
            if self._surely_ours(partition) and listener.untold and due_at is not None and now >= due_at:
                effects = listener.tell_open()
                taken = time.monotonic() - now
                self._due_at[partition] = now + taken * len(self._listeners) / TELL_SHARE
                await self._publisher.put(effects)
                await self._flush(partition, changelog, effects)
                self._telemetry.note(effects)

    async def _flush(self, partition: int, changelog: Changelog, told: Effects) -> None:
        """Wait until the broker has what was put; where others had the partition by then, they keep the last word."""
        await self._publisher.flush()
        if told.records and not self._surely_ours(partition):
            claimed_ms = await changelog.claimed_ms()
            if claimed_ms is not None:
                count = await self._publisher.put_back(told.records, claimed_ms, self._new_consumer)
                log.warning("Partition %d was another worker's already: told %d of its records again", partition, count)

    def _surely_ours(self, partition: int) -> bool:
        return time.monotonic() - self._ours_at.get(partition, -OURS_SECONDS) < OURS_SECONDS

    def _hear(self, listener: Listener, frame: Arrived, records: list[Incoming]) -> Effects:
        unreadable: list[tuple[int, Exception]] = []
        effects = listener.hear(
            records,
            unreadable=lambda index, error: unreadable.append((index, error)),
        )
        for index, error in unreadable:
            raw = raw_of(frame.records[index])
            detail = f"not a record of {SCORED.name}: {type(error).__name__}: {error}"[:500]
            effects.publish(QUARANTINE, raw.origin, quarantined(raw, "not_ours", detail, None))
        return effects

    def assigned(self, partitions: set[int]) -> None:
        """These partitions of ``scored`` are this worker's now; ``recover`` gets their state ready."""
        self._owned = set(partitions)
        for partition in set(self._changelogs) - partitions:
            self._forget(partition)
        # Another worker may have had them in between: no frame is heard on what we remember before that is known.
        self._unchecked = set(self._changelogs)
        self._epochs.clear()

    async def recover(self) -> None:
        """Have the state of every partition ready, before its first frame needs it."""
        await asyncio.gather(*(self._listener(partition) for partition in sorted(self._owned)))

    @property
    def waiting_for(self) -> list[int]:
        """Partitions whose state is not there yet."""
        return sorted(self._owned - (self._listeners.keys() - self._unchecked))

    def observe(self) -> None:
        """Bring this stage's gauges up to date; a partition that others have now is theirs to show."""
        self._telemetry.watermark.clear()
        self._telemetry.brands.clear()
        self._telemetry.state_keys.clear()
        for partition, listener in self._listeners.items():
            watermark = listener.clocks.watermark("live")
            if watermark is not None:
                self._telemetry.watermark.labels(partition).set(watermark / 1000)
            self._telemetry.brands.labels(partition).set(len(listener.brands))
            keys = sum(brand.stored for brand in listener.brands.values())
            self._telemetry.state_keys.labels(partition).set(keys)

    def _forget(self, partition: int) -> None:
        self._unchecked.discard(partition)
        self._changelogs.pop(partition, None)
        self._listeners.pop(partition, None)
        self._due_at.pop(partition, None)
        self._ours_at.pop(partition, None)

    async def _listener(self, partition: int) -> Listener | None:
        async with self._recovering[partition]:
            if partition in self._unchecked:
                asked = time.monotonic()
                if await self._changelogs[partition].untouched():
                    self._ours_at[partition] = asked
                else:
                    self._forget(partition)
                self._unchecked.discard(partition)
            if partition not in self._listeners and partition in self._owned:
                # One after the other: the first ones flow while the others are still read.
                async with self._restoring:
                    await self._restore(partition)
            return self._listeners.get(partition)

    async def _restore(self, partition: int) -> None:
        began = time.monotonic()
        while partition in self._owned:
            owned, asked = self._owned, time.monotonic()
            changelog = Changelog(self._settings.state_topic, partition, self._producer, self._new_consumer)
            try:
                values = await changelog.recover(self._epochs.get(partition))
            except FencedError as error:
                if owned is self._owned:
                    log.warning("%s", error)
                    self._owned.discard(partition)
                continue
            listener = self._new_listener()
            slice_began = time.monotonic()
            for key, value in values.items():
                listener.restore(key, value)
                if time.monotonic() - slice_began > SLICE_SECONDS:
                    await asyncio.sleep(0)  # Others' frames, commits and /readyz don't wait for all of it.
                    slice_began = time.monotonic()
            listener.rebuild()
            if owned is not self._owned:
                continue  # There was a rebalance in between, and somebody else may have written: once more.
            self._telemetry.state_restored.labels(partition).set(sum(map(len, values.values())))
            self._epochs[partition] = changelog.epoch
            self._changelogs[partition], self._listeners[partition] = changelog, listener
            self._ours_at[partition] = asked
            log.info(
                "State of partition %d is here: %d values, %.1f s", partition, len(values), time.monotonic() - began
            )
            return

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._arguments,
            group_id=None,
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=8 * 1024 * 1024,
        )


def _marked(record: Any, header: str) -> bool:
    return bool(record.headers) and any(name == header for name, _ in record.headers)
