"""Feeds: what product teams read is what customers wrote, and whom a person should see."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.feeds import Handoff, PainPoint
from streams.feeds import Case, Days, Known, answer, concerns, needs_person, point_feed
from streams.feeds.cause import candidate_cause
from streams.feeds.days import Span
from streams.feeds.empathy import empathy_map, user_stories
from streams.windows.aggregate import Aggregate
from tests.support.records import BASE_MS, DAY, HOUR, observed, scored


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
        quoted = quote(text)
        found = empathy_map([quoted])
        assert found.pop(quadrant) == [text]
        assert found.pop("events") == {quadrant: [quoted["event_id"]]}
        assert not any(found.values())

    def test_nobodys_words_are_invented_or_told_twice(self) -> None:
        texts = ["I want my parcel. I called. The box was late.", "I want my parcel. They said no."]
        found = empathy_map([quote(text) for text in texts])
        events = found.pop("events")
        assert {name: len(lines) for name, lines in found.items() if lines} == {n: len(e) for n, e in events.items()}
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
        (story,) = user_stories([quote("I want my parcel because it is a gift.", product="Beans")])
        assert story["text"] == "As a customer (Beans), I want “my parcel”, because “it is a gift”."

    def test_parts_that_nobody_wrote_are_left_out(self) -> None:
        assert user_stories([quote("Hm.")]) == []
        (story,) = user_stories([quote("I want my parcel.")])
        assert story["text"] == "As a customer, I want “my parcel”."

    def test_three_are_enough_and_those_with_a_reason_come_first(self) -> None:
        texts = ["I want a kettle.", "I want a mug.", "I want a spoon.", "I need a lid so that it stays warm."]
        stories = user_stories([quote(text) for text in texts])
        assert [story["event_id"] for story in stories] == [texts[3], texts[0], texts[1]]

    def test_the_same_want_is_told_once(self) -> None:
        texts = ["I want my parcel.", "Give me a break. I just want my parcel now", "Could you send my parcel?"]
        assert len(user_stories([quote(text) for text in texts])) == 1


class TestQuotes:
    @staticmethod
    def shown(quotes: list[dict[str, Any]], *, good: bool = False) -> list[str]:
        day = Aggregate()
        fields = {"hour": day, "day": day, "everything": day, "hours_heard": 1, "usual_day": None, "alert": None}
        spoken = {"first_ms": BASE_MS, "last_ms": BASE_MS, "quotes": quotes, "good": good}
        told = PainPoint.model_validate(point_feed("Acme", "late_delivery", "Late", BASE_MS, **fields, **spoken))
        return sorted(quote.text for quote in told.quotes)

    def test_who_feels_so_and_means_it_is_shown(self) -> None:
        good = [quote(f"{word} is late, late.") for word in ("Box", "Parcel", "Crate")]
        for number, told in enumerate(good):
            told["words"] = ["late", told["text"].split()[0]]
            told["voice"] = f"v{number}"
        elsewhere = quote("The checkout broke, and late, yes.") | {"point": "checkout", "voice": "e"}
        content = quote("Late? Never mind, lovely.", sentiment=0.6) | {"voice": "c"}
        named = quote("Late is what my sister is.") | {"voice": "n", "words": ["late"]}
        assert self.shown([*good, elsewhere, content, named]) == sorted(told["text"] for told in good)
        assert self.shown([good[0], elsewhere, content, named]) == sorted(
            it["text"] for it in (good[0], elsewhere, named)
        )

    def test_where_nobody_feels_so_there_is_what_there_is(self) -> None:
        content = quote("Late? Never mind, lovely.", sentiment=0.6)
        assert self.shown([content]) == [content["text"]]
        assert self.shown([content, quote("Too late.")], good=True) == [content["text"]]


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


class TestWeek:
    @staticmethod
    def told(hours: list[int], days: Days | None = None) -> PainPoint:
        day = Aggregate()
        day.observe([observed(scored("e", BASE_MS, points=["late_delivery"], sentiment=-0.5))])
        now_ms = BASE_MS + 14 * DAY
        fields = {"hour": day, "day": day, "everything": day, "hours_heard": 1, "usual_day": None, "alert": None}
        spoken = {"first_ms": BASE_MS, "last_ms": BASE_MS, "quotes": []}
        known = Known(hours=hours, days=days or Days())
        return PainPoint.model_validate(point_feed("Acme", "p", "P", now_ms, **fields, **spoken, known=known))

    def test_it_is_compared_with_the_one_before(self) -> None:
        week = self.told([1] * 168 + [2] * 168).week
        assert week is not None and week.before is not None
        assert (week.this.hourly_voices, week.before.hourly_voices, week.change) == (336, 168, 1.0)
        assert week.daily_voices == [24] * 7 + [48] * 7

    def test_a_young_brand_is_compared_by_the_hour(self) -> None:
        week = self.told([3] * 24 + [1] * 168).week
        assert week is not None and week.before is not None
        assert (week.before.known_hours, week.change) == (24, -0.667)

    def test_less_than_a_day_is_no_week_to_compare_with(self) -> None:
        week = self.told([3] * 23 + [1] * 168).week
        assert week is not None
        assert (week.before, week.change) == (None, None)
        assert self.told([]).week is None

    def test_what_moved_is_named(self) -> None:
        days = Days()
        for day, product in ((3, "Beans"), (10, "Pods")):
            hour = Aggregate()
            hour.observe([observed(scored(f"e{n}", BASE_MS, product=product, sentiment=-0.5)) for n in range(10)])
            days.learn(BASE_MS + day * DAY + HOUR, hour)
        week = self.told([1] * 336, Days.from_state(days.to_state())).week
        assert week is not None and week.before is not None
        assert [(s.value, s.share, s.before) for s in week.shifts] == [("Beans", 0.0, 1.0), ("Pods", 1.0, 0.0)]
        assert (week.this.mentions, week.this.sentiment, week.before.mentions) == (10, -0.5, 10)

    def test_days_are_bounded(self) -> None:
        days, hour = Days(), Aggregate()
        hour.observe([observed(scored(f"e{n}", BASE_MS, product=f"product {n}")) for n in range(50)])
        for day in range(40):
            days.learn(BASE_MS + day * DAY + HOUR, hour)
        assert len(days.held) == 14
        assert {len(span.segments["product"]) for span in days.held.values()} == {20}


class TestCandidateCause:
    @staticmethod
    def heard(product: str, count: int, author: str = "a") -> Aggregate:
        aggregate = Aggregate()
        fields = {"product": product, "sentiment": -0.5, "channel": "x"}
        aggregate.observe([observed(scored(f"e{n}", BASE_MS, author=f"{author}{n}", **fields)) for n in range(count)])
        return aggregate

    def test_where_those_who_name_it_come_from(self) -> None:
        everything = self.heard("Pods", 18, "b")
        everything.add(self.heard("Beans", 6))
        cause = candidate_cause(self.heard("Beans", 6), everything, Span(), {})
        assert cause is not None
        assert (cause["dimension"], cause["value"], cause["share"], cause["usual"]) == ("product", "Beans", 1.0, 0.25)
        assert cause["why"].startswith("6 of 6 mentions; 25% of all"), "of so few no percentage is told"
        many = self.heard("Pods", 60, "b")
        many.add(self.heard("Beans", 20))
        cause = candidate_cause(self.heard("Beans", 20), many, Span(), {})
        assert cause is not None
        assert cause["why"].startswith("20 of 20 mentions (100%); 25% of all")

    def test_what_everybody_shares_explains_nothing(self) -> None:
        assert candidate_cause(self.heard("Beans", 9), self.heard("Beans", 30), Span(), {}) is None

    def test_what_was_always_so_explains_nothing(self) -> None:
        everything = self.heard("Pods", 20, "b")
        everything.add(self.heard("Beans", 6))
        before = Span(mentions=40, segments={"product": {"Beans": 38}})
        assert candidate_cause(self.heard("Beans", 6), everything, before, {}) is None

    def test_a_cause_that_the_same_people_name(self) -> None:
        everything = self.heard("Beans", 20)
        cause = candidate_cause(self.heard("Beans", 8), everything, Span(), {"site_down": self.heard("Beans", 7)})
        assert cause is not None
        assert (cause["dimension"], cause["value"], cause["mentions"]) == ("pain_point", "site_down", 7)

    def test_what_chance_would_do_explains_nothing(self) -> None:
        everything = self.heard("Pods", 26, "b")
        everything.add(self.heard("Beans", 14))
        day = self.heard("Beans", 6)
        day.add(self.heard("Pods", 4, "b"))
        assert candidate_cause(day, everything, Span(), {}) is None, "6 of 10 where 35% are usual"

    def test_too_few_say_nothing(self) -> None:
        assert candidate_cause(self.heard("Beans", 4), self.heard("Pods", 20), Span(), {}) is None


class TestHandoffs:
    @pytest.mark.parametrize(
        ("fields", "reasons"),
        [
            ({}, []),
            ({"emotions": {"anger": 0.6}, "intensity": 0.6}, ["strong_emotion"]),
            ({"emotions": {"anger": 0.59}, "intensity": 0.9}, []),
            ({"emotions": {"anger": 0.9}, "intensity": 0.59}, []),
            ({"emotions": {"anger": 0.9}, "intensity": 0.9, "sentiment": 0.5}, []),
            ({"emotions": {"joy": 0.9}, "intensity": 0.9}, []),
            ({"emotions": {"remorse": 0.9}, "intensity": 0.9}, []),
            ({"emotions": {"sadness": 0.9, "fear": 0.9, "disgust": 0.9}, "intensity": 0.9}, []),
            ({"emotions": {"fear": 0.9}, "intensity": 0.9, "source": "tickets"}, ["strong_emotion"]),
            ({"emotions": {"sadness": 0.9}, "intensity": 0.9, "source": "tickets"}, ["strong_emotion"]),
            ({"repeat_contact": True}, ["repeat_contact"]),
            ({"repeat_contact": True, "sentiment": 0.0}, []),
            ({"repeat_contact": True, "sentiment": 0.5, "source": "tickets"}, ["repeat_contact"]),
            ({"churn_risk": 0.6}, ["threat_to_leave"]),
            ({"churn_risk": 0.59}, []),
            ({"churn_risk": 0.9, "sentiment": 0.0}, []),
            ({"churn_risk": 0.9, "sentiment": 0.0, "source": "tickets"}, ["threat_to_leave"]),
            ({"churn_risk": 0.9, "sentiment": 0.5, "source": "tickets"}, []),
            ({"urgency": 0.75, "repeat_contact": True}, ["repeat_contact", "urgent"]),
            ({"urgency": 0.9, "sentiment": 0.5}, []),
        ],
    )
    def test_who_needs_a_person(self, fields: dict[str, Any], reasons: list[str]) -> None:
        assert concerns(observed(scored("1", BASE_MS, **({"sentiment": -0.6} | fields))).said) == reasons

    def test_thanks_under_an_urgent_priority_need_nobody_and_urgent_words_do(self) -> None:
        thanks = scored("1", BASE_MS, sentiment=0.5, urgency=0.9)
        thanks["signals"]["words"] = {"urgency": ["priority urgent"]}
        assert concerns(observed(thanks).said) == []
        thanks["signals"]["words"]["urgency"].append("stranded")
        assert concerns(observed(thanks).said) == ["urgent"]

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
        assert [handoff.unanswered_seconds for handoff in told] == [0, 3600, None]
        assert told[2].reasons_why == {"repeat_contact": [], "urgent": ["now"]}

    def test_an_answer_from_before_the_question_waited_for_nothing(self) -> None:
        case = Case("c1", "ada", "tickets")
        record = scored("1", BASE_MS)
        needs_person("Acme", case, ["urgent"], observed(record))
        assert Handoff.model_validate(answer("Acme", case, BASE_MS - HOUR)).waited_seconds == 0

    def test_state_goes_there_and_back(self) -> None:
        case = Case("c1", "ada", "tickets", reasons=["urgent"], quote=quote("Hm."))
        assert Case(*case.to_state()) == case
