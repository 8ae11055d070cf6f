"""Recorded events onto the raw topics: as a replay, whose time travels with it, or live.

A replay's records carry its id in a header. Marks (``schemas.progress.ReplayMark``) go to every partition of the raw
topics: at the beginning, about once a second, and at the end. A partition keeps the order in which it is written, so
a mark comes after all records that it speaks of.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from schemas.changes import Change
from schemas.progress import PROGRESS_HEADER, REPLAY_HEADER, ReplayMark
from schemas.raw import Source
from streams import connection
from streams.admin import BrokerUnreachable
from streams.outbox import BATCH_BYTES, Headers, Outbox
from streams.readahead import Available, ahead
from streams.recorded import RecordedEvent
from streams.settings import Settings
from streams.topics import CHANGES, RAW

CHUNK: Final = 500
"""Events that are taken at once; in between, the event loop turns."""
FLUSH_BYTES: Final = 2 * 1024 * 1024
"""Buffered bytes that are worth a flush while none is running."""
MARK_SECONDS: Final = 1.0
"""Wall time between a replay's marks."""
PATIENCE_SECONDS: Final = 60.0
"""How long the broker may take to acknowledge a flush."""


class SendError(RuntimeError):
    """The broker did not take the events; the message says what to do."""


@dataclass(frozen=True, slots=True)
class SendReport:
    """What was sent."""

    sent: int
    """Events."""
    bytes: int
    """Of their values."""
    seconds: float
    first_ms: int | None
    """Event time of the first and of the last event, in milliseconds since 1970."""
    last_ms: int | None
    marks: int
    """Times that the marks were written to all partitions."""


