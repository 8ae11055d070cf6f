"""A Faust app whose agents get frames: the work on them, in order, several at once, committed when it is finished.

What a frame is and how offsets are committed is in `streams.frames`. An app made of this base says what is to be done
with a frame; the base sees to it that

* frames of one partition follow each other, while ``FRAMES_AT_WORK`` frames of a stage are worked on at once;
* a frame counts as finished only when its work returns, and behind one that was not finished nothing is committed;
* an exception ends the worker, so that others read again from the last commit, instead of leaving a hole.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Never

import faust
from aiokafka import AIOKafkaProducer
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP
from mode import Service

from streams import connection
from streams.collector import look_seldom
from streams.connection import Security
from streams.frames import COMMIT_SECONDS, Frame, FrameConsumer, FrameSchema, FrameTransport, Lag
from streams.logs import Sparingly
from streams.settings import Settings
from streams.vitals import LastResort

log = logging.getLogger(__name__)

FRAME_RECORDS = 2_000
"""Most records in a frame: bounds the work that a rebalance waits for, and what a crash repeats."""

FRAMES_AT_WORK = 16
"""Frames of a stage that are worked on or wait for the one before them: while some wait for the broker's answer others
are read. Frames of one partition follow each other, so it has to be more than the partitions of a worker."""

FRAMES_WAITING = 4
"""Frames that wait before fetching pauses: bounds memory."""

NEVER_SECONDS = 7 * 24 * 3600.0
"""Longer than any broker is away. A consumer that has not fetched for so long leaves the group, and can't join again
before it fetches, which Faust lets it do only after it has joined: it would wait for ever. Who hangs is ended by
`streams.vitals` instead."""

Handle = Callable[[Frame, Lag], Awaitable[bool | None]]
"""What is done with a frame, told what lies behind it; gives False where others have the partition now."""


class Boot(BootStrategy):  # type: ignore[misc]
    """Faust's order of starting, with the app's own services around it."""

    enable_web = False

    def server(self) -> Iterable[Any]:
        """The app's own services first (so they stop last)."""
        return [*self.app.around(), *super().server()]


class PatientRecovery(Recovery):  # type: ignore[misc]
    """Faust's way from an assignment to the flow of messages, which waits for a broker that is away.

    With Faust's time limit, the task behind it would end without a word, and nothing would flow ever again.
    """

    logger = logging.getLogger("faust.tables.recovery")

    async def _wait(self, coro: Any, timeout: Any = None) -> None:  # noqa: ASYNC109
        await super()._wait(coro)


class NoTables(TableManager):  # type: ignore[misc]
    """No tables, but what Faust does around them after a rebalance; starts at once, where Faust waits for a second."""

    logger = logging.getLogger("faust.tables.manager")
    _recovery: Recovery | None

    async def on_start(self) -> None:
        """Be ready for the first assignment."""
        await self._update_channels()
        await self.recovery.start()

    @property
    def recovery(self) -> Recovery:
        """See ``PatientRecovery``."""
        if self._recovery is None:
            self._recovery = PatientRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


