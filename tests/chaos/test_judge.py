"""The judge itself: it finds what is lost, doubled, new, or otherwise, and it puts repeats down to the right fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from streams.recorded import RecordedEvent
from streams.settings import Settings
from streams.topics import RAW
from tests.broker.pipeline import Events, replayed
from tests.chaos.judge import Judgement, judge
from tests.chaos.measure import Struck, measure
from tests.chaos.schedule import Fault
from tests.chaos.tail import Seen
from tests.chaos.truth import Found, truth_of

CATALOG = ("generic",)
SETTINGS = Settings(topic_prefix="t.", group="t", partitions=2)
KEY = b"k" * 32


def event(number: int, minute: int = 0) -> RecordedEvent:
    said = {"id": f"e{number}", "brand": "Acme", "text": "I love it!", "author": f"a{number}"}
    said["created_at"] = f"2026-03-02T08:{minute:02d}:00Z"
    return RecordedEvent(f"e{number}", orjson.dumps(said), 1_772_438_400_000 + minute * 60_000)


EVENTS: Events = [
    *(("posts", event(number)) for number in range(3)),
    ("posts", RecordedEvent(None, b"{", 0)),
    ("posts", event(3, 5)),
]
TRUTH = truth_of(EVENTS, CATALOG, KEY)


def records() -> dict[str, list[Seen]]:
    """What the topics of a worker that does everything right would hold: what the replay says, with real origins."""
    seen: dict[str, list[Seen]] = {"posts": [], "state": []}
    for offset, (_, sent) in enumerate(EVENTS):
        seen["posts"].append(Seen(0, offset, None, sent.value, False, 1.0))
    for topic, key, value in replayed(EVENTS, CATALOG, KEY):
        if "origin" in value:
            value["origin"]["topic"] = "t." + value["origin"]["topic"]
        held = seen.setdefault(topic.short_name, [])
        held.append(Seen(0, len(held), key.encode(), orjson.dumps(value), False, 2.0))
    return seen


def judged(seen: dict[str, list[Seen]], events: Events = EVENTS) -> Judgement:
    found = Found("t.")
    found.take(seen)
    return judge(TRUTH, found, events)


def again(record: Seen, change: Callable[[Any], None] = lambda value: None, *, at: float = 3.0) -> Seen:
    """The record once more, at the topic's end, changed."""
    value = orjson.loads(record.value or b"")
    change(value)
    return Seen(record.partition, record.offset + 1_000, record.key, orjson.dumps(value), False, at)


def window(seen: dict[str, list[Seen]]) -> Seen:
    return next(r for r in seen["metrics"] if b'"closed":true' in (r.value or b"") and b'"*"' in (r.value or b""))


def test_what_is_right_is_right() -> None:
    judgement = judged(records())
    assert judgement.problems == []
    assert (judgement.lost, judgement.doubled) == (0, 0)


def test_what_is_read_again_alike_is_right_too() -> None:
    seen = records()
    for name in ("scored", "quarantine"):
        seen[name] += [again(record) for record in seen[name]]
    assert judged(seen).problems == []


def lose_a_scored_record(seen: dict[str, list[Seen]]) -> None:
    del seen["scored"][1]


def lose_a_window(seen: dict[str, list[Seen]]) -> None:
    seen["metrics"].remove(window(seen))


@pytest.mark.parametrize(("lose", "lost"), [(lose_a_scored_record, 1), (lose_a_window, 3)])
def test_what_is_lost_is_told(lose: Callable[[dict[str, list[Seen]]], None], lost: int) -> None:
    seen = records()
    lose(seen)
    judgement = judged(seen)
    assert judgement.problems
    assert (judgement.lost, judgement.doubled) == (lost, 0)


def count_twice(value: Any) -> None:
    value["window"]["mentions"] *= 2


def test_what_is_counted_twice_is_told_even_when_it_was_right_before_or_after() -> None:
    seen = records()
    right = window(seen)
    seen["metrics"].insert(0, again(right, count_twice))
    judgement = judged(seen)
    assert any("another content" in problem for problem in judgement.problems)
    assert judgement.doubled == 3


