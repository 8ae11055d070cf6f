"""*Voices*: for whoever leads a product or care. What hurts, whom, since when, in which mood; and what went well."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from dashboards.parts import SOURCE, Panels, bars, board, choice, figure, lines, rows_of
from streams.messages import DASHBOARD_UID

WHOLE = 'brand=~"$brand", pain_point="*"'
PAIN = 'brand=~"$brand", pain_point=~"$pain_point", kind="pain_point"'
DELIGHT = 'brand=~"$brand", kind="delight"'
TROUBLE = 'brand=~"$brand", kind!="delight"'
NAMES = {"brand": "Brand", "pain_point": "What"}


def build() -> dashboard.Dashboard:
    """The dashboard. Two workers may show a brand for the seconds of a rebalance, hence ``max by``."""
    it = board(
        DASHBOARD_UID,
        "Groundswell: Voices",
        "What customers say: what hurts, whom, since when, in which mood, and what went well. Numbers are of the "
        "last closed hour, unless they say otherwise.",
        since="now-24h",
    )
    it = it.with_variable(choice("brand", "Brand", "label_values(groundswell_voices, brand)"))
    it = it.with_variable(
        choice(
            "pain_point",
            "Pain point",
            'label_values(groundswell_voices{brand=~"$brand", kind="pain_point"}, pain_point)',
        )
    )
    alerts = f"max by (brand, pain_point, kind) (groundswell_open_alerts{{{TROUBLE}}})"
    it = it.annotation(
        dashboard.AnnotationQuery().name("Alerts").datasource(SOURCE).enable(True).icon_color("red").expr(alerts)
    )
    for row, panels in (
        ("Now", _now()),
        ("What hurts", _hurts()),
        ("In which mood", _mood()),
        ("What went well, and what got better", _well()),
    ):
        it = it.with_row(dashboard.Row(row))
        for panel in panels:
            it = it.with_panel(panel)
    return it


def _now() -> Panels:
    return [
        figure(
            "Open alerts",
            "Alerts about trouble that are firing.",
            f"sum(max by (brand, pain_point, kind, severity) (groundswell_open_alerts{{{TROUBLE}}})) or vector(0)",
            levels=((None, "green"), (1, "red")),
        ),
        figure(
            "Voices",
            "Different people who said anything.",
            f'sum(max by (brand) (groundswell_voices{{{WHOLE}, window="1h"}}))',
        ),
        figure(
            "Mood",
            "Mean sentiment, from -1 to 1.",
            f"avg(max by (brand) (groundswell_sentiment_mean{{{WHOLE}}}))",
            levels=((None, "red"), (-0.3, "orange"), (0, "green")),
            decimals=2,
        ),
        figure(
            "Effort",
            "How hard customers have it, 0 to 100 %.",
            f"avg(max by (brand) (groundswell_effort_ratio{{{WHOLE}}}))",
            unit="percentunit",
            levels=((None, "green"), (0.3, "orange"), (0.6, "red")),
        ),
        figure(
            "Churn risk",
            "Mean over what was said.",
            f"avg(max by (brand) (groundswell_churn_risk_ratio{{{WHOLE}}}))",
            unit="percentunit",
            levels=((None, "green"), (0.1, "orange"), (0.3, "red")),
        ),
        figure(
            "Delight",
            "Share of what was said that names a delight.",
            f"avg(max by (brand) (groundswell_delight_ratio{{{WHOLE}}}))",
            unit="percentunit",
            levels=((None, "blue"),),
        ),
    ]


def _hurts() -> Panels:
    return [
        rows_of(
            "Firing, since when",
            "The onset of each alert: when what customers say began to change.",
            'max by (brand, pain_point, kind) (groundswell_alert_onset_timestamp_seconds{brand=~"$brand"}) * 1000',
            unit="dateTimeAsIso",
            value="Since",
            names={**NAMES, "kind": "Kind"},
        ),
        rows_of(
            "Voices in 24 hours",
            "The pain points that most different people named.",
            f'topk(15, max by (brand, pain_point) (groundswell_voices{{{PAIN}, window="24h"}}))',
            unit="short",
            value="Voices",
            names=NAMES,
        ),
        lines(
            "Voices by pain point",
            "Different people an hour who named it.",
            (
                f'topk(10, max by (brand, pain_point) (groundswell_voices{{{PAIN}, window="1h"}}))',
                "{{brand}} {{pain_point}}",
            ),
            span=16,
        ),
        lines(
            "Open alerts by severity",
            "1 is the worst.",
            (
                "sum by (severity) (max by (brand, pain_point, kind, severity) "
                f"(groundswell_open_alerts{{{TROUBLE}}}))",
                "severity {{severity}}",
            ),
            span=8,
            stacked=True,
        ),
        lines(
            "Effort by pain point",
            "How hard customers have it who name it.",
            (f"max by (brand, pain_point) (groundswell_effort_ratio{{{PAIN}}})", "{{brand}} {{pain_point}}"),
            unit="percentunit",
            high=1,
        ),
        lines(
            "Churn risk by pain point",
            "Of those who name it.",
            (f"max by (brand, pain_point) (groundswell_churn_risk_ratio{{{PAIN}}})", "{{brand}} {{pain_point}}"),
            unit="percentunit",
            high=1,
        ),
    ]


def _mood() -> Panels:
    return [
        lines(
            "Sentiment by brand",
            "Mean of all that was said, from -1 to 1.",
            (f"max by (brand) (groundswell_sentiment_mean{{{WHOLE}}})", "{{brand}}"),
            low=-1,
            high=1,
        ),
        lines(
            "Sentiment by pain point",
            "Mean of what was said about it, from -1 to 1.",
            (f"max by (brand, pain_point) (groundswell_sentiment_mean{{{PAIN}}})", "{{brand}} {{pain_point}}"),
            low=-1,
            high=1,
        ),
        lines(
            "Emotions",
            "Mean probability of the strongest ones; neutral is left out.",
            (
                'topk(8, avg by (emotion) (max by (brand, emotion) (groundswell_emotion_ratio{brand=~"$brand", '
                'emotion!="neutral"})))',
                "{{emotion}}",
            ),
            unit="percentunit",
            stacked=True,
            span=16,
        ),
        lines(
            "Mentions",
            "How much was said, by brand.",
            (f"max by (brand) (groundswell_mentions{{{WHOLE}}})", "{{brand}}"),
            span=8,
        ),
    ]


def _well() -> Panels:
    return [
        lines(
            "Voices by delight",
            "Different people an hour who praised it.",
            (
                f'topk(10, max by (brand, pain_point) (groundswell_voices{{{DELIGHT}, window="1h"}}))',
                "{{brand}} {{pain_point}}",
            ),
        ),
        bars(
            "Recovery",
            "How long the last alert took from its onset to its end.",
            f"max by (brand, pain_point) (groundswell_recovery_seconds{{{TROUBLE}}})",
            "{{brand}} {{pain_point}}",
            unit="s",
        ),
    ]
