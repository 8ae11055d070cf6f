"""A brand's own head: what its labelled examples teach about which pain point a complaint is of, beside the phrases.

A head is a softmax over the ids of a catalog (multinomial logistic regression), on features that reading has at hand
anyway: word stems and their neighbours, the letters of words, the phrases that were found and whether they held, the
main pain point by phrases alone, and the sentiment. Features are known by a hash, so that a head's file holds no word
of any customer. ``groundswell catalog learn`` makes one (`streams/scoring/head_fit.py`).

The gate of the phrases stays: a head tells only of texts in which a phrase held, or which feel bad; where its examples
showed what is no pain point, also of those that don't feel good and that it takes for a complaint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
import orjson
from numpy.typing import NDArray

from streams.catalog import Catalog, Catalogs, Entry
from streams.catalog.phrases import Element
from streams.scoring.model import Prepared
from streams.scoring.tokens import EMOJI, LETTERS, WORD, Lexicon

FORM = 1
"""Form of the file; another one can't be read."""
NONE = ""
"""The id of texts that name no pain point."""
FEELS_BAD, FEELS_GOOD = -0.1, 0.8
"""Sentiment of a text up to which a head may tell of it; and up to which, where it knows what is no complaint."""
SURELY_NONE = 0.5
"""Probability of "no pain point" from which a head stays silent about a text in which no phrase held."""
TOP_WORDS = 3
STEM, PAIR, LETTER, PHRASE, ENTRY, MAIN, MOOD = range(7)
"""Kinds of features."""
SCALES = np.array([1.0, 0.8, 0.3, 0.7, 1.0, 1.5, 1.0], dtype=np.float32)
"""What a feature of each kind counts for, before it is known how much it tells."""
_LETTERS_AT_ONCE = 4
_LONGEST = 24
_MOODS = 7

Keys = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


class HeadError(ValueError):
    """A head that can't be used; the message says why and what to do."""


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


class Featurer:
    """The keys of one ear's features; grows with the lexicon."""

    def __init__(
        self, entries: Sequence[Entry], phrases: Sequence[tuple[Entry, int, tuple[Element, ...]] | None]
    ) -> None:
        """Takes the catalog's entries, and each phrase by its number: its entry, its part and how it is written."""
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

    def learn(self, lexicon: Lexicon) -> None:
        """Looks up the atoms that are new."""
        begin = len(self.stems)
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
        return Features(texts[known], keys[known], kinds[known])


@dataclass(frozen=True)
class Head:
    """What was learned: for each feature that tells something, its part in each id's logit."""

    ids: tuple[str, ...]
    """The ids it tells apart; `NONE` first where it has seen texts without a pain point."""
    keys: Keys
    """Ascending."""
    parts: Floats
    """features × ids: weight times scale."""
    squares: Floats
    """Of each feature, its scale squared; a text's logits are divided by the root of their sum."""
    packs: tuple[str, ...] = ()
    """The catalog it was fitted beside."""

    def missing(self, catalog: Catalog) -> list[str]:
        """The ids that it tells and the catalog does not have."""
        return sorted(set(self.ids) - {NONE} - {entry.id for entry in catalog if entry.kind == "pain_point"})

    @property
    def knows_none(self) -> bool:
        """Whether its examples showed what is no pain point."""
        return self.ids[0] == NONE

    def save(self, path: Path) -> None:
        """Writes the file.

        Raises:
            OSError: It can't be written.
        """
        about = orjson.dumps({"form": FORM, "ids": self.ids, "packs": self.packs})
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                about=np.frombuffer(about, dtype=np.uint8),
                keys=self.keys,
                parts=self.parts.astype(np.float16),
                squares=self.squares,
            )

    @classmethod
    def load(cls, path: Path) -> Head:
        """Reads the file.

        Raises:
            HeadError: There is none, or it is no head of this version.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                about: dict[str, Any] = orjson.loads(stored["about"].tobytes())
                keys, parts, squares = stored["keys"], stored["parts"].astype(np.float32), stored["squares"]
        except FileNotFoundError:
            raise HeadError(f"{path}: there is no such head; groundswell catalog learn makes one") from None
        except OSError as error:
            raise HeadError(f"{path} can't be read: {error.strerror or error}") from error
        except (ValueError, KeyError, EOFError, BadZipFile, orjson.JSONDecodeError):
            raise HeadError(f"{path} is no head; groundswell catalog learn makes one") from None
        ids = tuple(about.get("ids", ())) if about.get("form") == FORM else ()
        fits = len(ids) > 1 and parts.shape == (len(keys), len(ids)) and squares.shape == keys.shape
        if not fits or not np.isfinite(parts).all() or not np.isfinite(squares).all():
            raise HeadError(f"{path} was made by another version: run groundswell catalog learn again")
        return cls(ids, keys.astype(np.uint64), parts, squares.astype(np.float32), tuple(about.get("packs", ())))

    def rows(self, keys: Keys) -> Floats:
        """Of each key, its parts and its square in one row; zeros where it is unknown."""
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = self.keys[at] == keys
        out = np.zeros((len(keys), len(self.ids) + 1), dtype=np.float32)
        out[known, :-1], out[known, -1] = self.parts[at[known]], self.squares[at[known]]
        return out


class Told(NamedTuple):
    """What a head says of a frame's texts."""

    texts: Numbers
    """Those of which it tells."""
    entries: list[Entry]
    """Of each, which pain point it names."""
    words: list[list[str]]
    """Of each, the words that moved it most towards it."""


