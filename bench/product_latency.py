"""How soon an event that arrives has its effect: on the scored record, on ``metrics`` and on ``alerts``.

Live events arrive at a steady rate, first few, then at half of the load that one worker can bear. Their latency ends
with their scored record, and with the first record of ``metrics`` that counts them. Alerts are let out by event time,
not by a single record, so incidents are replayed at the same time: the latency of an alert begins with the mark that
told the last partition that the judged window is complete.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import orjson

from bench.cluster import Records
from bench.common import Bench
from bench.measuring import Delay, FailedError, delay
from bench.product import SOURCES, Said, Workers, effects_of, said, topics, wait, workers
from bench.workload import said_by_many
from schemas.base import stamp
from schemas.progress import PROGRESS_HEADER, REPLAY_HEADER
from schemas.raw import Source
from streams.recorded import RecordedEvent
from streams.send import send
from streams.settings import Settings
from streams.topics import ALERTS, METRICS, RAW, SCORED

IDLE_RATE: Final = 50.0
WALL_SECONDS: Final = 15.0
"""Of each phase."""
INCIDENTS: Final = 8
"""Brands with an incident in each phase."""
MINUTE_MS: Final = 60_000
PAST_MS: Final = 72 * 60 * MINUTE_MS
INCIDENT_MS: Final = 45 * MINUTE_MS
"""Event time of a phase's replay; minutes 2 to 20 hold the incidents."""
COMPLAINT: Final = "My parcel is late and nobody knows where it is."
PHASES: Final = ("idle", "half load")


def latency(bench: Bench, name: str, rate: float) -> dict[str, dict[str, Delay]]:
    """Phase → what it had an effect on → latencies.

    Args:
        rate: What one worker can bear, in events a second.

    Raises:
        FailedError: It did not do its job; the message says what was wrong.
    """
    rates = dict(zip(PHASES, (IDLE_RATE, rate / 2), strict=True))
    base_ms = time.time_ns() // 1_000_000 - 24 * 60 * MINUTE_MS
    with topics(bench, name) as settings:
        with workers(bench, settings, 1) as running:
            asyncio.run(_replay(settings, bench, past(base_ms), "past", None))
            wait(bench, running)
            for phase in PHASES:
                asyncio.run(_phase(settings, bench, phase, rates[phase], base_ms))
                wait(bench, running)
            ended_ms = time.time_ns() // 1_000_000
        scored, metrics, alerts = (said(bench, running, topic.name) for topic in (SCORED, METRICS, ALERTS))
        arrived = _arrivals(bench, running)
        marks = _marks(bench, running)
    live = [(record, value) for record, value in scored if value["id"] in arrived]
    if len(live) != len(arrived):
        raise FailedError(f"{len(live):,} scored records of {len(arrived):,} live events")
    effects = effects_of(live, metrics)
    left = {value["id"]: record.timestamp for record, value in live}
    found: dict[str, dict[str, Delay]] = {}
    for phase in PHASES:
        ids = [id_ for id_ in arrived if id_.startswith(phase)]
        came = [arrived[id_] for id_ in ids]
        found[phase] = {
            "scored": delay([left[id_] - arrived[id_] for id_ in ids], came),
            # An event that no window has told yet has waited until now.
            "metrics": delay([(effects[id_] or ended_ms) - arrived[id_] for id_ in ids], came),
            "alerts": delay(list(alert_latencies(alerts, marks[phase], phase, settings.lateness_ms))),
        }
    return found


Marks = dict[tuple[str, int], list[tuple[int, int, bool]]]
"""Raw partition → (arrived, event time, whether it is the end) of a replay's marks, in order; milliseconds."""


def alert_latencies(alerts: Said, marks: Marks, phase: str, lateness_ms: int) -> Iterator[float]:
    """From the arrival of the mark that let an alert out to the alert's, for every change of every alert of a phase."""
    for record, value in alerts:
        if value["brand"].startswith(f"{phase} "):
            judged_ms = round(datetime.fromisoformat(value["updated_at"]).timestamp() * 1000)
            firsts = [
                next(
                    (at for at, time_ms, ended in told if _complete_to(time_ms, ended, lateness_ms) >= judged_ms), None
                )
                for told in marks.values()
            ]
            known = [at for at in firsts if at is not None]
            if not known or len(known) < len(firsts):
                raise FailedError(f"an alert of {value['brand']} came before its time was told")
            yield record.timestamp - max(known)


