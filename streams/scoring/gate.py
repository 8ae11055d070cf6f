"""Whether a phrase that was found holds: not where its clause speaks against it.

It does not where

* its clause only supposes or hopes it ("if my order is late"),
* its clause asks for it without telling of it ("is my order delayed?"; "why is my order late?" and "an hour on hold,
  can anybody help?" do tell),
* the sentiment of its own clause speaks against it ("great app, but delivery took three weeks"): where clauses of a
  passage feel apart, each is read by itself; where they don't, in its context ("great, another delay").
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from streams.scoring.model import Judged, Model, Prepared
from streams.scoring.tokens import ASKING, HEATED, QUESTION, TRANSPARENT, WHY, WISH, WORD

CLEARLY_POSITIVE = 0.6
"""Clause sentiment from which a plain statement of failure is not one."""
FEELS_BAD, FEELS_GOOD = -0.2, 0.25
"""Clause sentiment from which a topic that is only named counts."""
CLEARLY_BAD = -0.4
"""Sentiment that carries a clause which has little of its own."""
NEAR = 4
"""Clauses before and behind a phrase's own that are its passage."""
SHORT_CLAUSE = 14
"""Atoms of a clause up to which its neighbours colour it."""
UNHAPPY = -0.2
"""Sentiment of a text from which a topic that it names counts though its clause was not felt so, where nothing else
does: who is unhappy and names one thing is unhappy with it."""
BAD_ENOUGH = -0.15
"""Clause sentiment from which what ends in a question mark, but is not put as a question, tells: "late again?"."""
_QUESTIONING = frozenset(
    "is are was were am do does did can could will would shall should may might must has have had any anyone anybody"  # noqa: SIM905
    " what whats which who whos whom whose how hows if".split()
)
"""Words that a clause begins with which asks."""
_GREETING = frozenset("so and or also hi hey hello ok okay please pls plz dear guys yo um well".split())  # noqa: SIM905
"""Words that may stand before them."""
_GIVEN = frozenset("since after because cuz bc due".split())  # noqa: SIM905
"""Words behind which even a question takes something for a fact ("any hotel, since my flight was cancelled?")."""
_PLAIN, _PASSED, _OPENS, _FACT = range(4)

Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]


class Gate:
    """Judges phrases by what their clauses feel like and how they are put."""

    def __init__(self, model: Model, says: Bools, delights: Bools) -> None:
        """Takes of each phrase whether it says that something is so or only names it, and whether that is a delight."""
        self._model = model
        self._says, self._delights = says, delights
        self._openings = np.zeros(0, dtype=np.int8)
        """Of each atom, whether it opens a question, may stand before what does, or gives what follows for a fact."""

    def forget(self) -> None:
        """The atoms' numbers begin anew."""
        self._openings = self._openings[:0]

    def learn(self, norms: Iterable[str], flags: Iterable[int]) -> None:
        """Looks up what the atoms that are new do to a clause."""
        new = [
            _OPENS
            if norm in _QUESTIONING
            else _PASSED
            if norm in _GREETING or not bits & WORD
            else _FACT
            if norm in _GIVEN
            else _PLAIN
            for norm, bits in zip(norms, flags, strict=True)
        ]
        self._openings = np.concatenate([self._openings, np.array(new, dtype=np.int8)])

    def felt(self, last: Numbers, prepared: Prepared, judged: Judged) -> NDArray[np.float64]:
        """What each clause feels like in which one of these places is: P(positive) - P(negative); of others nothing.

        In double precision, as the limits are: what lies on one has to fall on the same side everywhere.
        """
        frame, around = prepared.frame, prepared.around
        owner = frame.text_of[around.clause_starts]
        felt = np.zeros(len(owner))
        if not len(last):
            return felt
        hit = np.zeros(len(owner), dtype=np.bool_)
        hit[around.clause[last]] = True
        near, opens = _passages(hit, owner)
        passage = np.cumsum(opens) - 1
        several = near & (np.bincount(passage[near])[passage] > 1)
        short = several & (around.clause_ends - around.clause_starts <= SHORT_CLAUSE)
        # Of clauses in which nothing was found, only those matter that say whether the passage is mixed.
        which = np.flatnonzero(hit | (several & ~short))
        felt[which] = self._model.clauses(prepared, judged, which)
        coloured = np.flatnonzero(short)
        if not len(coloured):
            return felt
        apart = felt.copy()
        apart[coloured] = self._model.alone(prepared, judged, coloured)
        inside = np.flatnonzero(near)
        first = np.flatnonzero(opens[inside])
        low, high = np.minimum.reduceat(apart[inside], first), np.maximum.reduceat(apart[inside], first)
        mixed = (low <= 0.0) & (high >= FEELS_GOOD)
        felt[inside] = np.where(mixed[passage[inside]], apart[inside], felt[inside])
        return felt

    def hold(
        self,
        phrases: Numbers,
        first: Numbers,
        last: Numbers,
        prepared: Prepared,
        felt: NDArray[np.float64],
        values: NDArray[np.float32],
    ) -> Bools:
        """Whether each phrase, by its number and the places of its ends, counts as a mention of its entry.

        Args:
            phrases: Numbers of the phrases that were found.
            first: Place of each one's first word.
            last: Place of its last word.
            prepared: The frame.
            felt: What each clause feels like.
            values: What each text feels like.
        """
        around = prepared.around
        says, delight = self._says[phrases], self._delights[phrases]
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
        return out | self._left_over(phrases, last, out, prepared, felt, values)

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
            none = np.zeros(len(clauses), dtype=np.bool_)
            return none, none
        opening = weighty[np.minimum(np.searchsorted(weighty, starts), len(weighty) - 1)]
        facts = np.cumsum(openings == _FACT) - (openings == _FACT)
        return (around.clause[opening] == clauses) & (openings[opening] == _OPENS), facts[places] > facts[starts]


def _passages(hit: Bools, owner: NDArray[np.int32]) -> tuple[Bools, Bools]:
    """Which clauses stand near one that was hit, in the same text, and which of those begin a passage.

    A long text is many passages: whether somebody is pleased ten sentences further on says nothing about this one.
    """
    near = hit.copy()
    for step in range(1, NEAR + 1):
        same = owner[step:] == owner[:-step]
        near[step:] |= hit[:-step] & same
        near[:-step] |= hit[step:] & same
    opens = near & (np.diff(owner, prepend=-1) != 0)
    opens[1:] |= near[1:] & ~near[:-1]
    return near, opens
