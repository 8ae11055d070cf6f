"""The Faust app: settings, transport, and the three stages that its agents call. The one place that wires them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from mode import Service

from streams import broker, pseudonym_key, routes_file
from streams.catalog import Catalogs
from streams.delivery import Delivery
from streams.detection import detector
from streams.frame_app import FrameApp, Handle
from streams.frames import Frame, Lag
from streams.health import serve
from streams.outbox import BATCH_BYTES
from streams.reader import Reader
from streams.receipt_log import ReceiptLog
from streams.scoring import Heads, Pseudonyms, Scorer
from streams.settings import Settings
from streams.silence_log import SilenceLog
from streams.stages.arrived import Arrived
from streams.stages.detect import TELL_SECONDS, DetectStage
from streams.stages.notify import NotifyStage
from streams.stages.publisher import Publisher
from streams.stages.score import ScoreStage
from streams.telemetry import Telemetry
from streams.topics import ALERTS, ALL, INPUTS, SCORED
from streams.vitals import DeadPartError, Vitals
from streams.watchdog import Absence, Place, Standing, Watchdog

if TYPE_CHECKING:
    from streams.tracing import Tracing

log = logging.getLogger(__name__)

STATE_BATCH_BYTES = 6 * 1024 * 1024
"""A frame's state fits into one batch, which the broker takes as a whole or not at all; the topic takes 8 MiB."""

QUIET_SECONDS = 1.0
"""How often the origins' progress is told when nothing comes."""

LOOK_SECONDS = 1.0
"""How often it is seen whether the worker gets on, and whether the broker answers."""

ANSWER_SECONDS = 5.0
"""How long the broker may take for an answer."""

RELEASE_SECONDS = 1.0
"""How soon after a silence's end people are told what it has kept from them."""


class NoBrokerError(RuntimeError):
    """There is no broker to work on."""


class NoTracingError(ValueError):
    """Tracing is wanted and can't be had; the message says how to get it."""


