"""Signs are never missing: what they let pass, no pattern would have changed; and frames don't mix their texts up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from groundswell.evaluation.redaction import examples
from schemas.raw import Review
from streams.scoring import signs
from streams.scoring.cleaning import Cleaner
from streams.scoring.normalise import normalise
from streams.scoring.redact import Handles, Redactor, own_handle, show
from tests.unit.test_redact import GONE, STAYS

MARKED = (Path(__file__).parents[1] / "data" / "redaction.txt").read_text(encoding="utf-8").splitlines()
PIECES = [text for text, _ in GONE] + [example.text for example in examples(MARKED)] + [
    *STAYS, "@", "@a", "a@", "#", ":", "::1", ".", "1.2.3.4", "12345", "1234567", "٣٤٥", "é", "\u200b", "&amp;", "<b>",
    "<3", " ",
    "\n", "\t", "\x00", "http://", "www.", "wwW.", "order", "ORDER ", "ABCDEF", "abcde", "-", "№", "😡", "\ud800",
]  # fmt: skip
texts = st.lists(
    st.one_of(
        st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
        st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join),
        st.text(max_size=60),
    ),
    min_size=1,
    max_size=6,
)


@given(texts)
def test_a_tidy_text_is_its_own_normal_form(some: list[str]) -> None:
    for text, untidy in zip(some, signs.untidy(some), strict=True):
        assert untidy or normalise(text) == text == normalise(text, quoted=True)


@given(texts)
def test_what_no_sign_shows_is_not_there(some: list[str]) -> None:
    redactor = Redactor(Handles(["usairways"]))
    bare = [redactor.hide(normalise(text), {})[0] for text in some]
    for text, shown in zip(bare, signs.personal(bare), strict=True):
        told = redactor.redact(text, shown, {}) if shown else text
        assert told == redactor.redact(text, signs.EVERYWHERE, {})


def wholly(redactor: Redactor, text: str, counts: dict[str, int]) -> str:
    text, links = redactor.hide(text, counts)
    return show(redactor.redact(text, signs.EVERYWHERE, counts), links)


@given(texts, st.sampled_from(["US Airways", "Bean & Benevolence", "☕"]))
def test_a_frame_cleans_each_text_as_if_it_were_alone(some: list[str], brand: str) -> None:
    when = datetime(2026, 2, 9, tzinfo=UTC)
    base = Review(id="1", brand=brand, text="-", author="a", created_at=when)
    events = [base.model_copy(update={"text": text, "title": text[:20] or None}) for text in some]
    cleaned = Cleaner().clean(events, [at % 2 == 0 for at in range(len(events))])
    for at, event in enumerate(events):
        counts: dict[str, int] = {}
        redactor = Redactor(Handles([own_handle(brand)]))
        text = wholly(redactor, normalise(event.text, quoted=at % 2 == 0), counts)
        title = wholly(redactor, normalise(event.text[:20]), counts)
        assert (cleaned.texts[at], cleaned.titles.get(at, ""), cleaned.redacted.get(at, {})) == (text, title, counts)


def test_most_texts_show_nothing() -> None:
    plain = ["My parcel is late!", "Thanks, that was quick.", "two hours on hold", "it costs $20, or 3 for 50"]
    assert not any(signs.untidy(plain)) and not any(signs.personal(plain))
