"""Chance that is the same on every machine and every Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws from a seed and a name.

    Only ``Random.random()`` and string seeds are used: of the whole module they alone are documented to stay the same.
    Each part of the week has dice of its own, so that a sentence added to one does not reshuffle the others.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._random = Random(f"{seed}/{name}").random  # noqa: S311  This is a play, not a secret.

    def below(self, n: int) -> int:
        """A whole number in ``range(n)``."""
        return int(self._random() * n)

    def happens(self, percent: int) -> bool:
        """True in ``percent`` of a hundred cases."""
        return self.below(100) < percent

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def weigh(self, weights: dict[T, int]) -> T:
        """One of the keys, as often as its weight says."""
        at = self.below(sum(weights.values()))
        for item, weight in weights.items():
            at -= weight
            if at < 0:
                return item
        raise ValueError("weights must be positive numbers")

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in another order (Fisher and Yates, as Durstenfeld wrote it)."""
        cards = list(items)
        for i in range(len(cards) - 1, 0, -1):
            j = self.below(i + 1)
            cards[i], cards[j] = cards[j], cards[i]
        return cards

    def deck(self, items: Sequence[T]) -> Iterator[T]:
        """The items for ever: each once before any comes again, so that nothing bunches and nobody repeats soon."""
        while True:
            yield from self.shuffled(items)
