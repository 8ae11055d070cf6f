"""Which part of a data set a text belongs to: decided by the text alone, so that no run can mix them up."""

from __future__ import annotations

from typing import Literal
from zlib import crc32

from streams.scoring.normalise import normalise

Share = Literal["train", "tune", "own-test"]
TUNE, OWN_TEST = 6, 4
"""Per cent of the texts that calibration and thresholds are set on, and that nothing but the model card ever reads."""


def share(text: str) -> Share:
    """The part of a text, the same as it was published and as it is read, in letters of either case."""
    plain = normalise(text).lower().replace("[religion]", "[name]")
    bucket = crc32(" ".join(plain.split()).encode("utf-8", "replace")) % 100
    return "own-test" if bucket < OWN_TEST else "tune" if bucket < OWN_TEST + TUNE else "train"
