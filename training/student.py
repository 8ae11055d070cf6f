"""The student in torch: what ``streams.scoring.model`` computes in numpy, so that it can be trained.

Each atom has an embedding; five linear maps of it ("taps") are what it says two words before, one word before, here,
and so on. The taps that meet at a place, and what surrounds it, are added and rectified: a width-5 convolution (Kim,
EMNLP 2014) that folds into one table a word. A linear map of that gives the place's part in every output and unit, and
its weight; a text is the weighted sum of its places' parts, and what its rectified units add.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from streams.scoring.pairs import UNKNOWN, PairIndex, pair_keys, word_keys
from streams.scoring.structure import STATES, structure
from streams.scoring.tokens import Lexicon
from streams.scoring.weights import FELT, FELT_UNITS, HEADS, LONGEST_WEIGHT, MOOD_UNITS, SENTIMENT, SUMS, TAPS
from streams.scoring.words import Rows, Vocabulary

CHANNELS = 128
PAIRS = (1 << 16) - 1
"""Pairs of words that have rows of their own, at most: those that are met most often."""
UNPAIRED = 0.1
"""Share of pairs that are left out at random, as a new text has some that are not known."""
_FIRST = -(TAPS // 2)


@dataclass
class Read:
    """Texts as the student reads them."""

    atoms: NDArray[np.int64]
    state: NDArray[np.int64]
    pairs: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


class Reader:
    """Texts → atoms, with each atom's rows of the table kept."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.lexicon = Lexicon()
        self._rows: list[Rows] = []

    def read(self, texts: list[str]) -> Read:
        """The texts' atoms and what stands around them."""
        frame = self.lexicon.read(texts)
        around = structure(frame, np.array(self.lexicon.flags, dtype=np.int32))
        here = word_keys(self.lexicon.norm)[frame.atoms]
        before = np.roll(here, 1)
        before[frame.starts] = 0
        atoms, state = frame.atoms.astype(np.int64), around.state.astype(np.int64)
        return Read(atoms, state, pair_keys(here, before), frame.starts, frame.ends)

    def rows(self) -> Rows:
        """The rows of every atom read so far."""
        return self.vocabulary.rows(self.lexicon.norm, self.lexicon.flags)


