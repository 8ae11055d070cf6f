"""Which emotions are told, from the probabilities of the emotions and of their families."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.scored import EMOTIONS
from streams.scoring import feelings
from streams.scoring.weights import FAMILIES, Weights


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load()


def told(weights: Weights, emotions: dict[str, float], families: dict[str, float]) -> set[str]:
    """What is told where these pass their thresholds by so many times, and nothing else comes near its own."""
    chances = weights.thresholds * np.array([emotions.get(name, 0.1) for name in EMOTIONS], dtype=np.float32)
    kin = weights.family_thresholds * np.array([families.get(name, 0.1) for name in FAMILIES], dtype=np.float32)
    [row] = feelings.told(chances[None], kin[None], weights)
    return {EMOTIONS[at] for at in np.flatnonzero(row)}


def test_an_emotion_is_told_where_its_family_passes(weights: Weights) -> None:
    assert told(weights, {"anger": 1.2, "joy": 1.2}, {"anger": 1.1}) == {"anger"}


def test_a_family_that_passes_is_told_by_its_likeliest_emotion(weights: Weights) -> None:
    assert told(weights, {"annoyance": 0.9, "anger": 0.5}, {"anger": 1.1}) == {"annoyance"}


def test_something_negative_is_told_by_its_likeliest_family(weights: Weights) -> None:
    emotions = {"annoyance": 0.6, "disappointment": 0.7}
    assert told(weights, emotions, {"negative": 1.1, "sadness": 0.9, "anger": 0.8}) == {"disappointment"}
    assert told(weights, emotions, {"negative": 0.9, "sadness": 0.9, "anger": 0.8}) == set()
