"""Feeds: what product teams read is what customers wrote, and whom a person should see."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.feeds import Handoff, PainPoint
from streams.feeds import Case, answer, concerns, needs_person, point_feed
from streams.feeds.empathy import empathy_map, user_stories
from streams.windows.aggregate import Aggregate
from tests.support.records import BASE_MS, HOUR, observed, scored


def quote(text: str, *, need: str | None = None, product: str | None = None, sentiment: float = -0.5) -> dict[str, Any]:
    record = scored(
        text[:100], BASE_MS, text=text, need=need, product=product, points=["late_delivery"], sentiment=sentiment
    )
    record["pain_points"][0]["words"] = ["late"]
    return observed(record).quote


class TestEmpathyMap:
    @pytest.mark.parametrize(
        ("text", "quadrant"),
        [
            ("Support told me to wait.", "hear"),
            ("I just want my parcel.", "gain"),
            ("I called three times.", "say_do"),
            ("I feel ignored.", "think_feel"),
            ("The parcel is late again.", "pain"),
        ],
    )
    def test_each_sentence_stands_where_its_words_put_it(self, text: str, quadrant: str) -> None:
        found = empathy_map([quote(text)])
        assert found.pop(quadrant) == [text]
        assert not any(found.values())

    def test_nobodys_words_are_invented_or_told_twice(self) -> None:
        texts = ["I want my parcel. I called. The box was late.", "I want my parcel. They said no."]
        found = empathy_map([quote(text) for text in texts])
        lines = [line for lines in found.values() for line in lines]
        assert len(set(lines)) == len(lines) == 4
        assert all(any(line in text for text in texts) for line in lines)

    def test_a_long_sentence_is_cut_between_words(self) -> None:
        (line,) = empathy_map([quote("I want " + "parcels " * 40)])["gain"]
        assert len(line) <= 160
        assert line.endswith("parcels…")

    def test_what_is_late_and_loved_is_no_pain(self) -> None:
        assert empathy_map([quote("Never late.", sentiment=0.8)])["think_feel"] == ["Never late."]


class TestUserStories:
    def test_they_say_what_the_customer_said(self) -> None:
        (story,) = user_stories(
            [quote("I want my parcel because it is a gift.", need="I want my parcel", product="Beans")]
        )
        assert story["text"] == "As a customer of Beans, I want: “I want my parcel”, so that: “it is a gift”"

    def test_parts_that_nobody_wrote_are_left_out(self) -> None:
        assert user_stories([quote("Hm.")]) == []
        (story,) = user_stories([quote("I want my parcel.", need="I want my parcel")])
        assert story["text"] == "As a customer, I want: “I want my parcel”"

    def test_three_are_enough(self) -> None:
        assert len(user_stories([quote(f"I want {n}", need=f"I want {n}") for n in range(9)])) == 3


def test_a_feed_record_is_a_pain_point() -> None:
    day = Aggregate()
    for number in range(8):
        fields = {"points": ["late_delivery"], "sentiment": -0.5, "product": "Beans", "author": f"a{number % 4}"}
        day.observe([observed(scored(f"e{number}", BASE_MS, **fields))])
    record = point_feed(
        "Acme",
        "late_delivery",
        "Late delivery",
        BASE_MS + HOUR,
        hour=Aggregate(),
        day=day,
        everything=day,
        hours_heard=6,
        usual_day=2.0,
        first_ms=BASE_MS,
        last_ms=BASE_MS,
        alert=None,
        quotes=[quote("I want my parcel.", need="I want my parcel")],
    )
    feed = PainPoint.model_validate(record)
    assert (feed.trend, feed.share, feed.priority) == (2.0, 1.0, 4 * 0.5 * 0.25)
    assert feed.segments["product"] == {"Beans": 1.0}
    assert feed.journey == {"buy": 1.0}
    assert feed.last_hour.mentions == 0


class TestHandoffs:
    @pytest.mark.parametrize(
        ("fields", "reasons"),
        [
            ({}, []),
            ({"emotions": {"anger": 0.5}, "intensity": 0.6}, ["strong_emotion"]),
            ({"emotions": {"anger": 0.49}, "intensity": 0.9}, []),
            ({"emotions": {"anger": 0.9}, "intensity": 0.59}, []),
            ({"emotions": {"joy": 0.9}, "intensity": 0.9}, []),
            ({"repeat_contact": True}, ["repeat_contact"]),
            ({"churn_risk": 0.6}, ["threat_to_leave"]),
            ({"churn_risk": 0.59}, []),
            ({"urgency": 0.75, "repeat_contact": True}, ["repeat_contact", "urgent"]),
        ],
    )
    def test_who_needs_a_person(self, fields: dict[str, Any], reasons: list[str]) -> None:
        assert concerns(observed(scored("1", BASE_MS, **fields)).said) == reasons

    def test_a_case_grows_and_ends(self) -> None:
        case = Case("c1", "ada", "tickets")
        told = []
        for at_ms, reasons, words in ((HOUR, ["urgent"], {"urgency": ["now"]}), (0, ["repeat_contact"], {})):
            record = scored("1", BASE_MS + at_ms)
            record["signals"]["words"] = words
            told.append(Handoff.model_validate(needs_person("Acme", case, reasons, observed(record))))
        told.append(Handoff.model_validate(answer("Acme", case, BASE_MS + 2 * HOUR)))
        assert [handoff.revision for handoff in told] == [1, 2, 3]
        assert [handoff.why for handoff in told] == ["now"] * 3, "what was said before is not forgotten"
        assert told[1].reasons == ["repeat_contact", "urgent"]
        assert told[1].waiting_since < told[0].waiting_since, "the earlier message came later"
        assert told[2].waited_seconds == 7200

    def test_an_answer_from_before_the_question_waited_for_nothing(self) -> None:
        case = Case("c1", "ada", "tickets")
        record = scored("1", BASE_MS)
        needs_person("Acme", case, ["urgent"], observed(record))
        assert Handoff.model_validate(answer("Acme", case, BASE_MS - HOUR)).waited_seconds == 0

    def test_state_goes_there_and_back(self) -> None:
        case = Case("c1", "ada", "tickets", reasons=["urgent"], quote=quote("Hm."))
        assert Case(*case.to_state()) == case
