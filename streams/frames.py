"""Frames: a Faust transport whose messages are whole batches of records, and whose commits are our own.

Faust spends about 100 µs a message on itself; here a message is a *frame*, all records fetched of one partition, so
that cost is paid once a frame. Offsets are committed only for frames that were finished, in order, per partition: what
Faust's acks say does not matter (an agent's exception would ack, and acks out of order can pass a message by: its
issues 126 and 606).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import faust
from aiokafka.errors import CommitFailedError, KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

FETCH_WAIT_MS = 50
"""How long the broker may hold back an answer when a partition has nothing new: bounds the latency of the others."""

DRAIN_SECONDS = 10.0
"""How long a rebalance waits for the frames in work; a frame takes a fraction of a second."""

COMMIT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Frame:
    """All records that were fetched of one partition at once, in order of their offsets."""

    tp: TP
    records: tuple[Any, ...]
    """aiokafka's ConsumerRecords, at least one."""
    generation: int
    """The consumer group's generation in which they were fetched."""

    @property
    def end(self) -> int:
        """The offset after the last record."""
        return int(self.records[-1].offset) + 1


class Lag(NamedTuple):
    """What lies behind an offset of a partition, by the broker's last answer."""

    records: int | None
    """How many; None while that isn't known."""
    asked_ms: int | None
    """When the broker was asked."""

    @property
    def caught_up_ms(self) -> int | None:
        """When the broker said that nothing lies behind; None where something does."""
        return self.asked_ms if self.records == 0 else None


class FrameSchema(faust.Schema):  # type: ignore[misc]
    """Gives agents the frame as it is: bytes are decoded by the steps, and bad ones are no exception."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """Frames have no key."""
        return

    def loads_value(self, app: Any, message: Any, **_: Any) -> Frame:
        """The frame."""
        frame: Frame = message.value
        return frame


class FrameConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread that fetches; its waits are short, and a broker that is away is waited for."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # Faust fixes it at 1,500, and aiokafka reads it at start.
        return consumer

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> dict[TP, list[Frame]]:
        fetched = await super()._fetch_records(*args, **kwargs)
        # Behind the wait, in this thread: a call that began before a rebalance may give what was fetched after it. Were
        # that taken for old and passed over, nobody would read it again.
        generation = self.app.consumer_generation_id
        return {
            tp: [Frame(TP(tp.topic, tp.partition), tuple(records), generation)]
            for tp, records in fetched.items()
            if records
        }

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; where the broker doesn't take it now, the next commit tells it again."""
        taken = await self._try_commit(offsets)
        self.app.committed(taken=taken)
        return taken

    async def _try_commit(self, offsets: Mapping[TP, int]) -> bool:
        consumer = self._ensure_consumer()
        mine = {tp: offset for tp, offset in offsets.items() if tp in self.assignment()}
        try:
            await consumer.commit({driver.ensure_aiokafka_TP(tp): (offset, "") for tp, offset in mine.items()})
        except CommitFailedError:
            return False  # Another worker has the partitions now, and reads again from the last commit.
        except KafkaError as error:
            self.log.warning("The broker did not take a commit (%s); the next one includes it.", error)
            return False
        return True

    def lag(self, tp: TP, offset: int) -> Lag:
        """What lies behind ``offset``."""
        consumer = self._ensure_consumer()
        partition = driver.ensure_aiokafka_TP(tp)
        if partition not in consumer.assignment():
            return Lag(None, None)
        highwater, asked = consumer.highwater(partition), consumer.last_poll_timestamp(partition)
        return Lag(None if highwater is None or asked is None else max(highwater - offset, 0), asked)

    def heard_ms(self, tp: TP) -> int | None:
        """When (ms) the broker last answered a fetch of a partition; None while it has not."""
        consumer = self._ensure_consumer()
        partition = driver.ensure_aiokafka_TP(tp)
        at: int | None = consumer.last_poll_timestamp(partition) if partition in consumer.assignment() else None
        return at