class Runtime(Service):  # type: ignore[misc]
    """What the stages need while the worker runs: starts before Faust's consumer, stops after it."""

    def __init__(self, app: App) -> None:
        self.app = app
        super().__init__()
        settings = app.settings
        self.telemetry = Telemetry(settings.metrics_brands)
        self.producer = app.new_producer(BATCH_BYTES)
        self.state_producer = app.new_producer(STATE_BATCH_BYTES)
        partitions = {topic.full_name(settings.topic_prefix): settings.partitions for topic in ALL}
        catalogs = app.catalogs
        publisher = Publisher(settings, self.producer, partitions)
        self.tracing = app.tracing
        scorer = Scorer(catalogs, app.pseudonyms, **settings.scoring, heads=app.heads)
        future_ms = int(settings.future.total_seconds() * 1000)
        self.score = ScoreStage(settings, Reader(scorer, future_ms), publisher, self.telemetry, self.tracing)
        self.detect = DetectStage(
            settings,
            app.address,
            catalogs,
            app.detector,
            self.state_producer,
            publisher,
            self.telemetry,
            self.tracing,
        )
        self.silences = SilenceLog(settings, app.address, self.producer)
        self.delivery = Delivery(
            app.routes,
            app.receivers,
            ReceiptLog(settings, app.address, self.producer),
            self.telemetry,
            settings.partitions,
        )
        self.notify = NotifyStage(settings, self.delivery, self.silences, self.telemetry, self.tracing)
        self.watchdog = Watchdog(settings.stalled_after.total_seconds())
        self.absence = Absence()
        self._told: set[Place] = set()
        self._vitals: Vitals | None = None

    async def on_start(self) -> None:
        """Listen, and connect: before the broker answers, nothing else starts."""
        settings = self.app.settings
        self._http, port = await serve(
            settings.metrics_host, settings.metrics_port, self.telemetry.registry, self.app.not_ready, self._observe
        )
        log.info("Metrics: http://%s:%d/metrics", settings.metrics_host, port)
        await self._connect(self.producer)
        await self._connect(self.state_producer)

    async def _connect(self, producer: AIOKafkaProducer) -> None:
        while not self.should_stop:
            try:
                await producer.start()
            except KafkaConnectionError:
                self._say(self.absence.silent(time.monotonic()))
                await asyncio.sleep(LOOK_SECONDS)
            else:
                self._say(self.absence.answered(time.monotonic()))
                return

    async def on_stop(self) -> None:
        """Give everything back."""
        await self.notify.close()
        await self.producer.stop()
        await self.state_producer.stop()
        await self._http.cleanup()
        if self.tracing is not None:
            await self.tracing.close()

    @Service.timer(QUIET_SECONDS)  # type: ignore[untyped-decorator]
    async def _tell_progress(self) -> None:
        if self.app.flowing:
            await self.score.quiet(self._caught_up())

    @Service.timer(TELL_SECONDS)  # type: ignore[untyped-decorator]
    async def _tell_open(self) -> None:
        if self.app.flowing:
            with self.app.consumer.in_work():  # Others close these windows when they have the partition.
                await self.detect.tell_open()

    @Service.task  # type: ignore[untyped-decorator]
    async def _ask_broker(self) -> None:
        while not self.should_stop:
            await self.sleep(LOOK_SECONDS)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    answers = await self.producer.client.force_metadata_update()
            except TimeoutError:
                answers = False
            now = time.monotonic()
            self._say(self.absence.answered(now) if answers else self.absence.silent(now))

    @Service.timer(LOOK_SECONDS)  # type: ignore[untyped-decorator]
    async def _look(self) -> None:
        now = time.monotonic()
        standings = self._standings() if self.app.flowing else {}
        self.watchdog.look(standings, now, excused=self._excused(standings))
        stalls = {stall.place: stall for stall in self.watchdog.stalls}
        for place in stalls.keys() - self._told:
            log.error("Standing still: %s", stalls[place])
        for place in self._told - stalls.keys():
            log.info("Getting on again: %s:%d", *place)
        self._told = set(stalls)
        if self._vitals is None or not self.app.joined or self.app.crashed or self.app.should_stop:
            return
        if (dead := self._vitals.dead()) is not None:
            # What still works of it would look alive: others do better with its partitions.
            log.critical("The worker ends, for a part of it is dead: %s", dead)
            await self.app.crash(DeadPartError(dead))

    def watch_parts(self) -> None:
        """From now on all parts have to live; called before anything is read, which an agent may die of."""
        self._vitals = self._vitals or Vitals(self.app, (self.producer, self.state_producer), self._http.sites)

    def _excused(self, standings: Mapping[Place, Standing]) -> Collection[Place]:
        if self.absence.seconds(time.monotonic()) is not None:
            return standings.keys()
        scored = SCORED.full_name(self.app.settings.topic_prefix)
        return {(scored, partition) for partition in self.detect.waiting_for}

    def _standings(self) -> dict[Place, Standing]:
        consumer, found = self.app.consumer, {}
        try:
            for tp in consumer.assignment():
                finished = consumer.finished.get(tp, consumer.resumed_at(tp))
                found[tp.topic, tp.partition] = Standing(finished, consumer.highwater(tp), consumer.heard_ms(tp))
        except AssertionError:
            return {}  # A rebalance begins in the consumer's thread just now, and what we ask of is gone.
        return found

    def _say(self, line: str | None) -> None:
        if line is not None:
            log.warning("%s: %s", self.app.address, line)

    @Service.task  # type: ignore[untyped-decorator]
    async def _read_silences(self) -> None:
        await self.silences.read()

    @Service.task  # type: ignore[untyped-decorator]
    async def _deliver(self) -> None:
        await self.delivery.run()

    @Service.timer(RELEASE_SECONDS)  # type: ignore[untyped-decorator]
    async def _release(self) -> None:
        if self.app.flowing:
            await self.notify.release()

    def _caught_up(self) -> Iterable[tuple[str, int, int, int]]:
        """The partitions behind whose last finished record nothing lies, by the broker's last answer."""
        consumer = self.app.consumer
        for tp in consumer.assignment():
            offset = consumer.finished.get(tp, consumer.resumed_at(tp))
            asked = None if offset is None else consumer.lag(tp, offset).caught_up_ms
            if offset is not None and asked is not None:
                yield tp.topic, tp.partition, offset - 1, asked

    def _observe(self) -> None:
        self.detect.observe()
        self.delivery.observe()
        self.telemetry.broker_up.set(self.absence.seconds(time.monotonic()) is None)
        self.telemetry.lag.clear()  # A partition that others have now would show its last lag for ever.
        self.telemetry.stalled.clear()
        if not self.app.joined:
            return
        for place, standing in self._standings().items():
            self.telemetry.stalled.labels(*place).set(self.watchdog.still.get(place, 0.0))
            if standing.finished is not None and standing.end is not None:
                self.telemetry.lag.labels(*place).set(standing.lag)


