"""A brand's own head: what its labelled examples teach about which pain point a complaint is of, beside the phrases.

A head is a softmax over the ids of a catalog (multinomial logistic regression), on what reading has at hand anyway
(`streams/scoring/head_features.py`). ``groundswell catalog learn`` makes one (`streams/scoring/head_fit.py`).

The gate of the phrases stays: a head tells only of texts in which a phrase held, or which feel bad; where its examples
showed what is no pain point, also of those that don't feel good and that it takes for a complaint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
import orjson

from streams.catalog import Catalog, Catalogs, Entry
from streams.scoring.curves import softmax
from streams.scoring.head_features import NONE, Bools, Evidence, Featurer, Floats, Keys, Numbers, word_roots
from streams.scoring.runs import Matrix, products
from streams.scoring.weights import shared_weights

FORM = 2
"""Form of the file; another one can't be read."""
FEELS_BAD, FEELS_GOOD = -0.1, 0.8
"""Sentiment of a text up to which a head may tell of it; and up to which, where it knows what is no complaint."""
SURELY_NONE = 0.5
"""Probability of "no pain point" from which a head stays silent about a text in which no phrase held."""
TOP_WORDS = 3


class HeadError(ValueError):
    """A head that can't be used; the message says why and what to do."""


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
    """Of each feature, its scale squared; a text's sum of parts is divided by the root of the sum of these."""
    towards: Floats
    """dimensions × ids: what a word's meaning adds; a text's sum is divided by the root of the number of its words."""
    shift: Floats
    """What is added to each id's logit."""
    reader: int
    """Fingerprint of the weights in which the words' meanings were found."""
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
        about = orjson.dumps({"form": FORM, "ids": self.ids, "packs": self.packs, "reader": self.reader})
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                about=np.frombuffer(about, dtype=np.uint8),
                keys=self.keys,
                parts=self.parts.astype(np.float16),
                squares=self.squares,
                towards=self.towards.astype(np.float16),
                shift=self.shift,
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
                keys, squares = stored["keys"], stored["squares"]
                parts, towards, shift = (
                    stored[name].astype(np.float32) if name in stored else np.zeros(0, dtype=np.float32)
                    for name in ("parts", "towards", "shift")
                )
        except FileNotFoundError:
            raise HeadError(f"{path}: there is no such head; groundswell catalog learn makes one") from None
        except OSError as error:
            raise HeadError(f"{path} can't be read: {error.strerror or error}") from error
        except (ValueError, KeyError, EOFError, BadZipFile, orjson.JSONDecodeError):
            raise HeadError(f"{path} is no head; groundswell catalog learn makes one") from None
        ids = tuple(about.get("ids", ())) if about.get("form") == FORM else ()
        fits = len(ids) > 1 and parts.shape == (len(keys), len(ids)) and squares.shape == keys.shape
        fits = fits and towards.shape[1:] == shift.shape == (len(ids),)
        if not fits or not all(np.isfinite(numbers).all() for numbers in (parts, squares, towards, shift)):
            raise HeadError(f"{path} was made by another version: run groundswell catalog learn again")
        return cls(
            ids,
            keys.astype(np.uint64),
            parts,
            squares.astype(np.float32),
            towards,
            shift,
            int(about.get("reader", 0)),
            tuple(about.get("packs", ())),
        )

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
        self._meant = np.zeros((0, len(self._head.ids)), dtype=np.float32)

    def _learn(self) -> None:
        featurer, begin = self._featurer, len(self._atoms)
        before = len(featurer.letters)
        featurer.learn()
        end = len(featurer.stems)
        if begin == end:
            return
        new = self._head.rows(featurer.stems[begin:])
        letters, counts = self._head.rows(featurer.letters[before:]), featurer.letter_counts[begin:]
        np.add.at(new, np.repeat(np.arange(len(counts)), counts), letters)
        self._atoms = np.concatenate([self._atoms, new])
        meant = products(featurer.model.meanings(np.arange(begin, end)), Matrix(self._head.towards))
        self._meant = np.concatenate([self._meant, meant])

    def tell(self, evidence: Evidence) -> Told:
        """The pain point of each text that the gate lets through."""
        self._learn()
        prepared, featurer, rows = evidence.prepared, self._featurer, self._head.rows
        frame = prepared.frame
        each = np.take(self._atoms, frame.atoms, axis=0)
        at, pairs = featurer.pairs(prepared)
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
        roots = word_roots(prepared)
        meant = np.take(self._meant, frame.atoms, axis=0)
        logits: Floats = sums[:, :-1] / lengths + self._head.shift
        logits += np.add.reduceat(meant, frame.starts, axis=0) / roots
        chosen = logits[:, self._first :].argmax(axis=1) + self._first
        told = np.flatnonzero(evidence.which & self._lets(evidence, logits))
        entries = [entry for index in chosen[told].tolist() if (entry := self._named[index]) is not None]
        said = []
        for text in told.tolist():
            span = slice(int(frame.starts[text]), int(frame.ends[text]))
            parts = each[span, :-1] / lengths[text] + meant[span] / roots[text]
            said.append(self._words(parts[:, chosen[text]] - parts.mean(axis=1), frame.atoms[span].tolist()))
        return Told(told, entries, said)

    def _lets(self, evidence: Evidence, logits: Floats) -> Bools:
        """Whether the gate lets a head tell of each text."""
        values = evidence.values.astype(np.float64)
        open_: Bools = (evidence.mains >= 0) | (values <= FEELS_BAD)
        if self._head.knows_none:
            none = softmax(logits)[:, 0]
            open_ = (evidence.mains >= 0) | ((values <= FEELS_GOOD) & (none < SURELY_NONE))
        return open_

    def _words(self, parts: Floats, atoms: list[int]) -> list[str]:
        """The words of a text whose parts are largest."""
        surface = self._featurer.model.lexicon.surface
        words: list[str] = []
        for at in np.argsort(-parts, kind="stable").tolist():
            if parts[at] <= 0 or len(words) == TOP_WORDS:
                break
            if (word := surface[atoms[at]]) and word not in words:
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
        """Sees that each head's ids are in the catalog that it stands beside, and that its reader is this one.

        Raises:
            HeadError: Some are not, the message names the packs to use; or the words mean something else now.
        """
        pairs = [(head, catalogs.for_brand(brand)) for brand, head in self._per_brand.items()]
        if self._default:
            pairs.append((self._default, catalogs.default))
        reader = shared_weights().fingerprint() if pairs else 0
        for head, catalog in pairs:
            if missing := head.missing(catalog):
                raise HeadError(
                    f"the head tells {', '.join(missing)}, which the catalog of {', '.join(catalog.packs)} does not"
                    f" have; it was fitted beside {', '.join(head.packs)}: use these packs"
                )
            if head.reader != reader:
                raise HeadError(
                    "the head was fitted with another version of the reader, to which words mean something else:"
                    " run groundswell catalog learn again"
                )

    def for_brand(self, brand: str, catalog: Catalog) -> Head | None:
        """The brand's head; upper and lower case make no difference.

        That of all brands does not serve a brand whose catalog lacks some of its ids.
        """
        own = self._per_brand.get(brand.casefold())
        if own is not None or self._default is None or self._default.missing(catalog):
            return own
        return self._default
