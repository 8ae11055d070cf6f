"""The Faust app: settings, transport, and the three stages that its agents call. The one place that wires them."""

from __future__ import annotations

import asyncio
import gc
import logging
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from typing import Any, Never

import faust
from aiokafka import AIOKafkaProducer
from faust.app.base import BootStrategy
from faust.types import TP
from mode import Service

from streams import broker, connection, pseudonym_key
from streams.catalog import Catalogs
from streams.connection import Security
from streams.detection import detector
from streams.frames import COMMIT_SECONDS, Frame, FrameConsumer, FrameSchema, FrameTransport
from streams.health import serve
from streams.notifying import sinks
from streams.outbox import BATCH_BYTES
from streams.reader import Reader
from streams.scoring import Pseudonyms, Scorer
from streams.settings import Settings
from streams.stages import Arrived, DetectStage, NotifyStage, Publisher, ScoreStage
from streams.telemetry import Telemetry
from streams.topics import ALERTS, ALL, RAW, SCORED

log = logging.getLogger(__name__)

FRAME_RECORDS = 2_000
"""Most records in a frame: bounds the work that a rebalance waits for, and what a crash repeats."""

FRAMES_AT_WORK = 2
"""Frames of a stage that are worked on at once: one is read while another waits for the broker's answer."""

FRAMES_WAITING = 4
"""Frames that wait before fetching pauses: bounds memory."""

STATE_BATCH_BYTES = 6 * 1024 * 1024
"""A frame's state fits into one batch, which the broker takes as a whole or not at all; the topic takes 8 MiB."""

QUIET_SECONDS = 1.0
"""How often the origins' progress is told when nothing comes."""


class NoBrokerError(RuntimeError):
    """There is no broker to work on."""


class Runtime(Service):  # type: ignore[misc]
    """What the stages need while the worker runs: starts before Faust's consumer, stops after it."""

    def __init__(self, app: App) -> None:
        self.app = app
        super().__init__()
        settings = app.settings
        self.telemetry = Telemetry()
        self.producer = self._new_producer(BATCH_BYTES)
        self.state_producer = self._new_producer(STATE_BATCH_BYTES)
        partitions = {topic.full_name(settings.topic_prefix): settings.partitions for topic in ALL}
        catalogs = app.catalogs
        publisher = Publisher(settings, self.producer, partitions)
        scorer = Scorer(catalogs, app.pseudonyms, settings.scorer)
        future_ms = int(settings.future.total_seconds() * 1000)
        self.score = ScoreStage(settings, Reader(scorer, future_ms), publisher, self.telemetry)
        self.detect = DetectStage(
            settings, app.address, catalogs, app.detector, self.state_producer, publisher, self.telemetry
        )
        self.notify = NotifyStage(sinks(settings), self.telemetry)

    def _new_producer(self, batch_bytes: int) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **connection.aiokafka(self.app.settings, self.app.address),
            acks="all",
            enable_idempotence=True,
            max_batch_size=batch_bytes,
            max_request_size=32 * 1024 * 1024,
        )

    async def on_start(self) -> None:
        """Connect and listen."""
        await self.producer.start()
        await self.state_producer.start()
        settings = self.app.settings
        self._http, port = await serve(
            settings.metrics_host, settings.metrics_port, self.telemetry.registry, self.app.not_ready, self._observe
        )
        log.info("Metrics: http://%s:%d/metrics", settings.metrics_host, port)

    async def on_stop(self) -> None:
        """Give everything back."""
        await self.notify.close()
        await self.producer.stop()
        await self.state_producer.stop()
        await self._http.cleanup()

    @Service.timer(QUIET_SECONDS)  # type: ignore[untyped-decorator]
    async def _tell_progress(self) -> None:
        if self.app.flowing:
            await self.score.quiet(self._caught_up())

    def _caught_up(self) -> Iterable[tuple[str, int, int, int]]:
        """The partitions behind whose last finished record nothing lies, by the broker's last answer."""
        consumer = self.app.consumer
        for tp in consumer.assignment():
            offset = consumer.finished.get(tp, consumer.resumed_at(tp))
            asked = None if offset is None else consumer.caught_up_at(tp, offset)
            if offset is not None and asked is not None:
                yield tp.topic, tp.partition, offset - 1, asked

    def _observe(self) -> None:
        self.detect.observe()
        self.telemetry.lag.clear()  # A partition that others have now would show its last lag for ever.
        consumer = self.app.consumer
        for tp in consumer.assignment():
            highwater = consumer.highwater(tp)
            offset = consumer.finished.get(tp, consumer.resumed_at(tp))
            if highwater is not None and offset is not None:
                self.telemetry.lag.labels(tp.topic, tp.partition).set(max(highwater - offset, 0))


