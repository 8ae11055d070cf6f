"""Words that are read alike: families, and people's given names."""

from __future__ import annotations

from pathlib import Path

import pytest

import streams.scoring.names
from streams.scoring.alike import NAME, family_of, levelled
from streams.scoring.names import is_given_name

WRITTEN = Path(streams.scoring.names.__file__).with_name("given_names.txt").read_text("utf-8").split()


def test_every_name_of_the_list_is_one_and_nothing_else_is() -> None:
    assert all(map(is_given_name, WRITTEN))
    names = set(WRITTEN)
    # A letter more or less: most are no names, and none may be taken for one because of its key.
    near = {spelt for name in WRITTEN[::7] for spelt in (name[1:], name + "q", name[::-1])} - names
    assert len(near) > 5_000
    assert not [word for word in near if is_given_name(word)]


@pytest.mark.parametrize("word", ["", " ", "anna maria", "late", "parcel", "\ud800"])
def test_what_is_no_name(word: str) -> None:
    assert not is_given_name(word)


def test_names_are_written_once_in_lower_case() -> None:
    assert len(WRITTEN) == len(set(WRITTEN))
    assert [name for name in WRITTEN if name != name.lower()] == []


def test_a_word_is_read_as_the_first_of_its_family() -> None:
    assert family_of("colour") == family_of("color") == "color"
    assert family_of("adaeze") == family_of("andrzej") == NAME
    assert family_of("parcel") is None


def test_a_reader_without_shared_rows_sees_words_that_people_use() -> None:
    assert levelled("Oluwaseun likes these colours") == levelled("Emily likes these colors")
