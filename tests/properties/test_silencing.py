"""However silences come and go, workers restart and records come again: people know how it stands in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Alert
from schemas.silences import Matchers, Silence
from streams.silencing import Decision, Silences
from tests.support.alerts import alert, later
from tests.support.examples import examples

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
FIRST = alert()

LIFE = st.sampled_from(("reminder", "severity_rose", "recovered", "reminder"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("change"), LIFE),
        st.tuples(st.sampled_from(("silence", "end", "release", "restart", "again")), st.none()),
    ),
    max_size=40,
)


@dataclass
class World:
    """One alert, the topic of silences, and a worker that may be replaced."""

    silences: Silences = field(default_factory=Silences)
    topic: dict[str, bytes | None] = field(default_factory=dict)
    active: Silence | None = None
    number: int = 0
    life: list[Alert] = field(default_factory=list)
    since: list[Alert] = field(default_factory=list)
    """Changes that were handled since the silence last came or went: those that a new worker may read again."""
    told: list[int] = field(default_factory=list)
    """Revisions, in the order in which people heard them."""
    twice: bool = False

    def change(self, reason: str) -> None:
        """The alert's next record."""
        last = self.life[-1] if self.life else None
        if last is None or last.status == "resolved":
            onset = later(FIRST, hours=len(self.life))
            it = alert(revision=len(self.life) + 1, reason="first", starts_at=onset)
        else:
            it = alert(revision=last.revision + 1, reason=reason, starts_at=last.starts_at)
        self.life.append(it)
        self.handle(it)

    def handle(self, it: Alert) -> None:
        self.since.append(it)
        self.carry_out(it, self.silences.decide(it, NOW))

    def carry_out(self, it: Alert, decision: Decision) -> None:
        if decision.why_not is None:
            assert self.active is None, "it is told though it is silenced"
            assert self.twice or it.revision > max(self.told, default=0), "it is old news"
            self.told.append(it.revision)
        if decision.keep is not None:
            self.topic[decision.keep.id] = decision.keep.model_dump_json().encode()
        self.topic.update(dict.fromkeys(decision.forget))
        self.silences.done(decision)

    def silence(self) -> None:
        """One more begins, if there is none."""
        if self.active is None:
            self.number += 1
            ends_at = NOW + timedelta(hours=1)
            who = {"created_at": NOW, "created_by": "ana"}
            it = Silence(
                id=f"{self.number:012x}", matchers=Matchers(brand="Acme"), starts_at=NOW, ends_at=ends_at, **who
            )
            self.put(it)
            self.active = it

    def end(self) -> None:
        """It is ended."""
        if self.active is not None:
            self.put(self.active.model_copy(update={"ended_at": NOW}))
            self.active = None

    def put(self, it: Silence) -> None:
        self.topic[it.id] = it.model_dump_json().encode()
        self.silences.take(it.id, self.topic[it.id], NOW)
        self.since.clear()

    def release(self) -> None:
        """The worker looks after what it has muted."""
        for fingerprint in self.silences.muted:
            if (released := self.silences.release(fingerprint, NOW)) is not None:
                if released[0].status == "resolved" and released[1].why_not is None:
                    assert self.told, "nobody has heard that it began"
                    assert self.life[max(self.told) - 1].status != "resolved", "they know that it is over"
                self.carry_out(*released)

    def restart(self) -> None:
        """Another worker takes over, which knows what the topic says."""
        self.silences = Silences()
        for key, value in self.topic.items():
            self.silences.take(key, value, NOW)

    def again(self) -> None:
        """Another worker takes over that reads the last changes again, for they were not committed."""
        self.restart()
        self.twice = True
        for it in list(self.since):
            self.handle(it)


@given(STEPS)
@examples(400)
def test_in_the_end_people_know_how_it_stands(steps: list[tuple[str, str | None]]) -> None:
    world = World()
    for name, reason in steps:
        world.change(reason) if reason is not None else getattr(world, name)()
    world.end()
    world.release()
    assert world.silences.muted == []
    assert all(value is None for key, value in world.topic.items() if ":" in key)
    if world.life and world.life[-1].status != "resolved":
        assert max(world.told) == len(world.life), "it fires, and its newest state was not told"
    elif world.told:
        assert world.life[max(world.told) - 1].status == "resolved", "people believe that it still fires"
