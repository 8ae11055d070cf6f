"""A small fixed input, and what the real path makes of it: the records of every topic."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import yaml

from groundswell import chart
from schemas.alerts import Alert
from schemas.changes import Change
from schemas.raw import Source
from schemas.receipts import Receipt
from schemas.silences import Acknowledgement, Matchers, Silence
from streams.catalog import Catalogs
from streams.detection import detector
from streams.receivers import Again
from streams.recorded import RecordedEvent
from streams.replay import replay
from streams.scoring import Pseudonyms, Scorer
from streams.silencing import Silences, acknowledgement_id
from streams.topics import ALERTS, ALL, CHANGES, HANDOFFS, RAW, RECEIPTS, SILENCES, Topic
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE
from tests.support.telling import Clock, Phone, Receipts, delivery, until, working

HERE = Path(__file__).parent
WIRE = HERE / "wire"
SCHEMAS = HERE / "schemas"
ASYNCAPI = HERE.parent.parent / "deploy" / "asyncapi.json"
_CHART = HERE.parent.parent / "deploy" / "kubernetes" / "groundswell"
_RULES = HERE.parent.parent / "deploy" / "prometheus" / "rules.yml"
CHART: dict[Path, Callable[[], Any]] = {
    _CHART / "files" / "kafka.json": chart.kafka,
    _CHART / "files" / "rules.json": lambda: yaml.safe_load(_RULES.read_text("utf-8")),
    _CHART / "values.schema.json": chart.values_schema,
}
"""Generated files of the Helm chart, and what gives their content."""

LATE = (
    "My order hasn't arrived.",
    "Where is my parcel? It is a week late!",
    "Still no delivery, I am so disappointed.",
)
MELTS = (
    "The kettle lid melts after a week.",
    "My kettle lid melted, what a mess.",
    "Kettle lid melting on the second day, avoid.",
)
KIND = ("Thank you for the handwritten note, what a lovely surprise!", "Best coffee ever, I love it 💛")
CHANGED = [
    Change.model_validate(
        {"brand": "Acme", "at": "2026-03-05T08:40:00Z", "what": "Parcels go by another carrier", "kind": "policy"}
        | {"id": "carrier 2", "region": "DE", "url": "https://example.org/carrier"}
    ),
    Change.model_validate({"brand": "Acme", "at": "2026-03-04T12:00:00Z", "what": "2.1 is out", "version": "2.1"}),
]

BROKEN = (b"", b'{"id": "x"', b'{"id": "\xff"}', b"[]", b'{"id": "x", "brand": "Acme"}')


def events() -> Iterator[tuple[Source, RecordedEvent]]:
    """Two quiet days, late parcels, a conversation with an answer, kind words, records that can't be read, and a
    problem that no pain point names."""
    for hour in range(0, 48, 4):
        yield _event("reviews", BASE_MS + hour * HOUR, "The beans are fine.", f"regular {hour % 5}", rating=4)
    start = BASE_MS + 2 * DAY
    for number, value in enumerate(BROKEN):
        yield "posts", RecordedEvent(f"broken {number}", value, start)
    for number in range(24):
        yield _event(
            "posts", start + number * 2 * MINUTE, LATE[number % 3], f"@late{number}", network="x", product="Beans"
        )
    at_ms = start + HOUR
    asks = "This is the third time I write! Nobody answers, call me on +44 20 7946 0018. I will cancel my subscription."
    yield _event("tickets", at_ms, asks, "ada@example.org", conversation_id="case 7", priority="high", note={"seen": 1})
    answer = "Dear Ada, we are sorry. Your parcel leaves today."
    yield _event("tickets", at_ms + 20 * MINUTE, answer, "ben", conversation_id="case 7", direction="agent")
    for number in range(4):
        yield _event(
            "reviews", at_ms + (30 + number) * MINUTE, KIND[number % 2], f"kind {number}", rating=5, title="Wow"
        )
    yield _event("posts", start + 5 * HOUR, "All quiet now.", "regular 1")
    for number in range(6):
        yield _event("reviews", start + 7 * HOUR + number * MINUTE, MELTS[number % 3], f"melted {number}", rating=1)
    yield _event("posts", start + 9 * HOUR, "All quiet again.", "regular 2")


def produced() -> dict[str, list[dict[str, Any]]]:
    """Topic → the records that it would hold, each as {key, value}."""
    catalogs = Catalogs.load(["generic"])
    held: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for source, event in events():
        if event.value not in BROKEN:
            held[RAW[source].short_name].append({"key": event.key, "value": orjson.loads(event.value)})
    records = replay(
        events(),
        scorer=Scorer(catalogs, Pseudonyms(b"a key of the tests")),
        catalogs=catalogs,
        detector=detector("surge"),
        lateness_ms=10 * MINUTE,
        future_ms=10 * MINUTE,
        now_ms=BASE_MS + 10 * DAY,
        frame=7,
        changes=CHANGED,
    )
    for topic, key, value in records:
        held[topic.short_name].append({"key": key, "value": orjson.loads(orjson.dumps(value))})
    held[CHANGES.short_name] = [{"key": it.brand, "value": it.model_dump(mode="json")} for it in CHANGED]
    held[SILENCES.short_name] = list(_silenced(Alert.model_validate(held[ALERTS.short_name][0]["value"])))
    held[RECEIPTS.short_name] = list(_told([Alert.model_validate(it["value"]) for it in held[ALERTS.short_name]][:2]))
    return {topic.short_name: sample(topic, held[topic.short_name]) for topic in ALL}


def _told(alerts: list[Alert]) -> Iterator[dict[str, Any]]:
    """An alert whose first change a receiver would not take, and its next one that it did."""

    async def told() -> list[Receipt]:
        phone, receipts, clock = Phone(), Receipts(1), Clock()
        async with working(delivery({"care": phone}, receipts, clock=clock), {0}) as it:
            phone.failing = Again("the receiver answered 503")
            await it.accept(alerts[0])
            await until(lambda: receipts.outcomes("care")[alerts[0].brand, 1] == "retrying")
            first = receipts.written[1]
            phone.failing = None
            await it.accept(alerts[1])
            await until(lambda: receipts.written[-1].outcome == "delivered")
        # How often the first one was tried until the second came depends on the machine.
        return [receipts.written[0], first, *receipts.written[-2:]]

    for receipt in asyncio.run(told()):
        yield {"key": receipt.key, "value": receipt.model_dump(mode="json")}


def _silenced(alert: Alert) -> Iterator[dict[str, Any]]:
    """A silence, what it mutes, its end, and an acknowledgement."""
    now = datetime.fromtimestamp(BASE_MS / 1000, UTC)
    who = {"created_at": now, "created_by": "ana"}
    silence = Silence(
        id="5ca1ab1e0042",
        matchers=Matchers(brand=alert.brand, severity_at_most=1),
        starts_at=now,
        ends_at=now + timedelta(hours=2),
        comment="The courier has called.",
        **who,
    )
    ended = silence.model_copy(update={"ended_at": now + timedelta(hours=1), "ended_by": "ben"})
    silences = Silences()
    silences.take(silence.id, silence.model_dump_json().encode(), now)
    muted = silences.decide(alert, now).keep
    assert muted is not None
    acknowledgement = Acknowledgement(
        id=acknowledgement_id(alert),
        fingerprint=alert.fingerprint,
        starts_at=alert.starts_at,
        detected_at=alert.detected_at,
        title=f"{alert.brand}: {alert.title}",
        **who,
    )
    for record in (silence, muted, ended, acknowledgement):
        yield {"key": record.id, "value": record.model_dump(mode="json")}


def sample(topic: Topic, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few records from the beginning, the middle and the end; of alerts and handoffs, whole lives."""
    if topic in (ALERTS, HANDOFFS) or len(records) <= 4:
        return records[:8]
    return [records[len(records) * part // 4] for part in range(4)]


def versions(folder: Path) -> list[str]:
    """The versions of which there are files, oldest first."""
    return sorted((path.name for path in folder.iterdir()), key=lambda name: [int(part) for part in name.split(".")])


def schema(topic: Topic) -> dict[str, Any]:
    """What a reader of the topic accepts, as JSON Schema."""
    return topic.value.model_json_schema(mode="validation")


def _event(source: Source, at_ms: int, text: str, author: str, **fields: Any) -> tuple[Source, RecordedEvent]:
    id_ = f"{source} {at_ms}"
    event = {
        "id": id_,
        "brand": "Acme",
        "text": text,
        "author": author,
        "created_at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(),
    }
    return source, RecordedEvent(id_, orjson.dumps(event | fields), at_ms)
