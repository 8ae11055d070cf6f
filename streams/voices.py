"""What customers say, as gauges: the last closed hour of each brand and pain point, read from detect's state.

They come from what is stored, so a restart changes nothing in them; each worker shows the brands of its partitions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from streams.windows.aggregate import EVERYTHING, MILLI, NEGATIVE, Aggregate

OTHER: Final = "other"
"""What stands for the brands, or a brand's pain points, beyond the cap."""
POINTS: Final = 40
"""Pain points and delights of a brand that are shown by name."""
WHOLE: Final = "brand"
"""Kind of the series of all that a brand's customers say; its pain point is ``*``."""

Listeners = Callable[[], Iterable[Any]]
"""The ``streams.listener.Listener`` of each partition that this worker has."""

POINT = ["brand", "pain_point", "kind"]
HOUR = "in the hour that ends with the last closed minute of event time"


@dataclass(slots=True)
class Said:
    """Sums of one series; those of several can be added, for no voice speaks of two brands under one name."""

    mentions: int = 0
    voices: int = 0
    day_voices: int = 0
    sentiment: int = 0
    effort: int = 0
    churn: int = 0
    delighted: int = 0

    def add(self, hour: Aggregate, day: Aggregate) -> None:
        """Count a series' hour and day."""
        self.mentions += hour.mentions
        self.voices += len(hour.voices)
        self.day_voices += len(day.voices)
        self.sentiment += hour.sentiment
        self.effort += hour.effort
        self.churn += hour.churn
        self.delighted += hour.delighted


