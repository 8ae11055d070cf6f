"""Readers that may be asked for a second opinion on some texts: a tier of the package, or one's own model.

The fast reader reads every text; a second reader then says which texts it wants, and what it thinks of them counts
instead, or beside what the fast reader thinks. Clauses, words and everything that the catalog hears stay the fast
reader's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Opinions:
    """What a second reader thinks of some texts."""

    sentiment: NDArray[np.float32]
    """texts × 3 probabilities: negative, neutral, positive."""
    emotions: NDArray[np.float32] | None = None
    """texts × 28 probabilities, in the order of ``schemas.scored.EMOTIONS``; None: it has no opinion on them."""
    families: NDArray[np.float32] | None = None
    """texts × families probabilities, in the order of ``streams.scoring.weights.FAMILIES``; None: no opinion."""
    share: float = 1.0
    """What it counts for: 1 instead of the fast reader's, less beside it, by the weighted mean of their log odds."""


class SecondReader(Protocol):
    """What ``GROUNDSWELL_SCORER=package.module:factory`` has to return.

    What it thinks of a text must follow from the text alone: a record that is read again has to come out the same.
    """

    def wants(self, chances: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which texts it wants to read, by the fast reader's probabilities (texts × 3)."""

    def read(self, texts: Sequence[str]) -> Opinions:
        """What it thinks of these texts, normalised and redacted."""


TIERS = ("fast", "deep", "textblob")
"""The readers of the package."""


class UnknownReaderError(ValueError):
    """There is no such reader, or it can't be loaded; the message says what to do."""


def second_reader(name: str, share: float) -> SecondReader | None:
    """The reader that a setting names; None for ``fast``.

    Args:
        name: ``fast``, ``deep``, ``textblob``, or ``package.module:factory``, a callable without arguments.
        share: Share of the texts that ``deep`` reads, those whose margin is least, 0 to 1.

    Raises:
        UnknownReaderError: There is none of that name, or what it needs is not installed.
    """
    if name == "fast":
        return None
    if name == "textblob":
        from streams.scoring.textblob_tier import TextBlobReader

        return TextBlobReader()
    if name == "deep":
        from streams.scoring.deep import DeepReader

        return DeepReader(share)
    module, _, attribute = name.partition(":")
    try:
        factory: Callable[[], SecondReader] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UnknownReaderError(
            f"The scorer {name} can't be loaded: {error}. Is its package installed here?"
        ) from error
    return factory()
