"""People's given names from all over the world (``given_names.txt``): words that are hardly anything else.

Written for this project. Left out is what is also a word, a place or a brand that customers write of (Grace, Austin).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from functools import lru_cache
from pathlib import Path
from zlib import crc32


class _Names:
    """A set of some ten thousand words that takes a tenth of a ``frozenset``'s memory: one a worker counts."""

    def __init__(self, text: bytes) -> None:
        """Takes the words, with white space between them."""
        words = text.split()
        self._text = b" " + b" ".join(words) + b" "
        self._keys = array("I", sorted(map(crc32, words)))

    def __contains__(self, word: bytes) -> bool:
        key = crc32(word)
        at = bisect_left(self._keys, key)
        # What has the key of a name is nearly always one; looked up to be exact.
        return at < len(self._keys) and self._keys[at] == key and b" " + word + b" " in self._text


@lru_cache(maxsize=1)
def _names() -> _Names:
    return _Names(Path(__file__).with_name("given_names.txt").read_bytes())


def is_given_name(word: str) -> bool:
    """Whether the word, in lower case, is somebody's given name."""
    return word.encode("utf-8", "replace") in _names()
