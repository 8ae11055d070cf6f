"""Each agent hands its frames to its stage; a frame counts as finished only when the stage says so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from faust.types import TP

from streams.app import App
from streams.frames import Frame, Lag
from streams.settings import Settings
from streams.stages.arrived import Arrived
from streams.telemetry import Telemetry

with patch.dict(os.environ, GROUNDSWELL_BROKER="127.0.0.1:9"):  # The package makes its app for a broker.
    from agents.detect import detect
    from agents.notify import notify
    from agents.score import score

AGENTS = {"score": score, "detect": detect, "notify": notify}
GENERATION = 3


PLACE = TP("groundswell.posts.v1", 1)


def frame(*offsets: int, generation: int = GENERATION) -> Frame:
    return Frame(PLACE, tuple(SimpleNamespace(offset=offset) for offset in offsets), generation)


def run(name: str, frames: list[Frame], handle: Callable[[Arrived], Awaitable[bool | None]]) -> App:
    """Put frames through the agent, whose stage is ``handle``; the consumer's bookkeeping is the real one."""

    async def through() -> App:
        app = App(Settings(), "127.0.0.1:9")
        app.consumer_generation_id = GENERATION
        app.crashes = []

        async def crash(reason: BaseException) -> None:
            app.crashes.append(reason)

        app.crash = crash
        app.consumer.lag = lambda tp, offset: Lag(8 - offset, 1_000)
        app.runtime = SimpleNamespace(telemetry=Telemetry(), **{name: SimpleNamespace(handle=handle)})
        agent = app.agent(app.raw, name=name, concurrency=1)(AGENTS[name])
        async with agent.test_context() as context:
            for one in frames:
                await context.put(one)
            await app.consumer.wait_until_quiet()
        return app

    return asyncio.run(through())


@pytest.mark.parametrize("name", AGENTS)
def test_frames_reach_the_stage_in_order_and_are_finished(name: str):
    seen: list[Any] = []

    async def handle(arrived: Arrived) -> None:
        seen.append((arrived.topic, arrived.partition, len(arrived.records), arrived.caught_up_ms))

    app = run(name, [frame(3, 4), frame(5, 7)], handle)
    assert seen == [("groundswell.posts.v1", 1, 2, None), ("groundswell.posts.v1", 1, 2, 1_000)]
    assert app.consumer.finished == {PLACE: 8}
    assert not app.crashes


@pytest.mark.parametrize("name", AGENTS)
def test_a_failure_ends_the_worker_and_leaves_the_frame_unfinished(name: str):
    async def handle(arrived: Arrived) -> None:
        raise RuntimeError("the broker has gone")

    app = run(name, [frame(3)], handle)
    assert not app.consumer.finished
    assert [str(reason) for reason in app.crashes] == ["the broker has gone"]


def test_a_frame_whose_partition_went_to_another_worker_is_not_finished():
    async def handle(arrived: Arrived) -> bool:
        return False

    app = run("detect", [frame(3)], handle)
    assert not app.consumer.finished
    assert not app.crashes


def test_a_frame_from_before_a_rebalance_is_not_worked_on():
    async def handle(arrived: Arrived) -> None:
        raise AssertionError("its new owner reads it")

    app = run("score", [frame(3, generation=GENERATION - 1)], handle)
    assert not app.consumer.finished
    assert not app.crashes
