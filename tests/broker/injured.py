"""A worker to which something happens as soon as it works: ``INJURY=name python -m tests.broker.injured worker``."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

from groundswell.cli import main
from streams import app as app_module
from streams import vitals

INJURIES: dict[str, Callable[[Any], object]] = {}


def injury(inflict: Callable[[Any], object]) -> Callable[[Any], object]:
    INJURIES[inflict.__name__] = inflict
    return inflict


async def _fail(*_: object) -> None:
    raise RuntimeError("injured")


async def _hang(*_: object) -> None:
    await asyncio.Event().wait()


def _aiokafka(app: Any) -> Any:
    return app.consumer._thread._consumer


def _cancel(app: Any, task: Any) -> None:
    app.consumer._thread.thread_loop.call_soon_threadsafe(task.cancel)


def _cancel_service(service: Any, name: str) -> None:
    (task,) = [future for future in service._futures if future.__wrapped__.__name__ == name]
    task.cancel()


@injury
def agent_fails(app: Any) -> None:
    app.score = _fail


@injury
def agent_is_cancelled(app: Any) -> None:
    for actor in app.agents["score"]._actors:
        actor.actor_task.cancel()


@injury
def step_fails(app: Any) -> None:
    app.runtime.detect.handle = _fail


@injury
def step_hangs(app: Any) -> None:
    app.runtime.detect.handle = _hang


@injury
def progress_ends(app: Any) -> None:
    _cancel_service(app.runtime, "_tell_progress")


@injury
def commits_end(app: Any) -> None:
    _cancel_service(app.consumer, "_commit_handler")


@injury
def delivery_ends(app: Any) -> None:
    _cancel_service(app._fetcher, "_fetcher")


@injury
def rebalancing_ends(app: Any) -> None:
    _cancel_service(app.tables.recovery, "_restart_recovery")


@injury
def sender_ends(app: Any) -> None:
    app.runtime.state_producer._sender.sender_task.cancel()


@injury
def membership_ends(app: Any) -> None:
    _cancel(app, _aiokafka(app)._coordinator._coordination_task)


@injury
def heartbeats_end(app: Any) -> None:
    _cancel(app, _aiokafka(app)._coordinator._heartbeat_task)


@injury
def membership_is_refused(app: Any) -> None:
    from aiokafka.errors import GroupAuthorizationFailedError

    async def refused() -> bool:
        raise GroupAuthorizationFailedError("not yours")

    _aiokafka(app)._coordinator._do_heartbeat = refused


@injury
def fetching_ends(app: Any) -> None:
    _cancel(app, _aiokafka(app)._fetcher._fetch_task)


@injury
def silences_end(app: Any) -> None:
    _cancel_service(app.runtime, "_read_silences")


@injury
def silences_are_not_fetched(app: Any) -> None:
    app.runtime.silences._consumer._fetcher._fetch_task.cancel()


@injury
def release_ends(app: Any) -> None:
    _cancel_service(app.runtime, "_release")


@injury
def thread_ends(app: Any) -> None:
    loop = app.consumer._thread.thread_loop
    loop.call_soon_threadsafe(loop.stop)


@injury
def http_ends(app: Any) -> None:
    for site in list(app.runtime._http.sites):
        site._server.close()


@injury
def loop_hangs(app: Any) -> None:
    time.sleep(600)


class Injured(app_module.Runtime):
    async def on_start(self) -> None:
        await super().on_start()
        self.add_future(self._inflict(os.environ.get("INJURY", "")))

    async def _inflict(self, name: str) -> None:
        while not self.app.flowing or self.app.not_ready():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        if name:
            INJURIES[name](self.app)


if __name__ == "__main__":
    app_module.Runtime = Injured  # type: ignore[misc]
    vitals.END_SECONDS = float(os.environ.get("END_SECONDS", "8"))  # type: ignore[misc]
    vitals.LOOP_SECONDS = 3.0  # type: ignore[misc]
    main()
