"""What is said about what: pain points, delights and signals of each text, from phrases, negation and clause sentiment.

A phrase of the catalog is taken for what it says, unless

* a negator stands before it ("no delays"),
* its clause only supposes or hopes it ("if my order is late"),
* its clause asks for it without telling of it ("is my order delayed?"; "why is my order late?" and "an hour on hold,
  can anybody help?" do tell),
* the sentiment of its own clause speaks against it ("great app, but delivery took three weeks"): where clauses of a
  text feel apart, each is read by itself; where they don't, in its context ("great, another delay").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from streams.catalog import Catalog, Entry
from streams.catalog.index import NO_FIT, PhraseIndex
from streams.catalog.phrases import Element
from streams.scoring.heads import Evidence, Featurer, Head, Teller
from streams.scoring.heard import Heard, Mention
from streams.scoring.model import Judged, Model, Prepared
from streams.scoring.signals import rules
from streams.scoring.structure import NEGATION_SCOPE
from streams.scoring.telling import Telling, note_needs
from streams.scoring.tokens import (
    ASKING,
    CONTRAST,
    HEATED,
    NEGATOR,
    QUESTION,
    SENTENCE_END,
    TRANSPARENT,
    WHY,
    WISH,
    WORD,
)  # fmt: skip

SAYS, ABOUT, UNLESS, SIGNAL, NEED, STAGE = range(6)
"""What a phrase is for."""
CLEARLY_POSITIVE = 0.6
"""Clause sentiment from which a plain statement of failure is not one."""
FEELS_BAD, FEELS_GOOD = -0.2, 0.25
"""Clause sentiment from which a topic that is only named counts."""
CLEARLY_BAD = -0.4
"""Sentiment that carries a clause which has little of its own."""
SHORT_CLAUSE = 14
"""Atoms of a clause up to which its neighbours colour it."""
UNHAPPY = -0.2
"""Sentiment of a text from which a topic that it names counts though its clause was not felt so, where nothing else
does: who is unhappy and names one thing is unhappy with it."""
FADES = 0.45
"""Share of a phrase's weight that is lost on the way to the end of its text: what people come for, they say first."""
BAD_ENOUGH = -0.15
"""Clause sentiment from which what ends in a question mark, but is not put as a question, tells: "late again?"."""
PACK_STEP = 1.5
"""Rank that a later pack's phrases are ahead by: what is closer to the brand's business is the main thing it hears."""
SIGNAL_SCOPE = 3
"""Words after a negator in which it takes a signal back; a need is one also where it is negated."""
_QUESTIONING = frozenset(
    "is are was were am do does did can could will would shall should may might must has have had any anyone anybody"  # noqa: SIM905
    " what whats which who whos whom whose how hows if".split()
)
"""Words that a clause begins with which asks."""
_GREETING = frozenset("so and or also hi hey hello ok okay please pls plz dear guys yo um well".split())  # noqa: SIM905
"""Words that may stand before them."""
_GIVEN = frozenset("since after because cuz bc due".split())  # noqa: SIM905
"""Words behind which even a question takes something for a fact ("any hotel, since my flight was cancelled?")."""
_OPENS, _PASSED, _FACT = 2, 1, 4
_WALL = 1_000
"""Jump of the position where no phrase may pass; larger than any gap."""

Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a phrase stands for."""

    part: int
    scope: int
    """Words after a negator in which it takes the phrase back."""
    entry: Entry | None = None
    rank: float = 0.0
    signal: str = ""
    weight: float = 0.0


@dataclass(slots=True)
class _Case:
    """What speaks for one entry in one text, and the phrase that tells of it most."""

    entry: Entry
    weight: int
    """Of all its phrases together; whole, so that no order of theirs shows."""
    rank: float
    place: int
    atoms: list[int]
    feeling: float


class Ear:
    """Finds one catalog's phrases and those of the signals in frames of one model's atoms."""

    def __init__(
        self,
        catalog: Catalog,
        model: Model,
        head: Head | None = None,
        witness: Callable[[Featurer, Evidence], None] | None = None,
    ) -> None:
        """Takes the brand's head, if it has one, and who wants to see what a head is offered: to fit one."""
        self._model = model
        phrases: list[tuple[Element, ...]] = []
        self._meanings: list[_Meaning] = []
        for rule in rules():
            phrases.append(rule.phrase)
            stage = rule.signal.removeprefix("journey.")
            part = NEED if rule.signal == "need" else SIGNAL if stage == rule.signal else STAGE
            scope = 0 if part == NEED else SIGNAL_SCOPE
            self._meanings.append(_Meaning(part, scope, signal=stage, weight=rule.weight))
        for entry in catalog:
            # What is closer to the brand's business tells more: later packs rank first.
            pack = PACK_STEP * catalog.packs.index(entry.pack)
            for part, name in ((SAYS, "says"), (ABOUT, "about"), (UNLESS, "unless")):
                for phrase in catalog.phrases(entry.id)[name]:
                    phrases.append(phrase)
                    rank = pack + entry.weight + (2.0 if part == SAYS else 1.0) + 0.15 * len(phrase)
                    scope = NEGATION_SCOPE if part == UNLESS else entry.negation
                    self._meanings.append(_Meaning(part, scope, entry, rank))
        self.fallbacks = [entry for entry in catalog if entry.fallback]
        self._index = PhraseIndex(phrases)
        told = [(meaning.signal, meaning.weight) for meaning in self._meanings]
        self._telling = Telling(told, self._index.lengths)
        self._parts = np.array([meaning.part for meaning in self._meanings])
        self._scopes = np.array([meaning.scope for meaning in self._meanings])
        self._weights = np.array([round(1000 * exp(meaning.rank)) for meaning in self._meanings])
        self._delights = np.array([bool(m.entry and m.entry.kind == "delight") for m in self._meanings])
        order = {entry.id: number for number, entry in enumerate(catalog)}
        self._entries = np.array([order[m.entry.id] if m.entry else len(order) for m in self._meanings])
        self._order = order
        entries = list(catalog)
        self._featurer = self._teller = None
        if head or witness:
            self._featurer = Featurer(
                entries,
                [
                    (m.entry, m.part, phrase) if m.entry else None
                    for m, phrase in zip(self._meanings, phrases, strict=True)
                ],
            )
        if head and self._featurer:
            self._teller = Teller(head, self._featurer)
        self._witness = witness
        self._generation = -1
        self._fits = np.zeros(0, dtype=np.int64)
        self._openings = np.zeros(0, dtype=np.int8)
        """Of each atom, whether it opens a question, may stand before what does, or gives what follows for a fact."""

    def _learn(self) -> None:
        """Looks up what the atoms that are new are to the phrases."""
        lexicon = self._model.lexicon
        if self._generation != self._model.generation:
            self._generation = self._model.generation
            self._fits, self._openings = self._fits[:0], self._openings[:0]
            if self._featurer:
                self._featurer.forget()
            if self._teller:
                self._teller.forget()
        begin, end = len(self._fits), len(lexicon.norm)
        if begin < end:
            fit = self._index.fit
            new = [
                fit(norm, stemmed) if norm else NO_FIT
                for norm, stemmed in zip(lexicon.norm[begin:], lexicon.stem[begin:], strict=True)
            ]
            self._fits = np.concatenate([self._fits, np.array(new, dtype=np.int64)])
            openings = [
                _OPENS
                if norm in _QUESTIONING
                else _PASSED
                if norm in _GREETING or not flags & WORD
                else _FACT
                if norm in _GIVEN
                else 0
                for norm, flags in zip(lexicon.norm[begin:], lexicon.flags[begin:], strict=True)
            ]
            self._openings = np.concatenate([self._openings, np.array(openings, dtype=np.int8)])

    def listen(self, prepared: Prepared, judged: Judged, which: Bools, values: NDArray[np.float32]) -> dict[int, Heard]:
        """What was heard in the texts that ``which`` names: number of the text → what; nothing heard, no item.

        ``values`` are the texts' sentiments as wholes, ratings included.
        """
        self._learn()
        frame, around = prepared.frame, prepared.around
        flags = around.flags
        fits = self._fits[frame.atoms]
        found = np.flatnonzero((fits != NO_FIT) & which[frame.text_of])
        if not len(found) and self._featurer is None:
            return {}
        walls = (flags & (SENTENCE_END | CONTRAST)) != 0
        positions = np.cumsum(around.solid) + _WALL * (np.cumsum(walls) + frame.text_of.astype(np.int64))
        hits = self._index.find(fits[found], positions[found])
        phrases, places = hits.phrases, found[hits.places]
        stands = ~_negated(places, prepared, self._scopes[phrases])
        phrases, places = phrases[stands], places[stands]
        parts = self._parts[phrases]
        heard: dict[int, Heard] = defaultdict(Heard)
        entries, signals, needs, stages = parts <= UNLESS, parts == SIGNAL, parts == NEED, parts == STAGE
        felt = self._felt(places[entries], prepared, judged)
        offered = self._note_mentions(phrases[entries], places[entries], prepared, felt, values, heard)
        if self._featurer is not None:
            self._ask_head(self._featurer, offered, prepared, which, values, heard)
        self._telling.signals(phrases[signals], places[signals], frame, self._model.lexicon.surface, heard)
        self._telling.stages(phrases[stages], places[stages], frame, heard)
        note_needs(places[needs, 0], frame, heard)
        return heard

    def _felt(self, places: Numbers, prepared: Prepared, judged: Judged) -> NDArray[np.float64]:
        """What each clause of the texts in which these places are feels like: P(positive) - P(negative); else 0.

        In double precision, as the limits are: what lies on one has to fall on the same side everywhere.
        """
        frame, around = prepared.frame, prepared.around
        owner = frame.text_of[around.clause_starts]
        felt = np.zeros(len(owner))
        if not len(places):
            return felt
        sizes = np.diff(around.clause_starts, append=len(frame.atoms))
        count = np.bincount(owner, minlength=len(frame.starts))
        asked = np.zeros(len(frame.starts), dtype=np.bool_)
        asked[frame.text_of[places[:, 0]]] = True
        several = asked[owner] & (count > 1)[owner]
        coloured = several & (sizes <= SHORT_CLAUSE)
        # Of clauses in which nothing was found, only those matter that say whether the text is mixed.
        wanted = several & ~coloured
        wanted[around.clause[places[:, -1]]] = True
        which = np.flatnonzero(wanted)
        felt[which] = self._model.clauses(prepared, judged, which)
        short = np.flatnonzero(coloured)
        if not len(short):
            return felt
        apart = felt.copy()
        apart[short] = self._model.alone(prepared, judged, short)
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        mixed = (np.minimum.reduceat(apart, first) <= 0.0) & (np.maximum.reduceat(apart, first) >= FEELS_GOOD)
        return np.where(mixed[owner], apart, felt)

    def _note_mentions(
        self,
        phrases: Numbers,
        places: Numbers,
        prepared: Prepared,
        felt: NDArray[np.float64],
        values: NDArray[np.float32],
        heard: dict[int, Heard],
    ) -> tuple[Numbers, Numbers, Bools]:
        """Keeps of each entry in each text the phrase that tells most, of those that hold; all of them weigh.

        Gives back all that nothing takes back: their numbers, their texts, and whether they hold.
        """
        frame, around = prepared.frame, prepared.around
        parts = self._parts[phrases]
        owner = self._entries[phrases] * len(frame.atoms)
        first, last = places[:, 0], places[:, -1]
        unless = parts == UNLESS
        undone = np.isin(owner + around.sentence[last], (owner + around.sentence[first])[unless])
        rows = np.flatnonzero(~unless & ~undone)
        held = self._hold(phrases[rows], first[rows], last[rows], prepared, felt, values)
        held |= self._left_over(phrases[rows], last[rows], held, prepared, felt, values)
        offered = phrases[rows], frame.text_of[first[rows]].astype(np.int64), held
        rows = rows[held]
        best: dict[int, dict[str, _Case]] = {}
        surface, lengths = self._model.lexicon.surface, self._index.lengths[phrases[rows]].tolist()
        texts = frame.text_of[first[rows]]
        gone = first[rows] - frame.starts[texts]
        weights = self._weights[phrases[rows]] * (1.0 - FADES * gone / (frame.ends[texts] - frame.starts[texts]))
        for text, weight, phrase, place, length, atoms, feeling in zip(
            texts.tolist(),
            np.rint(weights).astype(np.int64).tolist(),
            phrases[rows].tolist(),
            first[rows].tolist(),
            lengths,
            frame.atoms[places[rows]].tolist(),
            felt[around.clause[last[rows]]].tolist(),
            strict=True,
        ):
            meaning = self._meanings[phrase]
            entry = meaning.entry
            if entry is None:
                continue
            mine = best.setdefault(text, {})
            known = mine.get(entry.id)
            if known is None:
                mine[entry.id] = _Case(entry, weight, meaning.rank, place, atoms[:length], feeling)
                continue
            known.weight += weight
            if meaning.rank > known.rank:
                known.rank, known.place, known.atoms, known.feeling = meaning.rank, place, atoms[:length], feeling
        for text, mine in best.items():
            pains: list[Mention] = []
            delights: list[Mention] = []
            told = mine.values()
            for case in told if len(mine) == 1 else sorted(told, key=lambda case: (-case.weight, case.place)):
                mention = case.entry, [surface[atom] for atom in case.atoms], case.feeling
                (pains if case.entry.kind == "pain_point" else delights).append(mention)
            heard[text].pain_points, heard[text].delights = pains, delights
        return offered

    def _ask_head(
        self,
        featurer: Featurer,
        offered: tuple[Numbers, Numbers, Bools],
        prepared: Prepared,
        which: Bools,
        values: NDArray[np.float32],
        heard: dict[int, Heard],
    ) -> None:
        """Puts the pain point that the head tells of a text before those of the phrases."""
        mains = np.full(len(prepared.frame.starts), -1, dtype=np.int64)
        for text, said in heard.items():
            if said.pain_points:
                mains[text] = self._order[said.pain_points[0][0].id]
        evidence = Evidence(prepared, *offered, mains, values, which)
        if self._witness is not None:
            featurer.learn(self._model.lexicon)
            self._witness(featurer, evidence)
        if self._teller is None:
            return
        told = self._teller.tell(evidence, self._model.lexicon)
        for text, entry, words in zip(told.texts.tolist(), told.entries, told.words, strict=True):
            mine = heard[text]
            known = mine.pain_points or []
            first = next((mention for mention in known if mention[0] is entry), (entry, words, float(values[text])))
            mine.pain_points = [first, *(mention for mention in known if mention[0] is not entry)]

    def _hold(
        self,
        phrases: Numbers,
        first: Numbers,
        last: Numbers,
        prepared: Prepared,
        felt: NDArray[np.float64],
        values: NDArray[np.float32],
    ) -> Bools:
        """Whether a phrase, by its number and the places of its ends, counts as a mention of its entry."""
        around = prepared.around
        says, delight = self._parts[phrases] == SAYS, self._delights[phrases]
        bits = around.sentence_bits[around.sentence[last]]
        clause = around.clause[last]
        clause_bits = around.clause_bits[clause]
        supposes = (clause_bits & WISH) != 0
        feeling = felt[clause]
        asks = ((bits & QUESTION) != 0) & ((bits & HEATED) == 0)
        put, given = np.zeros((2, len(asks)), dtype=np.bool_)
        put[asks], given[asks] = self._questions(clause[asks], first[asks], prepared)
        asks &= put | ((clause_bits & QUESTION) != 0)
        tells = (bits & np.where(says, ASKING, WHY)) != 0
        tells |= says & ((~put & (feeling <= BAD_ENOUGH)) | given)
        value = values[prepared.frame.text_of[last]].astype(np.float64)
        pleased = np.where(says, feeling > CLEARLY_BAD, (feeling >= FEELS_GOOD) | ((feeling > 0) & (value >= 0.5)))
        named = (feeling <= FEELS_BAD) | ((feeling < 0.1) & (value <= CLEARLY_BAD))
        named &= (value < FEELS_GOOD) | (feeling <= 1.5 * CLEARLY_BAD)
        pained = np.where(says, feeling < CLEARLY_POSITIVE, named)
        out: Bools = ~supposes & np.where(delight, ~asks & pleased, (~asks | tells) & pained)
        return out

    def _left_over(
        self,
        phrases: Numbers,
        last: Numbers,
        held: Bools,
        prepared: Prepared,
        felt: NDArray[np.float64],
        values: NDArray[np.float32],
    ) -> Bools:
        """Which phrases count after all: those of pain points in unhappy texts in which none holds.

        Not what feels good or is only supposed, nor what stands in a text that is one question.
        """
        frame, around = prepared.frame, prepared.around
        pains = ~self._delights[phrases]
        texts = frame.text_of[last]
        free = values.astype(np.float64) <= UNHAPPY
        free[texts[held & pains]] = False
        out: Bools = pains & free[texts] & (felt[around.clause[last]] < FEELS_GOOD)
        some = np.flatnonzero(out)
        if not len(some):
            return out
        supposed = around.clause_bits[around.clause[last[some]]] & WISH
        sentences = around.sentence[frame.starts[texts[some]]]
        asked = around.sentence_bits[sentences] & QUESTION
        alone = sentences == around.sentence[frame.ends[texts[some]] - 1]
        out[some] = (supposed == 0) & ~(alone & (asked != 0))
        return out

    def _questions(self, clauses: Numbers, places: Numbers, prepared: Prepared) -> tuple[Bools, Bools]:
        """Whether these clauses begin as a question does, and give for a fact what stands at these places."""
        around = prepared.around
        openings = self._openings[prepared.frame.atoms]
        starts = around.clause_starts[clauses]
        weighty = np.flatnonzero((openings != _PASSED) & ((around.flags & TRANSPARENT) == 0))
        if not len(weighty):
            return np.zeros((2, len(clauses)), dtype=np.bool_)  # type: ignore[return-value]
        opening = weighty[np.minimum(np.searchsorted(weighty, starts), len(weighty) - 1)]
        facts = np.cumsum(openings == _FACT) - (openings == _FACT)
        return (around.clause[opening] == clauses) & (openings[opening] == _OPENS), facts[places] > facts[starts]


def _negated(places: Numbers, prepared: Prepared, scopes: Numbers) -> Bools:
    """Whether a negator that is not part of the phrase turns it: hits × places of their words, and their scopes."""
    around = prepared.around
    within = ((around.flags[places] & NEGATOR) != 0).any(axis=1)
    out: Bools = ~within & (around.since_negator[places].min(axis=1) <= scopes)
    return out
