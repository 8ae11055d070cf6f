"""Terms and what is usual for them: what counts as a term, what rises, and in how much memory."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detection import terms as terms_module
from streams.detection.terms import SLOTS, VOLUME, Trend, Usage, terms_of
from tests.support.examples import examples

Said = list[dict[str, set[str]]]


def test_what_its_examples_say() -> None:
    result = doctest.testmod(terms_module)
    assert result.attempted > 0
    assert result.failed == 0


class TestTermsOf:
    @pytest.mark.parametrize(
        ("text", "terms"),
        [
            ("The lid melts. Kettle!", {"lid", "melt", "lid melt", "kettl"}),
            ("Melted, MELTING, melts", {"melt"}),
            ("@Acme https://t.co/lid www.lid.example [email] 12345 :-(", set()),
            ("This is the worst, I am so disappointed and really angry!!!", set()),
            ("#KettleGate error e42", {"kettlegat", "error", "e42", "kettlegat error", "error e42"}),
            ("", set()),
            ("don't won’t can't", set()),
            ("Der Deckel schmilzt", {"der", "deckel", "schmilzt", "der deckel", "deckel schmilzt"}),
            ("蓋が溶けた 蓋が溶けた", {"蓋が溶けた"}),
        ],
    )
    def test_words_and_pairs_that_tell_something(self, text: str, terms: set[str]) -> None:
        assert terms_of(text) == terms

    def test_a_long_text_is_looked_at_at_its_beginning(self) -> None:
        assert len(terms_of(" ".join(f"word{n}x" for n in range(10_000)))) < 150

    @examples(60)
    @given(st.text(max_size=100))
    def test_anything(self, text: str) -> None:
        for term in terms_of(text):
            assert term
            assert len(term.split()) <= 2


def learned(hours: int, voices: dict[str, int], *, first: int = 0) -> Usage:
    usage = Usage()
    for hour in range(first, first + hours):
        usage.learn(hour, voices)
    return usage


class TestUsage:
    def test_the_mean_is_right_from_the_first_hours_on(self) -> None:
        for hours in (2, 24, 400):
            assert learned(hours, {"hold": 3}).mean("hold", hours) == pytest.approx(3.0)

    def test_silence_brings_it_down(self) -> None:
        usage = learned(200, {"hold": 3})
        usage.learn(500, {"gate": 1})
        assert 0 < usage.mean("hold", 501) < 1.5

    def test_its_memory_is_bounded_and_what_is_never_said_again_goes(self) -> None:
        usage = Usage()
        for hour in range(100):
            usage.learn(hour, {f"word {hour} {n}": 1 for n in range(500)})
        assert len(usage.slots) <= SLOTS + 1
        usage.learn(24 * 100, {"hold": 1})
        assert len(usage.slots) <= 2

    def test_others_can_only_raise_what_is_usual(self) -> None:
        alone, crowded = learned(48, {"hold": 2}), Usage()
        for hour in range(48):
            crowded.learn(hour, {"hold": 2, **{f"other {n}": 1 for n in range(3_000)}})
        assert crowded.mean("hold", 48) >= alone.mean("hold", 48) - 1e-9

    def test_it_is_stored_whole(self) -> None:
        usage = learned(30, {"hold": 3, VOLUME: 9})
        again = Usage.from_state(usage.to_state())
        assert again.expect("hold", 31, 6, 1.0) == usage.expect("hold", 31, 6, 1.0)


def people(count: int, *terms: str, who: str = "voice") -> dict[str, set[str]]:
    return {f"{who} {n}": set(terms) for n in range(count)}


class TestTrend:
    def told(self, said: Said, usage: Usage, hour: int = 96, **changed: Any) -> list[str]:
        return [it.term for it in Trend(**changed).rising(said, hour, usage)]

    def test_a_new_word_of_several_people(self) -> None:
        usage = learned(96, {VOLUME: 8, "parcel": 4})
        assert self.told([people(6, "melt")], usage) == ["melt"]
        assert self.told([people(4, "melt")], usage) == []

    def test_one_voice_is_one(self) -> None:
        assert self.told([people(1, "melt")] * 6, learned(96, {VOLUME: 8})) == []

    def test_a_frequent_word_is_silent(self) -> None:
        usage = learned(96, {VOLUME: 8, "parcel": 4})
        assert self.told([people(4, "parcel", who=f"hour {n}") for n in range(6)], usage) == []

    def test_when_everybody_speaks_what_is_always_said_does_not_rise(self) -> None:
        usage = learned(96, {VOLUME: 8, "parcel": 4})
        storm = [people(80, "rest", who=f"rest {n}") | people(80, "parcel", who=f"hour {n}") for n in range(6)]
        assert "parcel" not in self.told(storm, usage)

    def test_nothing_before_a_day_is_known(self) -> None:
        usage = learned(20, {VOLUME: 8})
        assert self.told([people(9, "melt")], usage, hour=20) == []
        assert self.told([people(9, "melt")], Usage(), hour=20) == []

    def test_what_the_same_people_say_is_one_story(self) -> None:
        usage = learned(96, {VOLUME: 8})
        found = Trend().rising([people(7, "lid", "melt", "lid melt") | people(6, "refund", who="other")], 96, usage)
        assert [(it.term, it.related) for it in found] == [("lid melt", ("lid", "melt")), ("refund", ())]

    def test_only_what_is_said_in_the_last_hour_rises_now(self) -> None:
        usage = learned(96, {VOLUME: 8})
        assert self.told([people(7, "melt"), people(3, "parcel")], usage) == []
