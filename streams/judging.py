"""The alerts of one brand: each series is judged against its own past, and a spike becomes an episode.

It works on the windows it is given and changes nothing in them.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.alerts import Kind
from streams.alert_words import said_more
from streams.alerting import CALM_MS, Counts, Episode, Evidence, Judged, advance, fingerprint_of, severity_of, shown
from streams.catalog import Catalog
from streams.detection import (
    Baseline,
    Detector,
    Feelings,
    Mood,
    MoodSample,
    PartSample,
    Sample,
    Share,
    Verdict,
    onset_of,
)
from streams.effects import Effects
from streams.subjects import MOOD, share_of, subject_of
from streams.topics import ALERTS
from streams.windows.aggregate import EVERYTHING, NEGATIVE
from streams.windows.bounds import Bounds
from streams.windows.cells import Cell
from streams.windows.names import SHARED
from streams.windows.rolling import DAY_MS, HOUR_MS, Rolling
from streams.windows.store import WindowStore

ONSET_MS = 6 * HOUR_MS
"""How far back the onset of a spike is looked for."""

CROWD = 20
"""Fewer voices in an hour, about nothing in particular, are no news."""

LOUD = 6
"""Who writes so often in an hour names any pain point sooner or later; of an airline's authors one in two hundred."""

HABIT_MS = DAY_MS
"""What has lasted so long begins to count as usual."""

COMPLAINTS: frozenset[Kind] = frozenset({"pain_point", "surge", "share"})
"""While one of them fires, what is said and felt is another mix by itself, which is no news."""

