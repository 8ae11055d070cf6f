"""Traces over the real stages: what the headers say, and which spans there are, by OpenTelemetry's own SDK."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from schemas.progress import PROGRESS_HEADER
from streams.app import NoTracingError, _tracing
from streams.catalog import Catalogs
from streams.detection import detector
from streams.reader import Reader
from streams.scoring import Pseudonyms, Scorer
from streams.settings import Settings
from streams.stages import detect as detect_module
from streams.stages.arrived import Arrived
from streams.stages.detect import DetectStage
from streams.stages.notify import NotifyStage
from streams.stages.publisher import Publisher
from streams.stages.score import ScoreStage
from streams.telemetry import Telemetry
from streams.topics import ALERTS, ALL, CHANGES, HANDOFFS, METRICS, QUARANTINE, RAW, SCORED, Topic
from streams.tracing import MOST_LINKS, Tracing
from tests.golden.path import BROKEN, events
from tests.support.records import HOUR
from tests.support.telling import Phone, Receipts, delivery, until
from tests.unit.test_notify_stage import Topic as SilenceTopic
from tests.unit.test_stages import Log

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""W3C's own example."""
UNSAMPLED = GIVEN.replace("-01", "-00").replace("0af7", "1af7")
CASE = b"This is the third time I write"
KIND = b"Best coffee ever"


class Batch(list[dict[str, Any]]):
    """What aiokafka's batch builder takes."""

    def append(self, **record: Any) -> object:  # type: ignore[override]
        super().append(record)
        return self

    def close(self) -> None: ...


class Broker:
    """What a producer of batches is told to write, by topic, as a consumer would get it: one partition each."""

    def __init__(self) -> None:
        self.held: defaultdict[str, list[Any]] = defaultdict(list)

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Any:
        held = self.held[topic]
        for it in batch:
            at = {"topic": topic, "partition": partition, "offset": len(held), "timestamp": 0}
            held.append(SimpleNamespace(**at, key=it["key"], value=it["value"], headers=tuple(it["headers"])))
        return asyncio.sleep(0)

    def records(self, topic: Topic) -> list[Any]:
        return self.held[topic.full_name("groundswell.")]


