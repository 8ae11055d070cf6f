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
from streams.scoring.chunks import Frame
from streams.scoring.curves import power, sigmoid, softmax
from streams.scoring.places import Places, cut_off
from streams.scoring.runs import Floats, Matrix, Numbers, Steps, largest, products, spoken, weighted
from streams.scoring.structure import Structure, structure
from streams.scoring.tokens import EMOJI, WORD, Lexicon
from streams.scoring.weights import (
    EMOTION,
    FAMILIES,
    FELT,
    FELT_UNITS,
    MOOD_UNITS,
    SENTIMENT,
    Weights,
    shared_weights,
)

LETTER, SHORTEST_SENTENCE = 60, 4
"""Atoms from which a text is felt sentence by sentence besides, being longer than what the model has learnt from; and
those that a sentence needs for it, its full stop included."""
MOST_ATOMS = 30_000
"""Atoms that are remembered before the lexicon begins anew: about 50 MB with their taps."""
MOST_CHUNKS, MOST_WRITTEN = 100_000, 2_000_000
"""The same for what stands between spaces, which may be atoms that are known in ever new order; and for the characters
of what is remembered, since a single word may be as long as a text."""
_AT_ONCE = 256
"""Words whose meanings are taken at once: their letters are many."""
_MOOD, _FELT = 0, 1
"""The heads."""
_NEUTRAL = [EMOTIONS.index("neutral"), len(EMOTIONS) + FAMILIES.index("neutral")]
"""Where neutral stands among what is felt: as an emotion and as a family."""
_OF_HEADS = (SENTIMENT, MOOD_UNITS), (FELT, FELT_UNITS)
"""Each head's outputs and units."""


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
        out, units = self.weights.out, self.weights.mood_units
        self._sums = tuple(Matrix(np.concatenate([out[:, own], out[:, its]], axis=1)) for own, its in _OF_HEADS)
        self._adds = Matrix(units), Matrix(self.weights.felt_units)
        self._back = tuple(Matrix(out[:, its].T) for _, its in _OF_HEADS)
        self._bias = tuple(np.concatenate([self.weights.bias[own], self.weights.bias[its]]) for own, its in _OF_HEADS)
        self._leans = units[:, 2] - units[:, 0]
        self._places = Places(self.weights)
        self.lexicon = Lexicon()
        self._begin()

    def _begin(self) -> None:
        self.lexicon.clear()
        self.generation = getattr(self, "generation", -1) + 1
        """Grows whenever the lexicon begins anew: what was kept per atom is then void."""
        self._flags, self._names = np.zeros((2, 0), dtype=np.int32)
        self._places.clear()

    def _learn(self) -> None:
        """Looks at the atoms that are new."""
        lexicon, known = self.lexicon, len(self._flags)
        if known == len(lexicon.norm):
            return
        norms, flags = lexicon.norm[known:], lexicon.flags[known:]
        self._flags = np.concatenate([self._flags, np.array(flags, dtype=np.int32)])
        self._names = np.concatenate([self._names, np.array(lexicon.name[known:], dtype=np.int32)])
        self._places.learn(norms, flags)

    def meanings(self, atoms: NDArray[np.integer]) -> Floats:
        """What some atoms mean: atoms × dimensions, as directions of length 1; nothing of what is no word."""
        found = np.zeros((len(atoms), self.weights.table.shape[1]), dtype=np.float32)
        words = np.flatnonzero((self._flags[atoms] & WORD) != 0)
        norm, flags = self.lexicon.norm, self.lexicon.flags
        for at in range(0, len(words), _AT_ONCE):
            some = words[at : at + _AT_ONCE]
            mine = atoms[some].tolist()
            embedded = self.weights.embedded([norm[atom] for atom in mine], [flags[atom] for atom in mine])
            found[some] = embedded / np.maximum(np.sqrt(np.square(embedded).sum(axis=1)), 1.0)[:, None]
        return found

    def prepare(self, texts: list[str]) -> Prepared:
        """The texts as atoms."""
        lexicon = self.lexicon
        if len(lexicon.norm) > MOST_ATOMS or len(lexicon.chunks) > MOST_CHUNKS or lexicon.written > MOST_WRITTEN:
            self._begin()
        frame = self.lexicon.read(texts)
        self._learn()
        return Prepared(frame, structure(frame, self._flags))

    def judge(self, prepared: Prepared, read: NDArray[np.bool_]) -> Judged:
        """What the texts feel like; of a text that is not ``read`` only emoji speak."""
        frame, around, weights = prepared.frame, prepared.around, self.weights
        hidden, weight = self._places.say(frame, around.state)
        unread = ~read[frame.text_of] & ((around.flags & EMOJI) == 0)
        if unread.any():
            hidden[unread] = 0
        mass = power(np.add.reduceat(weight, frame.starts, axis=1), weights.power)
        pooled = weighted(hidden, weight, frame.starts, frame.ends) / mass.T[:, :, None]
        mood, mood_units = self._scores(pooled[:, _MOOD], _MOOD)
        felt, felt_units = self._scores(pooled[:, _FELT], _FELT)
        felt = self._strongest(felt, hidden, weight[_FELT], prepared)
        heard = sigmoid(felt * weights.felt_slope + weights.felt_shift)
        emotions = EMOTION.stop - EMOTION.start
        moved = mood_units > 0.0, felt_units > 0.0
        return Judged(weights.tempered(mood), heard[:, :emotions], heard[:, emotions:], hidden, weight, mass, moved)

    def top_words(
        self,
        prepared: Prepared,
        values: Floats,
        starts: Numbers,
        ends: Numbers,
        *,
        share: float,
        least: float,
        most: int,
    ) -> list[list[str]]:
        """Of runs of places, the words with the largest values, as they are shown; the rest as in `runs.largest`."""
        frame, surface = prepared.frame, self.lexicon.surface
        names = self._names[frame.atoms]
        counts, places = largest(
            values, starts, ends, prepared.around.solid, names, share=share, least=least, most=most
        )
        told = [surface[atom] for atom in frame.atoms[places].tolist()]
        last = np.cumsum(counts).tolist()
        return [told[end - count : end] for end, count in zip(last, counts.tolist(), strict=True)]

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
        opens, closes = around.clause_starts[which], around.clause_ends[which]
        sizes = closes - opens
        ends = np.cumsum(sizes)
        starts = ends - sizes
        owners = np.repeat(np.arange(len(which), dtype=np.int32), sizes)
        places = np.arange(ends[-1]) + (opens - starts)[owners]
        frame = Frame(whole.atoms[places], starts, owners)
        state = structure(frame, self._flags).state
        hidden, weight = np.take(judged.hidden, places, axis=0), np.take(judged.weight[_MOOD], places)
        new = cut_off(whole, around.state, opens, closes, state)
        hidden[new], heavy = self._places.say(frame, state, new)
        weight[new] = heavy[_MOOD]
        return self._values(hidden, weight, np.add.reduceat(weight, starts), starts, ends)

    def parts(self, prepared: Prepared, judged: Judged) -> Floats:
        """Each atom's part in positive less negative, in logits."""
        frame, out = prepared.frame, self.weights.out
        adds = np.where(judged.moved[_MOOD], self._leans, np.float32(0.0))
        towards = out[:, SENTIMENT.stop - 1] - out[:, SENTIMENT.start] + products(adds, self._back[_MOOD])
        parts = spoken(judged.hidden, judged.weight[_MOOD], towards, frame.starts, frame.ends)
        parts /= judged.mass[_MOOD][frame.text_of]
        return parts

    def parts_of(self, prepared: Prepared, judged: Judged, texts: Numbers, labels: Numbers) -> Floats:
        """What each atom adds to these emotions of these texts, one text behind the other, before its mass divides."""
        frame, out = prepared.frame, self.weights.out
        adds = np.where(judged.moved[_FELT][texts], self.weights.felt_units[:, labels].T, np.float32(0.0))
        towards = out[:, labels + EMOTION.start].T + products(adds, self._back[_FELT])
        return spoken(judged.hidden, judged.weight[_FELT], towards, frame.starts[texts], frame.ends[texts])

    def _values(self, hidden: Steps, weight: Floats, total: Floats, starts: Numbers, ends: Numbers) -> Floats:
        """P(positive) - P(negative) of runs of places, from what each says and counts for, and their total weights."""
        mass = power(total[None], self.weights.power[_MOOD, None])
        pooled = weighted(hidden, weight[None], starts, ends)[:, 0] / mass.T
        chances = softmax(self.weights.tempered(self._scores(pooled, _MOOD)[0]))
        return chances[:, 2] - chances[:, 0]

    def _scores(self, pooled: Floats, head: int) -> tuple[Floats, Floats]:
        """A head's outputs and units (texts × each), from texts × channels: units that are above 0 add to outputs."""
        sums = products(pooled, self._sums[head]) + self._bias[head]
        scores, units = np.split(sums, [self._adds[head].columns], axis=1)
        return scores + products(np.maximum(units, np.float32(0.0)), self._adds[head]), units

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
        mass = power(np.add.reduceat(weight, opens)[None, which], self.weights.power[_FELT, None])
        pooled = weighted(hidden, weight[None], opens[which], ends[which])[:, 0] / mass.T
        sentences, _ = self._scores(pooled, _FELT)
        first = np.flatnonzero(np.diff(owners[which], prepend=-1))
        texts = owners[which[first]]
        strongest = whole.copy()
        strongest[texts] = np.maximum(whole[texts], np.maximum.reduceat(sentences, first, axis=0))
        strongest[:, _NEUTRAL] = whole[:, _NEUTRAL]
        return strongest
