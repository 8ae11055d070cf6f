"""The reader at work: a frame of texts → sentiment, emotions, and each word's part in them.

It is a student distilled from a transformer (``training/``, made by ``make train``; MODEL_CARD.md beside this file
tells from what, and how well it reads). A word is folded once into what it adds to its neighbours' places and to its
own ("taps": a width-5 convolution as table look-ups), and a pair of neighbours that is met often adds something of its
own. Rectified, that is what a place says; how much it counts hangs on what it says. A text is the weighted sum over its
places, and its scores are products of that sum: few of those for each text, none for each place. Some scores are
rectified units that speak once more: of those that are on, a word's part is what it adds to them, so each word's
part in a score is known exactly.
Another reader with the same methods can take its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.scored import EMOTIONS
from streams.scoring.pairs import PairIndex, pair_keys, word_keys
from streams.scoring.runs import AT_ONCE, Floats, Numbers, Steps, products, spoken, weighted
from streams.scoring.structure import Structure, structure
from streams.scoring.tokens import EMOJI, WORD, Frame, Lexicon
from streams.scoring.weights import (
    EMOTION,
    FAMILIES,
    FELT,
    FELT_UNITS,
    FULL_TAP,
    HEADS,
    LONGEST_WEIGHT,
    MOOD_UNITS,
    SENTIMENT,
    SUMS,
    TAPS,
    Weights,
    shared_weights,
)
from streams.scoring.words import SPELT

LETTER, SHORTEST_SENTENCE = 60, 4
"""Atoms from which a text is felt sentence by sentence besides, being longer than what the model has learnt from; and
those that a sentence needs for it, its full stop included."""
MOST_ATOMS = 30_000
"""Atoms that are remembered before the lexicon begins anew: about 50 MB with their taps."""
MOST_CHUNKS, MOST_WRITTEN = 100_000, 2_000_000
"""The same for what stands between spaces, which may be atoms that are known in ever new order; and for the characters
of what is remembered, since a single word may be as long as a text."""
_HERE = TAPS // 2
_SHIFTS = range(-_HERE, _HERE + 1)
"""Where a place's neighbours stand, tap by tap; the place itself is the tap in the middle."""
_NEW_AT_ONCE, _LEAST_ROOM = 256, 2_048
_FINE = 1 << 14
"""Steps of 1 in which words are folded: sums stay below 2^50."""
_COARSE, _FULL_OUT = 6, 255
"""Bits of a rectified number that are rounded away, and the largest step of its weights: with 128 channels of at most
31,500, sums stay below 2^24."""
_HALF, _FINEST = np.int16(1 << _COARSE >> 1), np.int16(-1 << _COARSE)
_MOOD, _FELT = 0, 1
"""The heads."""
_NEUTRAL = [EMOTIONS.index("neutral"), len(EMOTIONS) + FAMILIES.index("neutral")]
"""Where neutral stands among what is felt: as an emotion and as a family."""
_OF_HEADS = (SENTIMENT, MOOD_UNITS), (FELT, FELT_UNITS)
"""Each head's outputs and units."""
_NOTHING = 0
"""The row of taps that stands beyond a text's ends."""


@dataclass(slots=True)
class Prepared:
    """A frame of texts as atoms, with what stands around each."""

    frame: Frame
    around: Structure


@dataclass(slots=True)
class Judged:
    """What the model thinks of each text of a frame, and what it needs to say why."""

    sentiment: NDArray[np.float32]
    """texts × 3 logits, tempered: negative, neutral, positive."""
    emotions: NDArray[np.float32]
    """texts × 28 probabilities."""
    families: NDArray[np.float32]
    """texts × families probabilities: Ekman's six and neutral, and all that is negative."""
    hidden: Steps
    """places × channels: what each atom's place says; nothing where it was not read."""
    weight: NDArray[np.float32]
    """heads × places: what it counts for."""
    mass: NDArray[np.float32]
    """heads × texts: what a text's sums are divided by."""
    moved: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    """Of each head, texts × units: which are on."""


