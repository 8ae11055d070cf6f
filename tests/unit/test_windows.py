"""One-minute windows: cells, their fragments, quotes, and what a scored record leaves in them."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest

from schemas.scored import Emotion, Mention, Origin, Scored, Sentiment, Signals
from streams.windows import cells, said
from streams.windows.aggregate import Aggregate
from streams.windows.cells import Cell, Fragment, minute_of, series_of
from streams.windows.observation import QUOTE_LENGTH, Observation
from streams.windows.quotes import choose_quotes, diverse, newest
from tests.support.records import BASE_MS, MINUTE, observed, scored


def seen(id_: str, **fields: Any) -> Observation:
    return observed(scored(id_, fields.pop("at_ms", BASE_MS), **fields))


class TestObservation:
    def test_is_what_the_record_says_in_whole_numbers(self) -> None:
        one = seen("1", author="ada", sentiment=-0.1234, effort=0.5, churn_risk=0.0006, emotions={"anger": 0.25})
        assert (one.voice, one.label, one.sentiment, one.effort, one.churn) == ("ada", "neutral", -123, 500, 1)
        assert one.emotions == {"anger": 250}

    def test_the_same_id_from_another_source_is_another_event(self) -> None:
        assert seen("1").event == seen("1", at_ms=BASE_MS + 1, author="x").event
        assert seen("1").event != seen("1", source="reviews").event
        assert 0 <= seen("1").event < 2**63

    def test_a_point_that_is_named_twice_counts_once(self) -> None:
        assert seen("1", points=["late_delivery", "late_delivery", "personal_touch"]).points == (
            "late_delivery",
            "personal_touch",
        )

    def test_a_quote_is_short(self) -> None:
        quote = seen("1", text="x" * 1000).quote
        assert len(quote["text"]) == QUOTE_LENGTH
        assert quote["text"].endswith("…")
        assert seen("1", text="x" * QUOTE_LENGTH).quote["text"] == "x" * QUOTE_LENGTH

    def test_series(self) -> None:
        assert series_of(seen("1")) == ("*",)
        assert series_of(seen("1", sentiment=-0.5, points=["late_delivery"])) == ("*", "*negative", "late_delivery")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1970-01-01T00:00:00.001Z", 1),
            ("2026-03-02T01:00:00+01:00", BASE_MS),
            ("2026-03-02T00:00:00.999999Z", BASE_MS + 999),
            ("2026-03-02T00:00:00.001Z", BASE_MS + 1),
        ],
    )
    def test_timestamps(self, text: str, expected: int) -> None:
        assert observed(scored("1", BASE_MS) | {"created_at": text}).time_ms == expected

    @pytest.mark.parametrize("text", ["2026-03-02T00:00:00", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
    def test_a_time_without_a_zone_or_far_from_ours_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"timezone|no time"):
            observed(scored("1", BASE_MS) | {"created_at": text})

    def test_it_reads_what_the_contract_says(self) -> None:
        """What detect reads is a part of the contract: the same names, and no field must be there that need not."""
        for mine, theirs in (
            (said.Said, Scored),
            (said.Sentiment, Sentiment),
            (said.Emotion, Emotion),
            (said.Mention, Mention),
            (said.Signals, Signals),
            (said.Origin, Origin),
        ):
            read = {field.name: field.required for field in msgspec.structs.fields(mine)}
            written = {name: field.is_required() for name, field in theirs.model_fields.items()}
            assert read.items() <= written.items()

    def test_the_longest_that_the_contract_allows_is_read(self) -> None:
        longest = scored(
            "é" * 256, BASE_MS, brand="b" * 200, author="a" * 256, product="é" * 200, conversation="é" * 256
        )
        assert observed(longest | {"url": "é" * 2_000, "text": "é" * 200_000}).said.id == "é" * 256

    @pytest.mark.parametrize("time_ms", [0, 1, MINUTE - 1, MINUTE, BASE_MS + 59_999, -1])
    def test_a_minute_holds_its_moments(self, time_ms: int) -> None:
        start = minute_of(time_ms)
        assert start % MINUTE == 0
        assert start <= time_ms < start + MINUTE


class TestCell:
    def test_fragments_are_bounded_and_add_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cells, "FRAGMENT_EVENTS", 4)
        cell, whole = Cell(BASE_MS), Aggregate()
        for numbers, changed in (([0], [0]), ([1, 2, 3], [0]), ([4, 5, 6, 7, 8, 9], [1, 2]), ([], [])):
            for number in numbers:
                one = seen(f"e{number}", author=f"a{number % 3}", points=["late_delivery"], sentiment=-0.5)
                cell.observe(one)
                whole.observe([one])
            assert list(cell.settle()) == changed
        assert [len(fragment.events) for fragment in cell.fragments] == [4, 4, 2]
        assert cell.aggregate("late_delivery").to_state() == whole.to_state()
        assert cell.names() == ["*", "*negative", "late_delivery"]
        assert cell.aggregate("unheard").mentions == 0

    def test_it_knows_what_it_has_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cells, "FRAGMENT_EVENTS", 2)
        cell = Cell(BASE_MS)
        for offset in (3, 7, 9):
            cell.observe(seen(f"e{offset}", origin=("posts.v1", 0, offset)))
        restored = Cell(BASE_MS)
        cell.settle()
        for index, fragment in enumerate(cell.fragments):
            restored.restore(index, fragment)
        for one in (cell, restored):
            assert [one.counted("posts.v1:0", offset) for offset in (0, 3, 9, 10)] == [True, True, True, False]
            assert not one.counted("posts.v1:1", 3)

    def test_the_companys_words_are_remembered_and_not_counted(self) -> None:
        cell = Cell(BASE_MS)
        cell.observe(seen("e1", direction="agent", origin=("tickets.v1", 0, 0)))
        cell.settle()
        assert cell.names() == []
        assert cell.counted("tickets.v1:0", 0)

    def test_late_ones_are_told(self) -> None:
        cell = Cell(BASE_MS)
        cell.observe(seen("e1"))
        cell.settle()
        cell.observe(seen("e2"))
        cell.settle(late=True)
        assert cell.late == 1

    def test_state_goes_there_and_back(self) -> None:
        fragment = Fragment()
        for number in range(5):
            one = seen(f"e{number}", points=["late_delivery"], sentiment=-0.5, emotions={"anger": 0.5}, product="Beans")
            fragment.observe([one])
        stored = orjson.dumps(fragment.to_state())
        assert orjson.dumps(Fragment.from_state(orjson.loads(stored)).to_state()) == stored

    def test_the_strongest_quotes_are_kept_whatever_the_order(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cells, "FRAGMENT_EVENTS", 3)
        feelings = [-0.9, -0.1, -0.5, -0.7, -0.3, -0.2, -0.8]
        told = []
        for order in (feelings, feelings[::-1]):
            cell = Cell(BASE_MS)
            for feeling in order:
                one = seen(f"{feeling}", points=["late_delivery"], sentiment=feeling)
                cell.observe(one)
            cell.settle()
            told += [
                [quote["event_id"] for quote in quotes] for quotes in (cell.quotes("late_delivery"), cell.every_quote())
            ]
        assert told == [["-0.9", "-0.8", "-0.7"]] * 4

    def test_the_unhappy_are_quoted_without_the_happy(self) -> None:
        cell = Cell(BASE_MS)
        for feeling, points in (
            (0.99, []), (0.98, []), (0.97, []), (-0.4, []), (0.95, ["personal_touch"]), (-0.5, ["late_delivery"])
        ):  # fmt: skip
            cell.observe(seen(str(feeling), sentiment=feeling, points=points))
        cell.settle()
        assert [quote["event_id"] for quote in cell.quotes("*negative")] == ["-0.5", "-0.4"]


class TestQuotes:
    def quote(self, id_: str, at: int, voice: str, text: str) -> dict[str, Any]:
        return seen(id_, at_ms=BASE_MS + at, author=voice, text=text).quote

    def test_newest_first_and_equal_times_by_id(self) -> None:
        quotes = [self.quote(id_, at, id_, id_) for id_, at in (("a", 1), ("b", 2), ("c", 2), ("d", 0))]
        assert newest(quotes, 3) == newest(quotes[::-1], 3)
        assert [quote["at"] - BASE_MS for quote in newest(quotes, 3)] == [2, 2, 1]

    def test_other_voices_in_other_words(self) -> None:
        told = diverse(
            [
                self.quote("1", 5, "ada", "where is my parcel"),
                self.quote("2", 4, "ada", "completely different words by the same"),
                self.quote("3", 3, "bob", "WHERE is my parcel?"),
                self.quote("4", 2, "cy", "the beans taste of nothing"),
            ]
        )
        assert [quote["event_id"] for quote in told] == ["1", "4"]

    def test_of_many_who_say_much_the_same_those_are_shown_that_say_something_else_too(self) -> None:
        same = [self.quote(f"s{n}", 100 - n, f"s{n}", f"hold for hours, gate{n} and seat{n}") for n in range(10)]
        others = ["they rebooked my sister, not me", "refund refused at the desk", "baggage stands in Denver, alone"]
        more = [self.quote(f"o{n}", n, f"o{n}", text) for n, text in enumerate(others)]
        told = diverse([*same, *more])
        assert [quote["event_id"] for quote in told] == ["s0", "s1", "s2", "o2", "o1", "o0"]
        assert diverse([*same, *more], count=4) == [told[0], *told[3:]]

    def test_what_is_shown_has_no_voice(self) -> None:
        (shown,) = choose_quotes([self.quote("1", 5, "pseudonym of ada", "Hm.")])
        assert "pseudonym of ada" not in orjson.dumps(shown).decode()
        assert shown["created_at"] == "2026-03-02T00:00:00.005Z"

    def test_words_of_emoji_alone_are_quotes_too(self) -> None:
        assert len(diverse([self.quote("1", 1, "a", "💛"), self.quote("2", 2, "b", "😡")])) == 2
