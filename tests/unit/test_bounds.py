"""What the state of the detect stage holds at most: each bound is driven to, and what goes is counted."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from functools import _lru_cache_wrapper
from typing import Any

import orjson
import pytest

from streams import desk
from streams.effects import Effects
from streams.listener import Incoming
from streams.telemetry import Telemetry
from streams.topics import METRICS
from streams.windows.bounds import Bounds
from streams.windows.names import ANONYMOUS, OTHER, anonymous
from tests.support.partition import Partition
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE, heard, progress, scored, told


def live(at_ms: int) -> Incoming:
    """One origin, complete so far, so that the watermark is ten minutes behind it."""
    return told(progress({"posts.v1:0": at_ms}))


class Log:
    """Scored records of one origin, with offsets."""

    def __init__(self) -> None:
        self.offset = -1

    def say(self, at_ms: int, id_: str | None = None, **fields: Any) -> Incoming:
        self.offset += 1
        record = scored(id_ or f"e{self.offset}", at_ms, origin=("posts.v1", 0, self.offset), **fields)
        return heard(record)


def listen(bounds: Bounds, log: Iterable[Incoming]) -> tuple[Partition, Effects]:
    """The log heard at once, by one worker; and record by record, each by a worker that has just taken over. Both must
    come to the same."""
    whole, broken = Partition(bounds=bounds), Partition(bounds=bounds)
    records = list(log)
    effects = whole.hear(records)
    counts = Effects().counts
    for record in records:
        counts += broken.hear([record]).counts
        broken.restart()
    assert values(broken) == values(whole)
    assert broken.final() == whole.final()
    assert counts == +effects.counts
    return whole, effects


def values(partition: Partition) -> dict[str, Any]:
    """What is stored; of equal values, the keys may stand in another order."""
    return {key: orjson.loads(value) for key, value in partition.stored.items()}


def windows(partition: Partition, name: str = "*") -> list[dict[str, Any]]:
    return [window for window in partition.of(METRICS) if window["pain_point"] == name and window["closed"]]


def mentions(partition: Partition) -> dict[str, int]:
    """Series → its mentions in all windows."""
    counts: Counter[str] = Counter()
    for key, window in partition.final().items():
        if key[0] == METRICS.short_name:
            counts[window["pain_point"]] += window["window"]["mentions"]
    return +counts


def test_telemetry_shows_each_kind_of_what_is_dropped_from_the_beginning() -> None:
    telemetry = Telemetry()
    kinds = {"handoff", "brand", "series", "segment", "voice", "event_id"}

    def dropped() -> dict[str, float | None]:
        value = telemetry.registry.get_sample_value
        return {kind: value("groundswell_dropped_total", {"kind": kind}) for kind in kinds}

    assert dropped() == dict.fromkeys(kinds, 0)
    effects = Effects()
    effects.counts["series_dropped"] = 3
    telemetry.note(effects)
    assert dropped() == dict.fromkeys(kinds, 0) | {"series": 3}


def test_an_id_that_the_catalog_does_not_have_is_no_series() -> None:
    log = Log()
    partition, effects = listen(
        Bounds(),
        [
            log.say(BASE_MS, points=["late_delivery", "*negative", "made_up"]),
            log.say(BASE_MS + 1, points=[f"made_up_{number}" for number in range(1000)], sentiment=-0.5),
            live(BASE_MS + HOUR),
            log.say(BASE_MS + 2, points=["made_up_too", "checkout_fails"]),  # Late.
            live(BASE_MS + DAY),
        ],
    )
    assert effects.counts["series_dropped"] == 1003
    assert mentions(partition) == {"*": 3, "late_delivery": 1, "checkout_fails": 1}
    brand = partition.listener.brands["Acme"]
    assert brand.judging.baselines.keys() == {"*", "*negative", "late_delivery", "checkout_fails"}
    assert brand.feeds.heard.keys() == {"late_delivery", "checkout_fails"}


def test_a_record_that_would_open_one_window_too_many_is_not_counted() -> None:
    log = Log()
    partition, effects = listen(
        Bounds(windows=3),
        [
            *(log.say(BASE_MS + n * MINUTE) for n in (4, 2, 9, 7, 4, 3)),
            live(BASE_MS + 13 * MINUTE),  # Closes one: there is room again.
            log.say(BASE_MS + 7 * MINUTE),
            log.say(BASE_MS + 8 * MINUTE),
            log.say(BASE_MS + MINUTE),  # Late: its window is not open.
            live(BASE_MS + 2 * HOUR),
        ],
    )
    assert effects.counts["too_many_windows"] == 3
    minutes = [window["window_start"][14:16] for window in windows(partition) if window["window"]["mentions"]]
    assert sorted(set(minutes)) == ["01", "02", "04", "07", "09"]


def test_segment_values_beyond_the_bound_of_a_day_count_as_other() -> None:
    log, bounds = Log(), Bounds(values=5)
    products = [f"p{number}" for number in range(9)]
    first = [log.say(BASE_MS + n * 20_000, product=product) for n, product in enumerate(products)]
    again = [log.say(BASE_MS + 11 * MINUTE, product=product) for product in reversed(products)]
    late = [log.say(BASE_MS + 1, product="p0"), log.say(BASE_MS + 1, product="late")]
    begin = [*first, live(BASE_MS + 12 * MINUTE), *again, *late, live(BASE_MS + 3 * HOUR)]
    partition, effects = listen(bounds, begin)
    day = partition.listener.brands["Acme"].windows.day.of("*")
    assert day.segments["product"] == {"p0": 3, "p1": 2, "p2": 2, "p3": 2, "p4": 2, OTHER: 9}
    assert day.segments["channel"] == {"posts": 20}
    assert effects.counts["segment_dropped"] == 9
    # A day later others come by their names.
    partition, effects = listen(
        bounds,
        [
            *begin,
            live(BASE_MS + DAY + 20 * MINUTE),  # The first minutes have left the day, the others have not.
            *(log.say(BASE_MS + DAY + 21 * MINUTE, product=product) for product in ("p5", "p4", "p6")),
            live(BASE_MS + DAY + 40 * MINUTE),
            *(log.say(BASE_MS + DAY + 41 * MINUTE, product=f"q{number}") for number in range(3)),
            live(BASE_MS + DAY + 2 * HOUR),
        ],
    )
    day = partition.listener.brands["Acme"].windows.day.of("*")
    assert day.segments["product"] == {"p4": 1, "q0": 1, "q1": 1, "q2": 1, OTHER: 2}
    assert effects.counts["segment_dropped"] == 11


def test_voices_beyond_the_bound_of_a_day_share_anonymous_ones() -> None:
    log, bounds = Log(), Bounds(voices=5, values=3)
    authors = [f"a{number}" for number in range(12)]
    partition, effects = listen(
        bounds,
        [
            *(log.say(BASE_MS + n % 4 * MINUTE, author=author) for n, author in enumerate(authors)),
            *(log.say(BASE_MS + n % 4 * MINUTE, author="a1") for n in range(8)),
            *(log.say(BASE_MS + n % 4 * MINUTE, author="a9", sentiment=-0.5) for n in range(4)),
            log.say(BASE_MS, author="us", direction="agent"),
            live(BASE_MS + 30 * MINUTE),
            log.say(BASE_MS + 1, author="late"),
            log.say(BASE_MS + 2, author="a2"),
            live(BASE_MS + 2 * HOUR),
        ],
    )
    day = partition.listener.brands["Acme"].windows.day.of("*")
    beyond = Counter(anonymous(author) for author in [*authors[5:], *["a9"] * 4, "late"])
    assert day.voices == {"a0": 1, "a1": 9, "a2": 2, "a3": 1, "a4": 1} | beyond
    assert (day.mentions, day.loudest) == (26, 9)
    assert effects.counts["voice_dropped"] == beyond.total() == 12
    assert partition.listener.brands["Acme"].windows.day.of("*negative").voices == {anonymous("a9"): 4}
    # Where one hour's voices have left the day, others have a name again.
    partition.hear([live(BASE_MS + 2 * DAY), *(log.say(BASE_MS + 2 * DAY, author=author) for author in authors[7:])])
    partition.hear([live(BASE_MS + 2 * DAY + HOUR)])
    assert partition.listener.brands["Acme"].windows.day.of("*").voices == dict.fromkeys(authors[7:], 1)


def test_an_anonymous_name_is_the_same_everywhere() -> None:
    assert anonymous("somebody") == "~113"
    names = Counter(anonymous(f"author {number}") for number in range(100_000))
    assert names.keys() == set(ANONYMOUS) and max(names.values()) < 2 * 100_000 / len(ANONYMOUS)
    assert anonymous("\ud800") in ANONYMOUS, "what is no text may be a name, too"


def test_identities_beyond_the_bound_are_forgotten_the_oldest_minute_first() -> None:
    log = Log()
    partition, effects = listen(
        Bounds(events=6),
        [
            *(log.say(BASE_MS + n * MINUTE, f"{n}.{m}") for n in (3, 1, 2) for m in range(2)),
            log.say(BASE_MS + 1 * MINUTE, "1.1"),  # Known still.
            log.say(BASE_MS + 4 * MINUTE, "4.0"),  # One too many: the first minute's are forgotten.
            log.say(BASE_MS + 1 * MINUTE, "1.0"),  # So this is new again …
            log.say(BASE_MS + 2 * MINUTE, "2.0"),
            log.say(BASE_MS + 3 * MINUTE, "3.1"),
            live(BASE_MS + DAY + 13 * MINUTE + HOUR),  # … and the minutes leave the day.
            log.say(BASE_MS + 1 * HOUR + 4 * MINUTE, "4.0"),
            log.say(BASE_MS + DAY + HOUR, "5.0"),
            log.say(BASE_MS + DAY + HOUR, "5.1"),  # With these two, two more minutes of ids are.
            log.say(BASE_MS + DAY + HOUR, "1.0"),  # New once more.
            log.say(BASE_MS + DAY + HOUR, "3.0"),
            live(BASE_MS + DAY + 3 * HOUR),
        ],
    )
    assert effects.counts["duplicate"] == 5
    assert effects.counts["event_id_dropped"] == 5
    assert len(partition.listener.brands["Acme"].windows.seen) == 6
    assert mentions(partition)["*"] == 11


def test_a_minute_of_more_identities_than_the_bound_is_counted_in_full() -> None:
    log, bounds = Log(), Bounds(events=450)
    said = [log.say(BASE_MS + n % 2 * MINUTE, f"{n}") for n in range(2_000)]
    one, other = Partition(bounds=bounds), Partition(bounds=bounds)
    one.hear([*said, live(BASE_MS + HOUR)])
    for at in range(0, len(said), 130):
        other.hear(said[at : at + 130])
        other.hear(said[at : at + 130])  # It comes again, as after a crash.
        other.restart()
    other.hear([live(BASE_MS + HOUR)])
    assert mentions(one) == mentions(other) == {"*": 2_000}
    assert values(one) == values(other)
    assert len(one.listener.brands["Acme"].windows.seen) <= 450


def test_memory_stops_growing_whatever_strangers_make_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "OPEN_CASES", 100)
    rng, log = random.Random(7), Log()
    bounds = Bounds(brands=8, voices=100, values=8, events=500, windows=50)
    partition = Partition(bounds=bounds)

    def day(number: int) -> None:
        for at_ms in range(BASE_MS + number * DAY, BASE_MS + (number + 1) * DAY, 6 * MINUTE):
            made_up = f"{rng.getrandbits(64):x}"
            fields: dict[str, Any] = {"author": made_up, "product": made_up, "channel": made_up}
            fields |= {"points": [made_up, "late_delivery"], "sentiment": -0.5, "emotions": {made_up: 0.5}}
            fields |= {"conversation": made_up, "churn_risk": 0.9}
            partition.hear(
                [
                    log.say(at_ms, **fields),
                    log.say(at_ms, brand=rng.choice(["Acme", made_up]), **fields),
                    # Years ahead: no time that comes here closes it.
                    log.say(at_ms + rng.randrange(400, 4_000) * DAY, brand="Far", **fields),
                    live(at_ms),
                ]
            )
            partition.published.clear()
            partition.last.clear()

    def held() -> tuple[int, int]:
        """Bytes of all that is in memory but for caches, which fill up to a bound of their own; of what is stored."""
        gc.collect()
        for cache in gc.get_objects():
            if isinstance(cache, _lru_cache_wrapper):
                cache.cache_clear()
        # orjson's buffers are larger than what they hold, each by another size.
        partition.stored = {key: bytes(bytearray(value)) for key, value in partition.stored.items()}
        gc.collect()
        stored = sum(len(key) + len(value) for key, value in partition.stored.items())
        return tracemalloc.get_traced_memory()[0], stored

    tracemalloc.start()
    try:
        for number in range(3):
            day(number)
        before = held()
        for number in range(3, 6):
            day(number)
        after = held()
    finally:
        tracemalloc.stop()
    assert after[0] < 1.03 * before[0] and after[1] < 1.03 * before[1], (before, after)
    acme = partition.listener.brands["Acme"]
    assert len(partition.listener.brands) == 8
    assert len(partition.listener.brands["Far"].windows.open) == 50
    assert len(acme.windows.seen) <= 500
    assert len(acme.windows.day.of("*").segments["product"]) == 9
