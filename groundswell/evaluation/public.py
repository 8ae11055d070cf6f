"""The public data sets in a folder beside the repository, read into texts and labels. Their licences are told there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from schemas.scored import EMOTIONS

SENTIMENTS = ("negative", "neutral", "positive")
FOUR = ("anger", "joy", "optimism", "sadness")
"""TweetEval's emotions, in the order of its labels."""


class MissingDataError(ValueError):
    """A data set is not where it was looked for, or is not what it should be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts with one class each."""

    texts: list[str]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tweets:
    """Tweets to airlines, with their sentiment and, where they complain, the reason."""

    texts: list[str]
    labels: NDArray[np.int64]
    reasons: list[str | None]
    """Ids of the airline pack."""


def tweeteval(root: Path, task: str, split: str) -> Texts:
    """One split of TweetEval's (Barbieri et al., 2020) ``sentiment`` or ``emotion``."""
    folder = root / "tweeteval" / task
    with _understood(folder):
        labels = [int(line) for line in _lines(root, folder / f"{split}_labels.txt")]
        texts = _lines(root, folder / f"{split}_text.txt")
        if len(texts) != len(labels):
            raise ValueError(f"{len(labels)} labels for {len(texts)} texts")
        return Texts(texts, np.array(labels))


def goemotions(root: Path, split: str) -> tuple[list[str], NDArray[np.bool_]]:
    """One split of GoEmotions (Demszky et al., ACL 2020): texts as they are, and texts × 28 labels."""
    file = root / "goemotions" / "original" / f"{split}.tsv"
    with _understood(file):
        rows = _lines(root, file)
        texts, labels = [], np.zeros((len(rows), len(EMOTIONS)), dtype=np.bool_)
        for at, line in enumerate(rows):
            text, indexes, _ = line.rsplit("\t", 2)
            texts.append(text)
            labels[at, [int(index) for index in indexes.split(",")]] = True
        return texts, labels


def semeval(root: Path) -> Texts:
    """SemEval-2017 task 4 (Rosenthal et al., 2017), tweets of 2013 to 2016: trained on, but for a share."""
    file = root / "semeval2017" / "train.tsv"
    with _understood(file):
        rows = [line.split("\t", 1) for line in _lines(root, file)]
        return Texts([text for _, text in rows], np.array([SENTIMENTS.index(label) for label, _ in rows]))


def airline(root: Path) -> Tweets:
    """The airline tweets of February 2015, in order of time."""
    folder = root / "airline"
    with _understood(folder):
        posts = [orjson.loads(line) for line in _lines(root, folder / "dev.jsonl")]
        labels = {row["id"]: row for row in map(orjson.loads, _lines(root, folder / "dev.labels.jsonl"))}
        mine = [labels[post["id"]] for post in posts]
        return Tweets(
            [post["text"] for post in posts],
            np.array([SENTIMENTS.index(row["sentiment"]) for row in mine]),
            [reason_id(row["pain_point"]) if row["pain_point"] else None for row in mine],
        )


def reason_id(name: str) -> str:
    """The catalog's id of an airline label: lower case, apostrophes dropped, spaces to underscores."""
    return name.lower().replace("'", "").replace(" ", "_")


def grouped(labels: NDArray[np.bool_], groups: dict[str, str]) -> NDArray[np.bool_]:
    """Labels of 28 emotions joined into groups: any of a group's."""
    columns = [[EMOTIONS.index(name) for name in names.split()] for names in groups.values()]
    return np.stack([labels[:, column].any(axis=1) for column in columns], axis=1)


def _lines(root: Path, file: Path) -> list[str]:
    """The file's lines. Texts hold characters that Python takes for line ends, so only these are."""
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise MissingDataError(
            f"{file}: {(error.strerror or str(error)).lower()}. The public data sets are not part of this repository: "
            f"--data names the folder that has goemotions/, tweeteval/ and airline/ (now {root}); "
            "challenge, implicit and fairness need none"
        ) from error
    return text.removesuffix("\n").split("\n")


@contextmanager
def _understood(place: Path) -> Iterator[None]:
    try:
        yield
    except MissingDataError:
        raise
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise MissingDataError(f"{place} is not as its authors publish it: {type(error).__name__}: {error}") from error