class FrameConsumer(driver.Consumer):  # type: ignore[misc]
    """Hands out frames, and commits what was finished."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.finished: dict[TP, int] = {}
        """Partition → offset after the last finished frame."""
        self._begins: dict[TP, int] = {}
        self._broken: set[TP] = set()
        """Partitions with a frame that was not finished: nothing behind it may be committed in this generation."""
        self._in_work = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def _new_consumer_thread(self) -> FrameConsumerThread:
        return FrameConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Frames instead of records.

    def _to_message(self, tp: TP, frame: Frame) -> ConsumerMessage:
        last = frame.records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            None,
            None,
            frame,
            None,
            0,
            sum(record.serialized_value_size for record in frame.records),
            frame.tp,
            generation_id=frame.generation,
        )

    # Our own bookkeeping of offsets.

    def current(self, frame: Frame) -> bool:
        """Whether the frame may be worked on: it was fetched in this generation, and no rebalance is going on."""
        return bool(self.flow_active) and frame.generation == self.app.consumer_generation_id

    async def perform_seek(self) -> None:
        """Go to the last commits, and learn where each log begins: behind a cut by retention, or where none is."""
        await super().perform_seek()
        begins = await self.earliest_offsets(*self.assignment())
        self._begins = {TP(tp.topic, tp.partition): offset for tp, offset in begins.items()}
        # aiokafka goes back to commits alone: where there is none yet, records that were fetched and passed over during
        # the rebalance would never be read.
        uncommitted = {tp: offset for tp, offset in self._begins.items() if not self._committed_offset.get(tp)}
        if uncommitted:
            await self._thread.seek_wait({driver.ensure_aiokafka_TP(tp): at for tp, at in uncommitted.items()})

    def resumed_at(self, tp: TP) -> int | None:
        """Where reading began in this generation; None while that isn't known."""
        begin = self._begins.get(tp)
        return None if begin is None else max(begin, self._committed_offset.get(tp) or 0)

    def lag(self, tp: TP, offset: int) -> Lag:
        """What lies behind ``offset``."""
        lag: Lag = self._thread.lag(tp, offset)
        return lag

    def heard_ms(self, tp: TP) -> int | None:
        """When (ms) the broker last answered a fetch of a partition; None while it has not."""
        at: int | None = self._thread.heard_ms(tp)
        return at

    def begin(self) -> None:
        """A frame is being worked on; a rebalance waits until its ``end``."""
        self._in_work += 1
        self._quiet.clear()

    def end(self, frame: Frame, *, finished: bool) -> None:
        """The work on a frame is over; finished means that all that follows from it is on the broker."""
        if frame.generation != self.app.consumer_generation_id:
            pass  # Since then it is read again from the last commit, and what is before this frame may be unfinished.
        elif not finished:
            self._broken.add(frame.tp)
        elif frame.tp not in self._broken:
            self.finished[frame.tp] = max(frame.end, self.finished.get(frame.tp, 0))
        self._end()

    @contextmanager
    def in_work(self) -> Iterator[None]:
        """Work besides frames that a rebalance waits for as well."""
        self.begin()
        try:
            yield
        finally:
            self._end()

    def _end(self) -> None:
        self._in_work -= 1
        if not self._in_work:
            self._quiet.set()

    def ack(self, message: Any) -> bool:
        """Faust's acks only tell that a message left its stream."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self.finished) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self.finished.get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets between frames belong to no record (compaction): there is nothing to wait for."""

    async def verify_all_partitions_active(self) -> None:
        """Faust's livelock detector believes in its own acks."""

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish the frames in work and commit them before others get the partitions: an orderly move repeats none."""
        self.stop_flow()
        await self.drain()
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self.finished.pop(tp, None)

    async def wait_until_quiet(self) -> None:
        """Wait until no frame is in work."""
        await self._quiet.wait()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """A new generation begins at the last commits."""
        self._broken.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def drain(self) -> None:
        """Wait for the frames in work, then commit."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.wait_until_quiet()
        except TimeoutError:
            self.log.warning("Frames were still in work after %.0f s; others will read them again.", DRAIN_SECONDS)
        await self.force_commit()

    async def on_stop(self) -> None:
        """Finish what is in work, commit, then leave the group."""
        self.stop_flow()
        await self.drain()
        await super().on_stop()


class FrameTransport(driver.Transport):  # type: ignore[misc]
    """Faust's aiokafka transport, with frames."""

    Consumer = FrameConsumer