Verdicts = dict[str, Verdict]
"""Name → what was thought of it."""


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
    """Series, or another subject of ``streams.subjects`` → its alert's state."""
    feelings: Feelings = field(default_factory=Feelings)
    """What is usual for the emotions of all customers."""
    share: Share = field(default_factory=Share)
    mood: Mood = field(default_factory=Mood)
    latest: dict[str, tuple[str, Judged]] = field(default_factory=dict)
    """Fingerprint of what fires → its subject, and what was thought of it at this moment; not a part of the state."""

    @property
    def firing(self) -> list[str]:
        """What fires: names of series, and of other subjects."""
        return [name for name, episode in self.episodes.items() if episode.firing]

    @property
    def restless(self) -> list[str]:
        """Fingerprints of what fires and is not dying down."""
        return [it.fingerprint for it in self.episodes.values() if it.firing and it.calm_ms is None]

    def alert_of(self, name: str) -> str | None:
        """The fingerprint of a series' alert; None unless it is firing."""
        episode = self.episodes.get(name)
        return episode.fingerprint if episode is not None and episode.firing else None

    def shown(self, fingerprint: str, now_ms: int, windows: WindowStore) -> dict[str, Any] | None:
        """What an alert that fires looks like at this moment, in wire form; None for others."""
        name, judged = self.latest.get(fingerprint, (None, None))
        if name is None or judged is None or not self.episodes[name].firing:
            return None
        return shown(self.episodes[name], judged, self._evidence(name, now_ms, windows), now_ms, "reminder")

    def past_of(self, name: str, now_ms: int) -> Baseline | None:
        """A series' past hours, from when on the brand is listened to; None where it has none."""
        past = self.baselines.get(name)
        return None if past is None else past.since(self._since(now_ms))

    def take_in(self, cell: Cell, effects: Effects) -> None:
        """A minute is over: the alerts that go on count what it held."""
        for name in sorted(self.firing):
            series = subject_of(name).series
            if cell.holds(series):
                self.episodes[name].take_in(cell.aggregate(series), cell.quotes(series), self.bounds)
                effects.keep(self.brand, "alert", name, self.episodes[name])

    def judge(self, name: str, now_ms: int, windows: WindowStore, effects: Effects) -> tuple[Verdict, bool]:
        """Judge one series' last hour, and move its alert on.

        Returns:
            The verdict, and whether its alert was published.
        """
        sample, past = self.sample_of(name, now_ms, windows), self.usual(name, now_ms)
        verdict = self.detector.judge(sample, past)
        everybody = len(windows.hour.of(name).voices)
        if not verdict.fired and everybody > sample.voices:
            with_loud = self.detector.judge(replace(sample, voices=everybody), past)
            if with_loud.fired:
                verdict = replace(verdict, reason="one_voice")
        if verdict.fired and name == EVERYTHING and verdict.hourly < CROWD:
            verdict = replace(verdict, reason="below_minimum")
        calm_below = self.detector.calm_below(verdict)
        calm = sample.voices < calm_below
        ends = f"fewer than {calm_below:g} voices an hour, for an hour"
        return self._carry(name, verdict, calm, ends, now_ms, windows, effects)

    def sample_of(self, name: str, now_ms: int, windows: WindowStore) -> Sample:
        """What was heard of one series in the last hour, as its detector takes it."""
        aggregate = windows.hour.of(name)
        episode = self.episodes.get(name)
        return Sample(
            now_ms,
            self._past_ms(name, now_ms),
            free_ms=episode.ends_ms if episode is not None else 0,
            voices=len(aggregate.voices) - len(self.loud(name, windows)),
            mentions=aggregate.mentions,
            top_voice_share=aggregate.top_voice_share,
        )

    def loud(self, name: str, windows: WindowStore) -> set[str]:
        """Who names a pain point or a delight in the last hour, and has written so much in it that this says little.

        Of a brand as a whole they are one voice each, as everybody is.
        """
        everything = windows.hour.of(EVERYTHING)
        if name in (EVERYTHING, NEGATIVE) or everything.loudest < LOUD:
            return set()
        written = everything.voices
        return {voice for voice in windows.hour.of(name).voices if written[voice] >= LOUD and voice not in SHARED}

    def judge_parts(self, whole: Verdict | None, now_ms: int, windows: WindowStore, effects: Effects) -> Verdicts:
        """Judge what makes up all that was said in the last hour: the share of each pain point, and the mood.

        Args:
            whole: What was thought of the number of all voices.
        """
        expected = None if whole is None or whole.expected is None else whole.expected * HOUR_MS / whole.window_ms
        points = {name for name in windows.hour.series if self._kind(name) == "pain_point"}
        names = {share_of(point) for point in points} | {name for name in self.firing if subject_of(name).is_share}
        verdicts = {}
        for name in sorted(names):
            sample = self._part(name, expected, now_ms, windows)
            verdict = self.share.judge(sample, self.usual(subject_of(name).series, now_ms), self._whole(now_ms))
            calm = self.share.is_calm(sample, verdict)
            few, least = self.share.calm_below(verdict), self.share.minimum / 2
            ends = f"fewer than {few:.0%} of the voices, or than {least:g}, name it, for an hour"
            verdicts[name], _ = self._carry(name, verdict, calm, ends, now_ms, windows, effects)
        verdicts[MOOD] = self._judge_mood(expected, now_ms, windows, effects)
        return verdicts

    def _judge_mood(self, expected: float | None, now_ms: int, windows: WindowStore, effects: Effects) -> Verdict:
        part = self._part(MOOD, expected, now_ms, windows)
        sample = MoodSample(part, windows.hour.of(EVERYTHING).emotions)
        unhappy, whole = self.usual(NEGATIVE, now_ms), self._whole(now_ms)
        episode = self.episodes.get(MOOD)
        if episode is not None and episode.firing and episode.feeling is not None:
            feeling: str | None = episode.feeling
            verdict = self.mood.judge_emotion(episode.feeling, sample, self.feelings)
        elif episode is not None and episode.firing:
            feeling, verdict = None, self.mood.share.judge(part, unhappy, whole)
        else:
            verdict, feeling = self.mood.judge(sample, unhappy, whole, self.feelings)
        calm = self.mood.is_calm(sample, verdict, feeling)
        whose = "are unhappy" if feeling is None else f"show {feeling}"
        least = self.mood.share.minimum / 2
        share = self.mood.share.calm_below(verdict)
        ends = f"fewer than {share:.0%} of the voices, or than {least:g}, {whose}, for an hour"
        return self._carry(MOOD, verdict, calm, ends, now_ms, windows, effects, feeling)[0]

    def _part(self, name: str, expected: float | None, now_ms: int, windows: WindowStore) -> PartSample:
        everything = windows.hour.of(EVERYTHING)
        return PartSample(
            now_ms,
            self._past_ms(name, now_ms),
            free_ms=max((it.ends_ms for it in self.episodes.values() if it.kind in (*COMPLAINTS, "mood")), default=0),
            voices=len(windows.hour.of(subject_of(name).series).voices),
            of=len(everything.voices),
            of_expected=expected,
            repeats=everything.mentions - len(everything.voices),
        )

    def _carry(
        self,
        name: str,
        verdict: Verdict,
        calm: bool,
        resolves_when: str,
        now_ms: int,
        windows: WindowStore,
        effects: Effects,
        feeling: str | None = None,
    ) -> tuple[Verdict, bool]:
        """What a verdict does to the alert of its subject."""
        episode = self.episodes.get(name)
        if verdict.fired and not (episode and episode.firing):
            if self._told_already(name, verdict, now_ms, windows):
                verdict = replace(verdict, reason="inhibited")
            else:
                episode = self._begin(name, now_ms, verdict, windows, feeling)
        effects.counts[f"verdict_{verdict.reason}"] += 1
        if episode is None or not episode.firing:
            return verdict, False
        judged = Judged(
            calm=calm,
            observed=verdict.observed,
            expected=verdict.expected or 0.0,
            ratio=verdict.ratio,
            window_ms=verdict.window_ms,
            probability=verdict.probability,
            resolves_when=resolves_when,
            of=verdict.of,
        )
        self.latest[episode.fingerprint] = name, judged
        alert = advance(episode, judged, self._evidence(name, now_ms, windows), now_ms)
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
        everything = windows.hour.of(EVERYTHING)
        lasts = [it for it in self.episodes.values() if it.firing and it.kind in (*COMPLAINTS, "mood")]
        if everything.mentions and all(now_ms - it.starts_ms >= HABIT_MS for it in lasts):
            self.feelings.learn(everything.mentions, everything.emotions)
            effects.keep(self.brand, "feelings", "", self.feelings)

    def usual(self, series: str, now_ms: int) -> Baseline:
        """A series' past hours, from when on the brand is listened to; none where it has no past."""
        return self.past_of(series, now_ms) or Baseline(self._since(now_ms))

    def _whole(self, now_ms: int) -> Baseline:
        return self.usual(EVERYTHING, now_ms)

    def _past_ms(self, name: str, now_ms: int) -> int:
        """What was over by then is the past of a subject, see ``Sample.past_ms``."""
        episode, past_ms = self.episodes.get(name), now_ms - HOUR_MS
        if episode is not None and episode.firing:
            past_ms = min(past_ms, max(episode.starts_ms, now_ms - HABIT_MS))
        return past_ms

    def _since(self, now_ms: int) -> int:
        """Since when the brand is listened to; that moment, where it is not known yet."""
        everything = self.baselines.get(EVERYTHING)
        return now_ms if everything is None else everything.listened_since(now_ms)

    def _told_already(self, name: str, verdict: Verdict, now_ms: int, windows: WindowStore) -> bool:
        """Whether a firing alert says it too: of a pain point below it, of its cause, or of most of the new people."""
        kind = self._kind(name)
        firing = [other for other in self.firing if other != name]
        if kind in ("share", "mood"):
            # Also what is left of an alert that is just over.
            told = [it for it in self.episodes.values() if it.kind in COMPLAINTS and it is not self.episodes.get(name)]
            return any(it.firing or it.ends_ms > now_ms - verdict.window_ms for it in told)
        if kind == "volume":
            return bool(firing)
        if kind == "surge":
            return any(self._kind(other) in ("pain_point", "share") for other in firing) or self._mood_says(verdict)
        share = self.episodes.get(share_of(name))
        if share is not None and share.firing:
            # Told already, but for what is worse.
            return severity_of(kind, verdict.ratio, verdict.hourly)[0] >= share.severity
        causes = self.catalog.causes_of(name)
        if any(other in causes for other in firing):
            return True
        voices = windows.hour.of(name).voices.keys()
        unusual = len(voices) - (verdict.expected or 0.0) * HOUR_MS / verdict.window_ms
        return any(
            self._kind(other) == kind and len(voices & windows.hour.of(other).voices.keys()) >= 0.5 * unusual
            for other in firing
        )

    def _mood_says(self, verdict: Verdict) -> bool:
        """Whether a mood alert fires that is at least as severe as a surge of the unhappy would be."""
        mood = self.episodes.get(MOOD)
        if mood is None or not mood.firing:
            return False
        return severity_of("surge", verdict.ratio, verdict.hourly)[0] >= mood.severity

    def _begin(self, name: str, now_ms: int, verdict: Verdict, windows: WindowStore, feeling: str | None) -> Episode:
        episode = self.episodes.get(name)
        if episode is None:
            episode = self.episodes[name] = self._quiet(name)
        if name == MOOD:
            episode.feeling = feeling
            episode.title = subject_of(name).title(self.brand, self.catalog, feeling)
        series = subject_of(name).series
        recent = windows.since(series, max(now_ms - ONSET_MS, episode.ends_ms))
        minutes = [(cell.start_ms, len(cell.aggregate(series).voices)) for cell in recent]
        hourly = (verdict.expected or 0.0) * HOUR_MS / verdict.window_ms
        onset = onset_of(minutes, hourly)
        onset = now_ms - HOUR_MS if onset is None else onset
        if episode.returns(now_ms, verdict.ratio, verdict.hourly):
            # Until it was resolved it has counted what was said.
            onset = max(onset, episode.ends_ms + CALM_MS)
            episode.go_on(now_ms)
        else:
            episode.begin(onset, now_ms)
        for cell in recent:
            if cell.start_ms >= onset:
                episode.take_in(cell.aggregate(series), cell.quotes(series), self.bounds)
        if episode.detected_ms == now_ms:
            episode.compare(windows.day.of(series))
        return episode

    def _quiet(self, name: str) -> Episode:
        """The episode of a subject that has had none yet."""
        subject, kind = subject_of(name), self._kind(name)
        title = subject.title(self.brand, self.catalog)
        return Episode(self.brand, kind, subject.point, title, fingerprint_of(self.brand, kind, subject.point))

    def _evidence(self, name: str, now_ms: int, windows: WindowStore) -> Evidence:
        series, episode = subject_of(name).series, self.episodes[name]
        whole = series in (EVERYTHING, NEGATIVE)
        # What is usual was so before it began; what has lasted for a day is compared with the day itself.
        young = episode.starts_ms > now_ms - DAY_MS + HOUR_MS
        before_ms = min(episode.starts_ms, now_ms - HOUR_MS) if young else now_ms - HOUR_MS
        return Evidence(
            windows.hour.of(series),
            windows.day.of(series),
            episode.total if young else None,
            everyone=lambda: (windows.hour.of(EVERYTHING), windows.day.of(EVERYTHING)),
            overlap=lambda: self._overlap(series, windows),
            points=lambda: self._points(series, windows) if whole else (({}, 0), ({}, 0)),
            words=lambda: said_more(series, before_ms, now_ms, self.brand, windows),
        )

    def _overlap(self, series: str, windows: WindowStore) -> dict[str, int]:
        voices = windows.hour.of(series).voices.keys()
        pain_points = self._named(voices, windows.hour)
        return dict(sorted(((point, n) for point, n in pain_points.items() if n), key=lambda x: (-x[1], x[0])))

    def _points(self, series: str, windows: WindowStore) -> tuple[Counts, Counts]:
        """Voices that name each pain point now, and those who were heard in the day but not in the hour."""
        now = windows.hour.of(series).voices.keys()
        before = windows.day.of(series).voices.keys() - now
        return (self._named(now, windows.hour), len(now)), (self._named(before, windows.day), len(before))

    def _named(self, voices: Set[str], span: Rolling) -> dict[str, int]:
        return {
            point: len(aggregate.voices.keys() & voices)
            for point, aggregate in span.series.items()
            if self._kind(point) == "pain_point"
        }

    def _kind(self, name: str) -> Kind:
        return subject_of(name).kind(self.catalog)

    # What is kept.

    def restore_past(self, name: str, state: Any) -> None:
        """Take in one stored baseline."""
        self.baselines[name] = Baseline.from_state(state)

    def restore_feelings(self, state: Any) -> None:
        """Take in what is stored of the emotions."""
        self.feelings = Feelings.from_state(state)

    def restore_alert(self, name: str, state: Any) -> None:
        """Take in one stored episode."""
        self.episodes[name] = Episode.from_state(state)
