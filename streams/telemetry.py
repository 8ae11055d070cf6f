"""The numbers of one worker process, for Prometheus. Counters begin at zero with each process."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from time import perf_counter
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

from schemas.quarantine import QuarantineReason
from schemas.raw import Source
from streams.effects import Effects
from streams.voices import Voices

disable_created_metrics()  # type: ignore[no-untyped-call]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
RECORDS = (1, 5, 10, 50, 100, 500, 1000, 2000, 5000)
STAGES = ("score", "detect", "notify")
UNCOUNTED = ("replayed", "duplicate", "too_late", "unreadable", "too_many_brands", "too_many_windows")
DROPPED = {
    "case_dropped": "handoff",
    "brand_dropped": "brand",
    "series_dropped": "series",
    "segment_dropped": "segment",
    "voice_dropped": "voice",
    "channel_dropped": "channel",
    "change_dropped": "change",
    "event_id_dropped": "event_id",
}
"""Name of a count → kind of what a bound made the state forget."""


class Telemetry:
    """Every metric that a worker exports, with its meaning."""

    def __init__(self, most_brands: int = 30) -> None:
        self.registry = CollectorRegistry()
        self.voices = Voices(most_brands)
        self.registry.register(self.voices)
        ProcessCollector(registry=self.registry)
        info = Info("groundswell_build", "The version that runs.", registry=self.registry)
        info.info({"version": version("groundswell")})
        self.records = Counter("groundswell_records", "Records read, by stage.", ["stage"], registry=self.registry)
        self.published = Counter(
            "groundswell_published_records", "Records published, by topic.", ["topic"], registry=self.registry
        )
        self.quarantined = Counter(
            "groundswell_quarantined_records", "Raw records that could not be read, by reason.", ["reason"],
            registry=self.registry,
        )  # fmt: skip
        self.uncounted = Counter(
            "groundswell_uncounted_records",
            "Scored records that no window counted: replayed, duplicate (same event id), too_late, unreadable, "
            "too_many_brands, too_many_windows.",
            ["reason"],
            registry=self.registry,
        )
        self.dropped = Counter(
            "groundswell_dropped", "What a bound made the state forget, by kind.", ["kind"], registry=self.registry
        )
        self.late = Counter(
            "groundswell_late_records", "Records counted after their window was closed.", registry=self.registry
        )
        self.copied = Counter(
            "groundswell_copied_mentions",
            "Customers' mentions that count under another's voice: they repeat its words, or machines post them.",
            registry=self.registry,
        )
        self.unread = Counter(
            "groundswell_unread_records", "Records scored by emoji and ratings alone: not in English.",
            registry=self.registry,
        )  # fmt: skip
        self.verdicts = Counter(
            "groundswell_verdicts", "What the detector decided, by reason.", ["reason"], registry=self.registry
        )
        self.alerts = Counter("groundswell_alerts", "Changes of alerts, by status.", ["status"], registry=self.registry)
        self.warnings = Counter(
            "groundswell_warnings", "Early warnings, by what became of them: warned, then crossed or withdrawn.",
            ["status"], registry=self.registry,
        )  # fmt: skip
        self.deliveries = Counter(
            "groundswell_deliveries", "Changes of alerts, by receiver and what became of them.", ["receiver", "result"],
            registry=self.registry,
        )  # fmt: skip
        self.delivery_attempts = Counter(
            "groundswell_delivery_attempts", "Tries to tell a receiver, by whether it took it.",
            ["receiver", "result"], registry=self.registry,
        )  # fmt: skip
        self.deliveries_waiting = Gauge(
            "groundswell_deliveries_waiting", "Changes of alerts that a receiver is still to be told.",
            ["receiver"], registry=self.registry,
        )  # fmt: skip
        self.delivery_delay = Gauge(
            "groundswell_delivery_delay_seconds", "How long the oldest of them has waited; 0 while none does.",
            ["receiver"], registry=self.registry,
        )  # fmt: skip
        self.frame_seconds = Histogram(
            "groundswell_frame_seconds", "From a frame's receipt to the broker's acknowledgements.", ["stage"],
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.frame_records = Histogram(
            "groundswell_frame_records", "Records in a frame.", ["stage"], buckets=RECORDS, registry=self.registry
        )
        self.lag = Gauge(
            "groundswell_consumer_lag_records", "Records that wait behind the last finished one.",
            ["topic", "partition"], registry=self.registry,
        )  # fmt: skip
        self.stalled = Gauge(
            "groundswell_stalled_seconds",
            "How long a partition has finished none of the records that wait in it; 0 while it gets on.",
            ["topic", "partition"],
            registry=self.registry,
        )
        self.broker_up = Gauge("groundswell_broker_up", "Whether the broker answers: 1, or 0.", registry=self.registry)
        self.watermark = Gauge(
            "groundswell_live_watermark_timestamp_seconds", "Event time up to which live windows are closed.",
            ["partition"], registry=self.registry,
        )  # fmt: skip
        self.brands = Gauge(
            "groundswell_brands", "Brands that a partition keeps in memory.", ["partition"], registry=self.registry
        )
        self.read = Counter(
            "groundswell_source_records", "Raw records read, by source.", ["source"], registry=self.registry
        )
        self.commits = Counter(
            "groundswell_commits", "Commits of offsets, by whether the broker took them.", ["result"],
            registry=self.registry,
        )  # fmt: skip
        self.rebalances = Counter(
            "groundswell_rebalances", "Times that the group shared out its partitions anew.", registry=self.registry
        )
        self.state_keys = Gauge(
            "groundswell_state_keys", "Values that detect keeps for a partition.", ["partition"],
            registry=self.registry,
        )  # fmt: skip
        self.state_restored = Gauge(
            "groundswell_state_restored_bytes", "Size of a partition's state when this worker read it last.",
            ["partition"], registry=self.registry,
        )  # fmt: skip
        self.state_written = Counter(
            "groundswell_state_written_bytes", "State written to its topic.", registry=self.registry
        )
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """Show the counters that rules watch before there is anything to count.

        Prometheus' ``increase`` sees nothing in a series that begins with its first event.
        """
        for stage in STAGES:
            self.records.labels(stage)
        for source in get_args(Source):
            self.read.labels(source)
        for result in ("committed", "failed"):
            self.commits.labels(result)
        for quarantined in get_args(QuarantineReason):
            self.quarantined.labels(quarantined)
        for uncounted in UNCOUNTED:
            self.uncounted.labels(uncounted)
        for dropped in DROPPED.values():
            self.dropped.labels(dropped)
        for status in ("warned", "crossed", "withdrawn"):
            self.warnings.labels(status)

    @contextmanager
    def frame(self, stage: str, records: int) -> Iterator[None]:
        """Time the work on one frame."""
        began = perf_counter()
        yield
        self.frame_seconds.labels(stage).observe(perf_counter() - began)
        self.frame_records.labels(stage).observe(records)
        self.records.labels(stage).inc(records)

    def note(self, effects: Effects) -> None:
        """Count what followed from a frame."""
        for name, count in Counts(topic.name for topic, _, _ in effects.records).items():
            self.published.labels(name.rpartition(".v")[0]).inc(count)
        for name, count in effects.counts.items():
            kind, _, detail = name.partition("_")
            if kind == "quarantined" and detail:
                self.quarantined.labels(detail).inc(count)
            elif kind == "verdict":
                self.verdicts.labels(detail).inc(count)
            elif kind == "alert":
                self.alerts.labels(detail).inc(count)
            elif kind == "warning":
                self.warnings.labels(detail).inc(count)
            elif name == "late":
                self.late.inc(count)
            elif name == "copied":
                self.copied.inc(count)
            elif name == "unread":
                self.unread.inc(count)
            elif name in DROPPED:
                self.dropped.labels(DROPPED[name]).inc(count)
            elif name in UNCOUNTED:
                self.uncounted.labels(name).inc(count)
