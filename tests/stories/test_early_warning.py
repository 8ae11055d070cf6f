"""A series that heads for a spike is said to, before the alert; what comes to nothing is withdrawn; nobody is paged."""

from __future__ import annotations

from schemas.metrics import Heading
from streams.paging import Terms
from streams.windows.aggregate import EVERYTHING
from tests.stories.telling import Story, at, moment, story
from tests.stories.world import World
from tests.support.records import MINUTE


def warned(*, on: bool = True) -> Story:
    """A story in which windows say what heads for a spike: three quiet days, and the fourth until nine."""
    return story(world=World(terms=Terms(early_warning=on))).quiet(days=3).at("day 4 09:00")


def headings(it: Story, point: str = "late_delivery") -> list[Heading]:
    """What the windows of a series said, in order."""
    return [window.heading for window in it.windows(point) if window.heading is not None]


def rise(it: Story, *, voices: int, every: int, point: str = "late_delivery", name: str = "customer") -> Story:
    """So many authors complain, one each so many minutes."""
    for number in range(voices):
        it.say(after=f"{number * every}m", author=f"{name} {number}", points=[point], sentiment=-0.7)
    return it


def test_a_slow_rise_is_warned_of_and_becomes_the_alert() -> None:
    acme = rise(warned(), voices=20, every=5).at("day 4 11:00")
    told = headings(acme)
    assert [it.status for it in told] == ["warned"] * (len(told) - 1) + ["crossed"]
    alert = next(alert for _, alert in acme.alerts if alert.pain_point == "late_delivery")
    assert told[0].since < alert.detected_at == at("day 4 09:30")
    assert {it.since for it in told} == {told[0].since}
    assert told[0].observed < told[0].line <= told[0].projected
    assert told[0].chance >= 0.5 and told[0].by > told[0].seen == told[0].since
    # One of a kind: the unhappy customers are the same people.
    assert headings(acme, EVERYTHING) == []


def test_what_comes_to_nothing_is_withdrawn_and_kept_quiet_about() -> None:
    acme = rise(warned(), voices=5, every=4).at("day 4 10:30")
    told = headings(acme)
    assert [it.status for it in told] == ["warned"] * (len(told) - 1) + ["withdrawn"]
    assert len(told) <= 7
    rise(acme, voices=5, every=4, name="other").at("day 4 12:00")
    assert headings(acme) == told and headings(acme, EVERYTHING) == []
    rise(acme.at("day 4 17:00"), voices=5, every=4, name="third").at("day 4 18:30")
    assert [it.status for it in headings(acme)].count("withdrawn") == 2
    assert acme.alerts == [] and acme.incidents == []


def test_one_author_heads_nowhere_and_good_news_is_not_warned_of() -> None:
    acme = warned()
    for number in range(30):
        acme.say(after=f"{number}m", author="furious", points=["late_delivery"], sentiment=-0.9)
    acme.at("day 4 10:00").praise("personal_touch", voices=12, over="1h").at("day 4 12:00")
    assert any(alert.kind == "delight" for _, alert in acme.alerts)
    assert headings(acme) + headings(acme, "personal_touch") + headings(acme, EVERYTHING) == []


def test_who_is_awake_is_not_warned() -> None:
    acme = warned().complain("late_delivery", voices=60, over="3h").at("day 4 10:00")
    assert any(alert.pain_point == "late_delivery" for _, alert in acme.alerts)
    rise(acme, voices=20, every=5, point="checkout_fails", name="buyer").at("day 4 13:00")
    assert any(alert.pain_point == "checkout_fails" for _, alert in acme.alerts)
    assert headings(acme, "checkout_fails") == []


def test_a_restart_at_any_moment_changes_nothing() -> None:
    def windows(every: int) -> list[Heading]:
        acme = rise(warned(), voices=5, every=4)
        for minute in range(0, 100, 5):
            acme.world.pass_until(moment("day 4 09:00") + minute * MINUTE)
            if every and minute % every == 0:
                acme.restart()
        return headings(acme)

    assert windows(15) == windows(0) != []


def test_it_is_off_unless_it_is_asked_for_and_forgets_when_it_is_turned_off() -> None:
    assert headings(rise(warned(on=False), voices=20, every=5).at("day 4 11:00")) == []
    acme = rise(warned(), voices=5, every=4).at("day 4 09:36")
    assert headings(acme) != []
    brand = acme.world.partition.listener.brands["Acme"]
    brand.warning.on = False
    count = len(headings(acme))
    acme.at("day 4 11:00")
    assert len(headings(acme)) == count and brand.warning.series == {}
