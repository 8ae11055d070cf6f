"""The reader at work: a frame of texts → sentiment, emotions, and each word's part in them.

It is a student distilled from a transformer (``training/``, made by ``make train``; MODEL_CARD.md beside this file
tells from what, and how well it reads). A word is folded once into what it adds to its neighbours' places and to its
own ("taps": a width-5 convolution as table look-ups), and a pair of neighbours that is met often adds something of its
own. After that a text costs some look-ups, sums and one small product a word. A score is a weighted sum over the
places of a text, and of rectified units that are such sums themselves: of those that are on, a word's part is what it
adds to them, so each word's part in a score is known exactly.
Another reader with the same two methods (`prepare`, `judge`) can take its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.scored import EMOTIONS
from streams.scoring.pairs import PairIndex, pair_keys, word_keys
from streams.scoring.structure import Structure, structure
from streams.scoring.tokens import EMOJI, Frame, Lexicon
from streams.scoring.weights import (
    EMOTION,
    FAMILIES,
    FELT,
    FELT_UNITS,
    FULL_TAP,
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
Floats = NDArray[np.float32]
_AT_ONCE = 512
"""Places that are worked on at once, so that they stay in the processor's cache."""
_NEW_AT_ONCE = 256
_FINE = 1 << 14
"""Steps of 1 in which words are folded: sums stay below 2^50."""
_COARSE, _FULL_OUT = 6, 255
"""Bits of a rectified number that are rounded away, and the largest step of its weights: with 128 channels of at most
31,500, sums stay below 2^24."""
_MOOD = [*range(SENTIMENT.stop), *range(MOOD_UNITS.start, MOOD_UNITS.stop), SUMS]
"""Columns of what a place says: its part in the sentiment and its units, and the weight of that."""
_HALF, _FINEST = np.int16(1 << _COARSE >> 1), np.int16(-1 << _COARSE)
_NEUTRAL = [EMOTIONS.index("neutral"), len(EMOTIONS) + FAMILIES.index("neutral")]
"""Where neutral stands among what is felt: as an emotion and as a family."""
_OF_HEADS = (SENTIMENT, MOOD_UNITS), (FELT, FELT_UNITS)
"""What each head's weight is for."""
_NOTHING = 0
"""The row of taps that stands beyond a text's ends."""


@dataclass(slots=True)
class Prepared:
    """A frame of texts as atoms, with what stands around each."""

    frame: Frame
    around: Structure


@dataclass(slots=True)
class Judged:
    """What the model thinks of each text of a frame, and why."""

    sentiment: NDArray[np.float32]
    """texts × 3 logits, tempered: negative, neutral, positive."""
    emotions: NDArray[np.float32]
    """texts × 28 probabilities."""
    families: NDArray[np.float32]
    """texts × families probabilities: Ekman's six and neutral, and all that is negative."""
    clause_values: NDArray[np.float32]
    """P(positive) - P(negative) of each clause by itself."""
    parts: NDArray[np.float32]
    """Each atom's part in positive less negative, in logits."""
    said: NDArray[np.float32]
    """(outputs, units) × atoms: what each place adds to each sum, before the text's own factor."""
    moved: NDArray[np.bool_]
    """units × texts: which units of what is felt are on."""
    mood: NDArray[np.float32]
    """(3, units, 1) × atoms: what each place says of the sentiment and its units, and the weight of that, before either
    is applied."""


