"""OpenTelemetry traces from a raw record to the alert that it leads to; needs the extra ``groundswell[otel]``.

The steps know nothing of it: what carries them looks at the records that come in and at those that go out.

- *Context* travels as W3C ``traceparent`` (and ``tracestate``) in the headers of records. A raw record that brings one
  goes on under it, and its flag decides; for the others ``GROUNDSWELL_TRACE_SHARE`` does.
- *Score* gives each traced record a span, and what follows from the record (scored or quarantined) its context.
- *Detect* gives each traced record a span; alerts and feeds go on under the newest of their quotes that is traced, else
  under the last traced record of their brand in the frame. An alert has a span of its own, always, with links to the
  other quotes.
- *Notify* gives each change of a traced alert a span.
- A *frame* has a span of its own, with links to what is traced in it: a trace shows one record, the frame its company.

Ids follow from the record's place or the alert's name, so that what is read again is the same span and not another.
Memory is bounded: so many events are remembered, so many links are made, and what the exporter can't get rid of is
dropped by it. Which header an output has may depend on what this process remembers; its content does not.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, Final

import orjson
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas.progress import CHANGE_HEADER, PROGRESS_HEADER
from streams.settings import Settings
from streams.topics import ALERTS, HANDOFFS, SCORED, Topic

REMEMBERED: Final = 10_000
"""Traced events whose context detect remembers, about 1 KB each; the oldest are forgotten first."""

CLOSE_SECONDS: Final = 5.0
"""How long a worker's end waits for the last spans to be taken."""

MOST_LINKS: Final = 32
"""Links of a frame's span."""

Headers = tuple[tuple[str, bytes], ...]

_W3C: Final = TraceContextTextMapPropagator()
_CARRIED: Final = ("traceparent", "tracestate")
_OURS: Final = (PROGRESS_HEADER, CHANGE_HEADER)
_WHOLE: Final = 1 << 64


class TracingError(ValueError):
    """Tracing can't be set up so; the message says what can."""


class _Ids(IdGenerator):
    """Gives the next span the ids that were chosen for it."""

    trace_id = 1
    span_id = 1

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class Tracing:
    """What a worker traces; exists only where tracing is on.

    Args:
        settings: ``trace_share``, and the names in the spans.
        exporter: Where spans go; by default what OTEL_TRACES_EXPORTER names: otlp, console or none.

    Raises:
        TracingError: It names another.
    """

    def __init__(self, settings: Settings, exporter: SpanExporter | None = None) -> None:
        self._settings = settings
        self._ids = _Ids()
        resource = Resource.create({"service.name": "groundswell", "service.version": version("groundswell")})
        # Who is traced is decided here, by ids that follow from the record, before a span is begun.
        self.provider = TracerProvider(id_generator=self._ids, resource=resource, shutdown_on_exit=False)
        exporter = exporter or _exporter(os.environ.get("OTEL_TRACES_EXPORTER", "otlp"))
        if exporter is not None:
            self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self.provider.get_tracer("groundswell", version("groundswell"))
        self._bound = int(settings.trace_share * _WHOLE)
        self._scored = SCORED.full_name(settings.topic_prefix)
        self.events: OrderedDict[str, Context] = OrderedDict()
        """Event id → the context under which detect has heard it."""

    async def close(self) -> None:
        """Export what is left; whoever takes the spans is not waited for longer than ``CLOSE_SECONDS``."""
        closing = threading.Thread(target=self.provider.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_SECONDS)

    def frame(self, stage: str, topic: str, partition: int, records: Sequence[Any]) -> FrameTrace:
        """Begin the spans of a frame of aiokafka's records."""
        return FrameTrace(self, stage, topic, partition, records)

    @contextmanager
    def told(self, record: Any) -> Iterator[None]:
        """Around the telling of one record of ``alerts``."""
        above = _extracted(record)
        if not _sampled(above):
            yield
            return
        place = f"{record.topic}:{record.partition}:{record.offset}"
        span = self.begin(f"notify {place}", "notify", above, SpanKind.CONSUMER, _where(self._settings, record))
        try:
            yield
        finally:
            span.end()

    def context_of(self, record: Any) -> tuple[Context | None, Headers]:
        """The context under which a traced record goes on; of one that is not traced, what is handed on as it came."""
        above = _extracted(record)
        if above is not None:
            return (above, ()) if _sampled(above) else (None, tuple(it for it in record.headers if it[0] in _CARRIED))
        if record.topic == self._scored:
            return None, ()  # It was decided when it was raw.
        place = f"{record.topic}:{record.partition}:{record.offset}".encode()
        return (Context() if _number(place, 16) % _WHOLE < self._bound else None), ()

    def begin(
        self,
        name: str,
        title: str,
        above: Context | None,
        kind: SpanKind,
        attributes: dict[str, Any],
        links: Sequence[Link] = (),
    ) -> Span:
        """Begin a span whose ids follow from ``name``, "what where"; a trace of its own where nothing is above."""
        place = name.rpartition(" ")[2].encode()
        self._ids.trace_id, self._ids.span_id = _number(place, 16), _number(name.encode(), 8)
        return self._tracer.start_span(title, above or Context(), kind, attributes, links)

    def remember(self, event_id: str, context: Context) -> None:
        """Keep the context under which an event was heard."""
        self.events[event_id] = context
        self.events.move_to_end(event_id)
        if len(self.events) > REMEMBERED:
            self.events.popitem(last=False)