def test_what_is_both_scored_and_in_quarantine_is_doubled() -> None:
    seen = records()
    place = orjson.loads(seen["scored"][0].value or b"")["origin"]
    seen["quarantine"].append(again(seen["quarantine"][0], lambda value: value.update(origin=place)))
    judgement = judged(seen)
    assert judgement.doubled == 1


def move_on(value: Any) -> None:
    value["window_start"] = "2026-03-02T09:00:00.000Z"


def other_text(value: Any) -> None:
    value["text"] = "I hate it!"


def open_again(value: Any) -> None:
    value["closed"] = False


@pytest.mark.parametrize(
    ("topic", "change", "problem"),
    [
        ("metrics", move_on, "windows that nobody expected"),
        ("metrics", open_again, "last record is another"),
        ("scored", other_text, "read otherwise"),
    ],
)
def test_what_is_new_or_otherwise_is_told(topic: str, change: Callable[[Any], None], problem: str) -> None:
    seen = records()
    seen[topic].append(again(window(seen) if topic == "metrics" else seen[topic][0], change))
    assert any(problem in told for told in judged(seen).problems)


def test_what_the_sender_lost_or_doubled_is_told() -> None:
    assert any("not on the raw topics" in told for told in judged(records(), [*EVENTS, EVENTS[0]]).problems)
    assert any("more often than sent" in told for told in judged(records(), EVENTS[1:]).problems)


def struck(kind: Any, at: float, *partitions: int) -> Struck:
    posts = RAW["posts"].full_name(SETTINGS.topic_prefix)
    owned = frozenset((posts, partition) for partition in partitions)
    return Struck(Fault(0.0, 0.5, kind, 0), 0.0, at, owned or None)


def repeats(*faults: Struck, first: float = 2.0, second: float = 9.0) -> tuple[list[int], int]:
    found = Found("t.")
    found.scored["posts", 0, 7] = [(first, b""), (second, b"")]
    measures = measure(list(faults), found, {"scored": [], "state": []}, SETTINGS)
    return [cost.repeated for cost in measures.costs], measures.unexplained


def test_a_repeat_is_put_down_to_the_fault_that_lost_the_first() -> None:
    assert repeats(struck("kill", 3.0, 0)) == ([1], 0)
    assert repeats(struck("kill", 1.0, 0), struck("freeze", 3.0, 0), struck("kill", 5.0, 0)) == ([0, 1, 0], 0)
    assert repeats(struck("kill", 3.0, 1), struck("broker", 4.0)) == ([0, 1], 0), "the broker is everybody's"
    assert repeats(struck("freeze", 1.0, 0)) == ([1], 0), "it woke up with the record in its hands"


def test_an_orderly_stop_explains_no_repeat() -> None:
    assert repeats(struck("stop", 3.0, 0)) == ([], 1)
    assert repeats(struck("kill", 3.0, 1)) == ([0], 1), "it did not own the partition"
    assert repeats(struck("kill", 10.0, 0)) == ([0], 1), "it came afterwards"


def test_recovery_ends_with_the_last_partition_that_flows_again() -> None:
    found = Found("t.")
    found.scored["posts", 0, 1] = [(9.0, b"")]
    killed = struck("kill", 3.0, 0, 1)
    quiet = orjson.dumps({"origins": {"t.posts.v1:1": {"offset": 5}}})
    seen = [Seen(0, 1, None, quiet, True, 3.1), Seen(0, 2, None, quiet, True, 11.5)]
    (cost,) = measure([killed], found, {"scored": seen, "state": []}, SETTINGS).costs
    assert cost.recovery == 8.5, "what came at 3.1 was still the killed worker's"
    others = [("t.reviews.v1", 4.0), ("t.tickets.v1", 4.1)]
    flowing = [
        Seen(0, 3, None, orjson.dumps({"origins": {f"{t}:{n}": {}}}), True, at) for t, at in others for n in (0, 1)
    ]
    state = [Seen(number, 1, b"key", b"1", False, 5.0) for number in (0, 1)]
    (cost,) = measure([struck("kill", 3.0)], found, {"scored": seen + flowing, "state": state}, SETTINGS).costs
    assert cost.recovery == 8.5, "it did not say what it had: all partitions are looked at"
    (cost, _) = measure([killed, struck("broker", 10.0)], found, {"scored": seen, "state": []}, SETTINGS).costs
    assert cost.recovery is None, "it was disturbed before"