class FrameApp(faust.App):  # type: ignore[misc]
    """A Faust app on a transport of frames."""

    BootStrategy = Boot

    def __init__(self, name: str, settings: Settings, address: str, **options: Any) -> None:
        self.settings = settings
        self.address = address
        super().__init__(
            name,
            **{
                "broker": connection.faust_urls(address),
                "broker_credentials": _credentials(connection.security(settings)),
                "autodiscover": False,
                "web_enabled": False,
                "datadir": str(settings.data / "faust"),
                "store": "memory://",
                "topic_disable_leader": True,
                "topic_allow_declare": False,
                "consumer_auto_offset_reset": "earliest",
                "consumer_max_fetch_size": 16 * 1024 * 1024,
                "broker_max_poll_records": FRAME_RECORDS,
                "broker_commit_interval": COMMIT_SECONDS,
                "broker_session_timeout": 6.0,
                "broker_heartbeat_interval": 1.5,
                "broker_rebalance_timeout": 15.0,
                "broker_request_timeout": 40.0,
                "broker_max_poll_interval": NEVER_SECONDS,
                "TableManager": NoTables,
                "stream_buffer_maxsize": FRAMES_WAITING,
                "stream_wait_empty": False,
                "stream_recovery_delay": 0.0,
                "worker_redirect_stdouts": False,
                **options,
            },
        )
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(FRAMES_AT_WORK))
        self._orders: defaultdict[TP, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._at_work: set[asyncio.Task[None]] = set()

    def _new_transport(self) -> FrameTransport:
        return FrameTransport(self.conf.broker_consumer, self, loop=self.loop)

    def frames(self, *topics: str) -> Any:
        """The channel of the frames of these topics (full names), for ``App.agent``."""
        return self.topic(*topics, schema=FrameSchema())

    def new_producer(self, batch_bytes: int) -> AIOKafkaProducer:
        """A producer for whole batches; see `streams.outbox`."""
        return AIOKafkaProducer(
            **connection.aiokafka(self.settings, self.address),
            acks="all",
            enable_idempotence=True,
            max_batch_size=batch_bytes,
            max_request_size=32 * 1024 * 1024,
        )

    def timed(self, stage: str, records: int) -> AbstractContextManager[None]:
        """Around the work on each frame; for those who measure."""
        return nullcontext()

    def committed(self, *, taken: bool) -> None:
        """After each commit, in the consumer's thread; for those who count."""

    def around(self) -> Iterable[Service]:
        """Services that start before Faust's consumer and stop after it."""
        return ()

    async def work(self, stage: str, frame: Frame, handle: Handle) -> None:
        """Have a frame worked on; returns when the next one of the stage may come."""
        consumer: FrameConsumer = self.consumer
        if not consumer.current(frame):
            return  # It was fetched before a rebalance; its new owner reads it from the last commit.
        await self._slots[stage].acquire()
        if not consumer.current(frame):
            self._slots[stage].release()
            return  # There was a rebalance while it waited.
        consumer.begin()
        # In tasks of their own: while one frame waits for the broker the next is read, and a stop, which cancels the
        # agents, does not cancel the work on a frame: what is half done would be done again by others.
        task = asyncio.create_task(self._finish(stage, frame, handle))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _finish(self, stage: str, frame: Frame, handle: Handle) -> None:
        consumer: FrameConsumer = self.consumer
        finished = False
        try:
            async with self._orders[frame.tp]:  # Frames of one partition follow each other.
                with self.timed(stage, len(frame.records)):
                    finished = await handle(frame, consumer.lag(frame.tp, frame.end)) is not False
        except Exception as error:
            # Going on would leave a hole: the worker ends, and its partitions go to others from the last commit.
            first = frame.records[0].offset
            log.critical("%s failed on %s, offsets %d to %d", stage, frame.tp, first, frame.end - 1, exc_info=True)
            await self.crash(error)
        finally:
            self._slots[stage].release()
            consumer.end(frame, finished=finished)

    async def _on_agent_error(self, agent: Any, exc: BaseException) -> None:
        """Faust would start the agent again, and what it had in hand would be passed over."""
        log.critical("The agent %s has failed", agent.name, exc_info=exc)
        await self.crash(exc)

    async def crash(self, reason: BaseException) -> None:
        """End the worker with this reason and a code that is not 0, whatever else is broken."""
        worker = self.beacon.root.data
        if isinstance(worker, Worker):
            worker.last_resort.ending()
        try:
            await super().crash(reason)
        except RuntimeError:  # A part whose thread has died can't be told: its event loop is closed.
            worker._crashed.set()
            worker.crash_reason = reason

    @property
    def joined(self) -> bool:
        """Whether the group has given this worker its part, be it no partitions, at least once."""
        return bool(self.consumer_generation_id)

    @property
    def flowing(self) -> bool:
        """Whether partitions are assigned and no rebalance is going on."""
        working = self.started and not self.should_stop
        return bool(working and self.joined and not self.rebalancing and self.consumer.flow_active)

    @property
    def away(self) -> bool:
        """Whether the broker is known to be away; what libraries log of that is not repeated then."""
        return False


class Worker(faust.Worker):  # type: ignore[misc]
    """Faust's worker, whose end does not take for ever: not after a crash, and not while the broker is away."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last_resort = LastResort(self.loop)

    async def on_first_start(self) -> None:
        """The event loop turns from here on."""
        self.last_resort.start()
        await super().on_first_start()

    def _crash(self, reason: BaseException) -> None:
        self.last_resort.ending()
        super()._crash(reason)

    async def stop(self) -> None:
        """End in order, or within a time."""
        self.last_resort.ending()
        await super().stop()


def run(app: FrameApp, *, verbose: bool = False) -> Never:
    """Work until SIGINT or SIGTERM; exits with 0 after an orderly stop, with another code after a crash."""
    ours = {"level": "INFO"}
    theirs = {"level": "INFO" if verbose else "ERROR"}
    worker = Worker(
        app,
        quiet=True,
        loglevel="INFO" if verbose else "WARN",
        redirect_stdouts=False,
        logging_config={
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
            "filters": {"sparingly": {"()": lambda: Sparingly(lambda: app.away)}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "line",
                    "filters": [] if verbose else ["sparingly"],
                }
            },
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {"streams": ours, "groundswell": ours, "faust": theirs, "mode": theirs, "aiokafka": theirs},
        },
    )
    worker.spinner = None  # It would hide the cursor of a terminal that shows the log.
    look_seldom()
    worker.execute_from_commandline()
    raise AssertionError("Faust's worker exits the process")


def _credentials(security: Security) -> Any:
    if security.mechanism:
        return faust.SASLCredentials(
            username=security.username,
            password=security.password,
            ssl_context=security.ssl_context,
            mechanism=security.mechanism,
        )
    return faust.SSLCredentials(security.ssl_context) if isinstance(security.ssl_context, ssl.SSLContext) else None
