"""The catalog's phrases: how they are written, and how they are found in a text.

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

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
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
DOMAIN_WEIGHT = 60
"""What each phrase that has a word adds to the word's frequency per million, when keys are chosen."""
FREQUENCIES = Path(__file__).with_name("frequencies.txt")


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


class Hit(NamedTuple):
    """A phrase that was found: its number and the places of its words."""

    phrase: int
    places: tuple[int, ...]


class Fit(NamedTuple):
    """What a word is to the phrases."""

    elements: frozenset[int]
    """The elements that it fits."""
    keys: tuple[tuple[int, int], ...]
    """The phrases that it is the key of, each with the element that the key stands for."""


NO_FIT = Fit(frozenset(), ())


@lru_cache(maxsize=1)
def _frequencies() -> tuple[dict[str, int], dict[str, int]]:
    """How often common words are, per million: by stem, and by the word itself."""
    by_stem: dict[str, int] = {}
    by_word: dict[str, int] = {}
    for line in FREQUENCIES.read_text("utf-8").splitlines():
        word, count = line.split(" ")
        by_word[word] = int(count)
        by_stem[stem(word)] = by_stem.get(stem(word), 0) + int(count)
    return by_stem, by_word


def _frequency(element: Element) -> int:
    """How often a word of the element is met, per million words; words that are not common count as one."""
    by_stem, by_word = _frequencies()
    total = sum(by_stem.get(word, 1) for word in element.stems) + sum(by_word.get(word, 1) for word in element.exact)
    for prefix in element.prefixes:
        total += 1 + sum(count for word, count in by_word.items() if word.startswith(prefix))
    return total


class PhraseIndex:
    """All phrases of a catalog. Phrases are known by their number, in the order given.

    Each phrase has a key: its element whose words are rarest. Only where a key is met is the rest of its phrase looked
    for, in the few words around; so most phrases cost nothing, and the cost is linear in the text.
    """

    def __init__(self, phrases: Iterable[Sequence[Element]]) -> None:
        self._by_stem: dict[str, list[int]] = {}
        self._by_exact: dict[str, list[int]] = {}
        self._by_prefix: dict[str, list[int]] = {}
        self._keyed: dict[int, list[tuple[int, int]]] = {}
        self._phrases: list[tuple[tuple[int, int], ...]] = []
        """Of each phrase its elements' numbers and the gaps before them."""
        self._required: list[frozenset[int]] = []
        """Of each phrase the elements that a text must have."""
        numbers: dict[tuple[frozenset[str], frozenset[str], frozenset[str]], int] = {}
        uses: Counter[str] = Counter()
        kept = [tuple(phrase) for phrase in phrases]
        for phrase in kept:
            uses.update(set().union(*(element.stems | element.exact for element in phrase)))
        for number, phrase in enumerate(kept):
            known: list[tuple[int, int]] = []
            for element in phrase:
                key = element[:3]
                if key not in numbers:
                    numbers[key] = len(numbers)
                    for words, table in zip(key, (self._by_stem, self._by_exact, self._by_prefix), strict=True):
                        for word in words:
                            table.setdefault(word, []).append(numbers[key])
                known.append((numbers[key], element.gap))
            self._phrases.append(tuple(known))
            self._required.append(frozenset(element for element, _ in known))
            # Words of many phrases are what this catalog's customers talk of, however rare they are elsewhere.
            cost = [
                _frequency(element) + DOMAIN_WEIGHT * sum(uses[word] for word in element.stems | element.exact)
                for element in phrase
            ]
            rarest = cost.index(min(cost))
            self._keyed.setdefault(known[rarest][0], []).append((number, rarest))
        self._shortest = min(map(len, self._by_prefix), default=0)
        self._longest = max(map(len, self._by_prefix), default=0)

    def fit(self, norm: str, stemmed: str) -> Fit:
        """What a word is to the phrases; most words are nothing to them."""
        found = [*self._by_stem.get(stemmed, ()), *self._by_exact.get(norm, ())]
        if self._longest:
            for size in range(self._shortest, min(len(norm), self._longest) + 1):
                found += self._by_prefix.get(norm[:size], ())
        if not found:
            return NO_FIT
        elements = frozenset(found)
        return Fit(elements, tuple(sorted(key for element in elements for key in self._keyed.get(element, ()))))

    def find(self, places: Sequence[int], positions: Sequence[int], fits: Sequence[Fit]) -> list[Hit]:
        """The phrases in a text, of whose words only those are given that fit an element.

        Args:
            places: Of each word what hits are to call it.
            positions: Where it stands: a step of one a word, a jump where no phrase may pass.
            fits: What it is to the phrases.
        """
        hits: list[Hit] = []
        begin, count = 0, len(fits)
        while begin < count:
            # Sentence by sentence: few elements are in one, so most phrases are ruled out at once.
            end = begin + 1
            while end < count and positions[end] - positions[end - 1] <= LONG_GAP + 1:
                end += 1
            self._find(places, positions, fits, begin, end, hits)
            begin = end
        return hits

    def _find(
        self,
        places: Sequence[int],
        positions: Sequence[int],
        fits: Sequence[Fit],
        begin: int,
        end: int,
        hits: list[Hit],
    ) -> None:
        """Adds the phrases among the words ``begin`` … ``end - 1``."""
        present: frozenset[int] | None = None
        required = self._required
        for at in range(begin, end):
            for number, key in fits[at].keys:
                phrase = self._phrases[number]
                if len(phrase) == 1:
                    hits.append(Hit(number, (places[at],)))
                    continue
                if present is None:
                    present = frozenset().union(*[fit.elements for fit in fits[begin:end]])
                if not required[number] <= present:
                    continue
                found = _around(positions, fits, at, phrase, key)
                if found is not None:
                    hits.append(Hit(number, tuple([places[word] for word in found])))


def _around(
    positions: Sequence[int], fits: Sequence[Fit], at: int, phrase: tuple[tuple[int, int], ...], key: int
) -> list[int] | None:
    """The words of a phrase around its key at ``at``, of each element the nearest that fits; None if one lacks."""
    found = [at]
    last = at
    for element in range(key, 0, -1):
        wanted, here = phrase[element - 1][0], positions[last]
        least = here - phrase[element][1] - 1
        last -= 1
        while last >= 0 and positions[last] >= least:
            if wanted in fits[last].elements and positions[last] < here:
                break
            last -= 1
        else:
            return None
        found.append(last)
    found.reverse()
    last, count = at, len(fits)
    for wanted, gap in phrase[key + 1 :]:
        here = positions[last]
        last += 1
        while last < count and positions[last] <= here + gap + 1:
            if wanted in fits[last].elements and positions[last] > here:
                break
            last += 1
        else:
            return None
        found.append(last)
    return found
