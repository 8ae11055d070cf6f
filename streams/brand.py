"""All that is remembered of one brand, and how it moves through event time: windows close, series are judged.

Everything here is a function of the records and the watermark; nothing asks the machine for the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from streams.catalog import Catalog
from streams.changes import Changes
from streams.desk import Desk
from streams.detection import Detector, Verdict
from streams.early_warning import EarlyWarning
from streams.effects import Effects
from streams.emerging import Emerging
from streams.judging import Judging
from streams.metrics import key_of, window_metrics
from streams.paging import Paging, Terms
from streams.point_feeds import PointFeeds
from streams.source_watch import SourceWatch
from streams.subjects import subject_of
from streams.topics import METRICS
from streams.windows.aggregate import EVERYTHING, NEGATIVE
from streams.windows.bounds import Bounds
from streams.windows.cells import MINUTE_MS, Cell, minute_of, series_of
from streams.windows.clock import Clocks
from streams.windows.observation import Observation
from streams.windows.rolling import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, Sums
from streams.windows.store import WindowStore

Witness = Callable[[str, str, int, Verdict, bool], None]
"""Told of every verdict: brand, series, end of the judged window in milliseconds, verdict, and whether an alert on the
series fires now. It changes nothing."""

QUIET = ("below_minimum", "no_baseline")
"""Verdicts of which there is nothing to tell."""


@dataclass(slots=True)
class Brand:
    """The state of one brand: where it is in time, and its parts. No part knows the brand; they are given what
    they look at."""

    name: str
    catalog: Catalog
    detector: Detector
    bounds: Bounds
    first_ms: int | None = None
    """The first minute that was ever heard."""
    closed_ms: int | None = None
    """All windows that end at or before this are closed."""
    clocks: list[str] = field(default_factory=list)
    """The clocks that its records follow."""
    joining: bool = False
    """Whether time has not moved on since it follows these clocks; till then they don't make anything late."""
    terms: Terms = field(default_factory=Terms)
    witness: Witness | None = None
    """Who looks on, as a backtest does; published windows leave out the verdicts on quiet minutes."""
    untold: set[int] = field(default_factory=set)
    """Starts of the open windows that changed since they were told."""
    windows: WindowStore = field(init=False)
    desk: Desk = field(init=False)
    judging: Judging = field(init=False)
    sources: SourceWatch = field(init=False)
    paging: Paging = field(init=False)
    feeds: PointFeeds = field(init=False)
    emerging: Emerging = field(init=False)
    warning: EarlyWarning = field(init=False)
    changes: Changes = field(init=False)

    def __post_init__(self) -> None:
        self.windows = WindowStore(self.name, self.bounds)
        self.desk = Desk(self.name)
        self.judging = Judging(self.name, self.catalog, self.detector, self.bounds)
        self.sources = SourceWatch(self.name, self.catalog)
        self.changes = Changes(self.name)
        self.paging = Paging(self.name, self.catalog, self.terms)
        self.feeds = PointFeeds(self.name, self.catalog)
        self.emerging = Emerging(self.name, self.catalog)
        self.warning = EarlyWarning(self.name, self.terms.early_warning)

    # What records do.

    def observe(self, seen: Observation, effects: Effects) -> bool:
        """Take in one scored record; gives False for one that is counted already, too late, or of one open window too
        many, which changes nothing.

        What is taken in is counted by ``settle``.
        """
        start = minute_of(seen.time_ms)
        late = self.closed_ms is not None and start < self.closed_ms
        if self.closed_ms is not None and start < self.closed_ms - DAY_MS:
            effects.counts["too_late"] += 1
            return False
        known = self.windows.known(seen)
        if known is not None:
            effects.counts[known] += 1
            return False
        if not late and len(self.windows.open) >= self.bounds.windows and start not in self.windows.cells:
            effects.counts["too_many_windows"] += 1
            return False
        if seen.points and not self.catalog.ids.issuperset(seen.points):
            # Of a stranger, or of a worker with a newer catalog: any id would be a series of its own.
            points = tuple(point for point in seen.points if point in self.catalog)
            effects.counts["series_dropped"] += len(seen.points) - len(points)
            seen.points = points
        if late and self.closed_ms is not None and self.windows.rolled_ms < self.closed_ms:
            # Nothing was due in between: without this, sums that ended earlier would take in what came after them.
            self.windows.roll(self.closed_ms, effects)
            self._keep_head(effects)
        if self.first_ms is None or start < self.first_ms:
            self.first_ms = start
            self._keep_head(effects)
        if late:
            self.windows.count_late(seen, start, effects)
            effects.counts["late"] += 1
            if seen.customer:
                self.feeds.hear(series_of(seen), start)
        else:
            self.windows.count(seen, start, effects)
            self.emerging.hear(seen, effects)
            self.untold.add(start)
        self.desk.hear(seen, effects)
        return True

    def settle(self, effects: Effects) -> None:
        """Count what was taken in; due before time moves on, and before anything is told or stored."""
        self.windows.settle(effects)

    def feed_by(self, clock: str, clocks: Clocks, effects: Effects) -> bool:
        """Note which clock the brand's records follow now; clocks that stand still are let go. Gives whether it is
        another one than before.
        """
        if clock in self.clocks:
            return False
        self.clocks = [name for name in self.clocks if not clocks.stopped(name)] + [clock]
        self.joining = True
        self._keep_head(effects)
        return True

    def tell_open(self, effects: Effects) -> None:
        """Tell the numbers of the windows that are still open and changed."""
        for start in sorted(self.untold):
            cell = self.windows.cells[start]
            for name in cell.names():
                if name != NEGATIVE:
                    record = window_metrics(self.name, name, start, cell.aggregate(name))
                    effects.publish(METRICS, key_of(self.name, name, start), record)
        self.untold.clear()

    def retell(self, effects: Effects) -> None:
        """Tell the closed windows that changed again: once for all records that came since time last moved on."""
        if self.windows.amended:
            self._keep_head(effects)
            for cell, name, sums in self.windows.take_amended(self.first_ms or 0):
                self._publish_window(cell, name, sums, None, effects)

    # What time does.

    @property
    def due_ms(self) -> int | None:
        """When (in event time) there is something to do; None where time can pass without."""
        due = [time for time in (self.windows.closes_ms, self._next_tick()) if time is not None]
        return min(due, default=None)

    def joined(self, effects: Effects) -> None:
        """Time moves on, by the clocks that it follows now."""
        self.joining = False
        self.sources.forget(effects)
        self._keep_head(effects)

    def catch_up(self, closed_ms: int | None) -> None:
        """Time went on, and there was nothing to do."""
        if closed_ms is not None and (self.closed_ms is None or closed_ms > self.closed_ms):
            self.closed_ms = closed_ms

    def advance(self, limit_ms: int, effects: Effects) -> None:
        """Close every window that ends by the start of this minute, and judge the series each five minutes."""
        if self.closed_ms is not None and limit_ms <= self.closed_ms:
            return
        while True:
            cell_end, tick = self.windows.closes_ms, self._next_tick()
            if cell_end is not None and cell_end <= limit_ms and (tick is None or cell_end <= tick):
                self._close(cell_end, effects)
            elif tick is not None and tick <= limit_ms:
                self._tick(tick, effects)
            else:
                break
        self.closed_ms = limit_ms
        self._keep_head(effects)

    def _next_tick(self) -> int | None:
        """The next end of five minutes at which there is something to judge, or of an hour to tell the feeds."""
        rolled_ms = self.windows.rolled_ms
        if self.windows.hour.cells or self.judging.firing:
            return rolled_ms - rolled_ms % FIVE_MINUTES_MS + FIVE_MINUTES_MS
        told = self.sources.due_ms(rolled_ms)
        day = self.windows.day.cells
        if not day and not self.feeds.fed:
            return told
        tick = rolled_ms - rolled_ms % HOUR_MS + HOUR_MS
        if day and self.feeds.settled(self.windows):
            # Until the oldest minute leaves the day, no hour has anything to tell.
            leaves_ms = day[0].start_ms + DAY_MS
            tick = max(tick, leaves_ms - leaves_ms % HOUR_MS + HOUR_MS)
        return tick if told is None else min(tick, told)

    def _close(self, end_ms: int, effects: Effects) -> None:
        """A minute is over: it joins the rolling sums and the alerts that are going on, and is told."""
        judged_now = end_ms % FIVE_MINUTES_MS == 0
        # At the end of five minutes the tick that follows rolls on and tells the window with its decision.
        self.windows.roll(end_ms - MINUTE_MS if judged_now else end_ms, effects)
        cell = self.windows.close(effects)
        self.untold.discard(cell.start_ms)
        self.judging.take_in(cell, effects)
        names = cell.names()
        self.feeds.hear(names, cell.start_ms)
        if not judged_now:
            for name in names:
                if name != NEGATIVE:
                    self._publish_window(cell, name, self.windows.sums(name), None, effects)

    def _tick(self, now_ms: int, effects: Effects) -> None:
        """Five minutes are over: every series is judged, and the windows that end now are told with the verdicts."""
        self.windows.roll(now_ms, effects)
        first = len(effects.records)
        verdicts, decisions, others = self._judge(now_ms, effects)
        headings = self.warning.look(verdicts, now_ms, self.judging, self.windows, effects)
        restless = {*self.judging.restless, *self.sources.restless}
        self.paging.tell(
            first, restless, now_ms, effects, self.changes, lambda it: self.judging.shown(it, now_ms, self.windows)
        )
        self.judging.latest.clear()
        cell = self.windows.cells.get(now_ms - MINUTE_MS) or Cell(now_ms - MINUTE_MS)
        for name in sorted({*decisions, *others, *headings, *cell.names()} - {NEGATIVE}):
            verdict, more, heading = decisions.get(name), others.get(name), headings.get(name)
            # A quiet minute of a quiet series is no news.
            if more or heading or cell.holds(name) or (verdict is not None and verdict.reason not in QUIET):
                self._publish_window(cell, name, self.windows.sums(name), verdict, effects, more, heading)
        if now_ms % HOUR_MS == 0:
            self.judging.learn(now_ms, self.windows, effects)
            self.sources.learn(now_ms, self.windows, effects)
            everything = self.judging.baselines.get(EVERYTHING)
            self.emerging.look(now_ms, everything.listened_since(now_ms) if everything else now_ms, effects)
            self.feeds.learn(now_ms, self.windows, effects)
            for name in self.feeds.due(self.windows):
                self._publish_feed(name, now_ms, effects)

    def _judge(
        self, now_ms: int, effects: Effects
    ) -> tuple[dict[str, Verdict], dict[str, Verdict], dict[str, dict[str, Verdict]]]:
        """The verdict on each series, by series and by window, and what those of other kinds think of it where they
        came near to an alert.

        The verdict on the unhappy is told with everything that customers say, unless that is news by itself.
        """
        firing = {name for name in self.judging.firing if subject_of(name).series == name}
        names = {*self.windows.hour.series, *firing}
        wholes = [name for name in (NEGATIVE, EVERYTHING) if name in names]
        verdicts: dict[str, Verdict] = {}
        decisions: dict[str, Verdict] = {}
        whole: Verdict | None = None
        # The unhappy come after the points, and everybody last: what is more precise speaks for them.
        for name in (*sorted(names.difference(wholes)), *wholes):
            verdict, alerted = self.judging.judge(name, now_ms, self.windows, effects)
            verdicts[name] = verdict
            if name != EVERYTHING or EVERYTHING not in decisions or verdict.reason in ("fired", "firing"):
                decisions[EVERYTHING if name == NEGATIVE else name] = verdict
            if name == EVERYTHING:
                whole = verdict
            self._show(name, now_ms, verdict)
            if alerted and name not in wholes:
                self._publish_feed(name, now_ms, effects)
        others: dict[str, dict[str, Verdict]] = {}
        for name, verdict in self.judging.judge_parts(whole, now_ms, self.windows, effects).items():
            if verdict.reason not in (*QUIET, "below_baseline"):
                others.setdefault(subject_of(name).point or EVERYTHING, {})[subject_of(name).of or ""] = verdict
            if verdict.reason not in QUIET:
                self._show(name, now_ms, verdict)
        for name, verdict in self.sources.judge(now_ms, self.windows, effects).items():
            self._show(name, now_ms, verdict)
        return verdicts, decisions, others

    def _show(self, name: str, now_ms: int, verdict: Verdict) -> None:
        if self.witness is not None:
            self.witness(self.name, name, now_ms, verdict, name in self.judging.firing or name in self.sources.firing)

    # What is told.

    def _publish_window(
        self,
        cell: Cell,
        name: str,
        sums: Sums,
        verdict: Verdict | None,
        effects: Effects,
        others: dict[str, Verdict] | None = None,
        heading: dict[str, Any] | None = None,
    ) -> None:
        record = window_metrics(
            self.name,
            name,
            cell.start_ms,
            cell.aggregate(name),
            rolling=sums,
            late=cell.late,
            decision=verdict.published() if verdict is not None else None,
            others={kind: other.published() for kind, other in sorted((others or {}).items())},
            heading=heading,
        )
        effects.publish(METRICS, key_of(self.name, name, cell.start_ms), record)

    def _publish_feed(self, name: str, now_ms: int, effects: Effects) -> None:
        past, episode = self.judging.past_of(name, now_ms), self.judging.episodes.get(name)
        self.feeds.tell(name, now_ms, self.windows, effects, past=past, episode=episode)

    # What is kept.

    def _keep_head(self, effects: Effects) -> None:
        effects.keep(self.name, "head", "", self)

    def to_state(self) -> list[Any]:
        """The brand's own part of the state: where it is in time, and its feeds; the rest has keys of its own."""
        rolled_ms, heard, fed = self.windows.rolled_ms, self.feeds.heard, self.feeds.fed
        return [self.first_ms, self.closed_ms, rolled_ms, self.clocks, self.joining, heard, fed]

    def restore(self, kind: str, name: str, state: Any) -> None:
        """Take in one stored value.

        Raises:
            ValueError: The kind is unknown.
        """
        if kind == "head":
            self.first_ms, self.closed_ms, self.windows.rolled_ms, self.clocks, self.joining, *fed = state
            self.feeds.heard, self.feeds.fed = fed
        elif kind == "cell":
            self.windows.restore(name, state)
        elif kind == "past_events":
            self.windows.restore_past(name, state)
        elif kind == "days":
            self.feeds.restore_days(name, state)
        elif kind == "past":
            self.judging.restore_past(name, state)
        elif kind == "alert" and subject_of(name).channel is not None:
            self.sources.restore_alert(name, state)
        elif kind == "alert":
            self.judging.restore_alert(name, state)
        elif kind == "incident":
            self.paging.restore_incident(name, state)
        elif kind == "changes":
            self.changes.known = state
        elif kind == "budget":
            self.paging.restore_budget(state)
        elif kind == "feelings":
            self.judging.restore_feelings(state)
        elif kind == "channel":
            self.sources.restore_channel(name, state)
        elif kind == "heading":
            self.warning.restore(name, state)
        elif kind in ("terms", "usage", "candidate"):
            self.emerging.restore(kind, name, state)
        elif kind == "case":
            self.desk.restore_case(name, state)
        elif kind == "answer":
            self.desk.restore_answer(name, state)
        else:
            raise ValueError(f"state of an unknown kind: {kind!r}; it was written by a newer Groundswell")

    @property
    def stored(self) -> int:
        """How many values are stored of the brand."""
        judged = len(self.judging.baselines) + len(self.judging.episodes)
        cases = len(self.desk.cases) + len(self.desk.answers)
        fragments = sum(len(cell.fragments) for cell in self.windows.cells.values())
        return 1 + judged + cases + fragments + len(self.windows.past)

    def forget(self, effects: Effects) -> None:
        """Have everything that is stored of the brand deleted."""
        kept: dict[str, Iterable[str]] = {"head": [""], "past": self.judging.baselines, "alert": self.judging.episodes}
        kept |= {"cell": self.windows.stored(), "case": self.desk.cases, "answer": self.desk.answers}
        kept |= {"changes": [""], "budget": [""], "incident": self.paging.incidents}
        kept |= {"feelings": [""], "channel": self.sources.heard}
        kept["alert"] = [*self.judging.episodes, *self.sources.episodes]
        kept |= self.emerging.stored()
        kept["days"] = self.feeds.days
        kept["heading"] = self.warning.series
        kept["past_events"] = [str(past.start_ms) for past in self.windows.past]
        for kind, names in kept.items():
            for name in names:
                effects.keep(self.name, kind, name, None)

    def rebuild(self) -> None:
        """Derive from the stored values what is not stored."""
        self.windows.rebuild(self.closed_ms)
        # What was told last is not known: all that is open is told anew.
        self.untold = set(self.windows.open)