class Boot(BootStrategy):  # type: ignore[misc]
    """Faust's order of starting, with the runtime around it."""

    enable_web = False

    def server(self) -> Iterable[Any]:
        """The runtime first (so it stops last)."""
        return [self.app.runtime, *super().server()]


class App(faust.App):  # type: ignore[misc]
    """Groundswell as a Faust app. ``raw``, ``scored`` and ``alerts`` are its channels of frames."""

    BootStrategy = Boot

    def __init__(self, settings: Settings, address: str) -> None:
        self.settings = settings
        self.address = address
        # Here and not in the runtime: what can't be used is refused before anything starts.
        self.catalogs = Catalogs.load(settings.catalog, settings.catalogs)
        self.detector = detector(settings.detector)
        self.pseudonyms = Pseudonyms(pseudonym_key.load(settings))
        super().__init__(
            settings.group,
            broker=connection.faust_urls(address),
            broker_credentials=_credentials(connection.security(settings)),
            autodiscover=False,
            web_enabled=False,
            datadir=str(settings.data / "faust"),
            store="memory://",
            topic_disable_leader=True,
            topic_allow_declare=False,
            consumer_auto_offset_reset="earliest",
            consumer_max_fetch_size=16 * 1024 * 1024,
            broker_max_poll_records=FRAME_RECORDS,
            broker_commit_interval=COMMIT_SECONDS,
            broker_session_timeout=6.0,
            broker_heartbeat_interval=1.5,
            broker_rebalance_timeout=15.0,
            broker_request_timeout=40.0,
            stream_buffer_maxsize=FRAMES_WAITING,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            worker_redirect_stdouts=False,
        )
        schema = FrameSchema()
        prefix = settings.topic_prefix
        self.raw = self.topic(*(topic.full_name(prefix) for topic in RAW.values()), schema=schema)
        self.scored = self.topic(SCORED.full_name(prefix), schema=schema)
        self.alerts = self.topic(ALERTS.full_name(prefix), schema=schema)
        self.on_partitions_assigned.connect(self._assigned)
        self._recovering: asyncio.Task[None] | None = None
        self._slots = {stage: asyncio.Semaphore(FRAMES_AT_WORK) for stage in ("score", "detect", "notify")}
        self._orders: defaultdict[TP, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._at_work: set[asyncio.Task[None]] = set()

    @cached_property
    def runtime(self) -> Runtime:
        """What the stages need; made when the worker starts."""
        return Runtime(self)

    def _new_transport(self) -> FrameTransport:
        return FrameTransport(self.conf.broker_consumer, self, loop=self.loop)

    # What the agents call.

    async def score(self, frame: Frame) -> None:
        """raw → scored, quarantine."""
        await self._work("score", frame, self.runtime.score.handle)

    async def detect(self, frame: Frame) -> None:
        """scored → metrics, alerts, pain points, delights, handoffs."""
        await self._work("detect", frame, self.runtime.detect.handle)

    async def notify(self, frame: Frame) -> None:
        """alerts → people."""
        await self._work("notify", frame, self.runtime.notify.handle)

    async def _work(self, stage: str, frame: Frame, handle: Callable[[Arrived], Awaitable[bool | None]]) -> None:
        consumer: FrameConsumer = self.consumer
        if not consumer.current(frame):
            return  # It was fetched before a rebalance; its new owner reads it from the last commit.
        await self._slots[stage].acquire()
        consumer.begin()
        # In tasks of their own: while one frame waits for the broker the next is read, and a stop, which cancels the
        # agents, does not cancel the work on a frame: what is half done would be done again by others.
        task = asyncio.create_task(self._finish(stage, frame, handle))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _finish(self, stage: str, frame: Frame, handle: Callable[[Arrived], Awaitable[bool | None]]) -> None:
        consumer: FrameConsumer = self.consumer
        finished = False
        try:
            async with self._orders[frame.tp]:  # Frames of one partition follow each other.
                with self.runtime.telemetry.frame(stage, len(frame.records)):
                    caught_up_ms = consumer.caught_up_at(frame.tp, frame.end)
                    arrived = Arrived(frame.tp.topic, frame.tp.partition, frame.records, caught_up_ms)
                    finished = await handle(arrived) is not False
        except Exception as error:
            # Going on would leave a hole: the worker ends, and its partitions go to others from the last commit.
            first = frame.records[0].offset
            log.critical("%s failed on %s, offsets %d to %d", stage, frame.tp, first, frame.end - 1, exc_info=True)
            await self.crash(error)
        finally:
            self._slots[stage].release()
            consumer.end(frame, finished=finished)

    # Where it stands.

    @property
    def flowing(self) -> bool:
        """Whether partitions are assigned and no rebalance is going on."""
        return bool(self.started and not self.should_stop and not self.rebalancing and self.consumer.flow_active)

    def not_ready(self) -> str | None:
        """Why the worker isn't ready, or None when it is."""
        if not self.flowing:
            return "waiting for partitions"
        if self.runtime.detect.waiting_for:
            return f"reading the state of partitions {self.runtime.detect.waiting_for}"
        return None

    async def _assigned(self, _: Any, assigned: set[TP], **__: Any) -> None:
        self.runtime.score.assigned({(tp.topic, tp.partition) for tp in assigned})
        scored = SCORED.full_name(self.settings.topic_prefix)
        self.runtime.detect.assigned({tp.partition for tp in assigned if tp.topic == scored})
        if self._recovering is not None:
            self._recovering.cancel()
        # The group must not wait for it: a join has to be answered in time.
        self._recovering = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        try:
            await self.runtime.detect.recover()
        except Exception as error:
            log.critical("The state can't be read", exc_info=True)
            await self.crash(error)


def create(settings: Settings | None = None) -> App:
    """The app for the configured broker, else for the embedded one that runs on the data folder.

    Raises:
        NoBrokerError: There is neither.
    """
    settings = settings or Settings()
    address = settings.broker or broker.running(settings.data)
    if address is None:
        raise NoBrokerError(
            "No broker is configured, and none runs here. Set GROUNDSWELL_BROKER=host:port, or start everything"
            " on this machine with: groundswell up"
        )
    return App(settings, address)


def run(app: App, *, verbose: bool = False) -> Never:
    """Work until SIGINT or SIGTERM; exits with 0 after an orderly stop, with another code after a crash."""
    ours = {"level": "INFO"}
    theirs = {"level": "INFO" if verbose else "ERROR"}
    worker = faust.Worker(
        app,
        quiet=True,
        loglevel="INFO" if verbose else "WARN",
        redirect_stdouts=False,
        logging_config={
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {"streams": ours, "groundswell": ours, "faust": theirs, "mode": theirs, "aiokafka": theirs},
        },
    )
    worker.spinner = None  # It would hide the cursor of a terminal that shows the log.
    # The state is many small containers without cycles: to look through them often took a quarter of the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
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