class Run:
    """The small story of the golden files through score, detect and notify, traced or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, share: float | None) -> None:
        monkeypatch.setattr(detect_module, "Changelog", Log)
        self.broker, self.exporter = Broker(), InMemorySpanExporter()
        settings = Settings(partitions=1, traces=share is not None, trace_share=share or 0)
        tracing = Tracing(settings, self.exporter) if share is not None else None
        asyncio.run(self._play(settings, tracing))
        self.spans = self.exporter.get_finished_spans()

    async def _play(self, settings: Settings, tracing: Tracing | None) -> None:
        catalogs, telemetry = Catalogs.load(("generic",)), Telemetry()
        partitions = {topic.full_name(settings.topic_prefix): 1 for topic in ALL}
        publisher = Publisher(settings, self.broker, partitions)  # type: ignore[arg-type]
        reader = Reader(Scorer(catalogs, Pseudonyms(b"a key of the tests")), 600_000)
        score = ScoreStage(settings, reader, publisher, telemetry, tracing)
        detect = DetectStage(settings, "127.0.0.1:1", catalogs, detector("surge"), None, publisher, telemetry, tracing)  # type: ignore[arg-type]
        raw: defaultdict[str, list[Any]] = defaultdict(list)
        for source, event in events():
            name = RAW[source].full_name(settings.topic_prefix)
            at = {"topic": name, "partition": 0, "offset": len(raw[name]), "timestamp": event.time_ms}
            headers: tuple[tuple[str, bytes], ...] = ()
            if CASE in event.value or event.value is BROKEN[1]:
                headers = (("traceparent", GIVEN.encode()), ("tracestate", b"shop=1"))
            elif KIND in event.value:
                headers = (("traceparent", UNSAMPLED.encode()),)
            elif event.value is BROKEN[2]:
                headers = (("traceparent", b"\xff not a context"),)
            raw[name].append(SimpleNamespace(**at, key=b"k", value=event.value, headers=headers))
        for name, records in raw.items():
            await score.handle(Arrived(name, 0, tuple(records), None, 0))
        end_ms = max(record.timestamp for records in raw.values() for record in records) + 3 * HOUR
        names = [*raw, CHANGES.full_name(settings.topic_prefix)]
        await score.quiet([(name, 0, len(raw[name]) - 1, end_ms) for name in names])
        for record in self.broker.records(SCORED):
            record.timestamp = end_ms
        detect.assigned({0})
        assert await detect.handle(Arrived("scored", 0, tuple(self.broker.records(SCORED)), None, 0))
        phone, silences = Phone(), SilenceTopic()
        silences.read.set()
        out = delivery({"care": phone}, Receipts(1), telemetry=telemetry)
        notify = NotifyStage(settings, out, silences, telemetry, tracing)  # type: ignore[arg-type]
        notify.assigned({0})
        working = asyncio.create_task(out.run())
        await notify.handle(Arrived("alerts", 0, tuple(self.broker.records(ALERTS)), None, 0))
        await until(lambda: not len(out._waiting["care"]))
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        if tracing is not None:
            await tracing.close()

    def told(self, topic: Topic) -> list[tuple[Any, dict[str, str]]]:
        """(value, headers of its trace) of each record but progress, which tells the time of day."""
        return [
            (
                orjson.loads(record.value),
                {name: value.decode() for name, value in record.headers if name in ("traceparent", "tracestate")},
            )
            for record in self.broker.records(topic)
            if not any(name == PROGRESS_HEADER for name, _ in record.headers)
        ]

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]


def parts(header: str) -> tuple[int, int]:
    """Trace and span of a ``traceparent``."""
    _, trace_id, span_id, _ = header.split("-")
    return int(trace_id, 16), int(span_id, 16)


def ids(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


@pytest.fixture(scope="module")
def traced() -> Run:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return Run(monkeypatch, 1.0)


def test_a_context_that_a_record_brings_goes_all_the_way(traced: Run) -> None:
    ((scored, headers),) = [(it, headers) for it, headers in traced.told(SCORED) if CASE.decode() in it["text"]]
    trace_id, above = parts(GIVEN)
    assert headers["tracestate"] == "shop=1"
    (span,) = [it for it in traced.named("score") if ids(it) == parts(headers["traceparent"])]
    assert span.context.trace_id == trace_id and span.parent is not None and span.parent.span_id == above
    origin = scored["origin"]
    assert span.attributes is not None
    assert span.attributes["messaging.destination.name"] == origin["topic"]
    assert span.attributes["messaging.kafka.offset"] == origin["offset"]
    (heard,) = [it for it in traced.named("detect") if it.context.trace_id == trace_id]
    assert heard.parent is not None and heard.parent.span_id == span.context.span_id
    opened, answered = [it for it in traced.told(HANDOFFS) if it[0]["id"] == "case 7"]
    assert opened[0]["quote"]["event_id"] == scored["id"]
    assert parts(opened[1]["traceparent"]) == parts(answered[1]["traceparent"]) == ids(heard)


def test_an_alert_goes_on_under_a_quote_and_links_the_others(traced: Run) -> None:
    alerts = traced.told(ALERTS)
    assert {value["status"] for value, _ in alerts} >= {"firing", "resolved"}
    heard = {ids(span): span for span in traced.named("detect")}
    for value, headers in alerts:
        (span,) = [it for it in traced.named(f"alert {value['status']}") if ids(it) == parts(headers["traceparent"])]
        assert span.attributes is not None
        assert span.attributes["groundswell.alert.fingerprint"] == value["fingerprint"]
        assert span.parent is not None and (span.parent.trace_id, span.parent.span_id) in heard
        quoted = [quote["event_id"] for quote in value["quotes"]]
        assert len(span.links) == len(quoted) - 1
        for link in span.links:
            assert (link.context.trace_id, link.context.span_id) in heard
        (told,) = [it for it in traced.named("notify") if it.parent is not None and it.parent.span_id == ids(span)[1]]
        assert told.context.trace_id == span.context.trace_id


def test_a_trace_begins_with_the_raw_record_where_it_brings_none(traced: Run) -> None:
    scored = {value["id"]: headers for value, headers in traced.told(SCORED)}
    roots = {ids(span) for span in traced.named("score") if span.parent is None}
    begun = [headers for headers in scored.values() if headers and parts(headers["traceparent"]) in roots]
    assert len(begun) > 20
    assert len({parts(headers["traceparent"])[0] for headers in begun}) == len(begun)
    quarantined = [headers for _, headers in traced.told(QUARANTINE)]
    assert all(headers for headers in quarantined), "what could not be read can be found by its trace as well"
    assert parts(GIVEN)[0] in {parts(headers["traceparent"])[0] for headers in quarantined}


def test_a_flag_that_says_no_is_handed_on_and_traces_nothing(traced: Run) -> None:
    unsampled = [headers for value, headers in traced.told(SCORED) if KIND.decode() in value["text"]]
    assert unsampled and all(headers == {"traceparent": UNSAMPLED} for headers in unsampled)
    assert parts(UNSAMPLED)[0] not in {span.context.trace_id for span in traced.spans}


def test_a_frame_links_what_is_traced_in_it_and_no_more_than_so_many(traced: Run) -> None:
    (frame,) = traced.named("detect frame")
    assert frame.attributes is not None
    assert frame.attributes["groundswell.traced"] == len(traced.named("detect")) > MOST_LINKS
    assert len(frame.links) == MOST_LINKS
    assert frame.parent is None and frame.context.trace_id not in {it.context.trace_id for it in traced.named("detect")}
    assert len(traced.named("score frame")) == len(RAW)


def test_what_is_read_again_is_the_same_span(traced: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    again = Run(monkeypatch, 1.0)
    for topic in (SCORED, QUARANTINE, ALERTS, HANDOFFS, METRICS):
        assert again.told(topic) == traced.told(topic)
    assert {ids(span) for span in again.spans} == {ids(span) for span in traced.spans}


def test_by_share_nothing_but_what_asks_for_it_and_alerts(traced: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sparing = Run(monkeypatch, 0.0)
    assert [span.context.trace_id for span in sparing.named("score")] == [parts(GIVEN)[0]] * 2
    assert len([span for span in sparing.spans if span.name.startswith("alert ")]) == len(sparing.told(ALERTS))
    half = Run(monkeypatch, 0.5)
    assert len(sparing.named("score")) < len(half.named("score")) < len(traced.named("score"))
    kept = {ids(span) for span in half.named("score")}
    assert kept < {ids(span) for span in traced.named("score")}, "who is traced follows from the record"


def test_off_no_record_has_a_header_more_and_none_says_another_thing(
    traced: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = Run(monkeypatch, None)
    assert off.spans == ()
    for topic in ALL:
        assert [value for value, _ in off.told(topic)] == [value for value, _ in traced.told(topic)]
        assert all(headers == {} for _, headers in off.told(topic))


def test_what_can_not_be_traced_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _tracing(Settings()) is None
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    with pytest.raises(NoTracingError, match="otlp, console or none"):
        _tracing(Settings(traces=True))
    monkeypatch.setitem(__import__("sys").modules, "streams.tracing", None)
    with pytest.raises(NoTracingError, match=r"groundswell\[otel\]"):
        _tracing(Settings(traces=True))
