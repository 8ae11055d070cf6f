"""The outbox: Kafka's partitions, order, and what a failure leaves."""

import asyncio
from typing import Any

import pytest
from aiokafka.partitioner import murmur2 as reference
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from streams import outbox


@given(st.binary(max_size=200))
def test_murmur2_is_that_of_kafkas_clients(data: bytes) -> None:
    assert outbox.murmur2(data) == reference(data)


class Broker:
    """The two methods of a producer that the outbox uses; batches are built by aiokafka itself."""

    def __init__(self, batch_size: int = 1_000, fail_on: int | None = None) -> None:
        self.batch_size = batch_size
        self.fail_on = fail_on
        self.sent: list[tuple[str, int, int]] = []

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self.batch_size, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[None]":
        assert batch.closed()
        done = asyncio.get_running_loop().create_future()
        if self.fail_on == len(self.sent):
            done.set_exception(OSError("gone"))
        else:
            done.set_result(None)
        self.sent.append((topic, partition, batch.record_count()))
        return done


def filled(broker: Broker, records: int, size: int) -> outbox.Outbox:
    box = outbox.Outbox(broker, {"t": 1}, limit=10_000)
    for _ in range(records):
        box.add("t", 0, b"k", b"x" * size, [("h", b"v")])
    return box


def test_everything_goes_out_in_batches() -> None:
    async def run() -> None:
        broker = Broker()
        box = filled(broker, 100, 100)
        assert box.full and box.records == 100 and box.bytes == 10_100
        assert await box.flush() == 100
        assert sum(count for *_, count in broker.sent) == 100 and len(broker.sent) > 10
        assert not box.full and box.records == 0
        assert await box.flush() == 0

    asyncio.run(run())


def test_a_record_larger_than_a_batch_travels_alone() -> None:
    async def run() -> None:
        broker = Broker()
        box = filled(broker, 1, 10)
        box.add("t", 0, b"k", b"x" * 5_000_000)
        box.add("t", 0, None, b"last")
        assert await box.flush() == 3
        assert [count for *_, count in broker.sent] == [1, 1, 1]

    asyncio.run(run())


def test_a_record_that_no_topic_takes_is_refused() -> None:
    async def run() -> None:
        box = filled(Broker(), 0, 0)
        with pytest.raises(outbox.RecordTooLargeError, match="larger than"):
            box.add("t", 0, None, b"x" * (outbox.MAX_RECORD_BYTES + 1))
        assert box.records == 0

    asyncio.run(run())


def test_nothing_follows_a_batch_that_failed() -> None:
    async def run() -> None:
        broker = Broker(fail_on=2)
        box = filled(broker, 100, 100)
        with pytest.raises(OSError, match="gone"):
            await box.flush()
        assert len(broker.sent) == 3
        assert box.records == 0

    asyncio.run(run())


def test_what_has_failed_stays_failed_for_all_who_share_it() -> None:
    async def run() -> None:
        box = filled(Broker(fail_on=2), 100, 100)
        with pytest.raises(OSError, match="gone"):
            await box.flush()
        with pytest.raises(OSError, match="gone"):  # Another's records may have been among those that are lost.
            await box.flush()

    asyncio.run(run())


def test_who_flushes_may_be_cancelled_and_the_next_one_still_waits_for_the_broker() -> None:
    async def run() -> None:
        broker = Broker()
        answer = asyncio.Event()
        send_batch = broker.send_batch

        async def slow(batch: Any, topic: str, *, partition: int) -> Any:
            await answer.wait()
            return await send_batch(batch, topic, partition=partition)

        broker.send_batch = slow  # type: ignore[method-assign]
        box = filled(broker, 3, 10)
        first = asyncio.create_task(box.flush())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        second = asyncio.create_task(box.flush())
        await asyncio.sleep(0.01)
        assert first.cancelled()
        assert not second.done(), "its records are not acknowledged yet"
        answer.set()
        await second
        assert sum(count for *_, count in broker.sent) == 3

    asyncio.run(run())


def test_keys_choose_their_partition_and_no_key_goes_round() -> None:
    async def run() -> None:
        box = outbox.Outbox(Broker(), {"t": 3})
        assert [box.partition_for("t", None) for _ in range(5)] == [0, 1, 2, 0, 1]
        assert box.partition_for("t", b"abc") == (reference(b"abc") & 0x7FFFFFFF) % 3

    asyncio.run(run())
