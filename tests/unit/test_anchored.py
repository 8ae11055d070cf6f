"""Patterns that are tried at their words only find what they would find if tried everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring import digits, people, redact
from streams.scoring.anchored import Anchored, fold, sub_at
from tests.unit.test_signs import PIECES

ANCHORED = {
    name: value
    for module in (digits, people, redact)
    for name, value in vars(module).items()
    if isinstance(value, Anchored)
}
PLACED: dict[str, tuple[re.Pattern[str], Callable[[str], list[int]]]] = {
    "_FIELD": (people._FIELD, people._fields),
    "_STREET": (people._STREET, lambda text: people._numbers(fold(text))),
    "_IPV4": (digits._IPV4, digits._addresses),
} | {name: (value.pattern, lambda text, value=value: value.places(fold(text))) for name, value in ANCHORED.items()}  # type: ignore[misc]
WORDS = sorted(
    {word for pattern, _ in PLACED.values() for word in re.findall(r"[^\W\d_]{2,}", pattern.pattern)}
    | {word for piece in PIECES for word in piece.split(" ")}
)
word = st.sampled_from(WORDS)
texts = st.lists(
    st.one_of(
        word, word.map(str.upper), word.map(str.capitalize),
        st.sampled_from(["Jane", "John Doe", "É", "\u0130", "\u0131", "\u017f", "\u212a", "12345", "1.2.3.4", "A1B2C3",
                         "12 Baker Street", "P.O.", "box 12", "my", "Name:", "1990", "/", "٣", "\ud800"]),
    ),
    max_size=12,
).flatmap(lambda words: st.sampled_from([" ", " ", "", "\n", ", ", ": "]).map(lambda gap: gap.join(words)))  # fmt: skip


@given(texts)
def test_a_match_begins_at_a_place_that_is_tried(text: str) -> None:
    for name, (pattern, places) in PLACED.items():
        tried = places(text)
        assert tried == sorted(tried) and all(0 <= at <= len(text) for at in tried)
        begins = {at for at in range(len(text)) if pattern.match(text, at)}
        assert begins <= set(tried), (name, text)
        assert sub_at(pattern, lambda found: f"<{found[0]}>", text, tried) == pattern.sub(r"<\g<0>>", text), name


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Grüße", b"gr??e"), ("\u212an \u017f\u0131\u0130", b"kn sii"), ("\ud800A😡b", b"?a?b"), ("", b"")],
)
def test_folding_keeps_places(text: str, folded: bytes) -> None:
    assert fold(text) == folded and len(folded) == len(text)