class FrameTrace:
    """The spans of one frame: of the frame, and of each of its records that is traced."""

    def __init__(self, tracing: Tracing, stage: str, topic: str, partition: int, records: Sequence[Any]) -> None:
        self._tracing = tracing
        self._spans: list[Span] = []
        self._by_offset: dict[int, Headers] = {}
        self._by_brand: dict[str, Context] = {}
        now_ms = time.time_ns() // 1_000_000
        for record in records:
            above, handed_on = tracing.context_of(record)
            if above is None:
                if handed_on:
                    self._by_offset[record.offset] = handed_on
                continue
            attributes = _where(tracing._settings, record) | {"groundswell.waited_ms": now_ms - record.timestamp}
            name = f"{stage} {topic}:{partition}:{record.offset}"
            span = tracing.begin(name, stage, above, SpanKind.CONSUMER, attributes)
            context = trace.set_span_in_context(span, Context())
            self._spans.append(span)
            if stage == "score":
                self._by_offset[record.offset] = _injected(context)
            elif not any(name in _OURS for name, _ in record.headers):
                self._hear(record, context)
        if self._spans:
            first = f"frame {stage}+{topic}:{partition}:{records[0].offset}"
            company = [Link(span.get_span_context()) for span in self._spans[:MOST_LINKS]]
            attributes = _where(tracing._settings, records[0]) | {
                "messaging.batch.message_count": len(records),
                "groundswell.traced": len(self._spans),
            }
            self._spans.append(tracing.begin(first, f"{stage} frame", None, SpanKind.INTERNAL, attributes, company))

    def _hear(self, record: Any, context: Context) -> None:
        try:
            value = orjson.loads(record.value or b"")
            event_id, brand = str(value["id"]), str(value["brand"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return  # Detect tells of it.
        self._tracing.remember(event_id, context)
        self._by_brand[brand] = context

    def scored(self, _topic: Topic, value: dict[str, Any]) -> Headers:
        """The headers of what follows from one raw record: scored, or quarantined."""
        origin = value.get("origin")
        return () if origin is None else self._by_offset.get(origin["offset"], ())

    def decided(self, topic: Topic, value: dict[str, Any]) -> Headers:
        """The headers of what detect publishes."""
        known, brand = self._tracing.events, value.get("brand", "")
        quotes = [value["quote"]] if topic is HANDOFFS else value.get("quotes", ())
        traced = [known[quote["event_id"]] for quote in quotes if quote["event_id"] in known]
        if brand in self._by_brand and not traced:
            traced.append(self._by_brand[brand])
        if topic is not ALERTS:
            return _injected(traced[0]) if traced else ()
        name = f"alert {value['fingerprint']}:{value['revision']}"
        links = [Link(trace.get_current_span(context).get_span_context()) for context in traced[1:]]
        attributes = {
            f"groundswell.alert.{field}": value[field]
            for field in ("fingerprint", "revision", "status", "reason", "kind", "severity", "pain_point")
            if value.get(field) is not None
        } | {"groundswell.brand": brand, "messaging.operation.type": "send"}
        span = self._tracing.begin(
            name, f"alert {value['status']}", traced[0] if traced else None, SpanKind.PRODUCER, attributes, links
        )
        self._spans.append(span)
        return _injected(trace.set_span_in_context(span, Context()))

    def end(self) -> None:
        """All that follows from the frame is on the broker."""
        for span in self._spans:
            span.end()


def _exporter(name: str) -> SpanExporter | None:
    if name == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter()  # Where to, by OTEL_EXPORTER_OTLP_ENDPOINT and its kin.
    if name == "console":
        return ConsoleSpanExporter()
    if name == "none":
        return None
    raise TracingError(f"OTEL_TRACES_EXPORTER is {name!r}; it can be otlp, console or none")


def _extracted(record: Any) -> Context | None:
    """The context in a record's headers; None where there is none that W3C calls valid."""
    if not record.headers:
        return None
    carrier = {
        name: value.decode("ascii", "replace")
        for name, value in record.headers
        if name in _CARRIED and value is not None
    }
    if "traceparent" not in carrier:
        return None
    context = _W3C.extract(carrier, Context())
    return context if trace.get_current_span(context).get_span_context().is_valid else None


def _injected(context: Context) -> Headers:
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, context)
    return tuple((name, value.encode("ascii")) for name, value in carrier.items())


def _sampled(context: Context | None) -> bool:
    return context is not None and trace.get_current_span(context).get_span_context().trace_flags.sampled


def _where(settings: Settings, record: Any) -> dict[str, Any]:
    """A record's place, by OpenTelemetry's names for messaging."""
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.consumer.group.name": settings.group,
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
    }


def _number(name: bytes, size: int) -> int:
    """A number of so many bytes that follows from a name; never 0, which W3C forbids."""
    return int.from_bytes(blake2b(name, digest_size=size).digest(), "big") or 1
