"""Which phrases that hold tell of signals, of stages of the journey, and of needs: what becomes of the ear's hits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from streams.scoring.chunks import Frame
from streams.scoring.heard import Heard

Numbers = NDArray[np.int64]
_Said = tuple[float, tuple[int, ...], list[int]]
"""How strongly something tells of a signal, the places of its words, and their atoms (the last one may be repeated)."""


class Telling:
    """Notes what one ear's phrases tell of each text; a hit is a phrase, by its number, and the places of its words."""

    def __init__(self, told: Sequence[tuple[str, float]], lengths: Numbers) -> None:
        """Takes, of each phrase, the signal or stage that it tells of and how strongly, and how many words it has."""
        self._told, self._lengths = told, lengths

    def signals(
        self, phrases: Numbers, places: Numbers, frame: Frame, surface: Sequence[str], heard: dict[int, Heard]
    ) -> None:
        """Signals, strongest first; words that told of one don't tell of it twice."""
        told: dict[tuple[int, str], list[_Said]] = {}
        for text, phrase, length, where, atoms in zip(
            frame.text_of[places[:, 0]].tolist(),
            phrases.tolist(),
            self._lengths[phrases].tolist(),
            places.tolist(),
            frame.atoms[places].tolist(),
            strict=True,
        ):
            signal, weight = self._told[phrase]
            said = weight, tuple(where[:length]), atoms
            key = text, signal
            if key in told:
                told[key].append(said)
            else:
                told[key] = [said]
        for (text, signal), all_said in told.items():
            mine = heard[text]
            if mine.signals is None:
                mine.signals = {}
            mine.signals[signal] = [
                (weight, [surface[atom] for atom in atoms[: len(where)]]) for weight, where, atoms in _apart(all_said)
            ]

    def stages(self, phrases: Numbers, places: Numbers, frame: Frame, heard: dict[int, Heard]) -> None:
        """Of each text, what tells of stages of the journey; most texts are never asked for it."""
        texts = frame.text_of[places[:, 0]]
        begins = np.flatnonzero(np.diff(texts, prepend=-1))
        ends = np.append(begins, len(texts))[1:]
        stages = [self._told[phrase][0] for phrase in phrases.tolist()]
        for text, begin, end in zip(texts[begins].tolist(), begins.tolist(), ends.tolist(), strict=True):
            told = stages[begin:end]
            heard[text].stage = (
                told[0] if told.count(told[0]) == len(told) else partial(self._stage, phrases, places, begin, end)
            )

    def _stage(self, phrases: Numbers, places: Numbers, begin: int, end: int) -> str:
        """The stage of which most words tell, among the hits ``begin`` … ``end - 1``."""
        stages = [self._told[phrase][0] for phrase in phrases[begin:end].tolist()]
        votes: dict[str, list[_Said]] = {}
        lengths = self._lengths[phrases[begin:end]].tolist()
        for stage, length, where in zip(stages, lengths, places[begin:end].tolist(), strict=True):
            votes.setdefault(stage, []).append((1.0, tuple(where[:length]), []))
        return max((len(_apart(said_all)), stage) for stage, said_all in votes.items())[1]


def note_needs(places: Numbers, frame: Frame, heard: dict[int, Heard]) -> None:
    """Of each text, the first place at which a need is told."""
    for text, place in zip(frame.text_of[places].tolist(), places.tolist(), strict=True):
        mine = heard[text]
        if mine.need_at is None or place < mine.need_at:
            mine.need_at = place


def _apart(said: list[_Said]) -> list[_Said]:
    """What is said, strongest and longest first, without what shares a word with one before."""
    if len(said) == 1:
        return said
    kept: list[_Said] = []
    taken: set[int] = set()
    for one in sorted(said, key=lambda item: (-item[0], -len(item[1]), item[1])):
        if taken.isdisjoint(one[1]):
            taken.update(one[1])
            kept.append(one)
    return kept