class App(FrameApp):
    """Groundswell as a Faust app. ``raw``, ``scored`` and ``alerts`` are its channels of frames."""

    def __init__(self, settings: Settings, address: str) -> None:
        # Here and not in the runtime: what can't be used is refused before anything starts.
        self.catalogs = Catalogs.load(settings.catalog, settings.catalogs)
        self.heads = Heads.load(settings.head, settings.heads)
        self.heads.check(self.catalogs)
        self.detector = detector(settings.detector)
        self.pseudonyms = Pseudonyms(pseudonym_key.load(settings))
        self.routes = routes_file.load(settings)
        self.receivers = self.routes.make()
        self.tracing = _tracing(settings)
        super().__init__(settings.group, settings, address)
        prefix = settings.topic_prefix
        self.raw = self.frames(*(topic.full_name(prefix) for topic in INPUTS))
        self.scored = self.frames(SCORED.full_name(prefix))
        self.alerts = self.frames(ALERTS.full_name(prefix))
        self.on_partitions_assigned.connect(self._assigned)
        self._recovering: asyncio.Task[None] | None = None

    @cached_property
    def runtime(self) -> Runtime:
        """What the stages need; made when the worker starts."""
        return Runtime(self)

    def around(self) -> Iterable[Service]:
        """The runtime."""
        return [self.runtime]

    def timed(self, stage: str, records: int) -> AbstractContextManager[None]:
        """Into the telemetry."""
        return self.runtime.telemetry.frame(stage, records)

    def committed(self, *, taken: bool) -> None:
        """Into the telemetry."""
        self.runtime.telemetry.commits.labels("committed" if taken else "failed").inc()

    # What the agents call.

    async def score(self, frame: Frame) -> None:
        """raw → scored, quarantine."""
        await self.work("score", frame, _arrived(self.runtime.score.handle))

    async def detect(self, frame: Frame) -> None:
        """scored → metrics, alerts, pain points, delights, handoffs."""
        await self.work("detect", frame, _arrived(self.runtime.detect.handle))

    async def notify(self, frame: Frame) -> None:
        """alerts → people."""
        await self.work("notify", frame, _arrived(self.runtime.notify.handle))

    # Where it stands.

    @property
    def away(self) -> bool:
        """See ``FrameApp``."""
        return self.runtime.absence.seconds(time.monotonic()) is not None

    def not_ready(self) -> str | None:
        """Why the worker isn't ready, or None when it is."""
        runtime, away = self.runtime, self.runtime.absence.seconds(time.monotonic())
        if away is not None:
            return f"the broker at {self.address} has not answered for {away:.0f} s; waiting for it"
        if not self.joined:
            return "waiting for partitions: joining the group"
        if not self.flowing:
            return "waiting for partitions: the group shares them out anew"
        if runtime.detect.waiting_for:
            return f"reading the state of partitions {runtime.detect.waiting_for}"
        if runtime.watchdog.stalls:
            return "standing still: " + "; ".join(map(str, runtime.watchdog.stalls))
        return None

    async def _assigned(self, _: Any, assigned: set[TP], **__: Any) -> None:
        self.runtime.watch_parts()
        self.runtime.telemetry.rebalances.inc()
        self.runtime.score.assigned({(tp.topic, tp.partition) for tp in assigned})
        scored, alerts = (topic.full_name(self.settings.topic_prefix) for topic in (SCORED, ALERTS))
        self.runtime.notify.assigned({tp.partition for tp in assigned if tp.topic == alerts})
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


def _tracing(settings: Settings) -> Tracing | None:
    """What traces, where it is wanted.

    Raises:
        NoTracingError: The extra is not installed, or there is no such exporter.
    """
    if not settings.traces:
        return None
    try:
        from streams.tracing import Tracing, TracingError
    except ModuleNotFoundError as error:
        raise NoTracingError("GROUNDSWELL_TRACES needs OpenTelemetry: pip install 'groundswell[otel]'") from error
    try:
        return Tracing(settings)
    except TracingError as error:
        raise NoTracingError(str(error)) from error


def _arrived(handle: Callable[[Arrived], Awaitable[bool | None]]) -> Handle:
    """A stage's way of taking a frame: without Faust."""

    def take(frame: Frame, lag: Lag) -> Awaitable[bool | None]:
        return handle(Arrived(frame.tp.topic, frame.tp.partition, frame.records, lag.caught_up_ms, lag.records))

    return take
