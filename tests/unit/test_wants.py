"""What customers ask for: told where the grammar leaves no doubt, in their words; else not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.feeds.wants import MAX_WANT, alike, sentences, want


@pytest.mark.parametrize(
    ("text", "story"),
    [
        ("@acme I want my refund. £14.50.", "I want “my refund”."),
        ("We'd like a smaller box.", "I would like “a smaller box”."),
        ("Hi, I just need to change my flight, please help", "I need “to change my flight”."),
        ("Could you send a corrected invoice?", "I want you to “send a corrected invoice”."),
        ("Pls fix the search.", "I want you to “fix the search”."),
        ("can someone please cancel my plan", "I want somebody to “cancel my plan”."),
        ("Can I swap it for a decaf blend?", "I want to “swap it for a decaf blend”."),
        ("Why can't I log in... why can’t we book seats online?", "I want to “book seats online”."),
        ("How do I cancel my plan? I tried.", "I want to know how to “cancel my plan”."),
        ("Nobody can tell me when it will arrive.", "I want to know “when it will arrive”."),
        ("Let us know where our bags are!", "I want to know “where our bags are”."),
        ("I need a lid so that it stays warm.", "I need “a lid”, so that “it stays warm”."),
        ("I want the old app because I can't read this one.", "I want “the old app”, because “I can't read this one”."),
        ("I want to pay but your app won't let me.", "I want “to pay”."),
        ("The app 4.2.0 fails. Please bring back version 4.1.", "I want you to “bring back version 4.1”."),
    ],
)
def test_what_is_asked_becomes_a_story_in_their_words(text: str, story: str) -> None:
    asked = want(text)
    assert asked is not None
    assert asked.story(None) == f"As a customer, {story}"
    assert asked.story("Pods") == f"As a customer (Pods), {story}"


@pytest.mark.parametrize(
    "text",
    [
        "Please look into it.",
        "I'd rather not know.",
        "I expected more.",
        "The grinder I want has been out of stock.",
        "Why do I need to phone someone to cancel?",
        "I don't want a discount.",
        "They say I need to rebook.",
        "I like you, but not that much.",
        "Tell me why...",
        "Could you correct it?",
        "Can you see more than I can?",
        "The app suggested Slow Sunday.",
        "Let me know if you need the number.",
        "How can I be so unlucky?",
        "I'm late because of the roaster.",
        "",
        "I want to give you money and your app won't take it.",
        "Which roast would you give to somebody who doesn't like coffee?",
        "want want want",
    ],
)
def test_what_asks_for_nothing_that_can_be_named_is_left_out(text: str) -> None:
    assert want(text) is None


@given(st.text(max_size=400), st.sampled_from(["I want ", "Could you send ", "How do I get ", "Tell me when "]))
def test_only_words_that_somebody_wrote_are_told(text: str, start: str) -> None:
    asked = want(start + text)
    if asked is not None:
        written = " ".join(sentences(start + text))
        for words in filter(None, (asked.what, asked.why)):
            assert len(words) <= MAX_WANT
            assert words.removesuffix("…") in written


def test_wants_are_alike_where_they_share_half_of_what_they_name() -> None:
    one, same, other = (want(f"I want {it}.") for it in ("my money back", "all my money back now", "my parcel back"))
    assert one is not None and same is not None and other is not None
    assert alike(one.names, same.names)
    assert not alike(one.names, other.names)
