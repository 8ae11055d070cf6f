"""TextBlob as it is, for comparison and for those who have tuned on it.

Importing it takes a second and 40 MB, so nothing does until a setting chooses it.
"""

from __future__ import annotations

from textblob.en import sentiment

NEUTRAL = 0.05
"""Polarity up to which a text is neutral, either way."""
SHARPNESS = 4.0
"""Turns polarity into logits, so that a polarity of ±1 is all but certain. TextBlob itself gives no confidence."""


def polarity(text: str) -> tuple[float, float, float]:
    """Logits of negative, neutral and positive from TextBlob's polarity (-1 … 1)."""
    value = float(sentiment(text)[0])
    return (-SHARPNESS * value, SHARPNESS * NEUTRAL, SHARPNESS * value)
