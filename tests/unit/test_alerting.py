"""Alerting: an episode's changes, its evidence and its severity."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.alerts import Alert
from streams.alerting import Episode, Evidence, Judged, advance, fingerprint_of
from streams.alerting.evidence import drivers
from streams.alerting.severity import severity_of
from streams.windows.aggregate import Aggregate
from streams.windows.bounds import Bounds
from streams.windows.names import ANONYMOUS, OTHER
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE, observed, scored


def aggregate(count: int, **fields: Any) -> Aggregate:
    total = Aggregate()
    for number in range(count):
        total.observe([observed(scored(f"e{number}", BASE_MS, author=f"a{number}", **fields))])
    return total


def judged(voices: int = 20, *, calm: bool = False, expected: float = 1.0) -> Judged:
    return Judged(
        calm=calm,
        observed=voices,
        expected=expected,
        ratio=voices / expected,
        window_ms=HOUR,
        probability=1e-9,
        resolves_when="fewer than 3 voices an hour, for an hour",
    )


QUIET = Evidence(Aggregate(), Aggregate())


@pytest.fixture
def episode() -> Episode:
    one = Episode("Acme", "pain_point", "late_delivery", "Late delivery", "f" * 16)
    one.begin(BASE_MS - 20 * MINUTE, BASE_MS)
    one.take_in(aggregate(20, sentiment=-0.5), [], Bounds())
    return one


def test_an_episode_that_lasts_keeps_no_more_names_than_a_day_does(episode: Episode) -> None:
    for minute in range(200):
        total = Aggregate()
        said = [scored(f"e{minute}.{n}", BASE_MS, author=f"b{minute}.{n}", product=f"p{minute}.{n}") for n in range(50)]
        total.observe([observed(record) for record in (*said, scored("x", BASE_MS, author="a7"))])
        episode.take_in(total, [], Bounds(voices=500, values=10))
        episode = Episode.from_state(episode.to_state())
    voices = episode.total.voices
    assert len(voices) == 500 + len(ANONYMOUS)
    assert (episode.total.mentions, sum(voices.values()), voices["a7"]) == (10_220, 10_220, 201)
    assert episode.total.segments["product"] == {f"p0.{n}": 1 for n in range(10)} | {OTHER: 9_990}


def lived(episode: Episode, until_ms: int, **kwargs: Any) -> list[dict[str, Any]]:
    told = (advance(episode, judged(**kwargs), QUIET, at) for at in range(BASE_MS, BASE_MS + until_ms + 1, 5 * MINUTE))
    return [alert for alert in told if alert is not None]


def test_it_is_told_first_and_then_on_a_widening_schedule_and_daily(episode: Episode) -> None:
    told = lived(episode, 4 * DAY)
    assert [alert["reason"] for alert in told] == ["first"] + ["reminder"] * 7
    waits = [(Alert.model_validate(a).updated_at.timestamp() * 1000 - BASE_MS) / HOUR for a in told[1:]]
    assert waits == [0.5, 2, 6, 24, 48, 72, 96]
    assert [alert["revision"] for alert in told] == list(range(1, 9))
    assert [alert["repeats"] for alert in told] == list(range(8))


def test_reminders_that_were_missed_are_one(episode: Episode) -> None:
    advance(episode, judged(), QUIET, BASE_MS)
    late = advance(episode, judged(), QUIET, BASE_MS + 7 * HOUR)
    assert late is not None
    assert (late["reason"], late["repeats"]) == ("reminder", 1)
    assert advance(episode, judged(), QUIET, BASE_MS + 8 * HOUR) is None


def test_it_tells_when_it_gets_worse_and_never_that_it_got_better(episode: Episode) -> None:
    first = advance(episode, judged(voices=6, expected=3.0), QUIET, BASE_MS)
    worse = advance(episode, judged(voices=200), QUIET, BASE_MS + 5 * MINUTE)
    assert first is not None
    assert worse is not None
    assert (first["severity"], worse["severity"], worse["reason"]) == (4, 1, "severity_rose")
    assert advance(episode, judged(voices=6, expected=3.0), QUIET, BASE_MS + 10 * MINUTE) is None
    assert episode.severity == 1


def test_its_severity_says_when_it_was_so_bad_where_its_numbers_are_others_now(episode: Episode) -> None:
    advance(episode, judged(voices=200), QUIET, BASE_MS)
    later = advance(episode, judged(voices=6, expected=3.0), QUIET, BASE_MS + 30 * MINUTE)
    assert later is not None
    assert later["title"] == "Late delivery: 6 voices in 1 h, 3.0 expected"
    assert later["severity_why"] == (
        "at its worst, 2026-03-02 00:00Z: 3 for 200 times what is usual + 3 for 200 voices an hour = 6; "
        "5 or 6 are severity 1"
    )


def test_nobody_is_reminded_of_what_was_told_a_moment_ago(episode: Episode) -> None:
    advance(episode, judged(voices=6, expected=3.0), QUIET, BASE_MS)
    told = [
        (minutes, alert["reason"], alert["repeats"])
        for minutes in range(5, 181, 5)
        if (alert := advance(episode, judged(voices=200 if minutes >= 25 else 6), QUIET, BASE_MS + minutes * MINUTE))
    ]
    assert told == [(5, "severity_rose", 0), (25, "severity_rose", 0), (55, "reminder", 1), (120, "reminder", 2)]


def test_it_resolves_after_an_hour_of_calm_and_says_since_when(episode: Episode) -> None:
    advance(episode, judged(), QUIET, BASE_MS)
    for minutes in (5, 10, 15):
        assert advance(episode, judged(voices=2, calm=True), QUIET, BASE_MS + minutes * MINUTE) is None
    assert advance(episode, judged(), QUIET, BASE_MS + 20 * MINUTE) is None, "it was too early to be glad"
    told = [
        alert
        for minutes in range(25, 120, 5)
        if (alert := advance(episode, judged(voices=0, calm=True), QUIET, BASE_MS + minutes * MINUTE))
        and alert["status"] == "resolved"
    ]
    assert told[0]["ends_at"] == "2026-03-02T00:25:00.000Z"
    assert told[0]["updated_at"] == "2026-03-02T01:25:00.000Z"
    assert told[0]["recovery_seconds"] == 45 * 60
    assert told[0]["title"] == "Late delivery: back to normal after 45 min"
    assert told[0]["drivers"] == []
    assert not episode.firing


def test_what_it_tells_is_an_alert(episode: Episode) -> None:
    alert = Alert.model_validate(advance(episode, judged(), Evidence(aggregate(20), aggregate(25)), BASE_MS))
    assert (alert.voices, alert.mentions, alert.top_voice_share) == (20, 20, 0.05)
    assert (alert.sentiment, alert.sentiment_before) == (-0.5, None)
    assert alert.window_seconds == 3600


def test_the_mood_before_is_that_of_the_day_without_what_was_said_since_the_onset(episode: Episode) -> None:
    day = aggregate(60, sentiment=0.3)
    day.add(episode.total)
    episode.compare(day)
    assert episode.before == 300
    episode.compare(episode.total)
    assert episode.before is None, "nothing was said before"


def test_a_new_episode_forgets_the_last_one(episode: Episode) -> None:
    lived(episode, 3 * HOUR)
    revision = episode.revision
    episode.begin(BASE_MS + DAY, BASE_MS + DAY)
    assert (episode.total.mentions, episode.repeats, episode.calm_ms, episode.revision) == (0, 0, None, revision)


def test_state_goes_there_and_back(episode: Episode) -> None:
    lived(episode, 3 * HOUR)
    assert Episode.from_state(episode.to_state()).to_state() == episode.to_state()


def test_fingerprints_tell_brands_kinds_and_points_apart() -> None:
    labels = [("a", "surge", None), ("a", "pain_point", "x"), ("a", "delight", "x"), ("b", "surge", None)]
    labels += [("ab", "c", None), ("a", "bc", None), ("a", "surge", "x")]
    prints = [fingerprint_of(*label) for label in labels]
    assert len(set(prints)) == len(prints)
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in prints)
    assert fingerprint_of("Acme", "pain_point", "late_delivery") == "3732b420e04843d7", "it is stable for ever"


class TestSeverity:
    @pytest.mark.parametrize(
        ("ratio", "voices", "severity"),
        [(1, 6, 4), (2, 6, 4), (4, 6, 3), (2, 10, 3), (8, 9, 3), (8, 10, 2), (8, 30, 1), (1e9, 1e9, 1), (0.0, 0, 4)],
    )
    def test_points(self, ratio: float, voices: int, severity: int) -> None:
        told, why = severity_of("pain_point", ratio, voices)
        assert told == severity
        assert f"for {ratio:g} times" in why

    def test_it_never_falls_when_things_get_worse(self) -> None:
        for voices in range(0, 200, 5):
            told = [severity_of("surge", ratio, voices)[0] for ratio in (0, 1, 2, 3, 4, 8, 50)]
            assert told == sorted(told, reverse=True)

    def test_good_news_is_always_4(self) -> None:
        assert severity_of("delight", 100, 1000)[0] == 4
        assert severity_of("volume", 100, 1000)[0] == 3


class TestDrivers:
    def test_what_rose_most_comes_first(self) -> None:
        hour, day = aggregate(20, product="Beans", channel="x"), aggregate(20, product="Cups", channel="x")
        day.add(hour)
        assert drivers(Evidence(hour, day)) == [{"dimension": "product", "value": "Beans", "share": 1.0, "usual": 0.0}]

    def test_what_is_always_so_drives_nothing(self) -> None:
        hour, day = aggregate(10, product="Beans"), aggregate(30, product="Beans")
        day.add(hour)
        assert drivers(Evidence(hour, day)) == []

    def test_of_what_nobody_spoke_before_all_customers_say_what_is_usual(self) -> None:
        hour = aggregate(10, product="Beans", channel="forum")
        lately, day = aggregate(20, product="Cups", channel="forum"), aggregate(50, product="Cups", channel="forum")
        lately.add(hour)
        day.add(lately)
        told = drivers(Evidence(hour, hour, everyone=lambda: (lately, day)))
        assert [(it["value"], it["usual"]) for it in told] == [("Beans", 0.0)], (
            "everybody writes in the forum, and always did"
        )

    def test_what_belongs_to_the_alert_is_not_what_was_usual_before_it(self) -> None:
        hour, since, day = (aggregate(count, product="Beans") for count in (10, 40, 40))
        day.add(aggregate(40, product="Cups"))
        assert [it["usual"] for it in drivers(Evidence(hour, day, since))] == [0.0]

    def test_one_record_is_no_driver(self) -> None:
        assert drivers(Evidence(aggregate(1, product="Beans"), aggregate(1))) == []

    def test_nothing_is_driven_by_nothing(self) -> None:
        assert drivers(QUIET) == []

    def test_pain_points_are_named_beside_segments_and_words_behind_them(self) -> None:
        told = drivers(
            Evidence(
                aggregate(20),
                aggregate(60),
                points=lambda: (({"refund": 12, "price": 2}, 20), ({"refund": 3, "price": 4}, 40)),
                words=lambda: (
                    ({"hold": 15, "on hold": 14, "hours": 9, "late": 2}, 20),
                    ({"hours": 18, "hold": 4}, 40),
                ),
            )
        )
        assert [(it["dimension"], it["value"], it["share"], it["usual"]) for it in told] == [
            ("pain_point", "refund", 0.6, 0.075),
            ("word", "on hold", 0.7, 0.0),
        ]