def past(base_ms: int) -> Iterator[RecordedEvent]:
    """What is usual for the brands of all phases: an hourly complaint of each, for three days."""
    for begin_ms in range(base_ms - PAST_MS, base_ms, 60 * MINUTE_MS):
        for number in range(INCIDENTS):
            for phase in PHASES:
                time_ms = begin_ms + number * MINUTE_MS
                yield _said(
                    f"past {phase} {begin_ms} {number}", f"{phase} {number}", f"regular {begin_ms % 7}", time_ms
                )


def incidents(phase: str, base_ms: int) -> Iterator[RecordedEvent]:
    """A phase's incidents: many voices complain of each brand, beginning one minute after the other."""
    events = [
        _said(
            f"{phase} {number} {voice}", f"{phase} {number}", f"voice {voice}", base_ms + (2 + number) * MINUTE_MS + at
        )
        for number in range(INCIDENTS)
        for voice, at in enumerate(range(0, 10 * MINUTE_MS, 20_000))
    ]
    last = _said(f"{phase} last", f"{phase} other", "voice", base_ms + INCIDENT_MS)
    yield from sorted([*events, last], key=lambda event: event.time_ms)


def _said(id_: str, brand: str, author: str, time_ms: int) -> RecordedEvent:
    event = {"id": f"replayed {id_}", "brand": brand, "author": author, "text": COMPLAINT, "created_at": stamp(time_ms)}
    return RecordedEvent(event["id"], orjson.dumps(event), time_ms)


async def _phase(settings: Settings, bench: Bench, phase: str, rate: float, base_ms: int) -> None:
    live = _live(settings, phase, round(rate * WALL_SECONDS))
    speed = INCIDENT_MS / 1000 / WALL_SECONDS
    await asyncio.gather(
        bench.cluster.send(live, rate), _replay(settings, bench, incidents(phase, base_ms), phase, speed)
    )


async def _replay(
    settings: Settings, bench: Bench, events: Iterator[RecordedEvent], name: str, speed: float | None
) -> None:
    source: Source = "posts"
    await send(
        ((source, event) for event in events),
        settings=settings,
        address=bench.cluster.address,
        replay=name,
        speed=speed,
        sources=[source],
    )


def _live(settings: Settings, phase: str, count: int) -> Records:
    """Events that are written the moment they are sent."""
    names = {source: RAW[source].full_name(settings.topic_prefix) for source in RAW}
    for index, event in enumerate(said_by_many(count, seed=len(phase))):
        id_ = f"{phase} {index}"
        value = orjson.dumps(event | {"id": id_, "created_at": stamp(time.time_ns() // 1_000_000)})
        yield names[SOURCES[index % len(SOURCES)]], id_.encode(), value


def _arrivals(bench: Bench, running: Workers) -> dict[str, int]:
    """Live event → when it arrived."""
    return {
        record.key.decode(): record.timestamp
        for topic in RAW.values()
        for record in bench.cluster.read(running.topic(topic.name))
        if not any(name == REPLAY_HEADER for name, _ in record.headers)
    }


def _marks(bench: Bench, running: Workers) -> defaultdict[str, Marks]:
    """Replay → its marks."""
    found: defaultdict[str, Marks] = defaultdict(lambda: defaultdict(list))
    for record in bench.cluster.read(running.topic(RAW["posts"].name)):
        if any(name == PROGRESS_HEADER for name, _ in record.headers):
            mark: dict[str, Any] = orjson.loads(record.value)
            if mark["time_ms"] is not None:
                place = record.topic, record.partition
                found[mark["replay"]][place].append((record.timestamp, mark["time_ms"], mark["ended"]))
    return found


def _complete_to(time_ms: int, ended: bool, lateness_ms: int) -> int:
    """Event time up to which windows are judged once every partition has told this."""
    return time_ms - time_ms % MINUTE_MS + MINUTE_MS if ended else time_ms - lateness_ms
