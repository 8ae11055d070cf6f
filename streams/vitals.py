"""What a worker can't live without, and how its end is made sure of: no worker that only looks alive.

A task of Faust's that raises ends the worker by itself; one that merely returns, or is cancelled, does not. And what
aiokafka's own tasks die of is told to whoever polls its consumer by the usual methods, which Faust does not use: a
worker whose group membership has ended would keep its partitions' state for ever and read nothing. So they are looked
at, once a second. This module knows the insides of Faust 0.15, mode 0.4 and aiokafka 0.14 and imports none of them.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Final

log = logging.getLogger(__name__)

END_SECONDS: Final = 20.0
"""How long an end may take: frames in hand have 10 s, and whoever asked for the end kills after 25 or 30."""
LOOP_SECONDS: Final = 300.0
"""How long the event loop may be busy with one thing before the worker counts as hung. Reading a big state is cut
into small pieces, and a frame takes seconds at most."""


class DeadPartError(RuntimeError):
    """A part that the worker can't live without has ended."""


class Vitals:
    """Looks whether all parts of a worker are alive.

    Args:
        app: The Faust app, started.
        producers: aiokafka's producers, started.
        sites: aiohttp's sites, started.
    """

    def __init__(self, app: Any, producers: Iterable[Any], sites: Iterable[Any]) -> None:
        self._app = app
        self._producers = list(producers)
        self._sites = list(sites)
        self._actors = {name: _running(agent) for name, agent in app.agents.items()}
        self._suspects: set[str] = set()

    def dead(self) -> str | None:
        """A part that was dead now and the last time, for a part may just be on its way; None where all live."""
        found = dict(self._dead())
        sure = [f"{name} ({why})" if why else name for name, why in found.items() if name in self._suspects]
        self._suspects = set(found)
        return sure[0] if sure else None

    def _dead(self) -> Iterator[tuple[str, str]]:
        """The name of each dead part, and why it died where that is known."""
        for service in _services(self._app):
            if service.started and not service.should_stop and not service.crashed:
                running = {future.__wrapped__.__name__ for future in service._futures.copy() if not future.done()}
                for task in service._get_tasks():
                    if task.fun.__name__ not in running:
                        yield f"{type(service).__name__}.{task.fun.__name__}", ""
        for name, agent in self._app.agents.items():
            # Faust starts an agent again that was cancelled; the frame that it had in hand is then passed over.
            if _running(agent) != self._actors[name]:
                yield f"agent {name}", ""
        for name, task in self._clients_tasks():
            if task is None or task.done():
                error = None if task is None or task.cancelled() else task.exception()
                yield name, repr(error) if error else ""
        for site in self._sites:
            if site._server is None or not site._server.is_serving():
                yield f"HTTP on {site.name}", ""

    def _clients_tasks(self) -> Iterator[tuple[str, Any]]:
        for producer in self._producers:
            yield "a producer's sender", producer._sender.sender_task
            yield "a producer's metadata", producer.client._sync_task
        thread = self._app.consumer._thread
        if thread._thread is not None and not thread._thread.is_alive():
            yield "the consumer's thread", None
        consumer = thread._consumer
        if consumer is not None and consumer._coordinator is not None:
            yield "the consumer's group membership", _failed(consumer._coordinator)
            if (
                beating := consumer._coordinator._heartbeat_task
            ) and not consumer._coordinator._rejoin_needed_fut.done():
                yield "the consumer's heartbeats", beating  # There are none while it joins, or is about to.
            yield "the consumer's fetching", consumer._fetcher._fetch_task
            yield "the consumer's metadata", consumer._client._sync_task


def _failed(coordinator: Any) -> Any:
    """The coordination task; where it waits for somebody to take an error from it, which nobody does, that error."""
    if coordinator._pending_exception is None:
        return coordinator._coordination_task
    failed: asyncio.Future[None] = asyncio.Future()
    failed.set_exception(coordinator._pending_exception)
    return failed


def _running(agent: Any) -> set[int]:
    """Identities of an agent's tasks."""
    return {id(task) for actor in agent._actors.copy() if (task := actor.actor_task) is not None and not task.done()}


def _services(app: Any) -> Iterator[Any]:
    """Every service of the app that has tasks of its own."""
    thread = app.consumer._thread
    waiting = [app, app._fetcher, app.tables.recovery, thread]
    if thread._method_queue is not None:
        waiting.append(thread._method_queue)
    waiting += [agent.supervisor for agent in app.agents.values() if agent.supervisor is not None]
    seen: set[int] = set()
    while waiting:
        service = waiting.pop()
        if service is not None and id(service) not in seen:
            seen.add(id(service))
            waiting += service._children
            yield service


class LastResort(threading.Thread):
    """Ends the process where an orderly end takes too long or the event loop hangs, with a word on why.

    It counts its own wakings and not the time: a process that was stopped (SIGSTOP, a suspended machine) has slept as
    long as the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="last resort", daemon=True)
        self._loop = loop
        self._ending = False
        self._still = 0
        self._since_end = 0

    def ending(self) -> None:
        """From now on the worker has ``END_SECONDS``. May be called again, which changes nothing."""
        self._ending = True

    def run(self) -> None:
        """Look once a second."""
        pause = threading.Event()
        while True:
            pause.wait(1.0)
            self._still += 1
            self._since_end += self._ending
            if self._since_end > END_SECONDS:
                self._end(f"The worker did not end within {END_SECONDS:.0f} s")
            if self._still > LOOP_SECONDS and not self._ending:
                self._end(f"The worker has been hanging for {LOOP_SECONDS:.0f} s")
            try:
                self._loop.call_soon_threadsafe(self._turns)
            except RuntimeError:
                self._ending = True  # The loop is closed: what is left is the interpreter's end.

    def _turns(self) -> None:
        self._still = 0

    @staticmethod
    def _end(why: str) -> None:
        log.critical("%s; it is ended at once. What was not committed is read again. Where it was:", why)
        faulthandler.dump_traceback(sys.stderr)
        os._exit(1)
