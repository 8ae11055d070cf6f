"""TextBlob as it is, for comparison and for those who have tuned on it.

Importing it takes a second and 40 MB, so nothing does until a setting chooses it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from textblob.en import sentiment

from streams.scoring.curves import softmax
from streams.scoring.opinions import Opinions

NEUTRAL = 0.05
"""Polarity up to which a text is neutral, either way."""
SHARPNESS = 4.0
"""Turns polarity into logits, so that a polarity of ±1 is all but certain. TextBlob itself gives no confidence."""


def polarity(text: str) -> float:
    """TextBlob's polarity of a text, -1 to 1."""
    return float(sentiment(text)[0])


class TextBlobReader:
    """Reads the sentiment of every text; has no opinion on emotions."""

    def wants(self, chances: NDArray[np.float32]) -> NDArray[np.bool_]:
        """See ``SecondReader``."""
        return np.ones(len(chances), dtype=np.bool_)

    def read(self, texts: Sequence[str]) -> Opinions:
        """See ``SecondReader``."""
        values = np.array([polarity(text) for text in texts], dtype=np.float32)
        neutral = np.full_like(values, SHARPNESS * NEUTRAL)
        return Opinions(softmax(np.stack([-SHARPNESS * values, neutral, SHARPNESS * values], axis=1)))
