"""Patterns that begin with known words, tried only where one of them stands.

`re` tries an alternation of words at every place of a text, some 100 ns each; looking for each word in the whole text
is a fast search for bytes. What comes out is what `re.Pattern.sub` would give: a property test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

LIKE_ASCII = {"\u0131": "i", "\u0130": "i", "\u017f": "s", "\u212a": "k"}
"""Letters beyond ASCII which `re.IGNORECASE` takes for ASCII ones."""


def fold(text: str) -> bytes:
    """A byte for each character, so that places are the same: small letters, ``?`` for what is beyond ASCII."""
    if not text.isascii():
        for sign, letter in LIKE_ASCII.items():
            if sign in text:
                text = text.replace(sign, letter)
    return text.encode("ascii", "replace").lower()


def sub_at(pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str], text: str, places: Iterable[int]) -> str:
    """The text with what the pattern matches at these places, in order, replaced; matches don't overlap."""
    kept: list[str] = []
    end = 0
    for at in places:
        if at >= end and (found := pattern.match(text, at)):
            kept += text[end:at], replace(found)
            end = found.end()
    if not kept:
        return text
    kept.append(text[end:])
    return "".join(kept)


class Anchored:
    """A pattern whose every match begins with one of some words, or so many signs before it."""

    __slots__ = ("_back", "_words", "pattern")

    def __init__(self, pattern: re.Pattern[str], words: str | Iterable[str], back: tuple[int, ...] = (0,)) -> None:
        """Takes the words folded (see `fold`), and how many signs before them a match may begin."""
        self.pattern = pattern
        self._words = [word.encode("ascii") for word in (words.split() if isinstance(words, str) else words)]
        self._back = back

    def places(self, folded: bytes) -> list[int]:
        """Where a match may begin, in order."""
        found: list[int] = []
        for word in self._words:
            at = folded.find(word)
            while at >= 0:
                found += [at - back for back in self._back]
                at = folded.find(word, at + 1)
        if len(found) > 1:
            found = sorted(set(found))
        return found if not found or found[0] >= 0 else [at for at in found if at >= 0]

    def near(self, folded: bytes, spots: Iterable[int], before: int, after: int = 0) -> list[int]:
        """The places that are no further than so many signs before and after one of these spots."""
        found: set[int] = set()
        for spot in spots:
            begin = max(0, spot - before)
            found.update([begin + at for at in self.places(folded[begin : spot + after])])
        return sorted(found)

    def sub(
        self,
        replace: Callable[[re.Match[str]], str],
        text: str,
        folded: bytes | None = None,
        places: Iterable[int] | None = None,
    ) -> str:
        """What ``pattern.sub(replace, text)`` gives.

        Args:
            replace: A match → what stands in its place.
            text: Where the pattern is looked for.
            folded: The text folded, where that is known.
            places: Where a match may begin, in order, where that is known.
        """
        if places is None:
            places = self.places(fold(text) if folded is None else folded)
        return sub_at(self.pattern, replace, text, places) if places else text
