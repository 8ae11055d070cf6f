"""Watermarks that travel with the data: how far event time is complete, judged from what the origins report.

Every raw partition is an origin. Its progress comes in ``scored`` behind the records that it speaks of, so a watermark
that is derived here never passes a record that is still to come from an origin that lags.

There is one *clock* for everything that arrives live, and one for each replay: a week that is replayed in a minute
neither drives the time of live brands nor is driven by the machine's clock. A brand follows the clocks that feed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.progress import Progress, ReplayMark
from streams.windows.cells import MINUTE_MS

LIVE = "live"
"""Name of the clock of what arrives live."""

FORSAKEN_MS = 5 * MINUTE_MS
"""A replay whose sender has said nothing for so long (by the sender's and the broker's clocks) holds nobody back."""

ORIGINS_KEPT = 4_096
"""Raw partitions, live or of one replay, that are followed: twice as many as there can be. Of others nothing is
noted."""

NAME_LENGTH = 256
"""Characters of the name of a raw partition or a replay."""

CLOCKS_KEPT = 64
"""Replays that are remembered; the oldest are forgotten."""


@dataclass(slots=True)
class ReplayClock:
    """How far the origins of one replay have got."""

    origins: dict[str, int]
    """Raw topic → number of partitions, all of which are waited for."""
    times: dict[str, int | None] = field(default_factory=dict)
    """Origin partition → event time of its last mark."""
    ended: list[str] = field(default_factory=list)
    """Origin partitions whose end mark has come."""
    forsaken: bool = False
    sent_ms: int = 0
    """When its sender last said something, by the sender's clock."""

    def note(self, origin: str, mark: ReplayMark) -> None:
        """Take in an origin's last mark; older ones than known change nothing."""
        if not _has_room(self.times, origin):
            return
        known = self.times.get(origin)
        if origin not in self.times or (mark.time_ms is not None and (known is None or mark.time_ms > known)):
            self.times[origin] = mark.time_ms
        if mark.ended and origin not in self.ended:
            self.ended.append(origin)
        self.sent_ms = max(self.sent_ms, mark.sent_ms)

    @property
    def over(self) -> bool:
        """Whether every origin has seen the end."""
        return len(self.ended) >= sum(self.origins.values())

    def watermark(self, lateness_ms: int) -> int | None:
        """Event time before which all is there; None while an origin has not told."""
        times = list(self.times.values())
        if len(times) < sum(self.origins.values()) or None in times:
            return None
        known = [time for time in times if time is not None]
        if self.over:
            return max(known) - max(known) % MINUTE_MS + MINUTE_MS
        return min(known) - lateness_ms


@dataclass(slots=True)
class Clocks:
    """All clocks of one partition of ``scored``."""

    lateness_ms: int
    raw: dict[str, int] = field(default_factory=dict)
    live: dict[str, int] = field(default_factory=dict)
    replays: dict[str, ReplayClock] = field(default_factory=dict)
    closed: dict[tuple[str, ...], int] = field(default_factory=dict)
    """Clocks that feed some brands → the minute up to which they have closed these brands' windows."""

    def close(self, names: tuple[str, ...]) -> int | None:
        """Up to which minute (its start) the windows of brands that these clocks feed are closed now. It never goes
        back, also where a clock does that was thought to stand still.
        """
        closed, watermark = self.closed.get(names), self.combined(names)
        if watermark is not None:
            minute = watermark - watermark % MINUTE_MS
            if closed is None or minute > closed:
                closed = self.closed[names] = minute
        return closed

    def note(self, progress: Progress, arrived_ms: int | None = None) -> None:
        """Take in what a score worker reports. Times only go forward, whoever reports them, in whatever order.

        Args:
            arrived_ms: When the broker took the report, by its clock. A worker whose own clock is ahead must not carry
                live time with it: it never comes back.
        """
        now_ms = progress.at_ms if arrived_ms is None else arrived_ms
        for topic, partitions in progress.raw.items():
            if _has_room(self.raw, topic):
                self.raw[topic] = partitions
        for origin, reached in progress.origins.items():
            if reached.live_ms is not None and _has_room(self.live, origin):
                live_ms = reached.live_ms if arrived_ms is None else min(reached.live_ms, arrived_ms)
                self.live[origin] = max(live_ms, self.live.get(origin, -1))
            for name, mark in reached.replays.items():
                clock = self.replays.get(name)
                if clock is None:
                    if len(name) > NAME_LENGTH or sum(len(topic) for topic in mark.origins) > ORIGINS_KEPT:
                        continue
                    clock = self.replays[name] = ReplayClock(dict(mark.origins))
                    if len(self.replays) > CLOCKS_KEPT:
                        del self.replays[next(iter(self.replays))]
                clock.note(origin, mark)
        # Also those of which this worker knows nothing: whoever knew may be gone.
        for clock in self.replays.values():
            clock.forsaken = not clock.over and now_ms - clock.sent_ms > FORSAKEN_MS

    def watermark(self, name: str) -> int | None:
        """Event time before which all is there, by one clock; None while it can't be told."""
        if name == LIVE:
            if not self.raw or len(self.live) < sum(self.raw.values()):
                return None
            return min(self.live.values()) - self.lateness_ms
        clock = self.replays.get(name)
        return clock.watermark(self.lateness_ms) if clock else None

    def combined(self, names: Sequence[str]) -> int | None:
        """The watermark of a brand that several clocks feed: the slowest of those still running, else the last end."""
        running = [name for name in names if not self.stopped(name)]
        times = [self.watermark(name) for name in running or names]
        known = [time for time in times if time is not None]
        if len(known) < len(times) or not known:
            return None
        return min(known) if running else max(known)

    def stopped(self, name: str) -> bool:
        """Whether a replay's clock stands still: it is over, forsaken or forgotten."""
        if name == LIVE:
            return False
        clock = self.replays.get(name)
        return clock is None or clock.over or clock.forsaken

    def to_state(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "raw": self.raw,
            "live": self.live,
            "closed": [[list(names), closed] for names, closed in sorted(self.closed.items())],
            "replays": {
                name: [clock.origins, clock.times, clock.ended, clock.forsaken, clock.sent_ms]
                for name, clock in self.replays.items()
            },
        }

    @classmethod
    def from_state(cls, lateness_ms: int, state: dict[str, Any]) -> Clocks:
        """The clocks that ``to_state`` stored."""
        replays = {name: ReplayClock(*parts) for name, parts in state["replays"].items()}
        closed = {tuple(names): closed for names, closed in state["closed"]}
        return cls(lateness_ms, state["raw"], state["live"], replays, closed)


def _has_room(known: Mapping[str, object], name: str) -> bool:
    """Whether something may be noted under this name."""
    return name in known or (len(known) < ORIGINS_KEPT and len(name) <= NAME_LENGTH)
