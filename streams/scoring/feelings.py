"""Which emotions are told of a text, and by which words, from their probabilities and those of their families.

A rare emotion is seldom sure of itself, but its family may be: a family (Ekman's six and neutral) that passes its
threshold is told by those of its emotions that pass theirs, or by the likeliest of them; one that does not pass is not
told. That something negative is felt may be surer than which of four families it is: then the likeliest is told.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.scored import EKMAN, EMOTIONS
from streams.scoring.model import Judged, Model, Prepared
from streams.scoring.weights import FAMILIES, Weights

_GROUP_TOLD_BY: Final = {"positive": "joy", "negative": "negative", "ambiguous": "surprise", "neutral": "neutral"}
"""GoEmotions' groups → the families that tell of them."""
_FAMILY_OF = np.array(
    [next(at for at, name in enumerate(FAMILIES) if label in EKMAN[name].split()) for label in EMOTIONS]
)
_MEMBERS = [np.flatnonzero(at == _FAMILY_OF) for at in range(len(EKMAN))]
_NEGATIVE = FAMILIES.index("negative")
_NEGATIVE_FAMILIES = np.array([FAMILIES.index(name) for name in ("anger", "disgust", "fear", "sadness")])
_GROUP_COLUMNS = np.array([FAMILIES.index(name) for name in _GROUP_TOLD_BY.values()])
WORDS = 2
"""Words that are shown of an emotion."""
_STRONG = 0.6
"""A word's part, as a share of the strongest word's, from which it is shown beside it."""
_NEUTRAL = EMOTIONS.index("neutral")


def told(emotions: NDArray[np.float32], families: NDArray[np.float32], weights: Weights) -> NDArray[np.bool_]:
    """Which emotions are told: texts × 28."""
    sure = families / weights.family_thresholds
    passed = sure[:, : len(EKMAN)] >= 1.0
    vague = np.flatnonzero((sure[:, _NEGATIVE] >= 1.0) & ~passed[:, _NEGATIVE_FAMILIES].any(axis=1))
    passed[vague, _NEGATIVE_FAMILIES[sure[np.ix_(vague, _NEGATIVE_FAMILIES)].argmax(axis=1)]] = True
    ratio = emotions / weights.thresholds
    out: NDArray[np.bool_] = (ratio >= 1.0) & passed[:, _FAMILY_OF]
    for at, members in enumerate(_MEMBERS):
        silent = np.flatnonzero(passed[:, at] & ~out[:, members].any(axis=1))
        out[silent, members[ratio[np.ix_(silent, members)].argmax(axis=1)]] = True
    return out


def groups(families: NDArray[np.float32]) -> list[dict[str, float]]:
    """Of each text, the probability of each of GoEmotions' groups."""
    rows = families[:, _GROUP_COLUMNS].astype(np.float64).round(3).tolist()
    first, second, third, fourth = _GROUP_TOLD_BY
    return [{first: one, second: two, third: three, fourth: four} for one, two, three, four in rows]


def words(
    model: Model, prepared: Prepared, judged: Judged, which: NDArray[np.bool_]
) -> dict[tuple[int, int], list[str]]:
    """The words that say most of each emotion in ``which``: (text, emotion) → words, strongest first.

    Each word's part is exact: an emotion's score is the sum of its words' parts.
    """
    frame = prepared.frame
    texts, labels = np.nonzero(which)
    keep = labels != _NEUTRAL
    texts, labels = texts[keep], labels[keep]
    if not len(texts):
        return {}
    parts = model.parts_of(prepared, judged, texts, labels)
    starts, ends = frame.starts[texts], frame.ends[texts]
    told = model.top_words(prepared, parts, starts, ends, share=_STRONG, least=0.0, most=WORDS)
    return dict(zip(zip(texts.tolist(), labels.tolist(), strict=True), told, strict=True))


def listed(
    emotions: NDArray[np.float32], which: NDArray[np.bool_], said: dict[tuple[int, int], list[str]] | None
) -> list[list[dict[str, Any]]]:
    """Of each text, the emotions that ``which`` (texts × 28) names, strongest first, with their words."""
    lists: list[list[dict[str, Any]]] = [[] for _ in range(len(emotions))]
    texts, labels = np.nonzero(which)
    strengths = emotions[texts, labels]
    order = np.lexsort((-strengths, texts))
    for text, label, strength in zip(
        texts[order].tolist(),
        labels[order].tolist(),
        strengths[order].astype(np.float64).round(3).tolist(),
        strict=True,
    ):
        one: dict[str, Any] = {"label": EMOTIONS[label], "probability": strength}
        if said is not None:
            one["words"] = said.get((text, label), [])
        lists[text].append(one)
    return lists
