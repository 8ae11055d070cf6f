"""The words that stories are told in.

    story("Acme").quiet(days=3).at("day 4 09:00").complain("late_delivery", voices=20, over="1h") \\
        .expect_alert("late_delivery", between=("day 4 09:10", "day 4 10:10"))

Days begin at midnight UTC; day 1 is a Monday. Time passes while a story waits for what it expects.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from schemas.alerts import Alert
from schemas.feeds import Handoff
from schemas.metrics import WindowMetrics
from streams.topics import ALERTS, HANDOFFS, METRICS
from tests.stories.world import World
from tests.support.records import BASE_MS, DAY, DELIGHTS, HOUR, MINUTE, mark, scored

_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": 1000}
Between = tuple[str, str]


def moment(words: str) -> int:
    """``day 4 09:10`` in milliseconds."""
    match = re.fullmatch(r"day (\d+) (\d\d):(\d\d)(?::(\d\d))?", words)
    assert match, f"{words!r} is no moment; say: day 4 09:10"
    day, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return BASE_MS + (day - 1) * DAY + hours * HOUR + minutes * MINUTE + seconds * 1000


def span(words: str) -> int:
    """``90m``, ``1h`` or ``2d`` in milliseconds."""
    return int(words[:-1]) * _UNITS[words[-1]]


def at(words: str) -> datetime:
    """The moment as the schemas hold it."""
    return datetime.fromtimestamp(moment(words) / 1000, UTC)


class Story:
    """One brand in a world of its own, or in that of another story."""

    def __init__(self, brand: str, world: World) -> None:
        self.brand = brand
        self.world = world
        self.alert: Alert | None = None
        """The alert's record that was expected last."""
        self._told = 0
        self._said = 0

    # Time.

    def at(self, words: str) -> Story:
        """Let time pass until then."""
        self.world.pass_until(moment(words))
        return self

    def quiet(self, days: int) -> Story:
        """Days on which somebody says something every two hours, nothing in particular."""
        end = self.world.now_ms + days * DAY
        for number, at_ms in enumerate(range(self.world.now_ms + 20 * MINUTE, end, 2 * HOUR)):
            self._say(at_ms, author=f"regular {number % 7}")
        self.world.pass_until(end)
        return self

    def silence(self, words: str) -> Story:
        """Nobody speaks for so long; only time goes on."""
        self.world.pass_until(self.world.now_ms + span(words))
        return self

    def restart(self) -> Story:
        """The worker dies, another one takes over."""
        self.world.restart()
        return self

    # What customers do.

    def complain(
        self, point: str, *, voices: int, over: str = "1h", each: int = 1, sentiment: float = -0.7, **said: Any
    ) -> Story:
        """So many authors name a pain point, evenly over some time, each so often."""
        count = voices * each
        for number in range(count):
            at_ms = self.world.now_ms + number * span(over) // count
            author = said.get("author") or f"customer {number % voices}"
            details = {"text": _words(author, number), **said, "author": author}
            self._say(at_ms, points=[point], sentiment=sentiment, **details)
        return self

    def praise(self, point: str, *, voices: int, over: str = "1h") -> Story:
        """So many authors name a delight."""
        assert point in DELIGHTS
        return self.complain(point, voices=voices, over=over, sentiment=0.8)

    def grumble(self, *, voices: int, over: str = "1h") -> Story:
        """So many authors are unhappy, each about something else."""
        for number in range(voices):
            at_ms = self.world.now_ms + number * span(over) // voices
            author = f"grumbler {number}"
            self._say(at_ms, author=author, sentiment=-0.8, text=_words(author, number))
        return self

    def say(self, *, after: str = "0s", late_by: str = "0s", **said: Any) -> Story:
        """One record, heard after some time, about what was written before that."""
        heard_ms = self.world.now_ms + span(after)
        self._say(heard_ms - span(late_by), heard_ms=heard_ms, **said)
        return self

    def write(self, source: Any, text: str, *, author: str, after: str = "0s", **fields: Any) -> Story:
        """One raw event whose text is really read."""
        at_ms = self.world.now_ms + span(after)
        self._said += 1
        event = {
            "id": f"raw {self.brand} {self._said}",
            "brand": self.brand,
            "text": text,
            "author": author,
            "created_at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(),
        }
        self.world.write(at_ms, source, event | fields)
        return self

    def replay_mark(self, replay: str, reached: str | None, *, ended: bool = False) -> Story:
        """The sender of a replay says how far it has got."""
        reached_ms = None if reached is None else moment(reached)
        origins = {"reviews.v1": 1, "posts.v1": 1, "tickets.v1": 1}
        said = mark(replay, reached_ms, origins=origins, ended=ended, sent_ms=self.world.now_ms)
        self.world.mark(self.world.now_ms, said)
        return self

    def replayed(self, replay: str, written: str, **said: Any) -> Story:
        """One record that a replay sends now, written at another time."""
        self._say(moment(written), heard_ms=self.world.now_ms, replay=replay, **said)
        return self

    # What is expected.

    def expect_alert(self, point: str | None, *, between: Between, **fields: Any) -> Story:
        """An alert begins to fire between these moments."""
        return self._expect(point, between, {"status": "firing", "reason": "first"} | fields)

    def expect_update(self, point: str | None, *, between: Between, **fields: Any) -> Story:
        """Its next record is an update."""
        return self._expect(point, between, {"status": "updated"} | fields)

    def expect_resolved(self, point: str | None, *, between: Between, **fields: Any) -> Story:
        """Its next record says that it is over."""
        return self._expect(point, between, {"status": "resolved", "reason": "recovered"} | fields)

    def skip_updates(self, *, until: str) -> Story:
        """What is told until then is not what the story is about."""
        self.world.pass_until(moment(until))
        self._told = len(self.alerts)
        return self

    def expect_no_alert(self, *, until: str) -> Story:
        """No record of an alert about this brand."""
        self.world.pass_until(moment(until))
        told = self.alerts[self._told :]
        assert not told, f"expected no alert, but: {[(alert.title, alert.status) for _, alert in told]}"
        return self

    def expect_silence(self, point: str, reason: str, *, between: Between) -> Story:
        """No alert until then, and the detector has said why."""
        self.expect_no_alert(until=between[1])
        reasons = {
            window.decision.reason
            for window in self.windows(point)
            if window.decision and at(between[0]) <= window.window_end <= at(between[1])
        }
        assert reason in reasons, f"expected {reason}, but the detector said {reasons}"
        return self

    # What came of it.

    @property
    def alerts(self) -> list[tuple[int, Alert]]:
        """(when, alert) of every record about this brand, without its incidents."""
        return [(when, alert) for when, alert in self._all if alert.kind != "incident"]

    @property
    def incidents(self) -> list[tuple[int, Alert]]:
        """(when, incident) of every record of this brand's incidents."""
        return [(when, alert) for when, alert in self._all if alert.kind == "incident"]

    @property
    def _all(self) -> list[tuple[int, Alert]]:
        told = ((when, Alert.model_validate(value)) for when, value in self.world.values(ALERTS))
        return [(when, alert) for when, alert in told if alert.brand == self.brand]

    @property
    def handoffs(self) -> list[Handoff]:
        """Every record of this brand's handoffs."""
        told = (Handoff.model_validate(value) for _, value in self.world.values(HANDOFFS))
        return [handoff for handoff in told if handoff.brand == self.brand]

    def windows(self, point: str, *, closed: bool = True) -> list[WindowMetrics]:
        """Every record of this brand's windows of one series, in order."""
        told = (
            value
            for _, value in self.world.values(METRICS)
            if value["brand"] == self.brand and value["pain_point"] == point and value["closed"] is closed
        )
        return [WindowMetrics.model_validate(value) for value in told]

    def _expect(self, point: str | None, between: Between, fields: dict[str, Any]) -> Story:
        self.world.pass_until(moment(between[1]))
        told = [(when, alert) for when, alert in self.alerts[self._told :] if alert.pain_point == point]
        assert told, f"no alert about {point} until {between[1]}; there were {[a.title for _, a in self.alerts]}"
        when, alert = told[0]
        assert moment(between[0]) <= when, f"{alert.title}: told {(moment(between[0]) - when) / MINUTE} min too early"
        for name, value in fields.items():
            assert getattr(alert, name) == value, f"{name} is {getattr(alert, name)!r}, not {value!r}: {alert}"
        self._told = self.alerts.index((when, alert)) + 1
        self.alert = alert
        return self

    def _say(self, at_ms: int, *, heard_ms: int | None = None, id_: str | None = None, **said: Any) -> None:
        self._said += 1
        record = scored(id_ or f"{self.brand} {self._said}", at_ms, brand=self.brand, **said)
        self.world.score(at_ms if heard_ms is None else heard_ms, record)


def _words(author: str, number: int) -> str:
    """Words that no other number has, as many customers have many."""
    return f"{author} wrote {' '.join(f'w{number}x{part}' for part in range(6))}"


def story(brand: str = "Acme", *, world: World | None = None, packs: tuple[str, ...] | None = None) -> Story:
    """Begin a story: in a new world on day 1 at midnight, or in one that others live in already.

    Args:
        packs: Catalog packs, for stories whose texts are really read.
    """
    return Story(brand, world or World(packs))
