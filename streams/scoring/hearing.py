"""What is said about what: pain points, delights and signals of each text, from phrases, negation and clause sentiment.

A phrase of the catalog is taken for what it says unless a negator stands before it ("no delays") or its clause speaks
against it (`streams.scoring.gate`).
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
from streams.scoring.gate import Bools, Gate, Numbers
from streams.scoring.head_features import Evidence, Featurer
from streams.scoring.heads import Head, Teller
from streams.scoring.heard import Heard, Mention
from streams.scoring.model import Judged, Model, Prepared
from streams.scoring.signals import rules
from streams.scoring.structure import NEGATION_SCOPE
from streams.scoring.telling import Telling, note_needs
from streams.scoring.tokens import CONTRAST, NEGATOR, SENTENCE_END

SAYS, ABOUT, UNLESS, SIGNAL, NEED, STAGE = range(6)
"""What a phrase is for."""
FADES = 0.45
"""Share of a phrase's weight that is lost on the way to the end of its text: what people come for, they say first."""
PACK_STEP = 1.5
"""Rank that a later pack's phrases are ahead by: what is closer to the brand's business is the main thing it hears."""
SIGNAL_SCOPE = 3
"""Words after a negator in which it takes a signal back; a need is one also where it is negated."""
_WALL = 1_000
"""Jump of the position where no phrase may pass; larger than any gap."""


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
        delights = np.array([bool(m.entry and m.entry.kind == "delight") for m in self._meanings])
        self._gate = Gate(model, self._parts == SAYS, delights)
        order = {entry.id: number for number, entry in enumerate(catalog)}
        self._entries = np.array([order[m.entry.id] if m.entry else len(order) for m in self._meanings])
        self._order = order
        entries = list(catalog)
        self._featurer = self._teller = None
        if head or witness:
            self._featurer = Featurer(
                model,
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

    def _learn(self) -> None:
        """Looks up what the atoms that are new are to the phrases."""
        lexicon = self._model.lexicon
        if self._generation != self._model.generation:
            self._generation = self._model.generation
            self._fits = self._fits[:0]
            self._gate.forget()
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
            self._gate.learn(lexicon.norm[begin:], lexicon.flags[begin:])

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
        felt = self._gate.felt(places[entries, -1], prepared, judged)
        offered = self._note_mentions(phrases[entries], places[entries], prepared, felt, values, heard)
        if self._featurer is not None:
            self._ask_head(self._featurer, offered, prepared, which, values, heard)
        self._telling.signals(phrases[signals], places[signals], frame, self._model.lexicon.surface, heard)
        self._telling.stages(phrases[stages], places[stages], frame, heard)
        note_needs(places[needs, 0], frame, heard)
        return heard

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
        held = self._gate.hold(phrases[rows], first[rows], last[rows], prepared, felt, values)
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
            featurer.learn()
            self._witness(featurer, evidence)
        if self._teller is None:
            return
        told = self._teller.tell(evidence)
        for text, entry, words in zip(told.texts.tolist(), told.entries, told.words, strict=True):
            mine = heard[text]
            known = mine.pain_points or []
            first = next((mention for mention in known if mention[0] is entry), (entry, words, float(values[text])))
            mine.pain_points = [first, *(mention for mention in known if mention[0] is not entry)]


def _negated(places: Numbers, prepared: Prepared, scopes: Numbers) -> Bools:
    """Whether a negator that is not part of the phrase turns it: hits × places of their words, and their scopes."""
    around = prepared.around
    within = ((around.flags[places] & NEGATOR) != 0).any(axis=1)
    out: Bools = ~within & (around.since_negator[places].min(axis=1) <= scopes)
    return out
