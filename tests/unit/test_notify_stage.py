"""notify, with a receiver that remembers and a topic of silences that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError

from schemas.alerts import Alert
from schemas.silences import Matchers, Silence
from streams import patience, silence_log
from streams.outbox import partition_of
from streams.settings import Settings
from streams.silence_log import SilenceLog
from streams.silencing import Decision, Silences
from streams.stages.arrived import Arrived
from streams.stages.notify import NotifyStage
from streams.telemetry import Telemetry
from tests.support.alerts import alert
from tests.support.telling import Phone, Receipts, delivery, until

PARTITIONS = 4
MINE = partition_of(alert().fingerprint.encode(), PARTITIONS)
ALL = set(range(PARTITIONS))


class Topic:
    """The silences as a worker has them, without a broker."""

    def __init__(self) -> None:
        self.silences = Silences()
        self.read = asyncio.Event()
        self.broken = False
        self.written: list[str] = []

    async def catch_up(self) -> None:
        await self.read.wait()

    async def carry_out(self, decision: Decision) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise KafkaError("the broker does not take it")
        self.written += [decision.keep.id] if decision.keep else []
        self.silences.done(decision)

    def put(self, **changed: Any) -> Silence:
        now = datetime.now(UTC)
        fields = {"starts_at": now, "ends_at": now + timedelta(hours=1), "created_at": now, "created_by": "ana"}
        it = Silence(**{"id": "0" * 12, "matchers": Matchers(brand="Acme")} | fields | changed)
        self.silences.take(it.id, it.model_dump_json().encode(), now)
        return it


class World:
    """A stage and what is around it."""

    def __init__(self) -> None:
        self.sink, self.topic, self.telemetry = Phone(), Topic(), Telemetry()
        settings = Settings(partitions=PARTITIONS)
        self.delivery = delivery({"care": self.sink}, Receipts(PARTITIONS), telemetry=self.telemetry)
        self.stage = NotifyStage(settings, self.delivery, self.topic, self.telemetry)  # type: ignore[arg-type]
        self.stage.assigned(ALL)

    async def settled(self) -> None:
        """Wait until everybody has been told what is to be told."""
        await until(lambda: not len(self.delivery._waiting["care"]))

    async def handle(self, *alerts: Alert | bytes) -> None:
        values = [it if isinstance(it, bytes) else it.model_dump_json().encode() for it in alerts]
        await self.stage.handle(
            Arrived("alerts", MINE, tuple(SimpleNamespace(value=value) for value in values), None, None)
        )

    def count(self, result: str) -> float | None:
        labels = {"receiver": "care", "result": result}
        return self.telemetry.registry.get_sample_value("groundswell_deliveries_total", labels)


def played(story: Callable[[World], Awaitable[None]]) -> World:
    async def play() -> World:
        world = World()
        working = asyncio.create_task(world.delivery.run())
        await story(world)
        await world.settled()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return world

    return asyncio.run(play())


def test_nothing_is_told_before_the_silences_are_read() -> None:
    async def story(world: World) -> None:
        frame = asyncio.create_task(world.handle(alert()))
        for _ in range(10):
            await asyncio.sleep(0)
        assert world.sink.told == [] and not frame.done()
        world.topic.put()  # It stood on the topic already, and is only read now.
        world.topic.read.set()
        await frame

    world = played(story)
    assert world.sink.told == []
    assert world.topic.written == [f"{alert().fingerprint}:1"]


def test_what_is_muted_is_counted_and_told_when_the_silence_is_ended() -> None:
    async def story(world: World) -> None:
        world.topic.read.set()
        silence = world.topic.put()
        await world.handle(alert(), b"\xff", alert("Other"), alert(revision=2))
        await world.settled()
        assert world.sink.told == [("Other", 1)]
        await world.stage.release()
        assert world.sink.told == [("Other", 1)]
        world.topic.put(**dict(silence) | {"ended_at": datetime.now(UTC)})
        await world.stage.release()
        await world.stage.release()

    world = played(story)
    assert world.sink.told == [("Other", 1), ("Acme", 2)]
    assert [world.count(result) for result in ("delivered", "silenced", "acknowledged", "failed")] == [2, 2, 0, 0]


def test_only_who_has_the_partition_tells_what_was_muted() -> None:
    async def story(world: World) -> None:
        world.topic.read.set()
        silence = world.topic.put()
        await world.handle(alert())
        world.topic.put(**dict(silence) | {"ended_at": datetime.now(UTC)})
        world.stage.assigned(ALL - {MINE})
        await world.stage.release()
        await world.settled()
        assert world.sink.told == []
        world.stage.assigned(ALL)
        await world.stage.release()

    assert played(story).sink.told == [("Acme", 1)]


def test_a_muted_state_that_could_not_be_written_leaves_the_frame_unfinished() -> None:
    async def story(world: World) -> None:
        world.topic.read.set()
        world.topic.put()
        world.topic.broken = True
        with pytest.raises(KafkaError):
            await world.handle(alert())

    assert played(story).sink.told == []


def test_a_worker_that_ends_tells_nothing_more() -> None:
    async def story(world: World) -> None:
        world.topic.read.set()
        silence = world.topic.put()
        await world.handle(alert())
        world.topic.put(**dict(silence) | {"ended_at": datetime.now(UTC)})
        await world.stage.close()
        await world.stage.release()

    world = played(story)
    assert world.sink.told == [] and world.sink.closed
    assert world.topic.silences.muted == [alert().fingerprint], "whoever comes next tells it"


class Consumer:
    """A client of a broker that is away at first, and whose fetching dies in the end."""

    starts = 0
    polls = 0

    def __init__(self, **_: Any) -> None:
        self._fetcher = SimpleNamespace(_fetch_task=asyncio.get_running_loop().create_future())

    async def start(self) -> None:
        Consumer.starts += 1
        if Consumer.starts < 3:
            raise KafkaConnectionError("nobody answers")

    def assign(self, partitions: Any) -> None:
        pass

    async def getmany(self, **_: Any) -> dict[Any, Any]:
        await asyncio.sleep(0)
        Consumer.polls += 1
        if Consumer.polls == 5:
            self._fetcher._fetch_task.set_result(None)
        return {}

    async def position(self, partition: Any) -> int:
        return 0

    async def end_offsets(self, partitions: Any) -> dict[Any, int]:
        return dict.fromkeys(partitions, 0)

    async def stop(self) -> None:
        pass


def test_the_reader_waits_for_a_broker_and_does_not_die_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence_log, "AIOKafkaConsumer", Consumer)
    monkeypatch.setattr(patience, "AGAIN_SECONDS", 0)

    async def play() -> None:
        topic = SilenceLog(Settings(), "127.0.0.1:1", None)
        reading = asyncio.create_task(topic.read())
        await topic.catch_up()
        with pytest.raises(KafkaError, match=r"silences\.v1 has ended"):
            await reading

    asyncio.run(play())
    assert (Consumer.starts, Consumer.polls) == (3, 5)
