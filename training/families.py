"""The emotions' families: Ekman's six and neutral (Ekman 1992, as GoEmotions maps them), and all that is negative."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.scored import EKMAN, EMOTIONS, GROUPS

FAMILIES = {**EKMAN, "negative": GROUPS["negative"]}
"""What the teacher tells beside the 28: Ekman's and the one group that is not one of his."""


def joined(emotions: NDArray[np.int8], families: dict[str, str] = FAMILIES) -> NDArray[np.int8]:
    """texts × families: 1 where any emotion of the family is, -1 where nothing is known of the text."""
    columns = [[EMOTIONS.index(name) for name in names.split()] for names in families.values()]
    out = np.stack([emotions[:, column].max(axis=1) for column in columns], axis=1)
    return np.asarray(out, dtype=np.int8)