async def send(
    events: Iterable[tuple[Source, RecordedEvent]],
    *,
    settings: Settings,
    address: str,
    replay: str | None,
    speed: float | None = None,
    sources: Collection[Source] = tuple(RAW),
    piped: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> SendReport:
    """Write events to their sources' topics, in the order in which they come.

    When it is cancelled or ``events`` raises, what was read is still written and a replay still gets its last mark,
    because whoever reads a replay waits for its end.

    Args:
        events: By event time; several sources may be mixed.
        settings: Names of the topics and how to connect.
        address: The broker, ``host:port``.
        replay: Id of the replay; None sends live, without header and marks.
        speed: Event time over wall time, 60.0 for an hour a minute; None is as fast as possible.
        sources: The sources that ``events`` may hold: all their partitions belong to the replay.
        piped: ``events`` may block while it waits for more: it is read in a thread of its own.
        on_progress: Called with the events sent so far and the event time (ms) reached, at most every 500 events.

    Raises:
        SendError: The broker lacks a topic or refuses a record.
        BrokerUnreachable: Nobody answers there.
    """
    topics = {source: RAW[source].full_name(settings.topic_prefix) for source in sources}
    async with connected(settings, address) as producer:
        box = Outbox(producer, await partitions(producer, topics.values()))
        return await _Sending(box, topics, replay, speed, on_progress).run(events, piped=piped)


class _Sending:
    def __init__(
        self,
        box: Outbox,
        topics: dict[Source, str],
        replay: str | None,
        speed: float | None,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self._box, self._topics, self._replay, self._speed, self._tell = box, topics, replay, speed, on_progress
        self._headers: Headers = () if replay is None else ((REPLAY_HEADER, replay.encode()),)
        self._flushing: asyncio.Task[int] | None = None
        self._sent = self._bytes = self._marks = 0
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self._began = self._marked = time.monotonic()

    async def run(self, events: Iterable[tuple[Source, RecordedEvent]], *, piped: bool) -> SendReport:
        self._mark(None)
        try:
            # The detectors wait for every partition of a replay: they should know of them before its first record.
            await self._flush_all()
            async for chunk in ahead(events, CHUNK, MARK_SECONDS) if piped else _chunks(events):
                for source, event in chunk:
                    if self._speed is not None:
                        await self._until_due(event.time_ms)
                    self._add(source, event)
                await self._keep_going(hurry=piped)
                if self._tell and self._last_ms is not None:
                    self._tell(self._sent, self._last_ms)
        except SendError:
            # A last mark behind a hole would say that nothing is missing.
            raise
        except BaseException:
            await self._finish()
            raise
        await self._finish()
        seconds = time.monotonic() - self._began
        return SendReport(self._sent, self._bytes, seconds, self._first_ms, self._last_ms, self._marks)

    async def _finish(self) -> None:
        self._mark(self._last_ms, ended=True)
        await self._flush_all()

    def _add(self, source: Source, event: RecordedEvent) -> None:
        topic = self._topics[source]
        key = None if event.key is None else event.key.encode()
        self._box.add(topic, self._box.partition_for(topic, key), key, event.value, self._headers)
        self._sent += 1
        self._bytes += len(event.value)
        if self._last_ms is None:
            self._first_ms = event.time_ms
            self._began = time.monotonic() if self._speed else self._began
        self._last_ms = event.time_ms if self._last_ms is None else max(self._last_ms, event.time_ms)

    async def _until_due(self, time_ms: int) -> None:
        """Wait until event time has come, at the replay's speed; time is told in the meantime, also in silence."""
        while self._first_ms is not None and self._speed is not None:
            now = time.monotonic()
            reached_ms = self._first_ms + (now - self._began) * self._speed * 1000
            if reached_ms >= time_ms:
                return
            if now - self._marked >= MARK_SECONDS:
                self._mark(max(int(reached_ms), self._last_ms or 0))
            await self._keep_going(hurry=True)
            due = (time_ms - reached_ms) / self._speed / 1000
            await asyncio.sleep(min(due, self._marked + MARK_SECONDS - now))

    async def _keep_going(self, *, hurry: bool) -> None:
        """Flush in the background what is worth it; wait where the box is full."""
        if time.monotonic() - self._marked >= MARK_SECONDS:
            self._mark(self._last_ms)
            hurry = True
        if self._flushing is not None and (self._flushing.done() or self._box.full):
            # Shielded: whoever is cancelled here still has to finish what was begun.
            await asyncio.shield(self._flushing)
            self._flushing = None
        if self._flushing is None and self._box.records and (hurry or self._box.bytes >= FLUSH_BYTES):
            self._flushing = asyncio.create_task(flushed(self._box))
        await asyncio.sleep(0)

    async def _flush_all(self) -> None:
        if self._flushing is not None:
            running, self._flushing = self._flushing, None
            await running
        await flushed(self._box)

    def _mark(self, time_ms: int | None, *, ended: bool = False) -> None:
        """Buffer one mark for every partition; nothing when sending live."""
        self._marked = time.monotonic()
        if self._replay is None:
            return
        origins = {topic: self._box.partitions[topic] for topic in self._topics.values()}
        sent_ms = time.time_ns() // 1_000_000
        mark = ReplayMark(replay=self._replay, origins=origins, time_ms=time_ms, ended=ended, sent_ms=sent_ms)
        value = mark.model_dump_json().encode()
        headers = (*self._headers, (PROGRESS_HEADER, b"1"))
        for topic, count in origins.items():
            for partition in range(count):
                self._box.add(topic, partition, None, value, headers)
        self._marks += 1


async def _chunks(events: Iterable[tuple[Source, RecordedEvent]]) -> AsyncIterator[Available]:
    iterator: Iterator[tuple[Source, RecordedEvent]] = iter(events)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


async def tell_change(change: Change, *, settings: Settings, address: str) -> None:
    """Write a change to its topic.

    Raises:
        SendError: The broker lacks the topic or refuses the record.
        BrokerUnreachable: Nobody answers there.
    """
    topic, key = CHANGES.full_name(settings.topic_prefix), change.brand.encode("utf-8", "surrogatepass")
    async with connected(settings, address) as producer:
        box = Outbox(producer, await partitions(producer, [topic]))
        value = change.model_dump_json(exclude_none=True).encode()
        box.add(topic, box.partition_for(topic, key), key, value)
        await flushed(box)


async def flushed(box: Outbox) -> int:
    """Flush, with patience that ends, and say in words what goes wrong; gives the number of records.

    Raises:
        SendError: The broker does not take them.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await box.flush()
    except TimeoutError:
        raise SendError(
            f"the broker has acknowledged nothing for {PATIENCE_SECONDS:.0f} s; see that it runs: groundswell doctor"
        ) from None
    except MessageSizeTooLargeError as error:
        raise SendError(
            "a record is larger than the broker's topic takes (max.message.bytes); compare: groundswell topics check"
        ) from error
    except KafkaError as error:
        raise SendError(f"the broker did not take the events: {error}") from error


@asynccontextmanager
async def connected(settings: Settings, address: str) -> AsyncIterator[Any]:
    """A producer that suits an outbox.

    Raises:
        BrokerUnreachable: Nobody answers there.
    """
    # Idempotence: an answer that is lost on the way must not double a batch.
    producer = AIOKafkaProducer(
        **connection.aiokafka(settings, address), enable_idempotence=True, max_batch_size=BATCH_BYTES
    )
    try:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await producer.start()
        except (KafkaError, TimeoutError) as error:
            raise BrokerUnreachable(f"the broker at {address} can't be reached; see: groundswell doctor") from error
        yield producer
    finally:
        # What it still holds is only written when the broker answers: after a failure, nobody waits for that.
        with suppress(TimeoutError):
            await asyncio.wait_for(producer.stop(), 5)


async def partitions(producer: Any, topics: Iterable[str]) -> dict[str, int]:
    """Topic → its number of partitions.

    Raises:
        SendError: The broker lacks one; it is not created.
    """
    # All metadata at once: asking for a topic by its name could create it, with the broker's defaults.
    cluster = await producer.client.fetch_all_metadata()
    counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}
    if missing := [topic for topic, count in counts.items() if not count]:
        raise SendError(f"the broker has no topic {', '.join(missing)}; create it with: groundswell topics create")
    return counts
