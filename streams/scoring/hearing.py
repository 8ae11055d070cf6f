"""What is said about what: pain points, delights and signals of each text, from phrases, negation and clause sentiment.

A phrase of the catalog is taken for what it says, unless

* a negator stands before it ("no delays"),
* its clause only supposes or hopes it ("if my order is late"),
* its sentence asks for it without telling of it ("is my order delayed?"; "why is my order late?" does tell),
* the sentiment of its own clause speaks against it ("great app, but delivery took three weeks").
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streams.catalog import Catalog, Entry
from streams.catalog.phrases import NO_FIT, Element, Fit, Hit, PhraseIndex
from streams.scoring.features import NEGATION_SCOPE
from streams.scoring.model import Judged, Model, Prepared
from streams.scoring.signals import rules
from streams.scoring.tokens import (
    ASKING,
    CONTRAST,
    EMOJI,
    HEATED,
    NEGATOR,
    QUESTION,
    SENTENCE_END,
    TRANSPARENT,
    WHY,
    WISH,
    WORD,
)  # fmt: skip

SAYS, ABOUT, UNLESS, SIGNAL = range(4)
CLEARLY_POSITIVE = 0.6
"""Clause sentiment from which a plain statement of failure is not one."""
FEELS_BAD, FEELS_GOOD = -0.1, 0.25
"""Clause sentiment from which a topic that is only named counts."""
CLEARLY_BAD = -0.4
"""Sentiment that carries a clause which has little of its own."""
_WALL = 1_000
"""Jump of the position where no phrase may pass; larger than any gap."""


@dataclass(slots=True)
class Heard:
    """What was heard in one text. Mentions are (id, words, clause sentiment), the main one first."""

    pain_points: list[tuple[Entry, list[str], float]] = field(default_factory=list)
    delights: list[tuple[Entry, list[str], float]] = field(default_factory=list)
    signals: dict[str, list[tuple[float, list[str]]]] = field(default_factory=dict)
    """Signal → weights with the words that told of it."""
    need_at: int | None = None
    """The atom of the text at which the customer says what is needed."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a phrase stands for."""

    part: int
    entry: Entry | None
    rank: float
    signal: str = ""
    weight: float = 0.0


class Ear:
    """Finds one catalog's phrases and those of the signals in frames of one model's atoms."""

    def __init__(self, catalog: Catalog, model: Model) -> None:
        self._model = model
        phrases: list[tuple[Element, ...]] = []
        self._meanings: list[_Meaning] = []
        for rule in rules():
            phrases.append(rule.phrase)
            self._meanings.append(_Meaning(SIGNAL, None, 0.0, rule.signal, rule.weight))
        for entry in catalog:
            # What is closer to the brand's business tells more: later packs rank first.
            pack = 0.5 * catalog.packs.index(entry.pack)
            for part, name in ((SAYS, "says"), (ABOUT, "about"), (UNLESS, "unless")):
                for phrase in catalog.phrases(entry.id)[name]:
                    phrases.append(phrase)
                    rank = pack + (2.0 if part == SAYS else 1.0) + 0.15 * len(phrase)
                    self._meanings.append(_Meaning(part, entry, rank))
        self.fallbacks = [entry for entry in catalog if entry.fallback]
        self._index = PhraseIndex(phrases)
        self._generation = -1
        self._fit: list[Fit] = []
        self._fits = np.zeros(0, dtype=np.bool_)

    def _learn(self) -> None:
        """Looks up what the atoms that are new are to the phrases."""
        lexicon = self._model.lexicon
        if self._generation != self._model.generation:
            self._generation = self._model.generation
            self._fit = []
            self._fits = np.zeros(0, dtype=np.bool_)
        begin, end = len(self._fit), len(lexicon.norm)
        if begin < end:
            self._fit += [
                self._index.fit(lexicon.norm[at], lexicon.stem[at]) if lexicon.norm[at] else NO_FIT
                for at in range(begin, end)
            ]
            self._fits = np.append(self._fits, [fit is not NO_FIT for fit in self._fit[begin:]])

    def listen(
        self, prepared: Prepared, judged: Judged, which: NDArray[np.bool_], values: NDArray[np.float32]
    ) -> dict[int, Heard]:
        """What was heard in the texts that ``which`` names: number of the text → what; nothing heard, no item.

        ``values`` are the texts' sentiments as wholes, ratings included.
        """
        self._learn()
        frame, around = prepared.frame, prepared.around
        flags = around.flags
        solid = ((flags & (WORD | EMOJI)) != 0) & ((flags & TRANSPARENT) == 0)
        walls = (flags & (SENTENCE_END | CONTRAST)) != 0
        positions = np.cumsum(solid) + _WALL * (np.cumsum(walls) + frame.text_of)
        found = np.flatnonzero(self._fits[frame.atoms] & which[frame.text_of])
        if not len(found):
            return {}
        texts = frame.text_of[found]
        edges = np.flatnonzero(np.append(True, texts[1:] != texts[:-1]))
        ends = np.append(edges[1:], len(found)).tolist()
        owners = texts[edges].tolist()
        fits = self._fit
        places = found.tolist()
        at = positions[found].tolist()
        fitting = [fits[atom] for atom in frame.atoms[found].tolist()]
        context = _Context(prepared, judged, self._model)
        heard: dict[int, Heard] = {}
        find = self._index.find
        for text, begin, end in zip(owners, edges.tolist(), ends, strict=True):
            hits = find(places[begin:end], at[begin:end], fitting[begin:end])
            if hits:
                heard[text] = self._weigh(hits, context, float(values[text]))
        return heard

    def _weigh(self, hits: list[Hit], context: _Context, value: float) -> Heard:
        """Keeps the hits that hold."""
        heard = Heard()
        mentions: dict[str, tuple[float, int, Entry, tuple[int, ...], float]] = {}
        told: list[tuple[float, str, tuple[int, ...]]] = []
        undone: set[tuple[str, int]] = set()
        waiting: list[tuple[_Meaning, Entry, tuple[int, ...]]] = []
        meanings = self._meanings
        for number, places in hits:
            meaning = meanings[number]
            if meaning.part == SIGNAL:
                told.append((meaning.weight, meaning.signal, places))
            elif meaning.part == UNLESS and meaning.entry:
                if context.negated(places, NEGATION_SCOPE):
                    continue
                undone.add((meaning.entry.id, context.sentence[places[0]]))
            elif meaning.entry:
                waiting.append((meaning, meaning.entry, places))
        for meaning, entry, places in waiting:
            if undone and (entry.id, context.sentence[places[-1]]) in undone:
                continue
            feeling = context.value_of(places[-1])
            if not context.holds(meaning.part, entry, places, feeling, value):
                continue
            best = mentions.get(entry.id)
            if best is None or meaning.rank > best[0]:
                mentions[entry.id] = (meaning.rank, places[0], entry, places, feeling)
        for _, _, entry, places, feeling in sorted(mentions.values(), key=lambda item: (-item[0], item[1])):
            kept = heard.pain_points if entry.kind == "pain_point" else heard.delights
            kept.append((entry, context.words(places), feeling))
        if told:
            self._tell(told, context, heard)
        return heard

    @staticmethod
    def _tell(told: list[tuple[float, str, tuple[int, ...]]], context: _Context, heard: Heard) -> None:
        """Signals, strongest first; words that told of one don't tell of it twice."""
        used: dict[str, set[int]] = {}
        for weight, signal, places in sorted(told, key=lambda item: (-item[0], -len(item[2]), item[2])):
            if signal == "need":
                if heard.need_at is None or places[0] < heard.need_at:
                    heard.need_at = places[0]
                continue
            taken = used.setdefault(signal, set())
            if not taken.isdisjoint(places) or context.negated(places, 3):
                continue
            taken.update(places)
            heard.signals.setdefault(signal, []).append((weight, context.words(places)))


