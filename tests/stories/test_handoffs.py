"""Customers whom a person should see."""

from __future__ import annotations

import pytest

from tests.stories.telling import at, story


def test_a_handoff_opens_repeats_and_is_answered() -> None:
    acme = story().at("day 1 09:00")
    acme.say(source="tickets", author="Ada", conversation="case 7", repeat_contact=True, sentiment=-0.6)
    acme.say(source="tickets", author="Ada", conversation="case 7", after="1h", churn_risk=0.9, sentiment=-0.8)
    acme.say(
        source="tickets", author="Agent Ben", conversation="case 7", after="90m", direction="agent", churn_risk=0.9
    )
    acme.silence("2h")
    opened, again, answered = acme.handoffs
    assert [handoff.revision for handoff in (opened, again, answered)] == [1, 2, 3]
    assert (opened.status, opened.reasons, opened.contacts) == ("open", ["repeat_contact"], 1)
    assert (again.status, again.reasons, again.contacts) == ("open", ["repeat_contact", "threat_to_leave"], 2)
    assert again.waiting_since == at("day 1 09:00")
    assert (answered.status, answered.answered_at, answered.waited_seconds) == ("answered", at("day 1 10:30"), 5400.0)
    assert answered.author == "Ada"


def test_an_agents_words_are_not_a_customers_voice() -> None:
    acme = story().quiet(days=2).at("day 3 09:00")
    for number in range(20):
        acme.say(after=f"{number * 2}m", author=f"agent {number}", direction="agent", points=["late_delivery"])
    acme.expect_no_alert(until="day 3 12:00")
    assert acme.windows("late_delivery") == []


def test_a_customer_who_is_content_needs_nobody() -> None:
    acme = story().say(source="tickets", conversation="case 1", sentiment=0.7).silence("1h")
    assert acme.handoffs == []


def test_a_handoff_outlives_a_restart() -> None:
    acme = story().say(source="tickets", author="Ada", conversation="case 7", urgency=0.9).silence("1h").restart()
    acme.say(source="tickets", conversation="case 7", direction="agent").silence("1m")
    assert [handoff.status for handoff in acme.handoffs] == ["open", "answered"]


def test_a_real_text_that_asks_for_a_person_is_handed_over() -> None:
    acme = story(packs=("generic",))
    text = "This is the third time I write to you and nobody answers! I am furious and I will cancel my subscription."
    acme.write("tickets", text, author="ada@example.org", conversation_id="case 9").silence("1m")
    (handoff,) = acme.handoffs
    assert "repeat_contact" in handoff.reasons
    assert handoff.id == "case 9"
    assert "ada" not in handoff.model_dump_json()


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("You cancelled my flight and told me to call you. Awful, I am furious!", ["strong_emotion"]),
        ("Terrible. I cancelled that order because your payment page is broken.", []),
        ("This is terrible, I will cancel my subscription.", ["threat_to_leave"]),
        ("Awful service. You cancelled my order, and I will never order from you again.", ["threat_to_leave"]),
        ("Awful. After this order I am cancelling my account.", ["threat_to_leave"]),
    ],
)
def test_who_cancels_an_order_does_not_leave(text: str, reasons: list[str]) -> None:
    acme = story(packs=("generic",))
    acme.write("posts", text, author="ada").silence("1m")
    assert reasons == [reason for handoff in acme.handoffs for reason in handoff.reasons]


@pytest.mark.parametrize(
    "text",
    [
        "Terrible: four people at check in on a Sunday afternoon.",
        "I am really not inclined to call that number. Awful.",
        "I don't understand hearing it from strangers first. Bad.",
        "The door was closed only to be reopened, awful.",
    ],
)
def test_what_only_sounds_like_writing_again_is_none(text: str) -> None:
    acme = story(packs=("generic",))
    acme.write("posts", text, author="ada").silence("1m")
    assert acme.handoffs == []
