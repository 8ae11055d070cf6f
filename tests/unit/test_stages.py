"""A partition that comes back to a worker is not heard on what the worker remembers, unless nobody wrote since."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from streams.catalog import Catalogs
from streams.detection import detector
from streams.settings import Settings
from streams.stages import detect
from streams.stages.arrived import Arrived
from streams.stages.detect import DetectStage
from streams.telemetry import Telemetry
from streams.topics import HANDOFFS, METRICS
from tests.support.log import MS_A_RECORD, FakeLog, owner
from tests.support.records import BASE_MS, scored


class Log:
    """A state topic that somebody else may have written to; counts how often it is read."""

    reads = 0
    untouched_now = True

    def __init__(self, *_: Any) -> None:
        self.epoch = 1

    async def untouched(self) -> bool:
        await asyncio.sleep(0)
        return Log.untouched_now

    async def recover(self, former: int | None) -> dict[str, bytes]:
        Log.reads += 1
        return {}

    async def prove(self) -> None:
        pass

    async def write(self, values: dict[str, bytes | None]) -> None:
        pass


class Publisher:
    async def put(self, effects: Any, carried: Any = None) -> None:
        pass

    async def flush(self) -> None:
        pass


def detecting(publisher: Publisher, producer: FakeLog | None = None) -> DetectStage:
    """The stage on the generic catalog, without a broker."""
    catalogs, telemetry = Catalogs.load(("generic",)), Telemetry()
    return DetectStage(Settings(), "127.0.0.1:1", catalogs, detector("surge"), producer, publisher, telemetry)  # type: ignore[arg-type]


@pytest.mark.parametrize(("untouched", "reads"), [(True, 1), (False, 2)])
def test_a_frame_waits_until_it_is_known_whether_others_wrote(
    monkeypatch: pytest.MonkeyPatch, untouched: bool, reads: int
) -> None:
    monkeypatch.setattr(detect, "Changelog", Log)
    Log.reads, Log.untouched_now = 0, untouched
    frame = Arrived("groundswell.scored.v1", 0, (SimpleNamespace(value=b"", headers=(), timestamp=0),), None, None)
    monkeypatch.setattr(detect, "raw_of", lambda record: SimpleNamespace(origin="o"))
    monkeypatch.setattr(detect, "quarantined", lambda *_: {})

    async def play() -> None:
        stage = detecting(Publisher())
        stage.assigned({0})
        assert stage.waiting_for == [0]
        assert await stage.handle(frame)
        stage.assigned({0})  # A rebalance: it may have been another's in between.
        assert stage.waiting_for == [0]
        assert await stage.handle(frame)
        assert stage.waiting_for == []
        stage.assigned(set())
        assert not await stage.handle(frame)

    asyncio.run(play())
    assert Log.reads == reads


def test_a_state_that_was_read_while_partitions_moved_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Moving(Log):
        """There is a rebalance while it is read for the first time, and the partition stays where it was."""

        async def recover(self, former: int | None) -> dict[str, bytes]:
            formers.append(former)
            if len(formers) == 1:
                stage.assigned({0})
            return {}

    formers: list[int | None] = []
    monkeypatch.setattr(detect, "Changelog", Moving)
    stage = detecting(Publisher())
    stage.assigned({0})
    asyncio.run(stage.recover())
    assert formers == [None, None], "what others claimed in between is no reason to give up"
    assert stage.waiting_for == []


@pytest.mark.parametrize(("frozen_seconds", "told"), [(0.0, 1), (7.0, 0)])
def test_whoever_was_frozen_tells_no_window_as_open(
    monkeypatch: pytest.MonkeyPatch, frozen_seconds: float, told: int
) -> None:
    clock = [1_000.0]

    class Freezing(Log):
        async def write(self, values: dict[str, bytes | None]) -> None:
            clock[0] += frozen_seconds

    class Noting(Publisher):
        async def put(self, effects: Any, carried: Any = None) -> None:
            published.extend(key for topic, key, _ in effects.records if topic is METRICS)

    published: list[str] = []
    monkeypatch.setattr(detect, "Changelog", Freezing)
    monkeypatch.setattr(detect, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    said = SimpleNamespace(value=orjson.dumps(scored("e1", BASE_MS)), headers=(), timestamp=BASE_MS)
    stage = detecting(Noting())
    stage.assigned({0})
    assert asyncio.run(stage.handle(Arrived("groundswell.scored.v1", 0, (said,), None, 0)))
    assert len(published) == told


@pytest.mark.parametrize("taken", [False, True])
def test_whoever_was_frozen_tells_nothing_where_others_have_gone_on(
    monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    class Noting(Publisher):
        async def put(self, effects: Any, carried: Any = None) -> None:
            published.append(len(effects.records))

    clock, published = [1_000.0], list[int]()
    monkeypatch.setattr(detect, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    log = FakeLog(topic=Settings().state_topic)
    stage = detecting(Noting(), log)
    monkeypatch.setattr(stage, "_new_consumer", log.consumer)

    def crying(offset: int) -> Arrived:
        cry = scored(f"e{offset}", BASE_MS, urgency=0.9, origin=("posts.v1", 0, offset))
        record = SimpleNamespace(value=orjson.dumps(cry), headers=(), timestamp=BASE_MS)
        return Arrived("groundswell.scored.v1", 0, (record,), None, None)

    async def play() -> None:
        stage.assigned({0})
        assert await stage.handle(crying(0))
        if taken:
            await owner(log).recover()
        clock[0] += 7.0
        assert await stage.handle(crying(1)) is not taken

    asyncio.run(play())
    assert len(published) == (1 if taken else 2)
    assert all(published), "there was something to tell"


@pytest.mark.parametrize("taken", [False, True])
def test_what_was_on_its_way_when_others_went_on_is_made_good(monkeypatch: pytest.MonkeyPatch, taken: bool) -> None:
    class Stopping(Publisher):
        """The worker is stopped for seven seconds with the first records on their way."""

        async def flush(self) -> None:
            clock[0] += 7.0
            if taken and not claims:
                claims.append(log.end * MS_A_RECORD)
                await owner(log).recover()

        async def put_back(self, records: Any, since_ms: int, new_consumer: Any) -> int:
            made_good.append(([topic for topic, _, _ in records], since_ms))
            return 1

    clock, claims, made_good = [1_000.0], list[int](), list[tuple[Any, int]]()
    monkeypatch.setattr(detect, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    log = FakeLog(topic=Settings().state_topic)
    stage = detecting(Stopping(), log)
    monkeypatch.setattr(stage, "_new_consumer", log.consumer)
    cry = SimpleNamespace(value=orjson.dumps(scored("e1", BASE_MS, urgency=0.9)), headers=(), timestamp=BASE_MS)
    stage.assigned({0})
    heard = asyncio.run(stage.handle(Arrived("groundswell.scored.v1", 0, (cry,), None, None)))
    assert heard is not taken
    assert made_good == ([([HANDOFFS], claims[0])] if taken else [])
