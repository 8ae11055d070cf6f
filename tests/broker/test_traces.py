"""A traced week on a real Kafka: what the topics' headers say, and the spans that a collector was sent."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from streams.client import OURS
from streams.topics import ALERTS, HANDOFFS, PAIN_POINTS, SCORED, Topic
from tests.broker.pipeline import Pipeline
from tests.broker.test_send_and_client import everything


def traced(week: Pipeline, topic: Topic) -> list[tuple[Any, tuple[str, str] | None]]:
    """(value, trace and span in its header) of each record."""
    found = []
    for records in everything(week.settings, topic.full_name(week.settings.topic_prefix)).values():
        for record in records:
            headers = {name: value.decode() for name, value in record.headers}
            if not headers.keys() & set(OURS):
                _, trace_id, span_id, flags = headers.get("traceparent", "---").split("-")
                assert flags in ("01", ""), "only what is traced is marked"
                found.append((orjson.loads(record.value), (trace_id, span_id) if trace_id else None))
    return found


def test_a_week_is_traced_from_raw_records_to_whom_they_were_told(
    week_done: Pipeline, collector: tuple[str, list[bytes]]
) -> None:
    spans: defaultdict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
    for body in collector[1]:
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for of_scope in of_resource.scope_spans:
                for span in of_scope.spans:
                    spans[span.name.split()[0]][span.trace_id.hex(), span.span_id.hex()] = span

    scored = [at for _, at in traced(week_done, SCORED)]
    begun = [at for at in scored if at is not None]
    assert 0.02 < len(begun) / len(scored) < 0.1, "five in a hundred"
    assert set(begun) <= spans["score"].keys()
    heard = {(trace_id, span.parent_span_id.hex()) for (trace_id, _), span in spans["detect"].items()}
    assert set(begun) <= heard

    alerts = [at for _, at in traced(week_done, ALERTS)]
    assert alerts and set(alerts) == spans["alert"].keys(), "each change of an alert is a span, and says so"
    traces = {trace_id for trace_id, _ in begun}
    assert {trace_id for trace_id, _ in alerts} & traces, "some rest on what was traced"
    told = {(trace_id, span.parent_span_id.hex()) for (trace_id, _), span in spans["notify"].items()}
    assert told == set(alerts)
    for topic in (HANDOFFS, PAIN_POINTS):
        fed = {at for _, at in traced(week_done, topic) if at is not None}
        assert fed and fed <= spans["detect"].keys()
