"""*Pipeline*: for whoever runs it. Does it get on, how fast, what is left out, and does it reach people."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard, timeseries

from dashboards.parts import Marks, Panels, board, figure, lines, rows_of

UID = "groundswell-pipeline"
FIRING = 'ALERTS{alertname=~"Groundswell.+", alertstate="firing"}'
"""Of the rules in deploy/prometheus, which Prometheus itself tells of."""
CONCERNS = ("severity", "instance", "topic", "partition", "stage", "receiver", "source", "reason")
"""Labels that say how bad it is, and what it is about."""
LAG = "max by (topic, partition) (groundswell_consumer_lag_records)"


def build() -> dashboard.Dashboard:
    """The dashboard."""
    it = board(
        UID,
        "Groundswell: Pipeline",
        "Whether the pipeline gets on. What each alert on it asks for is in deploy/runbook.md.",
        [
            ("Now", _now()),
            ("Flow", _flow()),
            ("What is left out", _left_out()),
            ("Telling people", _telling()),
            ("State and processes", _state()),
        ],
        since="now-3h",
    )
    return it.annotation(Marks("Alerts", f"max by (alertname, severity) ({FIRING})", "{{alertname}}", tag="severity"))


def rate(metric: str, *by: str) -> str:
    """A counter's rise per second."""
    shared = f" by ({', '.join(by)})" if by else ""
    return f"sum{shared} (rate({metric}[$__rate_interval]))"


def a_second(title: str, why: str, metric: str, *by: str, unit: str = "cps", span: int = 12) -> timeseries.Panel:
    """How much of a counter rises each second, by these labels."""
    legend = " ".join(f"{{{{{label}}}}}" for label in by) or title.lower()
    return lines(title, why, (rate(metric, *by), legend), unit=unit, span=span, stacked=by == ("source",))


def quantiles(title: str, why: str, metric: str, *, unit: str = "short") -> timeseries.Panel:
    """The middle and the worst hundredth of a histogram, by stage."""
    buckets = f"sum by (stage, le) (rate({metric}_bucket[$__rate_interval]))"
    queries = [(f"histogram_quantile({of}, {buckets})", f"{{{{stage}}}} p{of * 100:.0f}") for of in (0.5, 0.99)]
    return lines(title, why, *queries, unit=unit)


def of_partitions(title: str, why: str, metric: str, *, unit: str = "short") -> timeseries.Panel:
    """A gauge that each partition's owner shows, summed; for the seconds of a rebalance there may be two."""
    return lines(title, why, (f"sum(max by (partition) ({metric}))", title.lower()), unit=unit, span=6)


def of_workers(title: str, why: str, expression: str, *, unit: str = "short") -> timeseries.Panel:
    """Something of each process."""
    return lines(title, why, (expression, "{{instance}} {{worker}}"), unit=unit, span=12)


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
            f"sum({LAG})",
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
            f"{rate('groundswell_quarantined_records_total')} / "
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
        rows_of(
            "Alerts about the pipeline",
            "Rules of deploy/prometheus that fire; each has a heading in deploy/runbook.md.",
            f"max by (alertname, {', '.join(CONCERNS)}) ({FIRING})",
            names={"alertname": "Alert"} | {label: label.capitalize() for label in CONCERNS},
            empty="No rule fires",
            span=24,
        ),
    ]


def _flow() -> Panels:
    return [
        a_second("Records by stage", "Finished a second.", "groundswell_records_total", "stage"),
        a_second("Records by source", "Read a second.", "groundswell_source_records_total", "source"),
        lines(
            "Lag by topic",
            "Records that wait behind the last finished one.",
            (f"sum by (topic) ({LAG})", "{{topic}}"),
        ),
        lines(
            "Standing still",
            "How long a partition has finished none of the records that wait in it.",
            ("max by (topic, partition) (groundswell_stalled_seconds)", "{{topic}}:{{partition}}"),
            unit="s",
        ),
        quantiles(
            "Time for a frame",
            "From its receipt to the broker's acknowledgements.",
            "groundswell_frame_seconds",
            unit="s",
        ),
        quantiles("Records in a frame", "Many when there is much to catch up with.", "groundswell_frame_records"),
        a_second("Published by topic", "Records a second.", "groundswell_published_records_total", "topic"),
        a_second("Commits", "Of offsets, a second.", "groundswell_commits_total", "result", span=6),
        lines(
            "Rebalances",
            "In five minutes: each shares the partitions out anew.",
            ("sum(increase(groundswell_rebalances_total[5m]))", "rebalances"),
            span=6,
        ),
    ]


def _left_out() -> Panels:
    return [
        a_second("Quarantine by reason", "A second.", "groundswell_quarantined_records_total", "reason", span=8),
        a_second(
            "Not counted, by reason",
            "Scored records in no window, a second; replayed ones were counted before.",
            "groundswell_uncounted_records_total",
            "reason",
            span=8,
        ),
        a_second("Forgotten by a bound", "A second, by kind.", "groundswell_dropped_total", "kind", span=8),
        a_second("Late", "Counted after their window was closed, a second.", "groundswell_late_records_total", span=8),
        a_second(
            "Not in English",
            "Scored by emoji and ratings alone, a second.",
            "groundswell_unread_records_total",
            span=8,
        ),
        a_second(
            "Copies",
            "Mentions that count under another's voice, a second.",
            "groundswell_copied_mentions_total",
            span=8,
        ),
    ]


def _telling() -> Panels:
    return [
        a_second("Verdicts", "What the detector decided, a second.", "groundswell_verdicts_total", "reason", span=8),
        a_second("Changes of alerts", "A second, by status.", "groundswell_alerts_total", "status", span=8),
        a_second(
            "Early warnings",
            "A second, by what became of them; none unless GROUNDSWELL_EARLY_WARNING is on.",
            "groundswell_warnings_total",
            "status",
            span=8,
        ),
        a_second(
            "Deliveries",
            "Changes of alerts a second, by receiver and what became of them.",
            "groundswell_deliveries_total",
            "receiver",
            "result",
            span=8,
        ),
        a_second(
            "Tries to deliver",
            "A second, by receiver and whether it took it.",
            "groundswell_delivery_attempts_total",
            "receiver",
            "result",
            span=8,
        ),
        lines(
            "Waiting for a receiver",
            "Since when the oldest change waits.",
            ("max by (receiver) (groundswell_delivery_delay_seconds)", "{{receiver}}"),
            unit="s",
            span=8,
            empty="No receiver is configured",
        ),
    ]


def _state() -> Panels:
    return [
        of_partitions("Values in the state", "What detect keeps, of all partitions.", "groundswell_state_keys"),
        of_partitions("Brands", "That partitions keep in memory.", "groundswell_brands"),
        a_second(
            "State written", "To its topic, a second.", "groundswell_state_written_bytes_total", unit="Bps", span=6
        ),
        of_partitions(
            "State read",
            "When the partitions were taken over last.",
            "groundswell_state_restored_bytes",
            unit="bytes",
        ),
        of_workers(
            "Memory", "What each worker holds.", 'process_resident_memory_bytes{job="groundswell"}', unit="bytes"
        ),
        of_workers(
            "Processor",
            "Of each worker; 1 is a whole core.",
            'rate(process_cpu_seconds_total{job="groundswell"}[$__rate_interval])',
        ),
    ]
