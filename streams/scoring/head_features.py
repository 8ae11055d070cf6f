"""What a brand's own head (`streams/scoring/heads.py`) is offered of texts: features that reading has at hand anyway.

Word stems and their neighbours, the letters of words, the phrases that were found and whether they held, the main pain
point by phrases alone, and the sentiment. Features are known by a hash, so that a head's file holds no word of any
customer. Beside them stands what the words mean: where the reader puts them, so that a word that no label has
shown stands near those that it is like.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.catalog import Entry
from streams.catalog.phrases import Element
from streams.scoring.model import Model, Prepared
from streams.scoring.tokens import EMOJI, LETTERS, WORD

NONE = ""
"""The id of texts that name no pain point."""
STEM, PAIR, LETTER, PHRASE, ENTRY, MAIN, MOOD = range(7)
"""Kinds of features."""
_LETTERS_AT_ONCE = 4
_LONGEST = 24
_MOODS = 7

Keys = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


class Evidence(NamedTuple):
    """What a frame's texts offer to a head, beside their words."""

    prepared: Prepared
    phrases: Numbers
    """Phrases of entries that nothing takes back, by number."""
    texts: Numbers
    """Of which text each is."""
    held: Bools
    """Whether the gate let it through."""
    mains: Numbers
    """Of each text, the number of its main entry by phrases alone; -1 where there is none."""
    values: NDArray[np.float32]
    """Of each text, its sentiment."""
    which: Bools
    """Which texts are heard at all."""


class Features(NamedTuple):
    """Features of a frame's texts, in no order."""

    texts: Numbers
    keys: Keys
    kinds: NDArray[np.int8]
    meanings: Floats
    """Of each text, by its number: what its words mean together, divided by the root of their number."""


def key(kind: int, name: str) -> int:
    """A feature's hash; never 0, which is no feature."""
    return int.from_bytes(blake2b(f"{kind}:{name}".encode("utf-8", "replace"), digest_size=8).digest(), "little") | 1


def _pairs(first: Keys, second: Keys) -> Keys:
    """Keys of neighbouring stems; 0 where one of them is none."""
    mixed = first * np.uint64(0x9E3779B97F4A7C15) + second * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= mixed >> np.uint64(31)
    out: Keys = np.where((first == 0) | (second == 0), np.uint64(0), mixed | np.uint64(1))
    return out


def _named(element: Element) -> str:
    words = (
        sorted(element.stems) + [f"={w}" for w in sorted(element.exact)] + [f"{w}*" for w in sorted(element.prefixes)]
    )
    return f"{element.gap} {'|'.join(words)}"


def word_roots(prepared: Prepared) -> Floats:
    """The root of each text's number of words (texts × 1): what the sum of their meanings is divided by."""
    words = np.add.reduceat((prepared.around.flags & WORD) != 0, prepared.frame.starts, dtype=np.int64)
    return np.sqrt(np.maximum(words, 1))[:, None].astype(np.float32)


