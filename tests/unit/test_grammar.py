"""Words that mean another thing where other Englishes put them, and the same places in the standard one."""

from __future__ import annotations

import pytest

from streams.scoring.tokens import Lexicon


def read(*texts: str) -> list[str]:
    """What is read of the texts, word by word."""
    lexicon = Lexicon()
    return [lexicon.norm[atom] for atom in lexicon.read(texts).atoms.tolist()]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("She be so kind on the phone.", "She always so kind on the phone."),
        ("Love this shop! They BE helping me.", "Love this shop! They always helping me."),
        ("I stay away cuz y'all be late.", "I stay away cuz y'all always late."),
        ("The app done crashed again.", "The app has crashed again."),
        ("You done lost my bag.", "You has lost my bag."),
        ("I am having a doubt about my bill.", "I am having a question about my bill."),
        ("The line is mad long today.", "The line is very long today."),
        ("It's well dodgy.", "It's very dodgy."),
    ],
)
def test_a_word_is_read_as_what_it_means_there(written: str, meant: str) -> None:
    assert read(written) == read(meant)


@pytest.mark.parametrize(
    "text",
    [
        "Be kind. So be it. Let it be known.",
        "Would it be late? May she be well, she will be.",
        "We be.",
        "Are you done? Related items follow. I am done waiting.",
        "Get it done. Updated again, well done updated it!",
        "No doubt, the best. Without a doubt the best.",
        "She is mad at me and mad about it.",
        "It was well made, and the cheap one as well, good.",
    ],
)
def test_the_standards_reading_stays(text: str) -> None:
    words = [word.strip(".,?!").lower() for word in text.split()]
    assert [word for word in read(text) if word.isalpha()] == words


def test_neighbours_are_of_the_same_text() -> None:
    assert read("They", "be late", "it is mad", "long") == ["they", "be", "late", "it", "is", "mad", "long"]


def test_it_is_shown_as_it_was_written() -> None:
    lexicon = Lexicon()
    frame = lexicon.read(["They be late."])
    assert [lexicon.surface[atom] for atom in frame.atoms.tolist()] == ["they", "be", "late", "."]
    assert lexicon.name[frame.atoms[1]] == lexicon.name[lexicon.read(["be"]).atoms[0]]
