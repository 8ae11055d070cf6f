"""What is silenced or acknowledged is not told, and nobody is left unaware when that is over."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from schemas.alerts import Alert
from schemas.silences import Acknowledgement, Matchers, Silence
from streams import silencing
from streams.silencing import Decision, Silences, acknowledgement_id, matches, state_of
from tests.support.alerts import alert, later

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)
AFTER = NOW + timedelta(hours=3)


def silence(number: int = 1, **changed: Any) -> Silence:
    fields: dict[str, Any] = {
        "id": f"{number:012x}",
        "matchers": Matchers(brand="Acme"),
        "starts_at": NOW,
        "ends_at": NOW + timedelta(hours=2),
        "created_at": NOW,
        "created_by": "ana",
    }
    return Silence(**fields | changed)


def acknowledgement(of: Alert, **changed: Any) -> Acknowledgement:
    return Acknowledgement(
        id=acknowledgement_id(of), fingerprint=of.fingerprint, starts_at=of.starts_at, title=of.title, created_at=NOW,
        created_by="ana", **changed,
    )  # fmt: skip


class Topic:
    """The silences of one worker, and the topic that stands behind them."""

    def __init__(self, *records: Silence | Acknowledgement) -> None:
        self.silences = Silences()
        self.held: dict[str, bytes | None] = {}
        for record in records:
            self.put(record)

    def put(self, record: Silence | Acknowledgement, now: datetime = NOW) -> None:
        self.held[record.id] = record.model_dump_json().encode()
        self.silences.take(record.id, self.held[record.id], now)

    def handle(self, it: Alert, now: datetime = SOON) -> str | None:
        """As notify does; gives why the alert is not told."""
        decision = self.silences.decide(it, now)
        self.carry_out(decision)
        return decision.why_not

    def carry_out(self, decision: Decision) -> None:
        if decision.keep is not None:
            self.held[decision.keep.id] = decision.keep.model_dump_json().encode()
        self.held.update(dict.fromkeys(decision.forget))
        self.silences.done(decision)

    def release(self, now: datetime) -> list[tuple[int, str | None]]:
        """(revision, why it is not told) of what a silence has let go."""
        told = []
        for fingerprint in self.silences.muted:
            released = self.silences.release(fingerprint, now)
            if released is not None:
                self.carry_out(released[1])
                told.append((released[0].revision, released[1].why_not))
        return told

    def restarted(self, now: datetime) -> Topic:
        """Another worker, which knows what the topic says and nothing else."""
        other = Topic()
        other.held = {key: value for key, value in self.held.items() if value is not None}
        for key, value in other.held.items():
            other.silences.take(key, value, now)
        return other


class TestLife:
    def test_a_silence_is_pending_then_active_then_expired(self) -> None:
        it = silence(starts_at=NOW + timedelta(minutes=1))
        ends = it.ends_at
        assert [state_of(it, at) for at in (NOW, it.starts_at, ends - timedelta(seconds=1), ends)] == [
            "pending", "active", "active", "expired",
        ]  # fmt: skip

    def test_one_that_was_ended_is_expired_whatever_its_time_says(self) -> None:
        ended = silence(starts_at=SOON, ended_at=NOW, ended_by="ben")
        assert [state_of(ended, at) for at in (NOW, SOON)] == ["expired", "expired"]

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"ends_at": NOW}, "after starts_at"),
            ({"ends_at": NOW + timedelta(days=31)}, "30 days at most"),
            ({"starts_at": NOW + timedelta(days=31), "ends_at": NOW + timedelta(days=32)}, "30 days ahead"),
            ({"comment": "x" * 1_001}, "1000 characters"),
            ({"created_by": " "}, "at least 1 character"),
            ({"id": "../../etc"}, "pattern"),
            ({"matchers": {}}, "no matcher is given"),
            ({"matchers": {"brand": "Acme", "region": "eu"}}, "Extra inputs"),
            ({"matchers": {"severity_at_most": 5}}, "less than or equal to 4"),
        ],
    )
    def test_what_makes_no_sense_is_no_silence(self, changed: dict[str, Any], problem: str) -> None:
        with pytest.raises(ValidationError, match=problem):
            silence(**changed)


@pytest.mark.parametrize(
    ("matchers", "fits"),
    [
        ({"brand": "Acme"}, True),
        ({"brand": "acme"}, False),
        ({"pain_point": "late_delivery"}, True),
        ({"pain_point": "app_crash"}, False),
        ({"brand": "Acme", "pain_point": "app_crash"}, False),
        ({"kind": "pain_point"}, True),
        ({"kind": "surge"}, False),
        ({"fingerprint": alert().fingerprint}, True),
        ({"fingerprint": "0" * 16}, False),
        ({"severity_at_most": 1}, True),
        ({"severity_at_most": 2}, True),
        ({"severity_at_most": 3}, False),
    ],
)
def test_an_alert_has_to_fit_in_everything_that_is_named(matchers: dict[str, Any], fits: bool) -> None:
    assert matches(Matchers(**matchers), alert(severity=2)) is fits


def test_an_alert_of_a_brand_as_a_whole_has_no_pain_point() -> None:
    assert matches(Matchers(brand="Acme"), alert(pain_point=None))
    assert not matches(Matchers(pain_point="late_delivery"), alert(pain_point=None))


class TestSilenced:
    def test_before_and_after_it_alerts_are_told(self) -> None:
        topic = Topic(silence(starts_at=SOON))
        assert topic.handle(alert(), NOW) is None
        assert topic.handle(alert(revision=2), SOON) == "silenced"
        assert topic.handle(alert(revision=3), AFTER) is None
        assert topic.release(AFTER) == [], "what is newer was told"
        assert topic.silences.muted == []

    def test_others_are_told(self) -> None:
        topic = Topic(silence())
        assert topic.handle(alert("Other")) is None

    def test_its_end_tells_the_newest_state_once(self) -> None:
        topic = Topic(silence())
        assert [topic.handle(alert(revision=n)) for n in (1, 2, 3)] == ["silenced"] * 3
        assert topic.release(SOON) == []
        assert topic.release(AFTER) == [(3, None)]
        assert topic.release(AFTER) == []
        assert [key for key, value in topic.held.items() if value is not None] == [silence().id]

    def test_ending_it_tells_too(self) -> None:
        topic = Topic(silence())
        topic.handle(alert())
        topic.put(silence(ended_at=SOON, ended_by="ben"), SOON)
        assert topic.release(SOON) == [(1, None)]

    def test_another_silence_that_matches_goes_on_muting(self) -> None:
        topic = Topic(silence(), silence(2, ends_at=NOW + timedelta(hours=4)))
        topic.handle(alert())
        assert topic.release(AFTER) == []
        assert topic.release(NOW + timedelta(hours=4)) == [(1, None)]

    def test_what_is_muted_outlives_the_worker(self) -> None:
        topic = Topic(silence())
        topic.handle(alert(revision=1))
        topic.handle(alert(revision=2))
        other = topic.restarted(SOON)
        assert other.release(SOON) == []
        assert other.release(AFTER) == [(2, None)]

    def test_a_worker_that_ends_between_its_two_writes_leaves_nothing_behind(self) -> None:
        topic = Topic(silence())
        topic.handle(alert(revision=1))
        decision = topic.silences.decide(alert(revision=2), SOON)
        topic.carry_out(Decision(keep=decision.keep))
        other = topic.restarted(AFTER)
        assert other.release(AFTER) == [(2, None)]
        assert [value for key, value in other.held.items() if ":" in key] == [None, None]

    def test_what_comes_twice_is_kept_once(self) -> None:
        topic = Topic(silence())
        for revision in (1, 2, 1, 2):
            assert topic.handle(alert(revision=revision)) == "silenced"
        assert topic.release(AFTER) == [(2, None)]

    def test_an_alert_that_came_and_went_under_it_is_never_told(self) -> None:
        topic = Topic(silence())
        topic.handle(alert())
        assert topic.handle(alert(revision=2, reason="recovered")) == "silenced"
        assert topic.release(AFTER) == []
        assert topic.restarted(AFTER).release(AFTER) == []

    def test_whoever_heard_of_the_beginning_hears_of_the_end(self) -> None:
        topic = Topic(silence(starts_at=SOON))
        assert topic.handle(alert(), NOW) is None
        assert topic.handle(alert(revision=2, reason="recovered")) == "silenced"
        assert topic.restarted(SOON).release(AFTER) == [(2, None)]

    def test_also_when_a_new_episode_began_and_ended_in_between(self) -> None:
        topic = Topic(silence())
        next_onset = later(alert(), hours=9)
        topic.handle(alert(revision=2, reason="recovered"))
        topic.handle(alert(revision=3, reason="first", starts_at=next_onset))
        topic.handle(alert(revision=4, reason="recovered", starts_at=next_onset))
        assert topic.release(AFTER) == [(4, None)]

    def test_a_rise_of_severity_escapes_one_that_is_for_mild_ones(self) -> None:
        topic = Topic(silence(matchers=Matchers(brand="Acme", severity_at_most=3)))
        assert topic.handle(alert(severity=3)) == "silenced"
        assert topic.handle(alert(revision=2, reason="severity_rose", severity=2)) is None
        assert topic.release(AFTER) == []

    def test_more_than_can_be_kept_is_told(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(silencing, "MOST_MUTED", 2)
        topic = Topic(silence())
        names = ["late_delivery", "app_crash", "rude_staff"]
        assert [topic.handle(alert(pain_point=name)) for name in names] == ["silenced", "silenced", None]
        assert topic.handle(alert(pain_point="app_crash", revision=2)) == "silenced"
        assert "more can't be kept" in caplog.text

    def test_more_silences_than_can_be_followed_mute_nothing(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(silencing, "MOST_SILENCES", 2)
        topic = Topic(*(silence(n, matchers=Matchers(brand=f"B{n}")) for n in (1, 2, 3)))
        assert [topic.handle(alert(f"B{n}")) for n in (1, 2, 3)] == ["silenced", "silenced", None]
        assert "is not followed" in caplog.text
        topic.put(silence(4, matchers=Matchers(brand="B4"), starts_at=AFTER, ends_at=AFTER + timedelta(1)), AFTER)
        assert topic.handle(alert("B4"), AFTER) == "silenced", "those that are over make room"


class TestAcknowledged:
    def test_it_reminds_no_more_but_gets_worse_and_ends_aloud(self) -> None:
        topic = Topic(acknowledgement(alert()))
        assert topic.handle(alert(revision=2)) == "acknowledged"
        assert topic.handle(alert(revision=3, reason="severity_rose", severity=1)) is None
        assert topic.handle(alert(revision=4)) == "acknowledged"
        assert topic.handle(alert(revision=5, reason="recovered")) is None
        assert topic.release(AFTER) == []

    def test_others_and_the_next_episode_remind(self) -> None:
        topic = Topic(acknowledgement(alert()))
        assert topic.handle(alert("Other", revision=2)) is None
        again = alert(revision=7, starts_at=later(alert(), days=2))
        assert topic.handle(again) is None

    def test_of_two_episodes_the_newer_counts_in_either_order(self) -> None:
        old, new = alert(), alert(revision=7, starts_at=later(alert(), days=2))
        for order in ((old, new), (new, old)):
            topic = Topic(*map(acknowledgement, order))
            assert topic.handle(new) == "acknowledged"
            assert topic.handle(alert(revision=2)) is None

    def test_taken_back_it_reminds_again(self) -> None:
        topic = Topic(acknowledgement(alert()))
        topic.put(acknowledgement(alert(), ended_at=SOON, ended_by="ben"))
        assert topic.handle(alert(revision=2)) is None

    def test_a_silences_end_tells_no_mere_reminder_of_it(self) -> None:
        topic = Topic(silence(), acknowledgement(alert()))
        assert topic.handle(alert(revision=2)) == "silenced"
        assert topic.release(AFTER) == [(2, "acknowledged")]
        assert topic.silences.muted == []

    def test_but_all_else(self) -> None:
        topic = Topic(silence(), acknowledgement(alert()))
        topic.handle(alert(revision=2, reason="severity_rose", severity=1))
        topic.handle(alert(revision=3))
        assert topic.release(AFTER) == [(3, None)]

    def test_the_oldest_is_forgotten_beyond_the_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(silencing, "MOST_ACKNOWLEDGEMENTS", 2)
        alerts = [alert(f"B{n}", revision=2) for n in range(3)]
        topic = Topic(*map(acknowledgement, alerts))
        assert [topic.handle(it) for it in alerts] == [None, "acknowledged", "acknowledged"]


class TestTopic:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("", b""),
            ("x", b"\xff\x00"),
            ("x", b"null"),
            ("x", b"[]"),
            ("x", b'{"type": "silence"}'),
            ("x", b'{"type": "mute", "id": "000000000001"}'),
            ("000000000002", silence(1).model_dump_json().encode()),
            ("\x1f" * 500, silence(1).model_dump_json().encode()),
            ("000000000001", orjson.dumps(silence(1).model_dump(mode="json") | {"matchers": {}})),
            ("000000000001", orjson.dumps(silence(1).model_dump(mode="json") | {"matchers": {"brand": "A", "x": 1}})),
        ],
    )
    def test_what_can_not_be_read_is_logged_and_passed_over(
        self, key: str, value: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        silences = Silences()
        with caplog.at_level(logging.WARNING):
            silences.take(key, value, NOW)
        assert "passed over" in caplog.text and len(caplog.text) < 1_000
        assert silences.decide(alert(), SOON).why_not is None

    @pytest.mark.parametrize("key", ["", ":", "a:b", "a:" + "9" * 9_999, silence().id])
    def test_a_deletion_of_what_is_not_there_is_nothing(self, key: str) -> None:
        Silences().take(key, None, NOW)

    def test_a_deletion_ends_a_silence_and_an_acknowledgement(self) -> None:
        topic = Topic(silence(), acknowledgement(alert("Other")))
        for record in (silence(), acknowledgement(alert("Other"))):
            topic.silences.take(record.id, None, NOW)
        assert topic.handle(alert()) is None
        assert topic.handle(alert("Other", revision=2)) is None

    def test_our_own_records_that_come_back_late_change_nothing(self) -> None:
        """The worker reads what it writes, later: a muted state that it has told since is not told again."""
        topic = Topic(silence())
        topic.handle(alert())
        written = topic.held[f"{alert().fingerprint}:1"]
        assert topic.release(AFTER) == [(1, None)]
        topic.silences.take(f"{alert().fingerprint}:1", written, AFTER)
        assert topic.release(AFTER) == []
        topic.silences.take(f"{alert().fingerprint}:1", None, AFTER)
        topic.silences.take(f"{alert().fingerprint}:1", written, AFTER)
        assert topic.release(AFTER) == [(1, None)], "somebody else has muted it again since"

    def test_what_another_worker_has_told_is_not_told_again(self) -> None:
        topic = Topic(silence())
        topic.handle(alert())
        other = topic.restarted(SOON)
        assert other.release(AFTER) == [(1, None)]
        topic.silences.take(f"{alert().fingerprint}:1", None, AFTER)
        assert topic.release(AFTER) == []
