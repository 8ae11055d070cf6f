"""The catalog's phrases: how they are written, and how all of them are found in one walk over a text's words.

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
"but". The walk is a trie run as a non-deterministic automaton with a bounded number of live states, so its cost is
linear in the text and hardly grows with the number of phrases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.catalog.stems import stem

TRANSPARENTS = frozenset(
    "a an the my our your his her their its very really so still just even always quite pretty absolutely totally completely"
    " literally actually fucking freaking bloody damn simply already extremely incredibly super also only same whole entire"
    " effing truly seriously yet ever been".split()
)
"""Words that a phrase sees through: "took long" also hears "took so very long"."""

SHORT_GAP, LONG_GAP = 3, 7
MAX_STATES = 24
"""Half-read phrases that are followed at once; the oldest are let go."""


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


@dataclass(slots=True)
class _Node:
    edges: dict[int, list[tuple[int, _Node]]] = field(default_factory=dict)
    """Element → (gap, where it leads)."""
    found: list[int] = field(default_factory=list)
    """What ends here."""


class Hit(NamedTuple):
    """A phrase that was found: its number and the places of its words."""

    phrase: int
    places: tuple[int, ...]


class PhraseIndex:
    """All phrases of a catalog as one trie over elements. Phrases are known by their number, in the order given."""

    def __init__(self, phrases: Iterable[Sequence[Element]]) -> None:
        self._root = _Node()
        self._by_stem: dict[str, list[int]] = {}
        self._by_exact: dict[str, list[int]] = {}
        self._by_prefix: dict[str, list[int]] = {}
        numbers: dict[tuple[frozenset[str], frozenset[str], frozenset[str]], int] = {}
        for number, phrase in enumerate(phrases):
            node = self._root
            for element in phrase:
                key = element[:3]
                if key not in numbers:
                    numbers[key] = len(numbers)
                    for words, table in zip(key, (self._by_stem, self._by_exact, self._by_prefix), strict=True):
                        for word in words:
                            table.setdefault(word, []).append(numbers[key])
                node = self._step(node, numbers[key], element.gap)
            node.found.append(number)
        self._shortest = min(map(len, self._by_prefix), default=0)
        self._longest = max(map(len, self._by_prefix), default=0)

    @staticmethod
    def _step(node: _Node, element: int, gap: int) -> _Node:
        edges = node.edges.setdefault(element, [])
        for known, after in edges:
            if known == gap:
                return after
        edges.append((gap, _Node()))
        return edges[-1][1]

    def elements_of(self, norm: str, stemmed: str) -> tuple[int, ...]:
        """The elements that a word fits; most words fit none."""
        found = [*self._by_stem.get(stemmed, ()), *self._by_exact.get(norm, ())]
        if self._longest:
            for size in range(self._shortest, min(len(norm), self._longest) + 1):
                found += self._by_prefix.get(norm[:size], ())
        return tuple(dict.fromkeys(found))

    def walk(self, words: Iterable[tuple[int, int, tuple[int, ...]]]) -> list[Hit]:
        """The phrases in a text.

        Args:
            words: Of each word that fits an element: its place (returned in hits), its position for gaps (a step of one
                a word, a jump where no phrase may pass), and its elements.
        """
        hits: list[Hit] = []
        states: list[tuple[int, _Node, tuple[int, ...]]] = []
        first = self._root.edges
        for place, position, elements in words:
            if states:
                states = [state for state in states if position - state[0] <= LONG_GAP + 1]
            begun: list[tuple[int, _Node, tuple[int, ...]]] = []
            for element in elements:
                for _, node in first.get(element, ()):
                    if node.found:
                        hits += [Hit(number, (place,)) for number in node.found]
                    if node.edges:
                        begun.append((position, node, (place,)))
                for last, node, trail in states:
                    for gap, after in node.edges.get(element, ()):
                        if 0 < position - last <= gap + 1:
                            here = (*trail, place)
                            if after.found:
                                hits += [Hit(number, here) for number in after.found]
                            if after.edges:
                                begun.append((position, after, here))
            if begun:
                states += begun
                if len(states) > MAX_STATES:
                    del states[:-MAX_STATES]
        return hits
