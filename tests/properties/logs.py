"""What Hypothesis draws: customers' records over a day and a bit, and logs of ``scored`` that carry them."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from streams.listener import Incoming
from tests.support.partition import LATENESS_MS
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE, heard, mark, milliseconds, progress, scored, told

BRANDS = ("Acme", "Bean")
POINTS = ((), ("late_delivery",), ("late_delivery", "checkout_fails"), ("checkout_fails",), ("personal_touch",))
END_MS = BASE_MS + 2 * DAY


def background() -> list[dict[str, Any]]:
    """A quiet day, so that there is a baseline."""
    return [
        scored(f"quiet-{brand}-{hour}", BASE_MS + hour * HOUR + 7 * MINUTE, brand=brand, author=f"a{hour % 5}")
        for hour in range(0, 25, 3)
        for brand in BRANDS
    ]


@st.composite
def customers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Records in order of time, each id once: a quiet day, then some hours that may be anything, also a spike.

    Sizes are drawn, so that they shrink; what is said comes from a seed, so that large examples are as likely.
    """
    count, minutes = draw(st.integers(1, 70)), draw(st.sampled_from([3, 40, 180, 400]))
    authors, rng = draw(st.integers(1, 40)), random.Random(draw(st.integers(0, 2**32)))
    records = []
    for number in range(count):
        author, points = rng.randrange(authors), rng.choice(POINTS)
        sentiment = rng.choice([-0.9, -0.5, -0.5, 0.0, 0.7])
        at_ms = BASE_MS + DAY + HOUR + rng.randrange(minutes * MINUTE)
        record = scored(
            f"said-{number}",
            at_ms,
            brand=rng.choice((BRANDS[0], BRANDS[0], BRANDS[1])),
            author=f"a{author}",
            points=points,
            sentiment=sentiment,
            channel=rng.choice(["x", "mastodon"]),
            text=f"words {author} {number} {'late parcel' if points else 'hello'}",
            effort=rng.random(),
            emotions={"anger": 0.4} if sentiment < 0 else {"joy": 0.3},
            need="I want my parcel" if author % 3 == 0 else None,
            conversation=f"case {author}" if rng.random() < 0.2 else None,
            direction="agent" if rng.random() < 0.05 else "customer",
            repeat_contact=rng.random() < 0.1,
            wording=_wording(rng),
        )
        records.append(record)
    return sorted(background() + records, key=lambda record: (record["created_at"], record["id"]))


def _wording(rng: random.Random) -> str | None:
    """None, or one of three wordings with up to six of its eight hashes changed to one of some others."""
    if rng.random() < 0.4:
        return None
    base = rng.randrange(3)
    keys = [f"{base}{at}=" for at in range(8)]
    for at in rng.sample(range(8), rng.choice([0, 0, 2, 4, 6])):
        keys[at] = f"{rng.randrange(9)}{at}+"
    return "".join(keys)


@st.composite
def logs(draw: st.DrawFn, records: list[dict[str, Any]], *, latest_ms: int = LATENESS_MS - MINUTE) -> list[Incoming]:
    """A log that carries the records, live or replayed: distributed over origins, disordered within the lateness, and
    with true progress.

    Args:
        latest_ms: How much older than the newest of its origin a record may be when it arrives.
    """
    origins = [f"posts.v1:{number}" for number in range(draw(st.integers(1, 3)))]
    rng = random.Random(draw(st.integers(0, 2**32)))
    every = draw(st.integers(1, 12))
    replay = draw(st.sampled_from([None, "r1"]))

    def report(reached: dict[str, int], *, ended: bool = False) -> Incoming:
        raw = {"posts.v1": len(origins)}
        if replay is None:
            return told(progress(reached, raw=raw))
        marks = {origin: mark(replay, at_ms, origins=raw, ended=ended) for origin, at_ms in reached.items()}
        return told(progress(marks=marks, raw=raw))

    arrivals = sorted(
        records,
        key=lambda record: (
            milliseconds(record["created_at"]) + (rng.randrange(latest_ms + 1) if rng.random() < 0.5 else 0)
        ),
    )
    queues: dict[str, list[dict[str, Any]]] = {origin: [] for origin in origins}
    for record in arrivals:
        queues[rng.choice(origins)].append(record)
    reached: dict[str, int] = {}
    log: list[Incoming] = []
    unspoken = 0
    offsets = dict.fromkeys(origins, 0)
    while any(queues.values()):
        # Any origin may be hours of event time ahead of the others.
        origin = rng.choice([name for name, queue in queues.items() if queue])
        taken = rng.randint(1, 8)
        for record in queues[origin][:taken]:
            log.append(heard(_at(record, origin, offsets[origin], replay)))
            offsets[origin] += 1
            reached[origin] = max(reached.get(origin, 0), milliseconds(record["created_at"]))
            unspoken += 1
        del queues[origin][:taken]
        if unspoken >= every:
            unspoken = 0
            log.append(report(reached))
    # Time goes on in silence, in steps of any length.
    now_ms = max(reached.values())
    for _ in range(draw(st.integers(0, 30))):
        now_ms += rng.choice([1_000, MINUTE, 7 * MINUTE])
        log.append(report(dict.fromkeys(origins, now_ms)))
    log.append(report(dict.fromkeys(origins, END_MS if replay else END_MS + LATENESS_MS), ended=True))
    return log


def frames(log: list[Incoming], cuts: list[int]) -> list[list[Incoming]]:
    """The log, cut into frames of these sizes, over and over."""
    pieces, at, turn = [], 0, 0
    while at < len(log):
        size = cuts[turn % len(cuts)]
        pieces.append(log[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


def _at(record: dict[str, Any], origin: str, offset: int, replay: str | None) -> dict[str, Any]:
    topic, partition = origin.rsplit(":", 1)
    return record | {"origin": {"topic": topic, "partition": int(partition), "offset": offset, "replay": replay}}
