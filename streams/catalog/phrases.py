"""The catalog's phrases: how they are written. How they are found in texts: streams/catalog/index.py.

A phrase is words with spaces between them, in order:

==================  ==================================================================================
``delay``           the word and its family: delay, delays, delayed, delaying
``=late``           exactly this word
``overcharg*``      every word that begins so
``late|slow``       one of these
``{parcel}``        one of a list of ``words.toml`` (or of the pack's own ``[words]``); ``{parcel}|tin`` adds to it
``~``               up to three other words may stand here
``~~``              up to seven other words may stand here
==================  ==================================================================================

Apostrophes are dropped ("hasn't" is ``hasnt``). Words that carry no meaning of their own ("the", "so", "really", …) are
seen through: they are not part of a phrase and never break one. A phrase stays within one sentence and does not cross
"but".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from streams.catalog.stems import stem

TRANSPARENTS = frozenset(
    "a an the my our your his her their its very really so still just even always quite pretty"  # noqa: SIM905
    " absolutely totally completely"
    " literally actually fucking freaking bloody damn simply already extremely incredibly super also"
    " only same whole entire"
    " effing truly seriously yet ever been".split()
)
"""Words that a phrase sees through: "took long" also hears "took so very long"."""

SHORT_GAP, LONG_GAP = 3, 7


class PhraseError(ValueError):
    """A phrase that can't be read; the message says what is wrong with it."""


class Element(NamedTuple):
    """One place of a phrase: the words that fit, and how many others may stand before it."""

    stems: frozenset[str]
    exact: frozenset[str]
    prefixes: frozenset[str]
    gap: int


def parse(phrase: str, words: Mapping[str, str]) -> tuple[Element, ...]:
    """The phrase's elements.

    Args:
        phrase: As above.
        words: Name → alternatives with spaces between them, for ``{name}``.

    Raises:
        PhraseError: An unknown list, a word that is seen through, or a gap at an end.
    """
    elements: list[Element] = []
    gap = 0
    parts = phrase.lower().replace("'", "").split()
    if not parts or parts[0][0] == "~" or parts[-1][0] == "~":
        raise PhraseError(f"phrase {phrase!r} must begin and end with a word")
    for part in parts:
        if part in ("~", "~~"):
            gap = SHORT_GAP if part == "~" else LONG_GAP
            continue
        alternatives: list[str] = []
        for option in part.split("|"):
            if option.startswith("{") and option.endswith("}"):
                if option[1:-1] not in words:
                    raise PhraseError(f"phrase {phrase!r} names {option}; there are: {', '.join(sorted(words))}")
                alternatives += words[option[1:-1]].replace("'", "").split()
            else:
                alternatives.append(option)
        for option in alternatives:
            if not option.strip("=*"):
                raise PhraseError(f"phrase {phrase!r} has an empty alternative")
            if option.strip("=*") in TRANSPARENTS:
                raise PhraseError(f"phrase {phrase!r} holds {option!r}, which phrases see through: leave it out")
        elements.append(
            Element(
                frozenset(stem(word) for word in alternatives if word[0] != "=" and word[-1] != "*"),
                frozenset(word[1:] for word in alternatives if word[0] == "="),
                frozenset(word[:-1] for word in alternatives if word[-1] == "*"),
                gap,
            )
        )
        gap = 0
    return tuple(elements)