class Teller:
    """A head at work beside one ear: everything it knows of an atom is summed once."""

    def __init__(self, head: Head, featurer: Featurer) -> None:
        """Binds a head to an ear's features; its catalog has to have all ids of the head."""
        named = {entry.id: entry for entry in featurer.entries}
        self._head, self._featurer = head, featurer
        self._named = [named.get(id_) for id_ in head.ids]
        self._first = 1 if head.knows_none else 0
        self.forget()

    def forget(self) -> None:
        """Forgets all atoms: the lexicon begins anew."""
        self._featurer.forget()
        self._atoms = np.zeros((0, len(self._head.ids) + 1), dtype=np.float32)

    def _learn(self, lexicon: Lexicon) -> None:
        featurer, begin = self._featurer, len(self._atoms)
        before = len(featurer.letters)
        featurer.learn(lexicon)
        if begin == len(featurer.stems):
            return
        new = self._head.rows(featurer.stems[begin:])
        letters, counts = self._head.rows(featurer.letters[before:]), featurer.letter_counts[begin:]
        np.add.at(new, np.repeat(np.arange(len(counts)), counts), letters)
        self._atoms = np.concatenate([self._atoms, new])

    def tell(self, evidence: Evidence, lexicon: Lexicon) -> Told:
        """The pain point of each text that the gate lets through."""
        self._learn(lexicon)
        frame, featurer, rows = evidence.prepared.frame, self._featurer, self._head.rows
        each = np.take(self._atoms, frame.atoms, axis=0)
        at, pairs = featurer.pairs(evidence.prepared)
        together = rows(pairs)
        # A pair's part is split between its two, as in the model: so each word's part is known.
        each[at] += together / 2
        each[at + 1] += together / 2
        sums: Floats = np.add.reduceat(each, frame.starts, axis=0)
        of_phrases = sum(map(rows, featurer.of_phrases(evidence)))
        np.add.at(sums, evidence.texts, of_phrases)
        mains, moods = featurer.of_texts(evidence)
        sums += rows(mains) + rows(moods)
        lengths: Floats = np.sqrt(np.maximum(sums[:, -1:], 1e-6)).astype(np.float32)
        logits: Floats = sums[:, :-1] / lengths
        chosen = logits[:, self._first :].argmax(axis=1) + self._first
        told = np.flatnonzero(evidence.which & self._lets(evidence, logits))
        entries = [entry for index in chosen[told].tolist() if (entry := self._named[index]) is not None]
        words = [self._words(each, evidence, lexicon, text, int(chosen[text])) for text in told.tolist()]
        return Told(told, entries, words)

    def _lets(self, evidence: Evidence, logits: Floats) -> Bools:
        """Whether the gate lets a head tell of each text."""
        values = evidence.values.astype(np.float64)
        open_: Bools = (evidence.mains >= 0) | (values <= FEELS_BAD)
        if self._head.knows_none:
            chances = np.exp(logits - logits.max(axis=1, keepdims=True))
            none = chances[:, 0] / chances.sum(axis=1)
            open_ = (evidence.mains >= 0) | ((values <= FEELS_GOOD) & (none < SURELY_NONE))
        return open_

    def _words(self, each: Floats, evidence: Evidence, lexicon: Lexicon, text: int, chosen: int) -> list[str]:
        frame = evidence.prepared.frame
        span = slice(int(frame.starts[text]), int(frame.ends[text]))
        parts = each[span, chosen] - each[span, :-1].mean(axis=1)
        words: list[str] = []
        for at in np.argsort(-parts, kind="stable").tolist():
            if parts[at] <= 0 or len(words) == TOP_WORDS:
                break
            if (word := lexicon.surface[frame.atoms[span][at]]) and word not in words:
                words.append(word)
        return words


class Heads:
    """Which head each brand has, if any."""

    def __init__(self, default: Head | None = None, per_brand: Mapping[str, Head] | None = None) -> None:
        self._default = default
        self._per_brand = {brand.casefold(): head for brand, head in (per_brand or {}).items()}

    @classmethod
    def load(cls, default: Path | None, per_brand: Mapping[str, Path] | None = None) -> Heads:
        """The heads of these files.

        Raises:
            HeadError: One is missing or can't be read.
        """
        read = {path: Head.load(path) for path in {*(per_brand or {}).values(), *([default] if default else ())}}
        return cls(read[default] if default else None, {brand: read[path] for brand, path in (per_brand or {}).items()})

    def check(self, catalogs: Catalogs) -> None:
        """Sees that each head's ids are in the catalog that it stands beside.

        Raises:
            HeadError: Some are not; the message names the packs to use.
        """
        pairs = [(head, catalogs.for_brand(brand)) for brand, head in self._per_brand.items()]
        for head, catalog in [*pairs, *([(self._default, catalogs.default)] if self._default else ())]:
            if missing := head.missing(catalog):
                raise HeadError(
                    f"the head tells {', '.join(missing)}, which the catalog of {', '.join(catalog.packs)} does not"
                    f" have; it was fitted beside {', '.join(head.packs)}: use these packs"
                )

    def for_brand(self, brand: str, catalog: Catalog) -> Head | None:
        """The brand's head; upper and lower case make no difference.

        That of all brands does not serve a brand whose catalog lacks some of its ids.
        """
        own = self._per_brand.get(brand.casefold())
        if own is not None or self._default is None or self._default.missing(catalog):
            return own
        return self._default
