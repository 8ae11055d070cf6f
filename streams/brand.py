"""All that is remembered of one brand, and how it moves through event time: windows close, series are judged.

Everything here is a function of the records and the watermark; nothing asks the machine for the time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import Any

from schemas.alerts import Kind
from streams.alerting import Episode, Evidence, Judged, advance, fingerprint_of
from streams.catalog import Catalog, Entry
from streams.detection import Baseline, Detector, Sample, Verdict, onset_of
from streams.effects import Effects
from streams.feeds import Answer, Case, answer, concerns, needs_person, point_feed
from streams.metrics import Sums, key_of, window_metrics
from streams.topics import ALERTS, DELIGHTS, HANDOFFS, METRICS, PAIN_POINTS
from streams.windows.aggregate import EVERYTHING, NEGATIVE, Aggregate, Observation
from streams.windows.cells import MINUTE_MS, Cell, Fragment, minute_of, series_of
from streams.windows.clock import Clocks
from streams.windows.quotes import Quote
from streams.windows.rolling import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, Rolling, sliding

ONSET_MS = 6 * HOUR_MS
"""How far back the onset of a spike is looked for."""

HABIT_MS = DAY_MS
"""What has lasted so long begins to count as usual."""

FEED_QUOTES = 24
OPEN_CASES = 1_000
"""Open handoffs a brand may have; the one that waits longest is let go when there are more."""

ANSWERS = 10_000
"""Conversations of a brand whose last answer is remembered."""

SEPARATOR = "\x1f"


@dataclass(slots=True)
class Brand:
    """The state of one brand."""

    name: str
    catalog: Catalog
    detector: Detector
    first_ms: int | None = None
    """The first minute that was ever heard."""
    closed_ms: int | None = None
    """All windows that end at or before this are closed."""
    rolled_ms: int = 0
    """Where the rolling sums end."""
    clocks: list[str] = field(default_factory=list)
    heard: dict[str, list[int]] = field(default_factory=dict)
    """Pain point or delight → when it was first and last heard (ms)."""
    fed: dict[str, int] = field(default_factory=dict)
    """Pain point or delight → mentions in the day that its feed record told last."""
    cells: dict[int, Cell] = field(default_factory=dict)
    """The open cells and those of the last 24 hours, by start."""
    baselines: dict[str, Baseline] = field(default_factory=dict)
    episodes: dict[str, Episode] = field(default_factory=dict)
    """Series → its alert's state."""
    cases: dict[str, Case] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    """Conversation → when somebody of the company wrote in it last."""
    open: list[int] = field(default_factory=list)
    """Heap of the starts of open cells."""
    amended: dict[str, set[int]] = field(default_factory=dict)
    """Series → starts of closed cells that changed and are to be told again."""
    seen: set[int] = field(default_factory=set)
    """Events that are in a cell: what comes again counts once."""
    five: Rolling = field(default_factory=lambda: Rolling(FIVE_MINUTES_MS))
    hour: Rolling = field(default_factory=lambda: Rolling(HOUR_MS))
    day: Rolling = field(default_factory=lambda: Rolling(DAY_MS))
    holding: dict[str, deque[Cell]] = field(default_factory=dict)
    """Series → the closed cells of the day in which it has mentions, oldest first."""

    # What records do.

    def observe(
        self, seen: Observation, scored: dict[str, Any], origin: str, offset: int, effects: Effects, touched: set[int]
    ) -> bool:
        """Count one scored record; gives False for one that is counted already or too late, which changes nothing.

        Args:
            touched: Starts of open cells that changed; this one is added.
        """
        start = minute_of(seen.time_ms)
        late = self.closed_ms is not None and start < self.closed_ms
        if self.closed_ms is not None and start < self.closed_ms - DAY_MS:
            effects.counts["too_late"] += 1
            return False
        cell = self.cells.get(start)
        if cell is not None and cell.counted(origin, offset):
            effects.counts["replayed"] += 1
            return False
        if seen.event in self.seen:
            effects.counts["duplicate"] += 1
            return False
        if late and self.closed_ms is not None and self.rolled_ms < self.closed_ms:
            # Nothing was due in between: without this, sums that ended earlier would take in what came after them.
            self._roll(self.closed_ms, effects)
            self._keep_head(effects)
        if cell is None:
            cell = self.cells[start] = Cell(start)
            if late:
                self._insert_late(cell)
            else:
                heappush(self.open, start)
        self.seen.add(seen.event)
        if self.first_ms is None or start < self.first_ms:
            self.first_ms = start
            self._keep_head(effects)
        index = cell.observe(seen, origin, offset, late=late)
        effects.state[self._key("cell", f"{start}.{index}")] = cell.fragments[index]
        self._hand_over(seen, scored, effects)
        if late:
            effects.counts["late"] += 1
            self._amend(cell, seen)
        else:
            touched.add(start)
        return True

    def feed_by(self, clock: str, clocks: Clocks, effects: Effects) -> None:
        """Note which clock the brand's records follow now; clocks that stand still are let go."""
        if clock not in self.clocks:
            self.clocks = [name for name in self.clocks if not clocks.stopped(name)] + [clock]
            self._keep_head(effects)

    def provisional(self, touched: set[int], effects: Effects) -> None:
        """Tell the numbers of windows that are still open."""
        for start in sorted(touched):
            cell = self.cells.get(start)
            if cell is None or (self.closed_ms is not None and start < self.closed_ms):
                continue
            for name in cell.names():
                if name != NEGATIVE:
                    record = window_metrics(self.name, name, start, cell.aggregate(name))
                    effects.publish(METRICS, key_of(self.name, name, start), record)

    def _insert_late(self, cell: Cell) -> None:
        for rolling in (self.five, self.hour, self.day):
            if cell.start_ms >= self.rolled_ms - rolling.span_ms:
                rolling.insert(cell)

    def _amend(self, cell: Cell, seen: Observation) -> None:
        """A record came after its window was closed: it still counts, and the window is to be told again."""
        if not seen.customer:
            return
        single = Aggregate()
        single.observe(seen)
        for rolling in (self.five, self.hour, self.day):
            if cell.start_ms >= self.rolled_ms - rolling.span_ms:
                for name in series_of(seen):
                    rolling.amend(name, single)
        for name in series_of(seen):
            self._index(name, cell)
            if name not in (EVERYTHING, NEGATIVE):
                self._note_heard(name, cell.start_ms)
            if name != NEGATIVE:
                self.amended.setdefault(name, set()).add(cell.start_ms)

    def retell(self, effects: Effects) -> None:
        """Tell the closed windows that changed again: once for all records that came since time last moved on."""
        if not self.amended:
            return
        self._keep_head(effects)
        forgotten_ms = self.rolled_ms - DAY_MS
        for name, starts in sorted(self.amended.items()):
            ends = [start + MINUTE_MS for start in sorted(starts)]
            spans = (FIVE_MINUTES_MS, HOUR_MS, DAY_MS)
            for end_ms, *sums in zip(ends, *(sliding(self.day.cells, name, ends, span) for span in spans), strict=True):
                # Sums that reach back to cells that are gone are left out: a part would look like the whole.
                five, hour, day = (
                    total if max(end_ms - span, self.first_ms or 0) >= forgotten_ms else None
                    for total, span in zip(sums, spans, strict=True)
                )
                self._publish_window(self.cells[end_ms - MINUTE_MS], name, (five, hour, day), None, effects)
        self.amended.clear()

    def _hand_over(self, seen: Observation, scored: dict[str, Any], effects: Effects) -> None:
        """Open, update or end a case. A conversation's messages may come in any order: times decide, not arrival."""
        key = scored.get("conversation_id") or scored["id"]
        if not seen.customer:
            self._answered(key, seen.time_ms, effects)
            return
        found = concerns(scored)
        if not found:
            return
        case = self.cases.get(key)
        answered = self.answers.get(key)
        if case is None:
            case = self.cases[key] = Case(key, seen.voice, scored["source"])
            case.revision = answered.revision if answered is not None else 0
            if len(self.cases) > OPEN_CASES:
                others = (other for other in self.cases.values() if other is not case)
                oldest = min(others, key=lambda other: (other.waiting_ms, other.id)).id
                del self.cases[oldest]
                effects.state[self._key("case", oldest)] = None
                effects.counts["case_dropped"] += 1
        effects.publish(HANDOFFS, key, needs_person(self.name, case, found, scored, seen.quote))
        effects.state[self._key("case", key)] = case
        if answered is not None and answered.at_ms > case.quote["at"]:
            self._answered(key, answered.at_ms, effects)

    def _answered(self, key: str, at_ms: int, effects: Effects) -> None:
        """Somebody of the company wrote in this conversation: a case that waits in it is over."""
        known = self.answers.pop(key, None)
        answered = Answer(max(at_ms, known.at_ms), known.revision) if known is not None else Answer(at_ms)
        case = self.cases.get(key)
        if case is not None and case.quote["at"] <= answered.at_ms:
            del self.cases[key]
            effects.state[self._key("case", key)] = None
            effects.publish(HANDOFFS, key, answer(self.name, case, answered.at_ms))
            answered.revision = case.revision
        self.answers[key] = answered
        effects.state[self._key("answer", key)] = answered
        if len(self.answers) > ANSWERS:
            oldest = min(self.answers, key=lambda other: (self.answers[other].at_ms, other))
            del self.answers[oldest]
            effects.state[self._key("answer", oldest)] = None

    # What time does.

    @property
    def idle(self) -> bool:
        """Whether time can pass without anything to do."""
        return not self.open and self._next_tick() is None

    def advance(self, watermark_ms: int, effects: Effects) -> None:
        """Close every window that ends at or before the watermark, and judge the series each five minutes."""
        limit = watermark_ms - watermark_ms % MINUTE_MS
        if self.closed_ms is not None and limit <= self.closed_ms:
            return
        while True:
            cell_end = self.open[0] + MINUTE_MS if self.open else None
            tick = self._next_tick()
            if cell_end is not None and cell_end <= limit and (tick is None or cell_end <= tick):
                self._close(self.cells[heappop(self.open)], effects)
            elif tick is not None and tick <= limit:
                self._tick(tick, effects)
            else:
                break
        # Kept even where nothing was due: who takes over must call late what is late here.
        self.closed_ms = limit
        self._keep_head(effects)

    def _next_tick(self) -> int | None:
        """The next end of five minutes at which there is something to judge, or of an hour to tell the feeds."""
        if self.hour.cells or any(episode.firing for episode in self.episodes.values()):
            return self.rolled_ms - self.rolled_ms % FIVE_MINUTES_MS + FIVE_MINUTES_MS
        if self.fed or self.day.cells:
            return self.rolled_ms - self.rolled_ms % HOUR_MS + HOUR_MS
        return None

    def _roll(self, end_ms: int, effects: Effects) -> None:
        self.rolled_ms = end_ms
        self.five.evict(end_ms)
        self.hour.evict(end_ms)
        for cell in self.day.evict(end_ms):
            del self.cells[cell.start_ms]
            for name in cell.names():
                self.holding[name].popleft()
                if not self.holding[name]:
                    del self.holding[name]
            for index, fragment in enumerate(cell.fragments):
                self.seen.difference_update(fragment.events)
                effects.state[self._key("cell", f"{cell.start_ms}.{index}")] = None

    def _close(self, cell: Cell, effects: Effects) -> None:
        """A minute is over: it joins the rolling sums and the alerts that are going on, and is told."""
        judged_now = cell.end_ms % FIVE_MINUTES_MS == 0
        # At the end of five minutes the tick that follows rolls on and tells the window with its decision.
        self._roll(cell.end_ms - MINUTE_MS if judged_now else cell.end_ms, effects)
        for rolling in (self.five, self.hour, self.day):
            rolling.push(cell)
        for name in cell.names():
            self._index(name, cell)
            episode = self.episodes.get(name)
            if episode is not None and episode.firing:
                episode.take_in(cell.aggregate(name), cell.quotes(name))
                effects.state[self._key("alert", name)] = episode
            if name not in (EVERYTHING, NEGATIVE):
                self._note_heard(name, cell.start_ms)
            if name != NEGATIVE and not judged_now:
                self._publish_window(cell, name, self._sums(name), None, effects)

    def _index(self, name: str, cell: Cell) -> None:
        """Note that a closed cell holds a series; a cell may come to hold it late, and is put in its place."""
        cells = self.holding.setdefault(name, deque())
        if not cells or cells[-1].start_ms < cell.start_ms:
            cells.append(cell)
        elif cell not in cells:
            cells.insert(sum(other.start_ms < cell.start_ms for other in cells), cell)

    def _note_heard(self, name: str, time_ms: int) -> None:
        first_and_last = self.heard.setdefault(name, [time_ms, time_ms])
        first_and_last[:] = min(first_and_last[0], time_ms), max(first_and_last[1], time_ms)
        self.fed.setdefault(name, 0)

    def _tick(self, now_ms: int, effects: Effects) -> None:
        self._roll(now_ms, effects)
        names = {*self.hour.series, *(name for name, episode in self.episodes.items() if episode.firing)}
        points = sorted(names - {EVERYTHING, NEGATIVE})
        decisions = {}
        for name in (*points, NEGATIVE) if NEGATIVE in names else points:
            decisions[EVERYTHING if name == NEGATIVE else name] = self._judge(name, now_ms, effects)
        cell = self.cells.get(now_ms - MINUTE_MS) or Cell(now_ms - MINUTE_MS)
        for name in sorted({*decisions, *cell.names()} - {NEGATIVE}):
            verdict = decisions.get(name)
            # A quiet minute of a quiet series is no news.
            if cell.holds(name) or (verdict is not None and verdict.reason not in ("below_minimum", "no_baseline")):
                self._publish_window(cell, name, self._sums(name), verdict, effects)
        if now_ms % HOUR_MS == 0:
            self._end_hour(now_ms, effects)

    def _judge(self, name: str, now_ms: int, effects: Effects) -> Verdict:
        aggregate = self.hour.of(name)
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
        past = self.baselines.get(name) or Baseline(self.first_ms or now_ms)
        verdict = self.detector.judge(sample, past)
        kind = self._kind(name)
        if verdict.fired and not (episode and episode.firing):
            if self._told_already(name, kind, verdict):
                verdict = replace(verdict, reason="inhibited")
            else:
                episode = self._begin(name, kind, now_ms, verdict)
        effects.counts[f"verdict_{verdict.reason}"] += 1
        if episode is None or not episode.firing:
            return verdict
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
        alert = advance(episode, judged, self._evidence(name), now_ms)
        effects.state[self._key("alert", name)] = episode
        if alert is not None:
            effects.publish(ALERTS, episode.fingerprint, alert)
            effects.counts[f"alert_{alert['status']}"] += 1
            if name != NEGATIVE:
                self._publish_feed(name, now_ms, effects)
        if verdict.fired and now_ms != episode.detected_ms:
            return replace(verdict, reason="firing")
        return verdict

    def _begin(self, name: str, kind: Kind, now_ms: int, verdict: Verdict) -> Episode:
        point = None if name == NEGATIVE else name
        episode = self.episodes.get(name)
        if episode is None:
            fingerprint = fingerprint_of(self.name, kind, point)
            episode = Episode(self.name, kind, point, self._title(name), fingerprint)
            self.episodes[name] = episode
        earliest = max(now_ms - ONSET_MS, episode.ends_ms)
        recent = [cell for cell in self.holding.get(name, ()) if cell.start_ms >= earliest]
        minutes = [(cell.start_ms, len(cell.aggregate(name).voices)) for cell in recent]
        hourly = (verdict.expected or 0.0) * HOUR_MS / verdict.window_ms
        onset = onset_of(minutes, hourly)
        onset = now_ms - HOUR_MS if onset is None else onset
        episode.begin(onset, now_ms, self._evidence(name))
        for cell in recent:
            if cell.start_ms >= onset:
                episode.take_in(cell.aggregate(name), cell.quotes(name))
        return episode

    def _end_hour(self, now_ms: int, effects: Effects) -> None:
        """An hour is over: the baselines learn it, and the feeds tell what changed."""
        hour = now_ms // HOUR_MS - 1
        for name, aggregate in self.hour.series.items():
            if name != EVERYTHING:
                past = self.baselines.setdefault(name, Baseline(self.first_ms or now_ms))
                past.record(hour, len(aggregate.voices))
                effects.state[self._key("past", name)] = past
        for name in sorted(self.fed):
            if self.fed[name] != self.day.of(name).mentions or self.hour.of(name).mentions:
                self._publish_feed(name, now_ms, effects)
            elif not self.fed[name]:
                del self.fed[name]  # It came late, and its day was over before a feed could tell of it.

    def _evidence(self, name: str) -> Evidence:
        voices = self.hour.of(name).voices.keys()
        pain_points = {
            point: len(aggregate.voices.keys() & voices)
            for point, aggregate in self.hour.series.items()
            if point not in (EVERYTHING, NEGATIVE) and self._kind(point) == "pain_point"
        }
        ordered = sorted(((point, count) for point, count in pain_points.items() if count), key=lambda x: (-x[1], x[0]))
        return Evidence(self.hour.of(name), self.day.of(name), dict(ordered))

    def _told_already(self, name: str, kind: Kind, verdict: Verdict) -> bool:
        """Whether a firing alert says it too: of a pain point below it, of its cause, or of most of the new people."""
        firing = [other for other, episode in self.episodes.items() if episode.firing and other != name]
        if kind == "surge":
            return any(self._kind(other) == "pain_point" for other in firing)
        entry = self._entry(name)
        if entry is not None and any(other in entry.inhibited_by for other in firing):
            return True
        voices = self.hour.of(name).voices.keys()
        unusual = len(voices) - (verdict.expected or 0.0) * HOUR_MS / verdict.window_ms
        return any(
            self._kind(other) == kind and len(voices & self.hour.of(other).voices.keys()) >= 0.5 * unusual
            for other in firing
        )

    # What is told.

    def _publish_window(
        self,
        cell: Cell,
        name: str,
        sums: Sums,
        verdict: Verdict | None,
        effects: Effects,
    ) -> None:
        decision = None
        if verdict is not None:
            decision = {
                "reason": verdict.reason,
                "observed": verdict.observed,
                "expected": verdict.expected,
                "probability": verdict.probability,
            }
        record = window_metrics(
            self.name,
            name,
            cell.start_ms,
            cell.aggregate(name),
            rolling=sums,
            late=cell.late,
            decision=decision,
        )
        effects.publish(METRICS, key_of(self.name, name, cell.start_ms), record)

    def _publish_feed(self, name: str, now_ms: int, effects: Effects) -> None:
        day, hour = self.day.of(name), self.hour.of(name)
        first_ms, last_ms = self.heard[name]
        quotes: list[Quote] = []
        for cell in reversed(self.holding.get(name, ())):
            quotes.extend(cell.quotes(name))
            if len(quotes) >= FEED_QUOTES:
                break
        past = self.baselines.get(name)
        last_day = past.counts(range(now_ms // HOUR_MS - 24, now_ms // HOUR_MS)) if past else []
        known = past.span(now_ms - DAY_MS) if past else range(0)
        usual_day = sum(past.counts(known)) * 24 / len(known) if past and len(known) >= 24 else None
        episode = self.episodes.get(name)
        record = point_feed(
            self.name,
            name,
            self._title(name),
            now_ms,
            hour=hour,
            day=day,
            everything=self.day.of(EVERYTHING),
            hours_heard=sum(count > 0 for count in last_day),
            usual_day=usual_day,
            first_ms=first_ms,
            last_ms=last_ms,
            alert=episode.fingerprint if episode and episode.firing else None,
            quotes=quotes,
        )
        effects.publish(DELIGHTS if self._kind(name) == "delight" else PAIN_POINTS, f"{self.name}|{name}", record)
        if day.mentions:
            self.fed[name] = day.mentions
        else:
            self.fed.pop(name, None)

    def _sums(self, name: str) -> Sums:
        return self.five.of(name), self.hour.of(name), self.day.of(name)

    def _kind(self, name: str) -> Kind:
        if name == NEGATIVE:
            return "surge"
        entry = self._entry(name)
        return "delight" if entry is not None and entry.kind == "delight" else "pain_point"

    def _entry(self, name: str) -> Entry | None:
        """The catalog's entry; None for an id that a later catalog no longer has."""
        return self.catalog.entry(name) if name in self.catalog else None

    def _title(self, name: str) -> str:
        if name == NEGATIVE:
            return f"Many unhappy customers of {self.name}"
        entry = self._entry(name)
        return entry.title if entry is not None else name.replace("_", " ").capitalize()

    # What is kept.

    def _key(self, kind: str, name: str) -> str:
        return SEPARATOR.join((self.name, kind, name))

    def _keep_head(self, effects: Effects) -> None:
        effects.state[self._key("head", "")] = self

    def to_state(self) -> list[Any]:
        """The brand's own part of the state: where it is in time; the rest has keys of its own."""
        return [self.first_ms, self.closed_ms, self.rolled_ms, self.clocks, self.heard, self.fed]

    def restore(self, kind: str, name: str, state: Any) -> None:
        """Take in one stored value."""
        if kind == "head":
            self.first_ms, self.closed_ms, self.rolled_ms, self.clocks, self.heard, self.fed = state
        elif kind == "cell":
            start, index = (int(part) for part in name.split("."))
            fragments = self.cells.setdefault(start, Cell(start)).fragments
            fragments.extend(Fragment() for _ in range(index + 1 - len(fragments)))
            fragments[index] = Fragment.from_state(state)
        elif kind == "past":
            first_ms, hours = state
            self.baselines[name] = Baseline(first_ms, {int(hour): voices for hour, voices in hours.items()})
        elif kind == "alert":
            self.episodes[name] = Episode.from_state(state)
        elif kind == "case":
            self.cases[name] = Case(*state)
        elif kind == "answer":
            self.answers[name] = Answer(*state)
        else:
            raise ValueError(f"state of an unknown kind: {kind!r}; it was written by a newer Groundswell")

    def rebuild(self) -> None:
        """Derive from the stored values what is not stored: open cells, seen events, rolling sums."""
        self.open = []
        for start in sorted(self.cells):
            cell = self.cells[start]
            self.seen.update(event for fragment in cell.fragments for event in fragment.events)
            if self.closed_ms is not None and cell.end_ms <= self.closed_ms:
                for rolling in (self.five, self.hour, self.day):
                    if start >= self.rolled_ms - rolling.span_ms:
                        rolling.push(cell)
                for name in cell.names():
                    self._index(name, cell)
            else:
                self.open.append(start)
        heapify(self.open)
