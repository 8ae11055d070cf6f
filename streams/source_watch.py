"""The channels from which a brand's customers are heard, and what happens when one of them stops.

A channel is the network of a post, else the source (``schemas.scored.Scored.channel``). It works on the windows it is
given and changes nothing in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streams.alerting import Episode, Evidence, Judged, advance, fingerprint_of
from streams.catalog import Catalog
from streams.detection import Baseline, Hush, Verdict
from streams.effects import Effects
from streams.subjects import silence_of, subject_of
from streams.topics import ALERTS
from streams.windows.aggregate import EVERYTHING, Aggregate
from streams.windows.names import OTHER
from streams.windows.rolling import HOUR_MS
from streams.windows.store import WindowStore

CHANNELS = 32
"""Channels of a brand that are watched; more are not, until one of them has been silent for two weeks."""

Verdicts = dict[str, Verdict]
"""Name → what was thought of it."""


@dataclass(slots=True)
class SourceWatch:
    """What is usual for each channel of one brand, and which are silent."""

    brand: str
    catalog: Catalog
    hush: Hush = field(default_factory=Hush)
    heard: dict[str, Baseline] = field(default_factory=dict)
    """Channel → the hours in which it was heard, with the voices that are certain."""
    episodes: dict[str, Episode] = field(default_factory=dict)
    """Subject of ``streams.subjects`` → its alert's state."""

    @property
    def firing(self) -> list[str]:
        """The subjects whose alert is firing."""
        return [name for name, episode in self.episodes.items() if episode.firing]

    @property
    def restless(self) -> list[str]:
        """Fingerprints of what fires."""
        return [self.episodes[name].fingerprint for name in self.firing]

    def due_ms(self, rolled_ms: int) -> int | None:
        """The full hour at which there is something to judge, if nothing is heard until then."""
        if self.firing:
            return rolled_ms - rolled_ms % HOUR_MS + HOUR_MS
        hours = [hour for past in self.heard.values() if (hour := self.hush.due(past)) is not None]
        coming = [hour * HOUR_MS for hour in hours if hour * HOUR_MS > rolled_ms]
        return min(coming, default=None)

    def judge(self, now_ms: int, windows: WindowStore, effects: Effects) -> Verdicts:
        """Five minutes are over: who speaks again is told, and at a full hour who is silent.

        Returns:
            At a full hour what was thought of each channel that was not heard in it.
        """
        channels = windows.hour.of(EVERYTHING).segments.get("channel", {})
        for name in sorted(self.firing):
            channel = self.episodes[name].channel or ""
            if channel in channels:
                self._end(name, self._spoke_ms(channel, now_ms, windows), now_ms, effects, expired=False)
        if now_ms % HOUR_MS:
            return {}
        verdicts: Verdicts = {}
        for channel in sorted(self.heard.keys() - channels.keys()):
            name = silence_of(channel)
            verdicts[name] = self._judge(name, channel, now_ms, effects)
        return verdicts

    def learn(self, now_ms: int, windows: WindowStore, effects: Effects) -> None:
        """An hour is over: the channels that were heard in it are known to be."""
        hour = now_ms // HOUR_MS - 1
        everything = windows.hour.of(EVERYTHING)
        # Who wrote on which channel is not kept; as if all that authors wrote beyond their first had been there.
        repeats = everything.mentions - len(everything.voices)
        for channel, mentions in sorted(everything.segments.get("channel", {}).items()):
            if channel == OTHER or not self._follows(channel, hour, effects):
                continue
            past = self.heard[channel]
            if past.hours and hour - next(reversed(past.hours)) > self.hush.gives_up:
                past = self.heard[channel] = Baseline(hour * HOUR_MS)
            past.record(hour, max(mentions - repeats, 1))
            effects.keep(self.brand, "channel", channel, past)

    def forget(self, effects: Effects) -> None:
        """Begin anew: the brand follows other clocks than it did, and what lies between is no silence."""
        for channel in self.heard:
            effects.keep(self.brand, "channel", channel, None)
        self.heard.clear()

    def _follows(self, channel: str, hour: int, effects: Effects) -> bool:
        if channel in self.heard:
            return True
        if len(self.heard) >= CHANNELS:
            oldest = min(self.heard, key=lambda name: (next(reversed(self.heard[name].hours)), name))
            if hour - next(reversed(self.heard[oldest].hours)) <= 2 * self.hush.gives_up:
                effects.counts["channel_dropped"] += 1
                return False
            del self.heard[oldest]
            effects.keep(self.brand, "channel", oldest, None)
        self.heard[channel] = Baseline(hour * HOUR_MS)
        return True

    def _judge(self, name: str, channel: str, now_ms: int, effects: Effects) -> Verdict:
        verdict = self.hush.judge(now_ms // HOUR_MS, self.heard[channel])
        effects.counts[f"verdict_{verdict.reason}"] += 1
        episode = self.episodes.get(name)
        if episode is None or not episode.firing:
            if not verdict.fired:
                return verdict
            episode = self._begin(name, channel, now_ms - verdict.window_ms, now_ms)
        elif verdict.window_ms >= self.hush.gives_up * HOUR_MS:
            self._end(name, now_ms, now_ms, effects, expired=True)
            return verdict
        judged = Judged(
            calm=False,
            observed=0,
            expected=verdict.expected or 0.0,
            ratio=0.0,
            window_ms=verdict.window_ms,
            probability=verdict.probability,
            resolves_when=f"somebody is heard on {channel}",
        )
        self._advance(name, judged, now_ms, effects)
        return verdict

    def _begin(self, name: str, channel: str, since_ms: int, now_ms: int) -> Episode:
        episode = self.episodes.get(name)
        if episode is None:
            title = subject_of(name).title(self.brand, self.catalog)
            fingerprint = fingerprint_of(self.brand, "silence", channel)
            episode = Episode(self.brand, "silence", None, title, fingerprint, channel=channel)
            self.episodes[name] = episode
        episode.begin(since_ms, now_ms)
        return episode

    def _end(self, name: str, ends_ms: int, now_ms: int, effects: Effects, *, expired: bool) -> None:
        episode = self.episodes[name]
        ends_ms = max(ends_ms, episode.starts_ms)
        judged = Judged(
            calm=True,
            observed=0,
            expected=0.0,
            ratio=0.0,
            window_ms=max(ends_ms - episode.starts_ms, 60_000),
            probability=None,
            resolves_when="",
            ends_ms=ends_ms,
            expired=expired,
        )
        self._advance(name, judged, now_ms, effects)
        if expired and self.heard.pop(episode.channel or "", None) is not None:
            effects.keep(self.brand, "channel", episode.channel or "", None)

    def _advance(self, name: str, judged: Judged, now_ms: int, effects: Effects) -> None:
        episode = self.episodes[name]
        alert = advance(episode, judged, _nothing(), now_ms)
        effects.keep(self.brand, "alert", name, episode)
        if alert is not None:
            effects.publish(ALERTS, episode.fingerprint, alert)
            effects.counts[f"alert_{alert['status']}"] += 1

    def _spoke_ms(self, channel: str, now_ms: int, windows: WindowStore) -> int:
        """The first minute of the hour in which somebody was heard there."""
        for cell in windows.since(EVERYTHING, now_ms - HOUR_MS):
            if channel in cell.aggregate(EVERYTHING).segments.get("channel", {}):
                return cell.start_ms
        return now_ms

    # What is kept.

    def restore_channel(self, channel: str, state: Any) -> None:
        """Take in the stored past of one channel."""
        self.heard[channel] = Baseline.from_state(state)

    def restore_alert(self, name: str, state: Any) -> None:
        """Take in one stored episode."""
        self.episodes[name] = Episode.from_state(state)


def _nothing() -> Evidence:
    return Evidence(Aggregate(), Aggregate())
