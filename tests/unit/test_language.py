"""Which texts are read: English as people type it is, other languages are not, and what can't be told is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.language import Tongues, library
from streams.scoring.tokens import Lexicon
from tests.support.examples import examples

LINES = (Path(__file__).parents[1] / "data" / "languages.txt").read_text(encoding="utf-8").splitlines()
TEXTS = [tuple(line.split(" ", 1)) for line in LINES if line and not line.startswith("# ")]

needs_library = pytest.mark.skipif(library() is None, reason="there is no wheel of ELD for this machine")


def languages(texts: list[str], tongues: Tongues | None = None) -> list[str]:
    lexicon = Lexicon()
    return (tongues or Tongues()).of(lexicon.read(texts), lexicon.norm, texts)


@needs_library
def test_short_texts_of_other_languages_are_not_read() -> None:
    foreign = [(tag, text) for tag, text in TEXTS if tag != "en"]
    assert len({tag for tag, _ in foreign}) >= 20
    told = languages([text for _, text in foreign])
    read = [text for (_, text), tag in zip(foreign, told, strict=True) if tag == "en"]
    assert len(read) <= 0.02 * len(foreign), read
    right, wanted = Counter(), Counter(tag for tag, _ in foreign)
    for (tag, _), found in zip(foreign, told, strict=True):
        right[tag] += tag == found
    poor = {tag: (right[tag], wanted[tag]) for tag in wanted if right[tag] < 0.75 * wanted[tag]}
    assert not poor


def test_english_is_not_lost() -> None:
    english = [text for tag, text in TEXTS if tag == "en"]
    lost = [(text, tag) for text, tag in zip(english, languages(english), strict=True) if tag != "en"]
    assert len(lost) <= 0.02 * len(english), lost


def test_without_the_library_function_words_and_scripts_do() -> None:
    texts = ["Der Kaffee ist nicht da und ich bin müde", "荷物がまだ届きません", "My order is late", "smh"]
    assert languages(texts, Tongues(lambda: None)) == ["de", "ja", "en", "en"]


def test_plain_english_asks_nobody() -> None:
    def asked() -> None:
        raise AssertionError("the library was asked")

    assert languages(["my order is late and nobody answers me"], Tongues(asked)) == ["en"]  # type: ignore[arg-type]


@needs_library
def test_company_makes_no_difference() -> None:
    texts = [text for _, text in TEXTS]
    assert languages(texts) == [languages([text])[0] for text in texts]


@examples(60)
@given(st.lists(st.one_of(st.text(max_size=80), st.sampled_from([text for _, text in TEXTS])), min_size=1, max_size=5))
def test_anything_has_a_language(texts: list[str]) -> None:
    told = languages([text.replace("\ud800", "") or "-" for text in texts])
    assert all(2 <= len(tag) <= 3 and tag.isalpha() for tag in told)
