"""*Voices*: for whoever leads a product or care. What hurts, whom, since when, in which mood; and what went well."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard, stat, timeseries

from dashboards.parts import Levels, Marks, Panels, bars, board, choice, figure, lines, rows_of
from streams.messages import DASHBOARD_UID

WHOLE = 'brand=~"$brand", pain_point="*"'
PAIN = 'brand=~"$brand", pain_point=~"$pain_point", kind="pain_point"'
DELIGHT = 'brand=~"$brand", kind="delight"'
TROUBLE = 'brand=~"$brand", kind!="delight"'
NAMES = {"brand": "Brand", "pain_point": "What"}
SAYS = {"*": "(the whole brand)"}
POINT = "{{brand}}: {{pain_point}}"
NOBODY = "Nobody spoke"


def build() -> dashboard.Dashboard:
    """The dashboard."""
    it = board(
        DASHBOARD_UID,
        "Groundswell: Voices",
        "What customers say: what hurts, whom, since when, in which mood, and what went well. Numbers are of the "
        "last closed hour, unless they say otherwise.",
        [
            ("Now", _now()),
            ("What hurts", _hurts()),
            ("In which mood", _mood()),
            ("What went well, and what got better", _well()),
        ],
        since="now-24h",
    )
    points = 'label_values(groundswell_voices{brand=~"$brand", kind="pain_point"}, pain_point)'
    it = it.with_variable(choice("brand", "Brand", "label_values(groundswell_voices, brand)"))
    it = it.with_variable(choice("pain_point", "Pain point", points))
    return it.annotation(
        Marks("Alerts", held("open_alerts", TROUBLE, "brand", "pain_point", "kind"), POINT, tag="kind")
    )


def held(metric: str, where: str, *by: str) -> str:
    """A gauge by these labels. Two workers may show a brand for the seconds of a rebalance, hence ``max``."""
    return f"max by ({', '.join(by)}) (groundswell_{metric}{{{where}}})"


def voices_of(where: str, *by: str, window: str = "1h") -> str:
    """Different people in the last hour, or day (``24h``)."""
    return held("voices", f'{where}, window="{window}"', *by)


def overall(metric: str) -> str:
    """The mean of a gauge over all that was said, whichever brand it was about."""
    mentions = held("mentions", WHOLE, "brand")
    return f"sum({held(metric, WHOLE, 'brand')} * {mentions}) / sum({mentions})"


def by_point(
    title: str, why: str, metric: str, *, unit: str = "short", low: float = 0, high: float = 1
) -> timeseries.Panel:
    """A mean of those who name a pain point, over time."""
    query = (held(metric, PAIN, "brand", "pain_point"), POINT)
    return lines(title, why, query, unit=unit, low=low, high=high, span=8, empty=NOBODY)


def by_voices(title: str, why: str, where: str, *, span: int) -> timeseries.Panel:
    """The ten that most people name, over time."""
    voices = voices_of(where, "brand", "pain_point")
    return lines(title, why, (f"topk(10, {voices})", POINT), span=span, empty=NOBODY)


def _now() -> Panels:
    alerts = held("open_alerts", TROUBLE, "brand", "pain_point", "kind", "severity")

    def share(title: str, why: str, metric: str, levels: Levels = ()) -> stat.Panel:
        return figure(title, why, overall(metric), unit="percentunit", levels=levels, decimals=0)

    return [
        figure(
            "Open alerts",
            "Alerts about trouble that are firing.",
            f"sum({alerts}) or vector(0)",
            levels=((None, "green"), (1, "red")),
        ),
        figure("Voices", "Different people who said anything.", f"sum({voices_of(WHOLE, 'brand')})"),
        figure(
            "Mood",
            "Mean sentiment, from -1 to 1.",
            overall("sentiment_mean"),
            levels=((None, "red"), (-0.3, "orange"), (0, "green")),
            decimals=2,
        ),
        share(
            "Effort",
            "How hard customers have it, 0 to 100 %.",
            "effort_ratio",
            ((None, "green"), (0.3, "orange"), (0.6, "red")),
        ),
        share(
            "Churn risk",
            "Mean over what was said.",
            "churn_risk_ratio",
            ((None, "green"), (0.1, "orange"), (0.3, "red")),
        ),
        share("Delight", "Share of what was said that names a delight.", "delight_ratio"),
    ]


def _hurts() -> Panels:
    any_alert = 'brand=~"$brand"'
    return [
        rows_of(
            "Firing, since when",
            "The onset of each alert: when what customers say began to change. Severity 1 is the worst.",
            held("alert_onset_timestamp_seconds", any_alert, "brand", "pain_point", "kind") + " * 1000",
            held("open_alerts", any_alert, "brand", "pain_point", "kind", "severity"),
            value="Since",
            unit="dateTimeAsIso",
            names={**NAMES, "kind": "Kind", "severity": "Severity"},
            says=SAYS,
            link=("Brand", "Only this brand", f"/d/{DASHBOARD_UID}?var-brand=${{__value.text:percentencode}}"),
            empty="No alert fires",
        ),
        rows_of(
            "Voices in 24 hours",
            "The pain points that most different people named.",
            f"topk(15, {voices_of(PAIN, 'brand', 'pain_point', window='24h')})",
            value="Voices",
            names=NAMES,
            empty=NOBODY,
        ),
        by_voices("Voices by pain point", "Different people an hour who named it.", PAIN, span=16),
        lines(
            "Open alerts by severity",
            "1 is the worst.",
            (
                f"sum by (severity) ({held('open_alerts', TROUBLE, 'brand', 'pain_point', 'kind', 'severity')})",
                "severity {{severity}}",
            ),
            span=8,
            stacked=True,
            empty="No alert fired",
        ),
        by_point("Effort by pain point", "How hard customers have it who name it.", "effort_ratio", unit="percentunit"),
        by_point("Churn risk by pain point", "Of those who name it.", "churn_risk_ratio", unit="percentunit"),
        by_point("Sentiment by pain point", "Mean of what was said about it, from -1 to 1.", "sentiment_mean", low=-1),
    ]


def _mood() -> Panels:
    emotions = held("emotion_ratio", 'brand=~"$brand", emotion!="neutral"', "brand", "emotion")
    mentions = held("mentions", WHOLE, "brand")
    return [
        lines(
            "Sentiment by brand",
            "Mean of all that was said, from -1 to 1.",
            (held("sentiment_mean", WHOLE, "brand"), "{{brand}}"),
            low=-1,
            high=1,
            span=8,
            empty=NOBODY,
        ),
        lines(
            "Emotions",
            "Mean probability of the eight strongest, over all that was said; neutral is left out.",
            (
                f"topk(8, sum by (emotion) ({emotions} * on (brand) group_left () {mentions}) "
                f"/ on () group_left () sum({mentions}))",
                "{{emotion}}",
            ),
            unit="percentunit",
            stacked=True,
            span=8,
            empty=NOBODY,
        ),
        lines(
            "Mentions",
            "How much was said in the hour, by brand.",
            (mentions, "{{brand}}"),
            span=8,
            empty=NOBODY,
        ),
    ]


def _well() -> Panels:
    return [
        by_voices("Voices by delight", "Different people an hour who praised it.", DELIGHT, span=12),
        bars(
            "Recovery",
            "How long the last alert took from its onset to its end.",
            held("recovery_seconds", TROUBLE, "brand", "pain_point", "kind"),
            POINT + " ({{kind}})",
            unit="s",
            empty="No alert has ended yet",
        ),
    ]
