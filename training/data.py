"""What the model is trained on, read into texts and labels; what it is judged by: ``groundswell/evaluation``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundswell.evaluation import public
from groundswell.evaluation.split import Share, share
from schemas.scored import EMOTIONS
from streams.scoring.normalise import normalise
from training.sentences import feelings, sentences

TEXTS = Path(__file__).with_name("texts")
PAIRS = Path(__file__).with_name("pairs.tsv")
_POSITIVE = frozenset(
    "admiration amusement approval caring desire excitement gratitude joy love optimism pride relief".split()  # noqa: SIM905
)
_NEGATIVE = frozenset(
    "anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness".split()  # noqa: SIM905
)
_PLACEHOLDERS = (("[NAME]", "[name]"), ("[RELIGION]", "[name]"))


@dataclass
class Labelled:
    """Texts with a sentiment (-1: none is known) and emotions (all -1: none are known)."""

    texts: list[str]
    sentiment: NDArray[np.int8]
    emotions: NDArray[np.int8]
    """texts × 28, 0 or 1."""

    @staticmethod
    def joined(parts: list[Labelled]) -> Labelled:
        """The parts, one after the other."""
        return Labelled(
            [text for part in parts for text in part.texts],
            np.concatenate([part.sentiment for part in parts]),
            np.concatenate([part.emotions for part in parts]),
        )

    def take(self, which: NDArray[np.int64]) -> Labelled:
        """The named rows."""
        return Labelled([self.texts[i] for i in which], self.sentiment[which], self.emotions[which])

    def part(self, name: Share) -> Labelled:
        """The rows of one share of the data (``groundswell.evaluation.split``)."""
        return self.take(np.flatnonzero([share(text) == name for text in self.texts]))


def goemotions(root: Path, part: str) -> Labelled:
    """GoEmotions (Demszky et al., ACL 2020; Apache-2.0): 28 labels, and the sentiment they imply."""
    told, labels = public.goemotions(root, part)
    texts, sentiment = [], []
    for text, row in zip(told, labels, strict=True):
        for placeholder, mark in _PLACEHOLDERS:
            text = text.replace(placeholder, mark)
        names = {EMOTIONS[index] for index in np.flatnonzero(row)}
        sides = {
            0 if name in _NEGATIVE else 2 if name in _POSITIVE else 1 if name == "neutral" else -1 for name in names
        }
        texts.append(normalise(text))
        sentiment.append(sides.pop() if len(sides) == 1 else -1)
    return Labelled(texts, np.array(sentiment, dtype=np.int8), labels.astype(np.int8))


def semeval(root: Path) -> Labelled:
    """SemEval-2017 task 4 (Rosenthal et al., 2017; CC BY 3.0): tweets of 2013 to 2016 with their sentiment."""
    given = public.semeval(root)
    texts = [normalise(text) for text in given.texts]
    unknown = np.full((len(texts), len(EMOTIONS)), -1, dtype=np.int8)
    return Labelled(texts, given.labels.astype(np.int8), unknown)


def own_sentences() -> Labelled:
    """The project's own sentences in customers' words, from ``training/sentences.py``."""
    pairs, felt = sentences(), feelings()
    unknown = np.full((len(pairs), len(EMOTIONS)), -1, dtype=np.int8)
    known = np.array([[name == emotion for name in EMOTIONS] for _, emotion in felt], dtype=np.int8)
    sides = [0 if emotion in _NEGATIVE else 2 if emotion in _POSITIVE else -1 for _, emotion in felt]
    return Labelled(
        [normalise(text) for text, _ in (*pairs, *felt)],
        np.array([*(public.SENTIMENTS.index(label) for _, label in pairs), *sides], dtype=np.int8),
        np.concatenate([unknown, known]),
    )


def written(folder: Path = TEXTS) -> Labelled:
    """The project's own texts, written one by one: label, emotions (``-``: not told), text, separated by tabs."""
    return _lines(sorted(folder.glob("*.tsv")))


def told_twice() -> Labelled:
    """The project's own pairs: a text in standard English and, in the next row, the same as others would write it.

    A line has both behind each other. They have to be read alike.
    """
    return _lines([PAIRS])


def _lines(paths: list[Path]) -> Labelled:
    """Label, emotions and one or more texts of which they hold, a line each."""
    texts, sentiment, emotions = [], [], []
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            label, felt, *said = line.split("\t")
            known = set(felt.split(","))
            row = [-1 if felt == "-" else int(name in known) for name in EMOTIONS]
            for text in said:
                texts.append(normalise(text))
                sentiment.append(public.SENTIMENTS.index(label))
                emotions.append(row)
    return Labelled(
        texts, np.array(sentiment, dtype=np.int8), np.array(emotions, dtype=np.int8).reshape(-1, len(EMOTIONS))
    )