class _Context:
    """A frame's structure as plain lists, for look-ups one at a time."""

    def __init__(self, prepared: Prepared, judged: Judged, model: Model) -> None:
        around = prepared.around
        self._surface = model.lexicon.surface
        # Lists, because looking up one item of an array at a time is slow.
        self._atoms: list[int] = prepared.frame.atoms.tolist()
        self._flags: list[int] = around.flags.tolist()
        self._clause: list[int] = around.clause.tolist()
        self._since: list[int] = around.since_negator.tolist()
        self._values: list[float] = judged.clause_values.tolist()
        self.sentence: list[int] = around.sentence.tolist()
        flags = around.flags
        opens = np.flatnonzero(np.append(True, around.sentence[1:] != around.sentence[:-1]))
        self._sentence_bits: list[int] = np.bitwise_or.reduceat(flags, opens).tolist()
        self._clause_bits: list[int] = np.bitwise_or.reduceat(flags, around.clause_starts).tolist()

    def words(self, places: tuple[int, ...]) -> list[str]:
        """The words at the places, as they were written, in lower case."""
        return [self._surface[self._atoms[place]] for place in places]

    def value_of(self, place: int) -> float:
        """Sentiment of the clause at the place."""
        return self._values[self._clause[place]]

    def negated(self, places: tuple[int, ...], scope: int) -> bool:
        """Whether a negator that is not part of the phrase turns it."""
        flags = self._flags
        for place in places:
            if flags[place] & NEGATOR:
                return False
        return min(map(self._since.__getitem__, places)) <= scope

    def holds(self, part: int, entry: Entry, places: tuple[int, ...], feeling: float, value: float) -> bool:
        """Whether a phrase counts as a mention of its entry."""
        if entry.negation and self.negated(places, entry.negation):
            return False
        last = places[-1]
        bits = self._sentence_bits[self.sentence[last]]
        question = bool(bits & QUESTION) and not bits & HEATED
        supposes = bool(self._clause_bits[self._clause[last]] & WISH)
        if entry.kind == "delight":
            if question or supposes:
                return False
            if part == SAYS:
                return feeling > CLEARLY_BAD
            return feeling >= FEELS_GOOD or (feeling > 0 and value >= 0.5)
        if supposes or (question and not bits & (ASKING if part == SAYS else WHY)):
            return False
        if part == SAYS:
            return feeling < CLEARLY_POSITIVE
        if value >= FEELS_GOOD and feeling > 1.5 * CLEARLY_BAD:
            return False
        return feeling <= FEELS_BAD or (feeling < 0.1 and value <= CLEARLY_BAD)