class Featurer:
    """The keys of one ear's features; grows with the lexicon of its model."""

    def __init__(
        self, model: Model, entries: Sequence[Entry], phrases: Sequence[tuple[Entry, int, tuple[Element, ...]] | None]
    ) -> None:
        """Takes the catalog's entries, and each phrase by its number: its entry, its part and how it is written."""
        self.model = model
        self.entries = tuple(entries)
        self._phrases = np.array(
            [key(PHRASE, f"{it[0].id}/{it[1]}/{' '.join(map(_named, it[2]))}") if it else 0 for it in phrases],
            dtype=np.uint64,
        )
        self._entries = np.array(
            [[key(ENTRY, f"{it[0].id}/{it[1]}/{held}") if it else 0 for held in (0, 1)] for it in phrases],
            dtype=np.uint64,
        ).reshape(-1, 2)
        self._mains = np.array([key(MAIN, entry.id) for entry in entries] + [key(MAIN, NONE)], dtype=np.uint64)
        self._moods = np.array([key(MOOD, str(mood)) for mood in range(_MOODS)], dtype=np.uint64)
        self.forget()

    def forget(self) -> None:
        """Forgets all atoms: the lexicon begins anew."""
        self.stems: Keys = np.zeros(0, dtype=np.uint64)
        self.letters: Keys = np.zeros(0, dtype=np.uint64)
        """The letters' keys of all atoms, one behind the other."""
        self.letter_counts: Numbers = np.zeros(0, dtype=np.int64)

    def learn(self) -> None:
        """Looks up the atoms that are new."""
        lexicon, begin = self.model.lexicon, len(self.stems)
        if begin == len(lexicon.norm):
            return
        stems, letters, counts = [], [], []
        for norm, stemmed, flags in zip(lexicon.norm[begin:], lexicon.stem[begin:], lexicon.flags[begin:], strict=True):
            known = flags & (WORD | EMOJI) or norm in ("?", "!", "!!", "?!")
            stems.append(key(STEM, stemmed) if known and norm else 0)
            spelt = f"<{norm[:_LONGEST]}>" if flags & LETTERS and len(norm) > _LETTERS_AT_ONCE else ""
            grams = [spelt[at : at + _LETTERS_AT_ONCE] for at in range(len(spelt) - _LETTERS_AT_ONCE + 1)]
            letters += [key(LETTER, gram) for gram in grams]
            counts.append(len(grams))
        self.stems = np.concatenate([self.stems, np.array(stems, dtype=np.uint64)])
        self.letters = np.concatenate([self.letters, np.array(letters, dtype=np.uint64)])
        self.letter_counts = np.concatenate([self.letter_counts, np.array(counts, dtype=np.int64)])

    def pairs(self, prepared: Prepared) -> tuple[Numbers, Keys]:
        """The pairs of a frame: where their first atoms stand, and their keys."""
        frame = prepared.frame
        stems = self.stems[frame.atoms]
        at = np.flatnonzero(frame.text_of[1:] == frame.text_of[:-1])
        return at, _pairs(stems[at], stems[at + 1])

    def of_texts(self, evidence: Evidence) -> tuple[Keys, Keys]:
        """Of each text, the key of its main entry and that of its mood."""
        moods = np.rint((evidence.values.astype(np.float64) + 1.0) * (_MOODS - 1) / 2).astype(np.int64)
        return self._mains[evidence.mains], self._moods[np.clip(moods, 0, _MOODS - 1)]

    def of_phrases(self, evidence: Evidence) -> tuple[Keys, Keys]:
        """Of each phrase, its own key and that of its entry."""
        return self._phrases[evidence.phrases], self._entries[evidence.phrases, evidence.held.astype(np.int64)]

    def features(self, evidence: Evidence) -> Features:
        """All features of a frame, one by one: what a head is fitted on."""
        frame = evidence.prepared.frame
        at, pairs = self.pairs(evidence.prepared)
        counts = self.letter_counts[frame.atoms]
        starts = (np.cumsum(self.letter_counts) - self.letter_counts)[frame.atoms]
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        phrases, entries = self.of_phrases(evidence)
        mains, moods = self.of_texts(evidence)
        everyone = np.arange(len(frame.starts))
        parts = (
            (STEM, frame.text_of, self.stems[frame.atoms]),
            (PAIR, frame.text_of[at], pairs),
            (LETTER, np.repeat(frame.text_of, counts), self.letters[np.repeat(starts, counts) + within]),
            (PHRASE, evidence.texts, phrases),
            (ENTRY, evidence.texts, entries),
            (MAIN, everyone, mains),
            (MOOD, everyone, moods),
        )
        texts = np.concatenate([texts for _, texts, _ in parts]).astype(np.int64)
        keys = np.concatenate([keys for _, _, keys in parts])
        kinds = np.concatenate([np.full(len(keys), kind, dtype=np.int8) for kind, _, keys in parts])
        known = keys != 0
        return Features(texts[known], keys[known], kinds[known], self._meanings(evidence.prepared))

    def _meanings(self, prepared: Prepared) -> Floats:
        frame = prepared.frame
        atoms, each = np.unique(frame.atoms, return_inverse=True)
        sums: Floats = np.add.reduceat(self.model.meanings(atoms)[each], frame.starts, axis=0)
        return sums / word_roots(prepared)
