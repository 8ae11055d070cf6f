"""*Pipeline*: for whoever runs it. Does it get on, how fast, what is left out, and does it reach people."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from dashboards.parts import Panels, board, figure, lines

UID = "groundswell-pipeline"


def quantile(of: float, metric: str) -> str:
    """A quantile of a histogram, by stage."""
    return f"histogram_quantile({of}, sum by (stage, le) (rate({metric}_bucket[$__rate_interval])))"


def rate(metric: str, by: str) -> str:
    """A counter's rise per second."""
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def build() -> dashboard.Dashboard:
    """The dashboard."""
    it = board(
        UID,
        "Groundswell: Pipeline",
        "Whether the pipeline gets on. What each alert on it asks for is in deploy/runbook.md.",
        since="now-3h",
    )
    for row, panels in (
        ("Now", _now()),
        ("Flow", _flow()),
        ("What is left out", _left_out()),
        ("Telling people", _telling()),
        ("State and processes", _state()),
    ):
        it = it.with_row(dashboard.Row(row))
        for panel in panels:
            it = it.with_panel(panel)
    return it


def _now() -> Panels:
    return [
        figure(
            "Workers", "Workers that answer.", "count(groundswell_build_info)", levels=((None, "red"), (1, "green"))
        ),
        figure(
            "Broker",
            "Whether it answers every worker.",
            "min(groundswell_broker_up)",
            unit="bool_yes_no",
            levels=((None, "red"), (1, "green")),
        ),
        figure(
            "Lag",
            "Records that wait, in all partitions.",
            "sum(max by (topic, partition) (groundswell_consumer_lag_records))",
            levels=((None, "green"), (5_000, "orange"), (100_000, "red")),
        ),
        figure(
            "Watermark behind",
            "How long after the fact live windows are closed; the allowed lateness is part of it.",
            "time() - min(max by (partition) (groundswell_live_watermark_timestamp_seconds))",
            unit="s",
            levels=((None, "green"), (1_800, "red")),
            decimals=0,
        ),
        figure(
            "To quarantine",
            "Share of the raw records that can't be read.",
            "sum(rate(groundswell_quarantined_records_total[$__rate_interval])) / "
            '(sum(rate(groundswell_records_total{stage="score"}[$__rate_interval])) > 0)',
            unit="percentunit",
            levels=((None, "green"), (0.01, "red")),
        ),
        figure(
            "Waiting to be told",
            "Changes of alerts that a receiver has not taken yet.",
            "sum(groundswell_deliveries_waiting)",
            levels=((None, "green"), (1, "orange")),
        ),
    ]


def _flow() -> Panels:
    return [
        lines(
            "Records by stage",
            "Finished a second.",
            (rate("groundswell_records_total", "stage"), "{{stage}}"),
            unit="cps",
        ),
        lines(
            "Records by source",
            "Read a second.",
            (rate("groundswell_source_records_total", "source"), "{{source}}"),
            unit="cps",
            stacked=True,
        ),
        lines(
            "Lag by topic",
            "Records that wait behind the last finished one.",
            ("sum by (topic) (max by (topic, partition) (groundswell_consumer_lag_records))", "{{topic}}"),
        ),
        lines(
            "Standing still",
            "How long a partition has finished none of the records that wait in it.",
            ("max by (topic, partition) (groundswell_stalled_seconds)", "{{topic}}:{{partition}}"),
            unit="s",
        ),
        lines(
            "Time for a frame",
            "From its receipt to the broker's acknowledgements.",
            (quantile(0.5, "groundswell_frame_seconds"), "{{stage}} p50"),
            (quantile(0.99, "groundswell_frame_seconds"), "{{stage}} p99"),
            unit="s",
        ),
        lines(
            "Records in a frame",
            "Many when there is much to catch up with.",
            (quantile(0.5, "groundswell_frame_records"), "{{stage}} p50"),
            (quantile(0.99, "groundswell_frame_records"), "{{stage}} p99"),
        ),
        lines(
            "Published by topic",
            "Records a second.",
            (rate("groundswell_published_records_total", "topic"), "{{topic}}"),
            unit="cps",
        ),
        lines(
            "Commits and rebalances",
            "A second; rebalances in the last five minutes.",
            (rate("groundswell_commits_total", "result"), "{{result}}"),
            ("sum(increase(groundswell_rebalances_total[5m]))", "rebalances"),
        ),
    ]


def _left_out() -> Panels:
    return [
        lines(
            "Quarantine by reason",
            "A second.",
            (rate("groundswell_quarantined_records_total", "reason"), "{{reason}}"),
            unit="cps",
        ),
        lines(
            "Not counted, by reason",
            "Scored records in no window, a second; replayed ones were counted before.",
            (rate("groundswell_uncounted_records_total", "reason"), "{{reason}}"),
            unit="cps",
        ),
        lines(
            "Late",
            "Records counted after their window was closed, a second.",
            ("sum(rate(groundswell_late_records_total[$__rate_interval]))", "late"),
            unit="cps",
        ),
        lines(
            "Forgotten by a bound",
            "A second, by kind.",
            (rate("groundswell_dropped_total", "kind"), "{{kind}}"),
            unit="cps",
        ),
    ]


def _telling() -> Panels:
    return [
        lines(
            "Verdicts",
            "What the detector decided, a second.",
            (rate("groundswell_verdicts_total", "reason"), "{{reason}}"),
            unit="cps",
        ),
        lines(
            "Changes of alerts",
            "A second, by status.",
            (rate("groundswell_alerts_total", "status"), "{{status}}"),
            unit="cps",
        ),
        lines(
            "Deliveries",
            "A second, by receiver and what became of them.",
            (rate("groundswell_deliveries_total", "receiver, result"), "{{receiver}} {{result}}"),
            (rate("groundswell_delivery_attempts_total", "receiver, result"), "{{receiver}} tries {{result}}"),
            unit="cps",
        ),
        lines(
            "Waiting for a receiver",
            "Since when the oldest change waits.",
            ("max by (receiver) (groundswell_delivery_delay_seconds)", "{{receiver}}"),
            unit="s",
        ),
    ]


def _state() -> Panels:
    return [
        lines(
            "Values in the state",
            "Of all partitions.",
            ("sum(max by (partition) (groundswell_state_keys))", "values"),
            ("sum(max by (partition) (groundswell_brands))", "brands"),
            span=8,
        ),
        lines(
            "State written",
            "And how much a worker read when it took its partitions over.",
            ("sum(rate(groundswell_state_written_bytes_total[$__rate_interval]))", "written a second"),
            ("sum(max by (partition) (groundswell_state_restored_bytes))", "read at the last start"),
            unit="bytes",
            span=8,
        ),
        lines(
            "Memory",
            "What each worker holds.",
            ('process_resident_memory_bytes{job="groundswell"}', "{{instance}} {{worker}}"),
            unit="bytes",
            span=4,
        ),
        lines(
            "Processor",
            "Of each worker; 1 is a whole core.",
            ('rate(process_cpu_seconds_total{job="groundswell"}[$__rate_interval])', "{{instance}} {{worker}}"),
            span=4,
        ),
    ]