class Model:
    """Reads frames of texts. Not to be shared between threads: it learns words as they come."""

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = weights or shared_weights()
        # Whole numbers add up exactly in any order while they stay below 2^53 in double precision, 2^24 in single, and
        # so does a text in any frame: a product of floats hangs in its last digit on how many rows it has, and neither
        # a word's taps nor a score may hang on its neighbours.
        if self.weights.channels * (TAPS + 2) * FULL_TAP // (1 << _COARSE) * _FULL_OUT >= 1 << 24:
            raise ValueError(f"{self.weights.channels} channels don't add up exactly: _COARSE has to grow with them")
        self._maps = np.rint(self.weights.maps * _FINE).astype(np.float64)
        step = np.abs(self.weights.out).max(axis=0) / np.float32(_FULL_OUT)
        self._out = np.rint(self.weights.out / step)
        self._step = step
        # What is rounded by dropping bits is rounded to the nearest where half a step was added before.
        self._states = self.weights.states + _HALF
        self._hidden, self._one, self._least = np.full((3, _AT_ONCE, self.weights.channels), _HALF, dtype=np.int16)
        self._floats = np.empty((_AT_ONCE, self.weights.channels), dtype=np.float32)
        self._pairs = PairIndex(self.weights.pairs)
        self.lexicon = Lexicon()
        self._begin()

    def _begin(self) -> None:
        self.lexicon.clear_all()
        self.generation = getattr(self, "generation", -1) + 1
        """Grows whenever the lexicon begins anew: what was kept per atom is then void."""
        self._flags = np.zeros(0, dtype=np.int32)
        self._keys = np.zeros(1, dtype=np.uint64)
        # Row 0 is nothing; the atom n is row n + 1.
        self._taps = [np.zeros((1, self.weights.channels), dtype=np.int16) for _ in range(TAPS)]
        self._room = 1
        self._folded_as: dict[tuple[str, int], int] = {}
        """How a word is spelt → the first atom that is spelt so: "Late" and "late" are folded once."""

    def _learn(self) -> None:
        """Folds the weights of the atoms that are new."""
        begin, end = len(self._flags), len(self.lexicon.norm)
        if begin == end:
            return
        lexicon, weights = self.lexicon, self.weights
        self._flags = np.concatenate([self._flags, np.array(lexicon.flags[begin:], dtype=np.int32)])
        self._keys = np.concatenate([self._keys, word_keys(lexicon.norm[begin:])])
        if end + 1 > self._room:
            self._room = max(2 * self._room, end + 1, 4_096)
            # One after the other, so that only one of them is there twice.
            for tap, old in enumerate(self._taps):
                self._taps[tap] = np.zeros((self._room, weights.channels), dtype=np.int16)
                self._taps[tap][: begin + 1] = old[: begin + 1]
        known = self._folded_as
        alike = [
            known.setdefault((norm, flags & SPELT), atom)
            for atom, (norm, flags) in enumerate(zip(lexicon.norm[begin:], lexicon.flags[begin:], strict=True), begin)
        ]
        same, atoms = np.array(alike), np.arange(begin, end)
        fresh = atoms[same == atoms]
        # Rows of letters are many: in slices, so that a frame of new words stays small.
        for at in range(0, len(fresh), _NEW_AT_ONCE):
            some = fresh[at : at + _NEW_AT_ONCE]
            for tap, table in enumerate(self._folded(some.tolist())):
                self._taps[tap][some + 1] = table
        again = atoms[same != atoms]
        for taps in self._taps:
            taps[again + 1] = taps[same[again - begin] + 1]

    def _folded(self, atoms: list[int]) -> list[NDArray[np.int16]]:
        """The taps of some atoms: for each tap, atoms × channels."""
        weights, lexicon = self.weights, self.lexicon
        norms, flags = [lexicon.norm[atom] for atom in atoms], [lexicon.flags[atom] for atom in atoms]
        rows = weights.vocabulary().rows(norms, flags)
        steps = weights.table[rows.rows] * (weights.scales[rows.rows] * rows.scales)[:, None]
        embedded = np.rint(np.add.reduceat(steps, rows.starts, axis=0) * _FINE).astype(np.float64)
        taps = np.rint(embedded @ self._maps / _FINE**2)
        return np.split(np.clip(taps, -FULL_TAP, FULL_TAP).astype(np.int16), TAPS, axis=1)

    def prepare(self, texts: list[str]) -> Prepared:
        """The texts as atoms."""
        lexicon = self.lexicon
        if len(lexicon.norm) > MOST_ATOMS or len(lexicon) > MOST_CHUNKS or lexicon.written > MOST_WRITTEN:
            self._begin()
        frame = self.lexicon.read(texts)
        self._learn()
        return Prepared(frame, structure(frame, self._flags))

    def _places(self, rows: list[NDArray[np.int64]], state: NDArray[np.int8], columns: list[int] | slice) -> Floats:
        """What places say: (outputs, heads), or of these the columns that are asked for, × places.

        Args:
            rows: Of each tap, the row of the places' neighbour, as `_beside` gives them.
            state: What the places' surroundings are.
            columns: What is asked for.
        """
        count = len(state)
        pairs = self._pairs.rows(pair_keys(self._keys[rows[_HERE]], self._keys[rows[_HERE - 1]]))
        # Where a product's result is laid out as it is used, nothing has to be turned over. Rows of outputs are
        # contiguous, so that sums over the places of a text run over neighbours in memory.
        maps, step = np.ascontiguousarray(self._out[:, columns].T), self._step[columns, None]
        out = np.empty((len(maps), count), dtype=np.float32)
        for at in range(0, count, _AT_ONCE):
            here = slice(at, min(at + _AT_ONCE, count))
            size = here.stop - at
            hidden, one, floats = self._hidden[:size], self._one[:size], self._floats[:size]
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
            np.multiply(maps @ floats.T, step, out=out[:, here])
        return out

    def judge(self, prepared: Prepared, read: NDArray[np.bool_]) -> Judged:
        """What the texts feel like; of a text that is not ``read`` only emoji speak."""
        frame, around, weights = prepared.frame, prepared.around, self.weights
        said = self._places(_beside(frame), around.state, slice(None))
        mood = said[_MOOD]
        weight = np.exp(np.clip(said[SUMS:], -LONGEST_WEIGHT, LONGEST_WEIGHT))
        unread = ~read[frame.text_of] & ((around.flags & EMOJI) == 0)
        if unread.any():
            said[:SUMS, unread] = 0.0
        parts = said[:SUMS]
        for each, heavy in zip(_OF_HEADS, weight, strict=True):
            for columns in each:
                parts[columns] *= heavy
        share = np.add.reduceat(weight, frame.starts, axis=1) ** weights.power[:, None]
        sums: NDArray[np.float32] = np.add.reduceat(parts, frame.starts, axis=1)
        for each, mass in zip(_OF_HEADS, share, strict=True):
            for columns in each:
                sums[columns] /= mass
        sums += weights.bias[:, None]
        mine, mood_units = parts[SENTIMENT], parts[MOOD_UNITS]
        towards = mine[2] - mine[0]
        leans = np.where(sums[MOOD_UNITS].T > 0.0, weights.mood_units[:, 2] - weights.mood_units[:, 0], np.float32(0.0))
        for lean, start, end in zip(leans, frame.starts.tolist(), frame.ends.tolist(), strict=True):
            towards[start:end] += by_units(lean, mood_units[:, start:end])
        felt = self._strongest(_raised(sums[FELT], sums[FELT_UNITS], weights.felt_units), parts, weight[1], prepared)
        felt = np.clip(felt * weights.felt_slope[:, None] + weights.felt_shift[:, None], -30.0, 30.0)
        heard = np.ascontiguousarray((1.0 / (1.0 + np.exp(-felt))).T, dtype=np.float32)
        emotions = EMOTION.stop - EMOTION.start
        sentiment = _raised(sums[SENTIMENT], sums[MOOD_UNITS], weights.mood_units)
        return Judged(
            np.ascontiguousarray(weights.tempered(sentiment).T, dtype=np.float32),
            np.ascontiguousarray(heard[:, :emotions]),
            np.ascontiguousarray(heard[:, emotions:]),
            self._values(mine, mood_units, weight[0], around.clause_starts),
            towards / share[0][frame.text_of],
            parts,
            sums[FELT_UNITS] > 0.0,
            mood,
        )

    def alone(self, prepared: Prepared, judged: Judged, clauses: NDArray[np.int64]) -> Floats:
        """What some of the frame's clauses feel like where each is a text of its own: P(positive) - P(negative).

        A place hears two words to either side and what follows a "but", so the end of one clause colours its neighbour.
        """
        whole, around = prepared.frame, prepared.around
        bounds = np.append(around.clause_starts, len(whole.atoms))
        sizes = bounds[clauses + 1] - bounds[clauses]
        ends = np.cumsum(sizes)
        starts = ends - sizes
        owners = np.repeat(np.arange(len(clauses), dtype=np.int32), sizes)
        places = np.arange(ends[-1]) + (bounds[clauses] - starts)[owners]
        frame = Frame(whole.atoms[places], starts, owners)
        state = structure(frame, self._flags).state
        said = np.take(judged.mood, places, axis=1)
        # A place that has the same neighbours and surroundings as in the whole text says the same.
        rows = _beside(frame)
        changed = state != np.take(around.state, places)
        for mine, shift in zip(rows, _SHIFTS, strict=True):
            beyond = places + shift
            np.clip(beyond, 0, len(whole.atoms) - 1, out=beyond)
            changed |= (mine == _NOTHING) & (np.take(whole.text_of, beyond) == np.take(whole.text_of, places))
        which = np.flatnonzero(changed)
        said[:, which] = self._places([mine[which] for mine in rows], state[which], _MOOD)
        weight = np.exp(np.clip(said[-1], -LONGEST_WEIGHT, LONGEST_WEIGHT))
        said *= weight
        return self._values(said[SENTIMENT], said[SENTIMENT.stop : -1], weight, starts)

    def _values(self, feeling: Floats, units: Floats, weight: Floats, starts: NDArray[np.int64]) -> Floats:
        """P(positive) - P(negative) of each run of places, from their weighted parts (outputs × places) and weights."""
        weights = self.weights
        mass = np.add.reduceat(weight, starts) ** weights.power[0]
        sums = np.add.reduceat(feeling, starts, axis=1) / mass + weights.bias[SENTIMENT, None]
        raising = np.add.reduceat(units, starts, axis=1) / mass + weights.bias[MOOD_UNITS, None]
        chances = _softmax(weights.tempered(_raised(sums, raising, weights.mood_units)))
        values: NDArray[np.float32] = chances[2] - chances[0]
        return values

    def _strongest(
        self,
        whole: NDArray[np.float32],
        parts: NDArray[np.float32],
        weight: NDArray[np.float32],
        prepared: Prepared,
    ) -> NDArray[np.float32]:
        """What is felt in each text, or in a letter's most moved sentence where that is higher: outputs × texts.

        A letter of five calm sentences and one furious one is a furious letter. Neutral is of the whole. A post is read
        as one: its sentences by themselves are told too much (GoEmotions' macro-F1 fell by 1.5, TweetEval's by 3).
        """
        frame, opens = prepared.frame, prepared.around.sentence_starts
        short = np.diff(np.append(frame.starts, len(frame.atoms))) < LETTER
        if short.all():
            return whole
        counts = np.diff(np.append(opens, len(frame.atoms)))
        mass, bias = np.add.reduceat(weight, opens) ** self.weights.power[1], self.weights.bias
        units = np.add.reduceat(parts[FELT_UNITS], opens, axis=1) / mass + bias[FELT_UNITS, None]
        sentences: NDArray[np.float32] = np.add.reduceat(parts[FELT], opens, axis=1) / mass + bias[FELT, None]
        sentences = _raised(sentences, units, self.weights.felt_units)
        owners = frame.text_of[opens]
        sentences[:, (counts < SHORTEST_SENTENCE) | short[owners]] = -np.inf
        first = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
        strongest = np.maximum(whole, np.maximum.reduceat(sentences, first, axis=1))
        strongest[_NEUTRAL] = whole[_NEUTRAL]
        return strongest


def _beside(frame: Frame) -> list[NDArray[np.int64]]:
    """Of each tap, the rows of the neighbours that it looks at; `_NOTHING` beyond the ends of the text."""
    rows, text = frame.atoms.astype(np.int64) + 1, frame.text_of
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


def by_units(adds: Floats, units: Floats) -> Floats:
    """What each place adds by way of a text's units: those that are on add ``adds``; ``units`` are units × places.

    A product of matrices would be quicker, and its last digit hang on where in the frame the text stands.
    """
    out: Floats = np.add.reduce(adds[:, None] * units, axis=0)
    return out


def _raised(sums: Floats, units: Floats, adds: Floats) -> Floats:
    """The sums (outputs × texts) with what the units (units × texts) add to them where they are above 0.

    Unit by unit: a product of matrices would hang in its last digit on the number of texts.
    """
    out = sums.copy()
    for unit, add in zip(np.maximum(units, np.float32(0.0)), adds, strict=True):
        out += add[:, None] * unit
    return out


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities over the first axis."""
    out: NDArray[np.float32] = np.exp(logits - logits.max(axis=0))
    out /= out.sum(axis=0)
    return out
