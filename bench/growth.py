"""What an event costs in detect on a state that has grown, against a fresh one: processor time, in this process.

    python -m bench.growth                      # both, a few minutes
    python -m bench.growth year --combinations 200000 --json

year: a year of event time in which 1,000,000 combinations of brand, pain point and author speak; each brand on some
days, for an hour. wide: the same number of combinations within one day, so that all of them are in the state at once.

Measured is what a worker does with a frame of ``scored`` in detect: hearing it, encoding what follows to publish and to
store. The grown state and fresh ones, a little warmed up, hear equal spans of event time in turns; the ratio is that of
the medians.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from schemas.base import stamp
from schemas.progress import OriginProgress, Progress
from streams.catalog import Catalogs
from streams.collector import look_seldom
from streams.detection import detector
from streams.listener import Incoming, Listener
from streams.reader import Raw, Reader
from streams.scoring import Pseudonyms, Scorer
from streams.settings import Settings
from streams.topics import POSTS, SCORED

TARGET: Final = 1.3
"""The most that an event on a grown state may cost, in fresh ones."""
TURNS: Final = 3
FRAME: Final = 500
BRANDS: Final = 500
ACTIVE_DAYS: Final = 10
"""Days of the year on which a brand's customers speak."""
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
BEGIN_MS: Final = 1_772_409_600_000
"""2026-03-02, midnight in UTC."""
PAINS: Final = {
    "late_delivery": "My parcel is three days late.",
    "damaged_item": "The lamp came cracked and leaking.",
    "wrong_item": "You sent the wrong item.",
    "refund": "I still have no refund.",
    "billing": "I was charged twice.",
    "slow_support": "On hold for two hours, nobody answers.",
    "login": "I can't log in.",
    "checkout": "The checkout fails at payment.",
    "app_crash": "The app crashes all the time.",
    "cancellation": "I can't cancel my subscription.",
}
"""Pain point of the generic pack → a sentence that names it."""

Said = tuple[int, str, str, str]
"""(time in ms, brand, pain point, author)."""


@dataclass(frozen=True)
class Growth:
    """What was found."""

    mode: str
    combinations: int
    fresh_us: float
    """Median processor time of an event on a fresh state, in microseconds."""
    grown_us: float
    fresh_mb: float
    """Resident memory before the state grew."""
    grown_mb: float

    @property
    def ratio(self) -> float:
        """The cost on the grown state, in fresh ones."""
        return self.grown_us / self.fresh_us


