"""Texts → chunks between spaces → atoms: a chunk is taken apart once, and then found by its letters (``chunks.c``)."""

from __future__ import annotations

import ctypes
import os
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.native import constant, function, pointer

BREAK = "¶"
"""What a line break reads as, and a text of nothing but space."""
_BETWEEN = bytes([constant("chunks_between")])
_KEPT = 48
"""Bytes of a chunk that is remembered; one that is longer hardly comes again."""
_LEAST_SLOTS = 1 << 12
_find = function("chunks_find", "npppppp")
_insert = function("chunks_insert", "pnn")
_atoms = function("chunks_atoms", "nppppppppp")


@dataclass(slots=True)
class Written:
    """How the texts of a frame are written, chunk by chunk."""

    raw: bytes
    """In UTF-8."""
    begins: NDArray[np.int64]
    """Where each chunk begins in ``raw``."""
    sizes: NDArray[np.int32]
    """Its bytes."""
    places: NDArray[np.int64]
    """Its first atom's place in the frame."""


@dataclass(slots=True)
class Frame:
    """The atoms of many texts, flat, in order. Every text has at least one atom."""

    atoms: NDArray[np.int32]
    """Atom numbers."""
    starts: NDArray[np.int64]
    """Where each text begins in ``atoms``."""
    text_of: NDArray[np.int32]
    """Which text each atom belongs to."""
    written: Written | None = None
    """None where no texts were read."""

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where each text ends in ``atoms``."""
        return np.append(self.starts[1:], len(self.atoms))

    def words(self, begin: int, end: int, most: int) -> str:
        """The chunks from one place to another (exclusive) as they were written, so many at most."""
        if self.written is None:
            raise ValueError("no texts were read")
        raw, begins, sizes, places = self.written.raw, self.written.begins, self.written.sizes, self.written.places
        first = bisect_right(places, begin) - 1
        last = min(bisect_right(places, end - 1), first + most) - 1
        text = raw[begins[first] : begins[last] + sizes[last]].decode("utf-8", "surrogatepass")
        return " ".join(text.split())


class _Known(ctypes.Structure):
    """``Known`` of ``chunks.c``."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("keys", "begins", "sizes", "slots", "tags")),
        ("mask", ctypes.c_int64),
        ("secret", ctypes.c_uint64 * 2),
    )


class Chunks:
    """Takes frames of texts apart, and remembers the chunks that it met."""

    def __init__(self, atoms_of: Callable[[str], Iterable[int]]) -> None:
        """Takes what gives the atoms of a chunk."""
        self._atoms_of = atoms_of
        # Nobody may know which chunks share a slot: texts of a stranger's making would be looked up one by one.
        self._secret = (ctypes.c_uint64 * 2).from_buffer_copy(os.urandom(16))
        self.clear()

    def __len__(self) -> int:
        return len(self._sizes)

    def clear(self) -> None:
        """Forgets all chunks."""
        # Of each chunk its letters, and its atoms: arrays that grow in place, as ``chunks.c`` has them.
        self._keys, self._begins, self._sizes = array("B"), array("q"), array("i")
        self._atoms, self._firsts, self._counts = array("i"), array("q"), array("i")
        self._slots, self._tags = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.uint32)

    def _add(self, chunk: bytes) -> int:
        """Takes a chunk apart; its number."""
        self._firsts.append(len(self._atoms))
        self._atoms.extend(self._atoms_of(chunk.decode("utf-8", "surrogatepass")))
        self._counts.append(len(self._atoms) - self._firsts[-1])
        self._begins.append(len(self._keys))
        self._keys.frombytes(chunk)
        self._sizes.append(len(chunk))
        return len(self._sizes) - 1

    def _drop(self, count: int) -> None:
        """Forgets all but the first ones."""
        if count < len(self):
            del self._keys[self._begins[count] :], self._atoms[self._firsts[count] :]
            for kept in (self._begins, self._sizes, self._firsts, self._counts):
                del kept[count:]

    def _known(self) -> _Known:
        tables = pointer(self._slots, np.int32), pointer(self._tags, np.uint32)
        letters = (kept.buffer_info()[0] for kept in (self._keys, self._begins, self._sizes))
        return _Known(*letters, *tables, len(self._slots) - 1, self._secret)

    def _remember(self, begin: int) -> None:
        """Makes the chunks from a number on be found."""
        if 2 * len(self) > len(self._slots):
            size = max(_LEAST_SLOTS, 2 * len(self._slots))
            while 2 * len(self) > size:
                size *= 2
            self._slots, self._tags = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.uint32)
            begin = 0
        known = self._known()
        _insert(ctypes.addressof(known), begin, len(self))

    def read(self, texts: Sequence[str]) -> Frame:
        """The atoms of each text; a text of nothing but space is one line break."""
        if not len(self):
            self._add(BREAK.encode())
            self._remember(0)
        raw = b"".join([text.encode("utf-8", "surrogatepass") + _BETWEEN for text in texts])
        # No chunk and no atom is shorter than a byte.
        begins, places = np.empty((2, len(raw)), dtype=np.int64)
        sizes, entries, owners, atoms, text_of = np.empty((5, len(raw)), dtype=np.int32)
        starts = np.empty(len(texts), dtype=np.int64)
        known = self._known()
        count = _find(
            len(raw),
            pointer(np.frombuffer(raw, dtype=np.uint8), np.uint8),
            ctypes.addressof(known),
            pointer(begins, np.int64),
            pointer(sizes, np.int32),
            pointer(entries, np.int32),
            pointer(owners, np.int32),
        )
        remembered = self._learn(raw, begins[:count], sizes[:count], entries[:count])
        total = _atoms(
            count,
            pointer(entries, np.int32),
            pointer(owners, np.int32),
            *(kept.buffer_info()[0] for kept in (self._atoms, self._firsts, self._counts)),
            pointer(atoms, np.int32),
            pointer(text_of, np.int32),
            pointer(starts, np.int64),
            pointer(places, np.int64),
        )
        self._drop(remembered)
        return Frame(
            atoms[:total], starts, text_of[:total], Written(raw, begins[:count], sizes[:count], places[:count])
        )

    def _learn(
        self, raw: bytes, begins: NDArray[np.int64], sizes: NDArray[np.int32], entries: NDArray[np.int32]
    ) -> int:
        """Takes the chunks apart that are new, and puts their numbers among the entries; how many are to be kept."""
        before = len(self)
        new = np.flatnonzero(entries < 0)
        if not len(new):
            return before
        fresh: dict[bytes, int] = {}
        spans = zip(begins[new].tolist(), sizes[new].tolist(), strict=True)
        chunks = [raw[begin : begin + size] for begin, size in spans]
        for chunk in chunks:
            if chunk not in fresh and len(chunk) <= _KEPT:
                fresh[chunk] = self._add(chunk)
        kept = len(self)
        self._remember(before)
        for chunk in chunks:
            if chunk not in fresh:
                fresh[chunk] = self._add(chunk)
        entries[new] = [fresh[chunk] for chunk in chunks]
        return kept