def frequent(pairs: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The keys that are met most often, ascending."""
    keys, counts = np.unique(pairs, return_counts=True)
    return np.sort(keys[np.argsort(-counts, kind="stable")[:PAIRS]])


def _ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers start … start + length - 1 of every range, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1]) + np.repeat(starts - (ends - lengths), lengths)


class Student(nn.Module):
    """Places of a batch of texts → texts × OUTPUTS logits."""

    def __init__(
        self, vocabulary: Vocabulary, begin: NDArray[np.float32], pairs: NDArray[np.uint32], channels: int = CHANNELS
    ) -> None:
        """``begin`` are the words' first embeddings: words × dimensions; ``pairs`` the keys of the pairs with rows."""
        super().__init__()
        self.known, self.index = pairs, PairIndex(pairs)
        self.words, size = len(vocabulary.words), begin.shape[1]
        table = torch.zeros(vocabulary.size, size)
        table[: self.words] = torch.from_numpy(begin)
        self.table = nn.Parameter(table)
        self.register_buffer("first", torch.from_numpy(begin.copy()), persistent=False)
        self.taps = nn.Parameter(torch.randn(size, TAPS * channels) * (1.0 / np.sqrt(size * 3)))
        self.states = nn.Parameter(torch.zeros(STATES, channels))
        self.pairs = nn.Parameter(torch.zeros(len(pairs) + 1, channels))
        self.out = nn.Parameter(torch.randn(channels, SUMS + HEADS) * (0.5 / np.sqrt(channels)))
        self.bias = nn.Parameter(torch.zeros(SUMS))
        self.mood_units = nn.Parameter(torch.zeros(MOOD_UNITS.stop - MOOD_UNITS.start, SENTIMENT.stop))
        self.felt_units = nn.Parameter(torch.zeros(FELT_UNITS.stop - FELT_UNITS.start, FELT.stop - FELT.start))
        self.power = nn.Parameter(torch.full((HEADS,), 0.6))
        self.channels = channels

    def forward(self, rows: Rows, read: Read, which: NDArray[np.int64], drop: float, unknown: float) -> Tensor:
        """The texts' logits; ``drop`` of the places and ``unknown`` of the words' own rows are left out at random."""
        random = np.random.default_rng(int(torch.randint(1 << 30, (1,))))
        lengths = read.ends[which] - read.starts[which]
        places = _ranges(read.starts[which], lengths)
        owner = np.repeat(np.arange(len(which)), lengths)
        if drop:
            kept = random.random(len(places)) >= drop
            kept[np.append(0, np.cumsum(lengths)[:-1])] = True
            places, owner = places[kept], owner[kept]
        atoms, local = np.unique(read.atoms[places], return_inverse=True)
        spans = np.append(rows.starts[1:], len(rows.rows))[atoms] - rows.starts[atoms]
        flat = _ranges(rows.starts[atoms], spans)
        scales = rows.scales[flat].copy()
        own = np.cumsum(spans) - spans
        if unknown:
            scales[own[random.random(len(own)) < unknown]] = 0.0
        embedded = functional.embedding_bag(
            torch.from_numpy(rows.rows[flat]), self.table, torch.from_numpy(own), mode="sum",
            per_sample_weights=torch.from_numpy(scales),
        )  # fmt: skip
        if self.training:
            embedded = functional.dropout(embedded, 0.1)
        taps = (embedded @ self.taps).view(len(atoms) * TAPS, self.channels)
        # One bag a place: what its neighbours and it say here, and what stands around it.
        count = len(places)
        at = np.arange(count)
        nothing = len(taps)
        bags = np.full((count, TAPS + 1), nothing, dtype=np.int64)
        for tap in range(TAPS):
            other = at + _FIRST + tap
            inside = (other >= 0) & (other < count)
            inside[inside] &= owner[other[inside]] == owner[inside]
            bags[inside, tap] = local[other[inside]] * TAPS + tap
        bags[:, TAPS] = nothing + 1 + read.state[places]
        table = torch.cat([taps, torch.zeros(1, self.channels), self.states])
        hidden = functional.embedding_bag(torch.from_numpy(bags), table, mode="sum")
        paired = self.index.rows(read.pairs[places])
        if self.training:
            paired[random.random(count) < UNPAIRED] = UNKNOWN
        hidden = hidden + functional.embedding(torch.from_numpy(paired), self.pairs, padding_idx=UNKNOWN)
        hidden = functional.relu(hidden)
        if self.training:
            hidden = functional.dropout(hidden, 0.2)
        return self._spoken(hidden, torch.from_numpy(owner), len(which))

    def _spoken(self, hidden: Tensor, owner: Tensor, texts: int) -> Tensor:
        """A text is summed, once for each head, before its scores are taken."""
        weight = torch.exp((hidden @ self.out[:, SUMS:]).clamp(-LONGEST_WEIGHT, LONGEST_WEIGHT))
        mass = torch.zeros(texts, HEADS).index_add(0, owner, weight) ** self.power.clamp(0.3, 1.0)
        both = []
        for head, (own, units, adds) in enumerate(
            ((SENTIMENT, MOOD_UNITS, self.mood_units), (FELT, FELT_UNITS, self.felt_units))
        ):
            pooled = torch.zeros(texts, self.channels).index_add(0, owner, hidden * weight[:, head : head + 1])
            pooled = pooled / mass[:, head : head + 1]
            raised = functional.relu(pooled @ self.out[:, units] + self.bias[units])
            raised = functional.dropout(raised, 0.1, self.training)
            both.append(pooled @ self.out[:, own] + self.bias[own] + raised @ adds)
        return torch.cat(both, dim=1)


def batches(texts: NDArray[np.int64], size: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Each of the texts once, in random order."""
    order = random.permutation(texts)
    for at in range(0, len(order), size):
        yield order[at : at + size]