class Model:
    """Reads frames of texts. Not to be shared between threads: it learns words as they come."""

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = weights or shared_weights()
        # Whole numbers add up exactly in any order while they stay below 2^53 in double precision, 2^24 in single. So
        # does a text in any frame: a product of floats hangs in its last digit on how many rows it has, and neither a
        # word's taps nor a score may hang on its neighbours. Where floats are multiplied, it is text by text.
        if self.weights.channels * (TAPS + 2) * FULL_TAP // (1 << _COARSE) * _FULL_OUT >= 1 << 24:
            raise ValueError(f"{self.weights.channels} channels don't add up exactly: _COARSE has to grow with them")
        self._maps = np.rint(self.weights.maps * _FINE).astype(np.float64)
        out, units = self.weights.out, self.weights.mood_units
        self._step = np.abs(out[:, SUMS:]).max(axis=0)[:, None] / np.float32(_FULL_OUT)
        self._weighing = np.ascontiguousarray(np.rint(out[:, SUMS:].T / self._step))
        self._sums = tuple(np.concatenate([out[:, own], out[:, its]], axis=1) for own, its in _OF_HEADS)
        self._bias = tuple(np.concatenate([self.weights.bias[own], self.weights.bias[its]]) for own, its in _OF_HEADS)
        self._leans = units[:, 2] - units[:, 0]
        # What is rounded by dropping bits is rounded to the nearest where half a step was added before.
        self._states = self.weights.states + _HALF
        self._one, self._least = np.full((2, AT_ONCE, self.weights.channels), _HALF, dtype=np.int16)
        self._floats = np.empty((AT_ONCE, self.weights.channels), dtype=np.float32)
        self._pairs = PairIndex(self.weights.pairs)
        self.lexicon = Lexicon()
        self._begin()

    def _begin(self) -> None:
        self.lexicon.clear_all()
        self.generation = getattr(self, "generation", -1) + 1
        """Grows whenever the lexicon begins anew: what was kept per atom is then void."""
        self._flags = np.zeros(0, dtype=np.int32)
        # Row 0 is nothing.
        self._rows = np.zeros(0, dtype=np.int64)
        """Of each atom, its row of the taps: "Late" and "late" have the same."""
        self._row_of: dict[tuple[str, int], int] = {}
        """How a word is spelt → its row."""
        self._keys = np.zeros(1, dtype=np.uint64)
        self._taps = [np.zeros((1, self.weights.channels), dtype=np.int16) for _ in range(TAPS)]

    def _learn(self) -> None:
        """Folds the weights of the atoms that are new."""
        lexicon, begin, end = self.lexicon, len(self._flags), len(self.lexicon.norm)
        if begin == end:
            return
        known, before = self._row_of, len(self._row_of) + 1
        rows: list[int] = []
        fresh: list[int] = []
        for atom in range(begin, end):
            spelt = lexicon.norm[atom], lexicon.flags[atom] & SPELT
            row = known.get(spelt)
            if row is None:
                row = known[spelt] = len(known) + 1
                fresh.append(atom)
            rows.append(row)
        self._rows = np.concatenate([self._rows, np.array(rows, dtype=np.int64)])
        self._flags = np.concatenate([self._flags, np.array(lexicon.flags[begin:], dtype=np.int32)])
        self._keys = np.concatenate([self._keys, word_keys([lexicon.norm[atom] for atom in fresh])])
        room, needed = len(self._taps[_HERE]), len(known) + 1
        if needed > room:
            # One after the other, so that only one of them is there twice.
            for tap, old in enumerate(self._taps):
                self._taps[tap] = np.zeros(
                    (max(room + room // 4, needed, _LEAST_ROOM), self.weights.channels), dtype=np.int16
                )
                self._taps[tap][:before] = old[:before]
        # Rows of letters are many: in slices, so that a frame of new words stays small.
        for at in range(0, len(fresh), _NEW_AT_ONCE):
            some = fresh[at : at + _NEW_AT_ONCE]
            for tap, table in enumerate(self._folded(some)):
                self._taps[tap][before + at : before + at + len(some)] = table

    def _folded(self, atoms: list[int]) -> list[NDArray[np.int16]]:
        """The taps of some atoms: for each tap, atoms × channels."""
        taps = np.rint(self._embedded(atoms) @ self._maps / _FINE**2)
        return np.split(np.clip(taps, -FULL_TAP, FULL_TAP).astype(np.int16), TAPS, axis=1)

    def _embedded(self, atoms: list[int]) -> NDArray[np.float64]:
        """Where some atoms stand, in whole steps: atoms × dimensions."""
        weights, lexicon = self.weights, self.lexicon
        norms, flags = [lexicon.norm[atom] for atom in atoms], [lexicon.flags[atom] for atom in atoms]
        rows = weights.vocabulary().rows(norms, flags)
        steps = weights.table[rows.rows] * (weights.scales[rows.rows] * rows.scales)[:, None]
        embedded: NDArray[np.float64] = np.rint(np.add.reduceat(steps, rows.starts, axis=0) * _FINE).astype(np.float64)
        return embedded

    def meanings(self, atoms: NDArray[np.integer]) -> Floats:
        """What some atoms mean: atoms × dimensions, as directions of length 1; nothing of what is no word."""
        found = np.zeros((len(atoms), self.weights.table.shape[1]), dtype=np.float32)
        words = np.flatnonzero((self._flags[atoms] & WORD) != 0)
        # Rows of letters are many: in slices, so that a frame of new words stays small.
        for at in range(0, len(words), _NEW_AT_ONCE):
            some = words[at : at + _NEW_AT_ONCE]
            embedded = self._embedded(atoms[some].tolist())
            found[some] = embedded / np.maximum(np.sqrt(np.square(embedded).sum(axis=1)), 1.0)[:, None]
        return found

    def prepare(self, texts: list[str]) -> Prepared:
        """The texts as atoms."""
        lexicon = self.lexicon
        if len(lexicon.norm) > MOST_ATOMS or len(lexicon) > MOST_CHUNKS or lexicon.written > MOST_WRITTEN:
            self._begin()
        frame = self.lexicon.read(texts)
        self._learn()
        return Prepared(frame, structure(frame, self._flags))

    def _places(self, rows: list[NDArray[np.int64]], state: NDArray[np.int8]) -> tuple[Steps, Floats]:
        """What places say (places × channels), and what each head lets them count for (heads × places).

        Args:
            rows: Of each tap, the row of the places' neighbour, as `_beside` gives them.
            state: What the places' surroundings are.
        """
        count = len(state)
        pairs = self._pairs.rows(pair_keys(self._keys[rows[_HERE]], self._keys[rows[_HERE - 1]]))
        said = np.empty((count, self.weights.channels), dtype=np.int16)
        weight = np.empty((HEADS, count), dtype=np.float32)
        for at in range(0, count, AT_ONCE):
            here = slice(at, min(at + AT_ONCE, count))
            size = here.stop - at
            hidden, one, floats = said[here], self._one[:size], self._floats[:size]
            # "clip" because numpy would copy the result once more to raise where a row is missing; none is.
            np.take(self._states, state[here], axis=0, out=hidden, mode="clip")
            for table, neighbours in zip(self._taps, rows, strict=True):
                np.take(table, neighbours[here], axis=0, out=one, mode="clip")
                hidden += one
            paired = np.take(self.weights.pair_table, pairs[here], axis=0, mode="clip")
            hidden += np.multiply(paired, self.weights.pair_steps, out=one)
            # A number beside the other: against a single one, numpy's maximum is eight times slower.
            np.maximum(hidden, self._least[:size], out=hidden)
            hidden &= _FINEST
            np.copyto(floats, hidden)
            for head, weighing in enumerate(self._weighing):
                np.dot(floats, weighing, out=weight[head, here])
        weight *= self._step
        np.clip(weight, -LONGEST_WEIGHT, LONGEST_WEIGHT, out=weight)
        return said, np.exp(weight, out=weight)

    def _beside(self, frame: Frame) -> list[NDArray[np.int64]]:
        """Of each tap, the rows of the neighbours that it looks at; `_NOTHING` beyond the ends of the text."""
        rows, text = self._rows[frame.atoms], frame.text_of
        # Two rows of nothing between texts would do; moving each text's neighbours out of sight costs less.
        found = []
        for shift in _SHIFTS:
            if shift == 0:
                found.append(rows)
                continue
            moved = np.zeros(len(rows), dtype=np.int64)
            size = len(rows) - abs(shift)
            if size > 0:
                to, of = (slice(-size, None), slice(size)) if shift < 0 else (slice(size), slice(-size, None))
                moved[to] = np.where(text[to] == text[of], rows[of], _NOTHING)
            found.append(moved)
        return found

    def judge(self, prepared: Prepared, read: NDArray[np.bool_]) -> Judged:
        """What the texts feel like; of a text that is not ``read`` only emoji speak."""
        frame, around, weights = prepared.frame, prepared.around, self.weights
        hidden, weight = self._places(self._beside(frame), around.state)
        unread = ~read[frame.text_of] & ((around.flags & EMOJI) == 0)
        if unread.any():
            hidden[unread] = 0
        mass = np.add.reduceat(weight, frame.starts, axis=1) ** weights.power[:, None]
        pooled = weighted(hidden, weight, frame.starts, frame.ends) / mass.T[:, :, None]
        mood, mood_units = self._scores(pooled[:, _MOOD], _MOOD)
        felt, felt_units = self._scores(pooled[:, _FELT], _FELT)
        felt = self._strongest(felt, hidden, weight[_FELT], prepared)
        felt = np.clip(felt * weights.felt_slope + weights.felt_shift, -30.0, 30.0)
        heard: Floats = (1.0 / (1.0 + np.exp(-felt))).astype(np.float32)
        emotions = EMOTION.stop - EMOTION.start
        moved = mood_units > 0.0, felt_units > 0.0
        return Judged(weights.tempered(mood), heard[:, :emotions], heard[:, emotions:], hidden, weight, mass, moved)

    def clauses(self, prepared: Prepared, judged: Judged, which: Numbers) -> Floats:
        """What some of the frame's clauses feel like: P(positive) - P(negative)."""
        starts, ends = prepared.around.clause_starts, prepared.around.clause_ends
        weight = judged.weight[_MOOD]
        return self._values(judged.hidden, weight, np.add.reduceat(weight, starts)[which], starts[which], ends[which])

    def alone(self, prepared: Prepared, judged: Judged, which: Numbers) -> Floats:
        """What some of the frame's clauses feel like where each is a text of its own: P(positive) - P(negative).

        A place hears two words to either side and what follows a "but", so the end of one clause colours its neighbour.
        """
        whole, around = prepared.frame, prepared.around
        opens = around.clause_starts[which]
        sizes = around.clause_ends[which] - opens
        ends = np.cumsum(sizes)
        starts = ends - sizes
        owners = np.repeat(np.arange(len(which), dtype=np.int32), sizes)
        places = np.arange(ends[-1]) + (opens - starts)[owners]
        frame = Frame(whole.atoms[places], starts, owners)
        state = structure(frame, self._flags).state
        hidden, weight = np.take(judged.hidden, places, axis=0), np.take(judged.weight[_MOOD], places)
        # A place that has the same neighbours and surroundings as in the whole text says the same.
        rows = self._beside(frame)
        changed = state != np.take(around.state, places)
        for mine, shift in zip(rows, _SHIFTS, strict=True):
            beyond = places + shift
            np.clip(beyond, 0, len(whole.atoms) - 1, out=beyond)
            changed |= (mine == _NOTHING) & (np.take(whole.text_of, beyond) == np.take(whole.text_of, places))
        new = np.flatnonzero(changed)
        hidden[new], heavy = self._places([mine[new] for mine in rows], state[new])
        weight[new] = heavy[_MOOD]
        return self._values(hidden, weight, np.add.reduceat(weight, starts), starts, ends)

    def parts(self, prepared: Prepared, judged: Judged) -> Floats:
        """Each atom's part in positive less negative, in logits."""
        frame, out = prepared.frame, self.weights.out
        adds = np.where(judged.moved[_MOOD], self._leans, np.float32(0.0))
        towards = out[:, SENTIMENT.stop - 1] - out[:, SENTIMENT.start] + products(adds, out[:, MOOD_UNITS].T)
        parts = spoken(judged.hidden, judged.weight[_MOOD], towards, frame.starts, frame.ends)
        parts /= judged.mass[_MOOD][frame.text_of]
        return parts

    def parts_of(self, prepared: Prepared, judged: Judged, texts: Numbers, labels: Numbers) -> Floats:
        """What each atom adds to these emotions of these texts, one text behind the other, before its mass divides."""
        frame, out = prepared.frame, self.weights.out
        adds = np.where(judged.moved[_FELT][texts], self.weights.felt_units[:, labels].T, np.float32(0.0))
        towards = out[:, labels + EMOTION.start].T + products(adds, out[:, FELT_UNITS].T)
        return spoken(judged.hidden, judged.weight[_FELT], towards, frame.starts[texts], frame.ends[texts])

    def _values(self, hidden: Steps, weight: Floats, total: Floats, starts: Numbers, ends: Numbers) -> Floats:
        """P(positive) - P(negative) of runs of places, from what each says and counts for, and their total weights."""
        pooled = weighted(hidden, weight[None], starts, ends)[:, 0] / (total ** self.weights.power[_MOOD])[:, None]
        chances = softmax(self.weights.tempered(self._scores(pooled, _MOOD)[0]))
        return chances[:, 2] - chances[:, 0]

    def _scores(self, pooled: Floats, head: int) -> tuple[Floats, Floats]:
        """A head's outputs and units (texts × each), from texts × channels: units that are above 0 add to outputs."""
        sums = products(pooled, self._sums[head]) + self._bias[head]
        adds = self.weights.mood_units if head == _MOOD else self.weights.felt_units
        scores, units = sums[:, : adds.shape[1]], sums[:, adds.shape[1] :]
        return scores + products(np.maximum(units, np.float32(0.0)), adds), units

    def _strongest(self, whole: Floats, hidden: Steps, weight: Floats, prepared: Prepared) -> Floats:
        """What is felt in each text, or in a letter's most moved sentence where that is higher: texts × outputs.

        A letter of five calm sentences and one furious one is a furious letter. Neutral is of the whole. A post is read
        as one: its sentences by themselves are told too much (GoEmotions' macro-F1 fell by 1.5, TweetEval's by 3).
        """
        frame, opens = prepared.frame, prepared.around.sentence_starts
        letters = frame.ends - frame.starts >= LETTER
        if not letters.any():
            return whole
        ends = prepared.around.sentence_ends
        owners = frame.text_of[opens]
        which = np.flatnonzero((ends - opens >= SHORTEST_SENTENCE) & letters[owners])
        if not len(which):
            return whole
        mass = np.add.reduceat(weight, opens)[which] ** self.weights.power[_FELT]
        pooled = weighted(hidden, weight[None], opens[which], ends[which])[:, 0] / mass[:, None]
        sentences, _ = self._scores(pooled, _FELT)
        first = np.flatnonzero(np.diff(owners[which], prepend=-1))
        texts = owners[which[first]]
        strongest = whole.copy()
        strongest[texts] = np.maximum(whole[texts], np.maximum.reduceat(sentences, first, axis=0))
        strongest[:, _NEUTRAL] = whole[:, _NEUTRAL]
        return strongest


def log_odds(chances: NDArray[np.float32]) -> NDArray[np.float32]:
    """What makes a probability when a logistic curve is put over it."""
    near: NDArray[np.float32] = np.clip(chances, 1e-6, 1.0 - 1e-6)
    return np.log(near / (1.0 - near))


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities of each row."""
    chances: NDArray[np.float32] = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    return chances
