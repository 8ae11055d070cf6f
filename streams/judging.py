"""The alerts of one brand: each series is judged against its own past, and a spike becomes an episode.

It works on the windows it is given and changes nothing in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from schemas.alerts import Kind
from streams.alerting import CALM_MS, Episode, Evidence, Judged, advance, fingerprint_of
from streams.catalog import Catalog
from streams.detection import Baseline, Detector, Sample, Verdict, onset_of
from streams.effects import Effects
from streams.topics import ALERTS
from streams.windows.aggregate import EVERYTHING, NEGATIVE
from streams.windows.bounds import Bounds
from streams.windows.cells import Cell
from streams.windows.rolling import DAY_MS, HOUR_MS
from streams.windows.store import WindowStore

ONSET_MS = 6 * HOUR_MS
"""How far back the onset of a spike is looked for."""

CROWD = 20
"""Fewer voices in an hour, about nothing in particular, are no news."""

HABIT_MS = DAY_MS
"""What has lasted so long begins to count as usual."""


@dataclass(slots=True)
class Judging:
    """What is usual for each series of one brand, and what its alerts are at."""

    brand: str
    catalog: Catalog
    detector: Detector
    bounds: Bounds
    baselines: dict[str, Baseline] = field(default_factory=dict)
    """Series → its past hours."""
    episodes: dict[str, Episode] = field(default_factory=dict)
    """Series → its alert's state."""

    @property
    def firing(self) -> list[str]:
        """The series whose alert is firing."""
        return [name for name, episode in self.episodes.items() if episode.firing]

    def alert_of(self, name: str) -> str | None:
        """The fingerprint of a series' alert; None unless it is firing."""
        episode = self.episodes.get(name)
        return episode.fingerprint if episode is not None and episode.firing else None

    def past_of(self, name: str, now_ms: int) -> Baseline | None:
        """A series' past hours, from when on the brand is listened to; None where it has none."""
        past = self.baselines.get(name)
        return None if past is None else past.since(self._since(now_ms))

    def take_in(self, cell: Cell, effects: Effects) -> None:
        """A minute is over: the alerts that go on count what it held."""
        for name in sorted(self.firing):
            if cell.holds(name):
                self.episodes[name].take_in(cell.aggregate(name), cell.quotes(name), self.bounds)
                effects.keep(self.brand, "alert", name, self.episodes[name])

    def judge(self, name: str, now_ms: int, windows: WindowStore, effects: Effects) -> tuple[Verdict, bool]:
        """Judge one series' last hour, and move its alert on.

        Returns:
            The verdict, and whether its alert was published.
        """
        aggregate = windows.hour.of(name)
        episode = self.episodes.get(name)
        past_ms = now_ms - HOUR_MS
        if episode is not None and episode.firing:
            past_ms = min(past_ms, max(episode.starts_ms, now_ms - HABIT_MS))
        sample = Sample(
            now_ms,
            past_ms,
            free_ms=episode.ends_ms if episode is not None else 0,
            voices=len(aggregate.voices),
            mentions=aggregate.mentions,
            top_voice_share=aggregate.top_voice_share,
        )
        verdict = self.detector.judge(sample, self.past_of(name, now_ms) or Baseline(self._since(now_ms)))
        if verdict.fired and name == EVERYTHING and verdict.hourly < CROWD:
            verdict = replace(verdict, reason="below_minimum")
        if verdict.fired and not (episode and episode.firing):
            if self._told_already(name, verdict, windows):
                verdict = replace(verdict, reason="inhibited")
            else:
                episode = self._begin(name, now_ms, verdict, windows)
        effects.counts[f"verdict_{verdict.reason}"] += 1
        if episode is None or not episode.firing:
            return verdict, False
        calm_below = self.detector.calm_below(verdict)
        judged = Judged(
            calm=sample.voices < calm_below,
            observed=verdict.observed,
            expected=verdict.expected or 0.0,
            ratio=verdict.ratio,
            window_ms=verdict.window_ms,
            probability=verdict.probability,
            resolves_when=f"fewer than {calm_below:g} voices an hour, for an hour",
        )
        alert = advance(episode, judged, self._evidence(name, windows), now_ms)
        effects.keep(self.brand, "alert", name, episode)
        if alert is not None:
            effects.publish(ALERTS, episode.fingerprint, alert)
            effects.counts[f"alert_{alert['status']}"] += 1
        if verdict.fired and now_ms not in (episode.detected_ms, episode.returned_ms):
            verdict = replace(verdict, reason="firing")
        return verdict, alert is not None

    def learn(self, now_ms: int, windows: WindowStore, effects: Effects) -> None:
        """An hour is over: the baselines learn it."""
        hour = now_ms // HOUR_MS - 1
        if EVERYTHING in windows.hour.series:
            self.baselines.setdefault(EVERYTHING, Baseline(now_ms)).settle(hour)
        for name, aggregate in windows.hour.series.items():
            past = self.baselines.setdefault(name, Baseline(self._since(now_ms)))
            past.record(hour, len(aggregate.voices))
            effects.keep(self.brand, "past", name, past)

    def _since(self, now_ms: int) -> int:
        """Since when the brand is listened to; that moment, where it is not known yet."""
        everything = self.baselines.get(EVERYTHING)
        return now_ms if everything is None else everything.listened_since(now_ms)

    def _told_already(self, name: str, verdict: Verdict, windows: WindowStore) -> bool:
        """Whether a firing alert says it too: of a pain point below it, of its cause, or of most of the new people."""
        kind = self._kind(name)
        firing = [other for other in self.firing if other != name]
        if kind == "volume":
            return bool(firing)
        if kind == "surge":
            return any(self._kind(other) == "pain_point" for other in firing)
        causes = self.catalog.causes_of(name)
        if any(other in causes for other in firing):
            return True
        voices = windows.hour.of(name).voices.keys()
        unusual = len(voices) - (verdict.expected or 0.0) * HOUR_MS / verdict.window_ms
        return any(
            self._kind(other) == kind and len(voices & windows.hour.of(other).voices.keys()) >= 0.5 * unusual
            for other in firing
        )

    def _begin(self, name: str, now_ms: int, verdict: Verdict, windows: WindowStore) -> Episode:
        episode = self.episodes.get(name)
        if episode is None:
            episode = self.episodes[name] = self._quiet(name)
        recent = windows.since(name, max(now_ms - ONSET_MS, episode.ends_ms))
        minutes = [(cell.start_ms, len(cell.aggregate(name).voices)) for cell in recent]
        hourly = (verdict.expected or 0.0) * HOUR_MS / verdict.window_ms
        onset = onset_of(minutes, hourly)
        onset = now_ms - HOUR_MS if onset is None else onset
        if episode.returns(now_ms, verdict.ratio, verdict.hourly):
            # Until it was resolved it has counted what was said.
            onset = max(onset, episode.ends_ms + CALM_MS)
            episode.go_on(now_ms)
        else:
            episode.begin(onset, now_ms, self._evidence(name, windows))
        for cell in recent:
            if cell.start_ms >= onset:
                episode.take_in(cell.aggregate(name), cell.quotes(name), self.bounds)
        return episode

    def _quiet(self, name: str) -> Episode:
        """The episode of a series that has had none yet."""
        kind = self._kind(name)
        whole = {
            NEGATIVE: f"Many unhappy customers of {self.brand}",
            EVERYTHING: f"Unusually many customers of {self.brand}",
        }
        point = None if name in whole else name
        title = whole.get(name) or self.catalog.title_of(name)
        return Episode(self.brand, kind, point, title, fingerprint_of(self.brand, kind, point))

    def _evidence(self, name: str, windows: WindowStore) -> Evidence:
        return Evidence(windows.hour.of(name), windows.day.of(name), lambda: self._overlap(name, windows))

    def _overlap(self, name: str, windows: WindowStore) -> dict[str, int]:
        voices = windows.hour.of(name).voices.keys()
        pain_points = {
            point: len(aggregate.voices.keys() & voices)
            for point, aggregate in windows.hour.series.items()
            if point not in (EVERYTHING, NEGATIVE) and self._kind(point) == "pain_point"
        }
        return dict(sorted(((point, n) for point, n in pain_points.items() if n), key=lambda x: (-x[1], x[0])))

    def _kind(self, name: str) -> Kind:
        if name == EVERYTHING:
            return "volume"
        return "surge" if name == NEGATIVE else self.catalog.kind_of(name)

    # What is kept.

    def restore_past(self, name: str, state: Any) -> None:
        """Take in one stored baseline."""
        self.baselines[name] = Baseline.from_state(state)

    def restore_alert(self, name: str, state: Any) -> None:
        """Take in one stored episode."""
        self.episodes[name] = Episode.from_state(state)
