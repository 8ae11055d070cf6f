"""Fingerprints: alike for copies, unlike for people's own words, and none where there is too little to tell."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.tokens import WORD, Lexicon
from streams.scoring.wording import KEYS, SIZE, Wordings, is_repost
from streams.windows.copies import ALIKE, AUTOMATED, Copies, keys_of
from tests.support.examples import examples

TEXT = "My parcel was promised for Monday and now it is Friday and nobody can tell me where it went"
OTHER = "We had to wait two hours for a table although we had booked it weeks ago and the food came cold"
SHORT = "Worst airline I have ever flown with"


def fingerprints(*texts: str) -> list[str | None]:
    lexicon = Lexicon()
    return Wordings().of(lexicon.read(texts), lexicon.hashes, lexicon.flags, WORD, texts)


def shared(one: str, other: str) -> int:
    first, second = fingerprints(one, other)
    assert first is not None and second is not None
    return sum(a == b for a, b in zip(keys_of(first), keys_of(second), strict=True))


@pytest.mark.parametrize(
    "copy",
    [
        TEXT.upper(),
        f"@somebody {TEXT}!!! 😡 https://a.example/1",
        TEXT.replace(" and ", ", and "),
        TEXT.replace("nobody", "nooobody"),
        f"RT @ada: {TEXT}",
        f"“@ada: {TEXT}”",
        f"[handle] {TEXT} #shame",
    ],
)
def test_what_is_no_word_makes_no_difference(copy: str) -> None:
    assert shared(TEXT, copy) >= ALIKE + 2


def test_other_words_are_another_fingerprint() -> None:
    assert shared(TEXT, OTHER) == 0


def test_too_few_words_have_none_unless_passed_on() -> None:
    assert fingerprints(SHORT, f"RT @ada: {SHORT}", "", "RT @ada: hm") == [
        None,
        fingerprints(f"RT @ada: {SHORT}")[0],
        None,
        None,
    ]
    assert fingerprints(f"RT @ada: {SHORT}")[0] is not None


def test_a_comment_on_what_is_passed_on_is_somebody_s_own() -> None:
    assert fingerprints(f"This is so true of them RT @ada: {TEXT}") == [None]
    assert shared(f"wow RT @ada: {TEXT}", TEXT) >= ALIKE


def test_reposts_are_known() -> None:
    assert is_repost("RT @ada: so late") and is_repost("“[handle]: so late” yes") and is_repost('"@ada so late"')
    assert not is_repost("Right, @ada, so late") and not is_repost('"So late", said @ada') and not is_repost("")


@examples(60)
@given(st.lists(st.text(max_size=200), min_size=1, max_size=6))
def test_a_text_alone_has_the_same_fingerprint_as_in_a_frame(texts: list[str]) -> None:
    together = fingerprints(*texts)
    assert together == [fingerprints(text)[0] for text in texts]
    assert all(found is None or (len(found) == SIZE and found.isascii()) for found in together)


def edited(text: str, rng: random.Random) -> str:
    words = text.split()
    words[rng.randrange(len(words))] = rng.choice(OTHER.split())
    return " ".join(words)


def test_a_wave_with_a_word_changed_in_each_copy_comes_to_few_voices() -> None:
    rng = random.Random(7)
    wave = fingerprints(*[edited(TEXT, rng) for _ in range(200)])
    copies = Copies()
    entries = [[number, f"a{number}", wording] for number, wording in enumerate(wave)]
    speaks_as = copies.settle(0, entries)
    voices = {speaks_as.get(author, author) for _, author, *_ in entries}
    assert len(voices) <= 10


def entry(at_ms: int, author: str, wording: str) -> list[object]:
    return [at_ms, author, wording]


def made(letter: str, *changed: int) -> str:
    return "".join(f"{'z' if at in changed else letter}{at}." for at in range(KEYS))


def test_who_copies_speaks_with_the_first_voice_of_the_day() -> None:
    copies = Copies()
    assert copies.settle(0, [entry(5, "bob", made("a")), entry(3, "ada", made("a", 1))]) == {"bob": "ada"}
    assert copies.settle(60_000, [entry(0, "eve", made("a", 1, 2, 3, 4))]) == {"eve": "ada"}
    assert (
        copies.settle(
            120_000, [entry(0, "kim", made("a", 0, 5, 6, 7, 2).replace("z", "q")), entry(1, "ada", made("a"))]
        )
        == {}
    )


def test_a_circle_of_copies_is_one_voice() -> None:
    copies = Copies()
    copies.settle(0, [entry(0, "ada", made("a")), entry(1, "bob", made("b"))])
    assert copies.settle(60_000, [entry(0, "ada", made("b")), entry(1, "bob", made("a"))]) == {"bob": "ada"}


def test_after_a_day_words_are_anybody_s_again() -> None:
    copies = Copies()
    copies.settle(0, [entry(0, "ada", made("a"))])
    copies.forget(60_000)
    assert copies.settle(60_000, [entry(0, "bob", made("a"))]) == {}
    assert copies == restored(copies)


def restored(copies: Copies) -> Copies:
    again = Copies(since_ms=copies.since_ms)
    again.restore([(start, list(entries)) for start, entries in copies.minutes])
    return again


def test_memory_is_bounded_and_a_restart_remembers_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.windows.copies.WORDINGS", 40)
    rng, copies, said = random.Random(3), Copies(), []
    for minute in range(60):
        entries = [
            entry(
                rng.randrange(60_000), f"a{rng.randrange(30)}", made(rng.choice("abcdefgh"), *rng.sample(range(8), 2))
            )
            for _ in range(rng.randrange(8))
        ]
        said.append((minute * 60_000, entries))
        copies.settle(minute * 60_000, entries)
        if minute > 30:
            copies.forget((minute - 30) * 60_000)
        if minute % 9 == 8:
            late = entry(rng.randrange(60_000), "late", made("a"))
            start_ms = (minute - rng.randrange(8)) * 60_000
            copies.late(start_ms, late)
            said[start_ms // 60_000][1].append(late)
        assert copies.held <= 40
        again = Copies(since_ms=max(0, minute - 30) * 60_000)
        again.restore((start, entries) for start, entries in said if start >= again.since_ms)
        assert (again.keys, again.held) == (copies.keys, copies.held)
        assert {a: (sorted(h.times), h.copies) for a, h in again.habits.items()} == {
            a: (h.times, h.copies) for a, h in copies.habits.items()
        }


def test_who_posts_like_clockwork_or_the_same_again_and_again_is_a_machine() -> None:
    rng, copies = random.Random(5), Copies()
    voices: dict[str, str] = {}

    def fresh() -> str:
        return "".join(rng.choices("abcdefghijklmnop", k=SIZE))

    for minute in range(60):
        entries = [entry(17, "bot", made("a")), entry(rng.randrange(60_000), "person", fresh())]
        if minute % 2:
            entries.append(entry(40, "clock", fresh()))
        voices = copies.settle(minute * 60_000, entries)
    assert voices == {"bot": AUTOMATED, "clock": AUTOMATED}
