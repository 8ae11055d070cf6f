"""All phrases of a catalog, and how they are found in the words of a whole frame at once.

Each phrase has a key: its element whose words are rarest. Only where a key is met is the rest of its phrase looked for,
in the few words around (``index.c``); so most phrases cost nothing, and the cost is linear in the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.catalog.phrases import Element
from streams.catalog.stems import stem
from streams.native import function, pointer

DOMAIN_WEIGHT = 60
"""What each phrase that has a word adds to the word's frequency per million, when keys are chosen."""
FREQUENCIES = Path(__file__).with_name("frequencies.txt")
SILENT = Path(__file__).with_name("silent.txt")
NO_FIT = 0
"""The fit of words that are nothing to the phrases."""
_find = function("index_find", "npppppppnpnpppp")

Numbers = NDArray[np.int64]


class Hits(NamedTuple):
    """Phrases that were found, by the places of their keys, at one place by their numbers; one row a hit."""

    phrases: Numbers
    """Their numbers."""
    places: Numbers
    """hits × length of the longest phrase: the places of their words; shorter phrases repeat their last one."""


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


def common_words(least: int) -> frozenset[str]:
    """The words that English uses at least so often in a million."""
    return frozenset(word for word, count in _frequencies()[1].items() if count >= least)


@lru_cache(maxsize=1)
def silent_words() -> frozenset[str]:
    """Words that tell nothing by themselves, without apostrophes."""
    lines = SILENT.read_text("utf-8").splitlines()
    return frozenset(word.replace("'", "") for line in lines if not line.startswith("#") for word in line.split())


def _frequency(element: Element) -> int:
    """How often a word of the element is met, per million words; words that are not common count as one."""
    by_stem, by_word = _frequencies()
    total = sum(by_stem.get(word, 1) for word in element.stems) + sum(by_word.get(word, 1) for word in element.exact)
    for prefix in element.prefixes:
        total += 1 + sum(count for word, count in by_word.items() if word.startswith(prefix))
    return total


class PhraseIndex:
    """Phrases are known by their number, in the order given; what a word is to them, by the number of its fit."""

    def __init__(self, phrases: Iterable[Sequence[Element]]) -> None:
        self._by_stem: dict[str, list[int]] = {}
        self._by_exact: dict[str, list[int]] = {}
        self._by_prefix: dict[str, list[int]] = {}
        self._keyed: dict[int, list[tuple[int, int]]] = {}
        """Element → the phrases of which it is the key, each with its place in them."""
        numbers: dict[tuple[frozenset[str], frozenset[str], frozenset[str]], int] = {}
        uses: Counter[str] = Counter()
        kept = [tuple(phrase) for phrase in phrases]
        for phrase in kept:
            uses.update(set().union(*(element.stems | element.exact for element in phrase)))
        self.lengths = np.array([len(phrase) for phrase in kept], dtype=np.int64)
        """Of each phrase, how many elements it has."""
        longest = max(map(len, kept), default=1)
        self._elements = np.zeros((len(kept), longest), dtype=np.int64)
        self._gaps = np.zeros((len(kept), longest), dtype=np.int64)
        """Of each phrase's elements, how many other words may stand before it."""
        for number, phrase in enumerate(kept):
            for place, element in enumerate(phrase):
                key = element[:3]
                if key not in numbers:
                    numbers[key] = len(numbers)
                    for words, table in zip(key, (self._by_stem, self._by_exact, self._by_prefix), strict=True):
                        for word in words:
                            table.setdefault(word, []).append(numbers[key])
                self._elements[number, place] = numbers[key]
                self._gaps[number, place] = element.gap
            # Words of many phrases are what this catalog's customers talk of, however rare they are elsewhere.
            cost = [
                _frequency(element) + DOMAIN_WEIGHT * sum(uses[word] for word in element.stems | element.exact)
                for element in phrase
            ]
            rarest = cost.index(min(cost))
            self._keyed.setdefault(int(self._elements[number, rarest]), []).append((number, rarest))
        self._shortest = min(map(len, self._by_prefix), default=0)
        self._longest = max(map(len, self._by_prefix), default=0)
        self._fits: dict[frozenset[int], int] = {}
        self._fitting = np.zeros((64, max(len(numbers), 1)), dtype=np.bool_)
        """fits × elements: whether words of a fit fit an element."""
        self._keys = np.zeros((2, 0), dtype=np.int64)
        """The keys of all fits, one behind the other: the phrase, and the place of its key in it."""
        self._new_keys: list[tuple[int, int]] = []
        """Those of new fits, which are yet to be put behind them."""
        self._key_counts = np.zeros(64, dtype=np.int64)
        self._key_starts = np.zeros(64, dtype=np.int64)
        self._number_of(frozenset())

    def fit(self, norm: str, stemmed: str) -> int:
        """What a word is to the phrases, as a number for `find`; most words are nothing to them (`NO_FIT`)."""
        found = [*self._by_stem.get(stemmed, ()), *self._by_exact.get(norm, ())]
        if self._longest:
            for size in range(self._shortest, min(len(norm), self._longest) + 1):
                found += self._by_prefix.get(norm[:size], ())
        return self._number_of(frozenset(found)) if found else NO_FIT

    def _number_of(self, elements: frozenset[int]) -> int:
        known = self._fits.get(elements)
        if known is not None:
            return known
        number = self._fits[elements] = len(self._fits)
        if number == len(self._fitting):
            self._fitting = np.concatenate([self._fitting, np.zeros_like(self._fitting)])
            self._key_counts = np.concatenate([self._key_counts, np.zeros_like(self._key_counts)])
            self._key_starts = np.concatenate([self._key_starts, np.zeros_like(self._key_starts)])
        self._fitting[number, list(elements)] = True
        keys = sorted(key for element in elements for key in self._keyed.get(element, ()))
        self._key_starts[number], self._key_counts[number] = self._keys.shape[1] + len(self._new_keys), len(keys)
        self._new_keys += keys
        return number

    def find(self, fits: Numbers, positions: Numbers) -> Hits:
        """The phrases among words, of which only those are given that fit an element.

        Args:
            fits: What each word is to the phrases, as `fit` says.
            positions: Where it stands, ascending: a step of one a word, a jump where no phrase may pass.
        """
        if self._new_keys:
            new = np.array(self._new_keys, dtype=np.int64).T
            self._keys = np.ascontiguousarray(np.concatenate([self._keys, new], axis=1))
            self._new_keys = []
        most, longest = int(np.take(self._key_counts, fits).sum()), self._elements.shape[1]
        phrases, places = np.empty(most, dtype=np.int64), np.empty((most, longest), dtype=np.int64)
        hits = _find(
            len(fits),
            pointer(fits, np.int64),
            pointer(positions, np.int64),
            pointer(self._key_starts, np.int64),
            pointer(self._key_counts, np.int64),
            pointer(self._keys[0], np.int64),
            pointer(self._keys[1], np.int64),
            pointer(self._fitting, np.bool_),
            self._fitting.shape[1],
            pointer(self.lengths, np.int64),
            longest,
            pointer(self._elements, np.int64),
            pointer(self._gaps, np.int64),
            pointer(phrases, np.int64),
            pointer(places, np.int64),
        )
        return Hits(phrases[:hits], places[:hits])
