"""Frames around a rebalance: nothing is passed over that nobody reads again, nothing committed that is not finished."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.frames import Frame, FrameConsumer, FrameConsumerThread

HERE = TP("posts", 0)


def record(offset: int) -> Any:
    return SimpleNamespace(offset=offset)


def frame(first: int, last: int, generation: int) -> Frame:
    return Frame(HERE, tuple(record(offset) for offset in range(first, last + 1)), generation)


def test_what_a_call_from_before_a_rebalance_gives_is_of_the_generation_in_which_it_was_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thread = object.__new__(FrameConsumerThread)
    thread.app = SimpleNamespace(consumer_generation_id=1)

    async def waits_over_a_rebalance(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(0)
        thread.app.consumer_generation_id = 2
        return {TopicPartition("posts", 0): [record(0), record(1)], TopicPartition("posts", 1): []}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", waits_over_a_rebalance)
    fetched = asyncio.run(thread._fetch_records(None, None))
    assert [(found.tp, found.end, found.generation) for (found,) in fetched.values()] == [(HERE, 2, 2)]


def test_a_partition_without_a_commit_is_read_from_its_beginning_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def as_aiokafka_does(self: Any) -> None:
        self._committed_offset.update({HERE: 7, TP("posts", 1): None})

    sought: dict[Any, int] = {}

    async def seek_wait(places: dict[Any, int]) -> None:
        sought.update(places)

    async def earliest(*_: Any) -> dict[Any, int]:
        return {TopicPartition("posts", 0): 0, TopicPartition("posts", 1): 3}

    monkeypatch.setattr(driver.Consumer, "perform_seek", as_aiokafka_does)
    consumer = object.__new__(FrameConsumer)
    consumer._committed_offset, consumer._thread = {}, SimpleNamespace(seek_wait=seek_wait)
    monkeypatch.setattr(consumer, "earliest_offsets", earliest)
    monkeypatch.setattr(consumer, "assignment", lambda: {HERE, TP("posts", 1)})
    asyncio.run(consumer.perform_seek())
    assert sought == {TopicPartition("posts", 1): 3}
    assert (consumer.resumed_at(HERE), consumer.resumed_at(TP("posts", 1))) == (7, 3)


def ending(generation: int) -> Any:
    consumer = object.__new__(FrameConsumer)
    consumer.app = SimpleNamespace(consumer_generation_id=generation)
    consumer.finished, consumer._broken, consumer._in_work, consumer._quiet = {}, set(), 9, asyncio.Event()
    return consumer


def test_only_frames_of_this_generation_count_as_finished_and_none_behind_a_broken_one() -> None:
    consumer = ending(generation=2)
    FrameConsumer.end(consumer, frame(100, 199, generation=1), finished=True)
    assert consumer.finished == {}, "what lies before it is read again and may be unfinished"
    FrameConsumer.end(consumer, frame(50, 99, generation=2), finished=True)
    FrameConsumer.end(consumer, frame(100, 149, generation=2), finished=False)
    FrameConsumer.end(consumer, frame(150, 199, generation=2), finished=True)
    assert consumer.finished == {HERE: 100}


def test_a_frame_of_before_that_was_not_finished_breaks_nothing_now() -> None:
    consumer = ending(generation=2)
    FrameConsumer.end(consumer, frame(0, 9, generation=1), finished=False)
    FrameConsumer.end(consumer, frame(0, 9, generation=2), finished=True)
    assert consumer.finished == {HERE: 10}


def test_a_rebalance_waits_for_work_besides_frames() -> None:
    consumer = ending(generation=1)
    consumer._in_work = 0

    async def story() -> list[str]:
        said = []

        async def rebalance() -> None:
            await consumer.wait_until_quiet()
            said.append("others get the partition")

        with consumer.in_work():
            waiting = asyncio.create_task(rebalance())
            await asyncio.sleep(0)
            said.append("windows are told")
        await waiting
        return said

    assert asyncio.run(story()) == ["windows are told", "others get the partition"]