def year(combinations: int) -> Iterator[Said]:
    """Day after day, without end: each day some brands, each for an hour; their customers come again after a year."""
    rng = random.Random(1)
    authors = max(combinations // BRANDS // len(PAINS), ACTIVE_DAYS)
    voices = authors // ACTIVE_DAYS
    turns = [0] * BRANDS
    day = 0
    while True:
        # So many that each brand has its turn ACTIVE_DAYS times in 365 days.
        first, last = (at * BRANDS * ACTIVE_DAYS // 365 for at in (day, day + 1))
        said: list[Said] = []
        for number in (turn % BRANDS for turn in range(first, last)):
            begin_ms = BEGIN_MS + day * DAY_MS + rng.randrange(23) * HOUR_MS
            group = turns[number] % ACTIVE_DAYS * voices
            turns[number] += 1
            said.extend(
                (begin_ms + rng.randrange(HOUR_MS), f"brand {number}", point, f"author {author}")
                for author in range(group, group + voices)
                for point in PAINS
            )
        yield from sorted(said)
        day += 1


def wide(combinations: int) -> Iterator[Said]:
    """All combinations within a day, in any order, again and again."""
    rng = random.Random(2)
    authors = max(combinations // BRANDS // len(PAINS), 1)
    total = BRANDS * len(PAINS) * authors
    points = list(PAINS)
    order = list(range(total))
    day = 0
    while True:
        rng.shuffle(order)
        for place, combination in enumerate(order):
            rest, point = divmod(combination, len(points))
            author, brand = divmod(rest, BRANDS)
            yield BEGIN_MS + day * DAY_MS + DAY_MS * place // total, f"brand {brand}", points[point], f"author {author}"
        day += 1


MODES: Final = {"year": (year, 3 * DAY_MS, 10 * DAY_MS), "wide": (wide, 2 * HOUR_MS, HOUR_MS)}
"""Mode → who speaks, how long fresh states are warmed up, and what is measured: as many full hours on all states."""


def measure(mode: str, combinations: int, turns: int = TURNS) -> Growth:
    """Grow a state, then compare what equal spans of event time cost on it and on fresh ones."""
    templates, (log, warm_ms, span_ms) = _templates(), MODES[mode]
    fresh_mb = _resident_mb()
    look_seldom()
    frames = _frames(log(combinations), templates)
    grown, count, began = _listener(), 0, time.monotonic()
    while count < combinations:
        _hear(grown, [next(frames)])
        count += FRAME
        if not count % 100_000:
            print(f"  {mode}: {count:,} heard, {time.monotonic() - began:.0f} s", file=sys.stderr)
    grown_mb = _resident_mb()
    fresh_us, grown_us = [], []
    for turn in range(turns):
        grown_us.append(_hear(grown, _span(frames, span_ms)))
        others, fresh = _frames(log(combinations), templates), _listener()
        _hear(fresh, _span(others, warm_ms))
        fresh_us.append(_hear(fresh, _span(others, span_ms)))
        print(f"  {mode} {turn + 1}: grown {grown_us[-1]:.0f} µs, fresh {fresh_us[-1]:.0f} µs", file=sys.stderr)
    medians = statistics.median(fresh_us), statistics.median(grown_us)
    return Growth(mode, combinations, *medians, fresh_mb, grown_mb)


Frame = tuple[int, list[Incoming]]
"""(time of its last event in ms, its records)."""


def _span(frames: Iterator[Frame], span_ms: int) -> list[Frame]:
    """The next frames, over so much event time."""
    taken = [next(frames)]
    while taken[-1][0] < taken[0][0] + span_ms:
        taken.append(next(frames))
    return taken


def _hear(listener: Listener, frames: Iterable[Frame]) -> float:
    """Do what a worker does with these frames; gives µs of processor time an event."""
    began, events = time.process_time(), 0
    for _, frame in frames:
        effects = listener.hear(frame)
        for _, _, value in effects.records:
            orjson.dumps(value)
        for value in effects.state.values():
            Listener.encode(value)
        events += len(frame) - 1
    return (time.process_time() - began) / events * 1e6


def _frames(said: Iterator[Said], templates: dict[str, dict[str, Any]]) -> Iterator[Frame]:
    """Frames of scored records of one origin, each with its progress behind it."""
    first = 0
    while batch := list(islice(said, FRAME)):
        frame = []
        for offset, (time_ms, brand, point, author) in enumerate(batch, first):
            record = templates[point] | {
                "id": str(offset),
                "brand": brand,
                "author": author,
                "created_at": stamp(time_ms),
                "origin": {"topic": POSTS.name, "partition": 0, "offset": offset},
            }
            frame.append(Incoming(orjson.dumps(record), progress=False))
        reached = OriginProgress(offset=first + len(batch) - 1, live_ms=batch[-1][0])
        progress = Progress(origins={f"{POSTS.name}:0": reached}, at_ms=batch[-1][0], raw={POSTS.name: 1})
        frame.append(Incoming(progress.model_dump_json().encode(), progress=True))
        yield batch[-1][0], frame
        first += len(batch)


def _templates() -> dict[str, dict[str, Any]]:
    """A record of ``scored`` for each pain point, as the product scores its sentence."""
    settings = Settings()
    reader = Reader(Scorer(_catalogs(), Pseudonyms(b"a key for the benchmark alone"), **settings.scoring), 0)
    found = {}
    for offset, (point, text) in enumerate(PAINS.items()):
        event = {"id": point, "brand": "brand", "author": "author", "text": text, "created_at": stamp(BEGIN_MS)}
        raw = Raw(POSTS.name, 0, offset, BEGIN_MS, None, orjson.dumps(event))
        records = [value for topic, _, value in reader.read("posts", [raw]).records if topic is SCORED]
        record = orjson.loads(orjson.dumps(records[0]))
        if point not in [mention["id"] for mention in record["pain_points"]]:
            raise ValueError(f"{text!r} does not name {point} any more; give another sentence in PAINS")
        record["pain_points"] = [mention for mention in record["pain_points"] if mention["id"] == point]
        found[point] = record
    return found


def _listener() -> Listener:
    settings = Settings()
    return Listener(_catalogs(), detector(settings.detector), settings.lateness_ms)


def _catalogs() -> Catalogs:
    return Catalogs.load(("generic",), {})


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1000


def main() -> None:
    """Measure what is asked for; exits with 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modes", nargs="*", metavar="year|wide", help="default: both")
    parser.add_argument("--combinations", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    chosen = arguments.modes or list(MODES)
    if unknown := set(chosen) - set(MODES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are: {', '.join(MODES)}")
    found = [measure(mode, arguments.combinations) for mode in chosen]
    if arguments.json:
        results = [asdict(each) | {"ratio": each.ratio} for each in found]
        sys.stdout.buffer.write(orjson.dumps(results, option=orjson.OPT_APPEND_NEWLINE))
    else:
        for each in found:
            per = (each.grown_mb - each.fresh_mb) * 1e6 / each.combinations
            print(
                f"{each.mode:<5} {each.combinations:,} combinations: {each.grown_us:.0f} µs an event, fresh"
                f" {each.fresh_us:.0f} µs: ratio {each.ratio:.2f} (target {TARGET}); {each.grown_mb:.0f} MB resident,"
                f" {per:.0f} bytes a combination"
            )
    sys.exit(any(each.ratio > TARGET for each in found))


if __name__ == "__main__":
    main()