class Voices(Collector):
    """Reads brands, pain points and alerts; see ``Telemetry``.

    Args:
        most: Brands that are shown by name; the others are shown together.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._shown: dict[str, None] = {}
        """Brands that have a name here; they keep it while they are there, or their series would come and go."""
        self.listeners: Listeners = list

    def describe(self) -> list[GaugeMetricFamily]:
        """The metrics without samples; asked at registration, when there is nothing to read yet."""
        return list(self._families().values())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Everything as it is now."""
        families = self._families()
        brands = [brand for listener in self.listeners() for brand in listener.brands.values()]
        named = self._named(brands)
        rest: Said = Said()
        alerts: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
        for brand in brands:
            if brand.name in named:
                self._brand(brand, families)
            else:
                rest.add(brand.windows.hour.of(EVERYTHING), brand.windows.day.of(EVERYTHING))
            self._alerts(brand, brand.name if brand.name in named else OTHER, families, alerts)
            if brand.name in named:
                for point, kind, chance in brand.warning.chances(brand.catalog):
                    families["heading"].add_metric((brand.name, point, kind), chance)
        if len(brands) > len(named):
            self._show((OTHER, EVERYTHING, WHOLE), rest, families)
        for labels, count in sorted(alerts.items()):
            families["alerts"].add_metric(labels, count)
        yield from families.values()

    def _named(self, brands: list[Any]) -> set[str]:
        there = {brand.name for brand in brands}
        self._shown = {name: None for name in self._shown if name in there}
        if len(self._shown) < self._most and len(there) > len(self._shown):
            new = [brand for brand in brands if brand.name not in self._shown]
            new.sort(key=lambda brand: (-brand.windows.mentions, brand.name))
            self._shown.update(dict.fromkeys(brand.name for brand in new[: self._most - len(self._shown)]))
        return set(self._shown)

    def _brand(self, brand: Any, families: dict[str, GaugeMetricFamily]) -> None:
        hour, day = brand.windows.hour, brand.windows.day
        points = sorted({*hour.series, *day.series} - {EVERYTHING, NEGATIVE})
        points.sort(key=lambda name: -len(day.of(name).voices))
        rest = Said()
        for name in points[POINTS:]:
            rest.add(hour.of(name), day.of(name))
        for name in points[:POINTS]:
            said = Said()
            said.add(hour.of(name), day.of(name))
            self._show((brand.name, name, brand.catalog.kind_of(name)), said, families)
        if points[POINTS:]:
            self._show((brand.name, OTHER, OTHER), rest, families)
        whole = Said()
        whole.add(hour.of(EVERYTHING), day.of(EVERYTHING))
        self._show((brand.name, EVERYTHING, WHOLE), whole, families)
        for emotion, share in sorted(hour.of(EVERYTHING).mean_emotions(top=28).items()):
            families["emotions"].add_metric((brand.name, emotion), share)
        if brand.closed_ms is not None:
            families["heard"].add_metric((brand.name,), brand.closed_ms / 1000)

    def _show(self, labels: tuple[str, str, str], said: Said, families: dict[str, GaugeMetricFamily]) -> None:
        families["voices"].add_metric((*labels, "1h"), said.voices)
        families["voices"].add_metric((*labels, "24h"), said.day_voices)
        families["mentions"].add_metric(labels, said.mentions)
        if said.mentions:  # A mean of nothing is none, and not zero.
            whole = said.mentions * MILLI
            families["sentiment"].add_metric(labels, said.sentiment / whole)
            families["effort"].add_metric(labels, said.effort / whole)
            families["churn"].add_metric(labels, said.churn / whole)
            families["delight"].add_metric(labels, said.delighted / said.mentions)

    def _alerts(
        self,
        brand: Any,
        name: str,
        families: dict[str, GaugeMetricFamily],
        alerts: defaultdict[tuple[str, str, str, str], int],
    ) -> None:
        onsets: dict[tuple[str, str, str], int] = {}
        over: dict[tuple[str, str, str], Any] = {}
        for episode in brand.judging.episodes.values():
            point = episode.pain_point or EVERYTHING
            if episode.firing:
                alerts[name, point if name != OTHER else OTHER, episode.kind, str(episode.severity)] += 1
            if name == OTHER:
                continue
            # Several may share their labels, as silent channels do, and a series that is shown twice is refused.
            labels = (name, point, episode.kind)
            if episode.firing:
                onsets[labels] = min(onsets.get(labels, episode.starts_ms), episode.starts_ms)
            elif episode.status == "resolved" and (labels not in over or over[labels].ends_ms < episode.ends_ms):
                over[labels] = episode
        for labels, starts_ms in onsets.items():
            families["onset"].add_metric(labels, starts_ms / 1000)
        for labels, episode in over.items():
            families["recovery"].add_metric(labels, (episode.ends_ms - episode.starts_ms) / 1000)

    @staticmethod
    def _families() -> dict[str, GaugeMetricFamily]:
        def of(name: str, meaning: str, labels: list[str]) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"groundswell_{name}", meaning, labels=labels)

        return {
            "voices": of(
                "voices", "Distinct voices in the last closed hour, or day, of event time.", [*POINT, "window"]
            ),
            "mentions": of("mentions", f"Mentions {HOUR}.", POINT),
            "sentiment": of("sentiment_mean", f"Mean sentiment {HOUR}, -1 to 1; absent where nobody speaks.", POINT),
            "effort": of("effort_ratio", f"Mean effort of customers {HOUR}, 0 to 1.", POINT),
            "churn": of("churn_risk_ratio", f"Mean churn risk {HOUR}, 0 to 1.", POINT),
            "delight": of("delight_ratio", f"Share of mentions with a delight that are not unhappy {HOUR}.", POINT),
            "emotions": of("emotion_ratio", f"Mean probability of an emotion {HOUR}.", ["brand", "emotion"]),
            "alerts": of("open_alerts", "Alerts that are firing.", [*POINT, "severity"]),
            "heading": of(
                "heading_ratio",
                "Probability that a series which heads for a spike gets there; absent for others.",
                POINT,
            ),
            "onset": of(
                "alert_onset_timestamp_seconds",
                "Event time of a firing alert's onset; of several under these labels, the first.",
                POINT,
            ),
            "recovery": of("recovery_seconds", "From onset to end of the last alert that was resolved.", POINT),
            "heard": of(
                "brand_closed_timestamp_seconds", "Event time up to which a brand's windows are closed.", ["brand"]
            ),
        }
