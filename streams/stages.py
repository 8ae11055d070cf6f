"""The edge between frames and steps: a frame comes in, a step is asked what follows, and that is done in order.

The order is what makes at-least-once exact in effect: publish and wait for the broker's acknowledgements, write the
state, and only then is the frame finished.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from schemas.progress import CHANGE_HEADER, PROGRESS_HEADER, Progress
from schemas.raw import Source
from streams import connection
from streams.catalog import Catalogs
from streams.changelog import Changelog, FencedError
from streams.cloudevents import envelopes
from streams.detection import Detector
from streams.effects import Effects
from streams.listener import Incoming, Listener
from streams.outbox import Headers, Outbox
from streams.paging import Terms
from streams.reader import SLICE_RECORDS, Raw, Reader, quarantined
from streams.settings import Settings
from streams.telemetry import Telemetry
from streams.topics import ALL, CHANGES, QUARANTINE, RAW, SCORED, Topic
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

PROGRESS = ((PROGRESS_HEADER, b"1"),)

Carried = Callable[[Topic, dict[str, Any]], Headers]
"""Gives the headers that a record gets besides, from its topic and its value."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A frame, as the stages see it."""

    topic: str
    """Full name."""
    partition: int
    records: tuple[Any, ...]
    """aiokafka's ConsumerRecords."""
    caught_up_ms: int | None
    """When the broker last said that nothing lies behind the last of them; None where something does."""
    behind: int | None
    """How many records lie behind them, by the broker's last answer; None while that isn't known."""


class Publisher:
    """What a step wants published, on its way out."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, partitions: dict[str, int]) -> None:
        self._names = {topic.name: topic.full_name(settings.topic_prefix) for topic in ALL}
        self._outbox = Outbox(producer, partitions)
        self._envelopes = envelopes(settings.cloudevents)
        self.scored_partitions = range(partitions[self._names[SCORED.name]])

    async def put(self, effects: Effects, carried: Carried | None = None) -> None:
        """Take the records in order; they are on their way at the latest with the next ``flush``."""
        names, outbox, dumps = self._names, self._outbox, orjson.dumps
        for topic, key, value in effects.records:
            name, encoded = names[topic.name], key.encode("utf-8", "surrogatepass")
            body, envelope = dumps(value), None if topic.headers else self._envelopes.get(topic.name)
            headers: Headers = envelope.headers(encoded, value, body) if envelope is not None else topic.headers
            if carried is not None:
                headers = [*headers, *carried(topic, value)]
            outbox.add(name, outbox.partition_for(name, encoded), encoded, body, headers)
            if outbox.full:
                await outbox.flush()

    def put_progress(self, progress: Progress) -> None:
        """Tell every partition of ``scored``, behind all that was put before."""
        value = progress.model_dump_json(exclude_defaults=True).encode()
        for partition in self.scored_partitions:
            self._outbox.add(self._names[SCORED.name], partition, None, value, PROGRESS)

    async def flush(self) -> None:
        """Wait until the broker has all that was put."""
        await self._outbox.flush()


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
                raws = [_raw(record) for record in records[begin : begin + SLICE_RECORDS]]
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


class DetectStage:
    """scored → metrics, alerts, pain points, delights, handoffs; keeps the state of each partition."""

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
                await self._publisher.put(effects, None if spans is None else spans.decided)
                await self._publisher.flush()
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
                await self._put_open(frame.partition, listener)
                await self._publisher.flush()
            self._telemetry.note(effects)
            if spans is not None:
                spans.end()
            return True
        return False

    async def tell_open(self) -> None:
        """Tell the open windows that wait for it: the last of a burst, with no frame behind it."""
        for partition, listener in list(self._listeners.items()):
            if partition not in self._unchecked:
                await self._put_open(partition, listener)
        await self._publisher.flush()

    async def _put_open(self, partition: int, listener: Listener) -> None:
        now, due_at = time.monotonic(), self._due_at.get(partition)
        # Where others have the partition by now, what we call open is closed, and would be its last word.
        if self._surely_ours(partition) and listener.untold and due_at is not None and now >= due_at:
            effects = listener.tell_open()
            taken = time.monotonic() - now
            self._due_at[partition] = now + taken * len(self._listeners) / TELL_SHARE
            await self._publisher.put(effects)
            self._telemetry.note(effects)

    def _surely_ours(self, partition: int) -> bool:
        return time.monotonic() - self._ours_at.get(partition, -OURS_SECONDS) < OURS_SECONDS

    def _hear(self, listener: Listener, frame: Arrived, records: list[Incoming]) -> Effects:
        unreadable: list[tuple[int, Exception]] = []
        effects = listener.hear(
            records,
            unreadable=lambda index, error: unreadable.append((index, error)),
        )
        for index, error in unreadable:
            raw = _raw(frame.records[index])
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


def _raw(record: Any) -> Raw:
    arrived_ms = max(record.timestamp, 0)
    return Raw(record.topic, record.partition, record.offset, arrived_ms, record.key, record.value, record.headers)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _marked(record: Any, header: str) -> bool:
    return bool(record.headers) and any(name == header for name, _ in record.headers)
