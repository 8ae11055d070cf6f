"""Is what the topics hold what the replay says? Nothing lost, nothing doubled, nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tests.broker.pipeline import Events
from tests.chaos.truth import Found, Truth, digest

EXAMPLES: Final = 3


@dataclass(slots=True)
class Judgement:
    """What is wrong, in words for people and whole for the difference's file."""

    problems: list[str] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0
    """Raw records that became nothing, and mentions that closed windows lack."""
    doubled: int = 0
    """Raw records that became two things, and mentions that closed windows have too many."""

    def note(self, what: str, items: Collection[Any], show: Callable[[Any], Any]) -> None:
        """Note that these are wrong, if there are any."""
        if items:
            shown = [show(item) for item in items]
            self.differences += [{"what": what, "case": case} for case in shown]
            examples = "; ".join(orjson.dumps(case, default=str).decode()[:400] for case in shown[:EXAMPLES])
            self.problems.append(f"{what}: {len(items):,}, such as {examples}")


def judge(truth: Truth, found: Found, events: Events) -> Judgement:
    """Compare all that was found with the truth."""
    judgement = Judgement()
    _sent(judgement, found, events)
    _read(judgement, truth, found)
    _told(judgement, truth, found)
    _last(judgement, truth, found)
    return judgement


def _sent(judgement: Judgement, found: Found, events: Events) -> None:
    """The raw topics hold what was sent, once."""
    sent = Counter(digest(source, event.value) for source, event in events)
    held = Counter(found.raw.values())
    judgement.note("sent, but not on the raw topics", list((sent - held).elements()), bytes.hex)
    judgement.note("on the raw topics more often than sent", list((held - sent).elements()), bytes.hex)


def _read(judgement: Judgement, truth: Truth, found: Found) -> None:
    """raw = distinct scored + quarantined, each with the content that the replay gives it."""
    read = found.scored.keys() | found.quarantined.keys()
    lost = sorted(found.raw.keys() - read)
    doubled = sorted(found.scored.keys() & found.quarantined.keys())
    judgement.lost += len(lost)
    judgement.doubled += len(doubled)
    judgement.note("raw records that are neither scored nor in quarantine", lost, str)
    judgement.note("raw records that are both scored and in quarantine", doubled, str)
    judgement.note("results of raw records that do not exist", sorted(read - found.raw.keys()), str)
    judgement.note("in quarantine from elsewhere", found.strange, bytes.decode)
    wrong = [
        {"place": str(place), "want": (truth.read.get(found.raw[place]) or b"").decode(), "got": copy.decode()}
        for results in (found.scored, found.quarantined)
        for place, copies in results.items()
        if place in found.raw
        for _, copy in copies
        if copy != truth.read.get(found.raw[place])
    ]
    judgement.note("raw records that were read otherwise", wrong, _difference)


def _told(judgement: Judgement, truth: Truth, found: Found) -> None:
    """Every closed window, alert, handoff and feed record, in every copy."""
    for kind in ("window", "alert", "handoff", "feed"):
        want = {identity for identity in truth.told if identity[0] == kind}
        got = {identity for identity in found.told if identity[0] == kind}
        judgement.note(f"{kind}s that are missing", sorted(want - got), str)
        judgement.note(f"{kind}s that nobody expected", sorted(got - want), str)
        wrong = [
            {"identity": str(identity), "want": next(iter(truth.told[identity])).decode(), "got": copy.decode()}
            for identity in sorted(want & got)
            for copy in sorted(found.told[identity] - truth.told[identity])
        ]
        judgement.note(f"{kind}s with another content", wrong, _difference)
    for identity in truth.told.keys() | found.told.keys():
        if identity[0] == "window" and identity[2] == "*":
            more = _mentions(found.told.get(identity)) - _mentions(truth.told.get(identity))
            judgement.lost += max(0, -more)
            judgement.doubled += max(0, more)


def _last(judgement: Judgement, truth: Truth, found: Found) -> None:
    """What a reader keeps who keeps the last record of each key."""
    wrong = [
        {"key": str(place), "want": truth.last.get(place, b"").decode(), "got": found.last.get(place, b"").decode()}
        for place in sorted(truth.last.keys() | found.last.keys())
        if truth.last.get(place) != found.last.get(place)
    ]
    judgement.note("keys whose last record is another", wrong, _difference)


def _mentions(copies: set[bytes] | None) -> int:
    return max((orjson.loads(copy)["window"]["mentions"] for copy in copies), default=0) if copies else 0


def _difference(case: Mapping[str, str]) -> dict[str, Any]:
    """The fields in which two records differ."""
    want, got = (orjson.loads(case[side]) if case[side] else {} for side in ("want", "got"))
    fields = {
        name: {"want": want.get(name), "got": got.get(name)}
        for name in sorted(want.keys() | got.keys())
        if want.get(name) != got.get(name)
    }
    return {**{name: value for name, value in case.items() if name not in ("want", "got")}, "fields": fields}
