"""Every metric that a worker exports, as a table for people: from the metrics themselves, so that it can't lie."""

from __future__ import annotations

from typing import Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.process_collector import ProcessCollector

from streams.telemetry import Telemetry

HEAD: Final = """# Metrics

What a worker shows at `/metrics`. This file is written by `make dashboards` from `streams/telemetry.py` and
`streams/voices.py`.

*Counters* (`_total`) and histograms belong to one process and begin at zero with it: use `rate` or
`increase`, which know that, and sum over workers afterwards. *Gauges* about what customers say are read from
detect's stored state, so a restart changes nothing in them; they speak of event time, also while a recording
is played. Each worker shows what is of its own partitions, so sums over workers count nothing twice, but for
the seconds of a rebalance.

*Labels are bounded*: brands by `GROUNDSWELL_METRICS_BRANDS` (30; the others together are `other`), pain
points and delights of a brand by 40, receivers by 50; everything else is from fixed sets or the number of
partitions. No metric names an author or an event. `pain_point="*"` (kind `brand`) is all that a brand's
customers say: leave it out of sums over pain points.

`groundswell up --workers N` shows all its workers under one address, with the label `worker`, and
`groundswell_worker_up`. Beside these there are the usual `process_…` metrics.

| metric | type | labels | what |
|---|---|---|---|
"""


def table() -> str:
    """The whole file."""
    return HEAD + "".join(
        f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {meaning} |\n"
        for name, kind, labels, meaning in sorted(rows())
    )


def rows() -> list[tuple[str, str, tuple[str, ...], str]]:
    """(name as it is queried, type, labels, meaning) of every metric."""
    telemetry = Telemetry()
    found = []
    for collector in list(telemetry.registry._collector_to_names):
        if isinstance(collector, ProcessCollector):
            continue
        if isinstance(collector, MetricWrapperBase):
            kind = str(collector._type)
            suffix = {"counter": "_total", "info": "_info"}.get(kind, "")
            labels = ("version",) if kind == "info" else tuple(collector._labelnames)
            found.append((collector._name + suffix, kind, labels, collector._documentation))
        else:
            for family in collector.describe():  # type: ignore[attr-defined]
                assert isinstance(family, GaugeMetricFamily)
                found.append((family.name, str(family.type), tuple(family._labelnames), family.documentation))
    return found
