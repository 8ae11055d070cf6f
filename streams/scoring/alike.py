"""Words that the model must read alike: who somebody is or how a word is spelt moves no score.

Fairness by construction rather than by hope: names, countries, pronouns, gendered words and spellings of one word share
one row of the table, so that texts which differ in them alone have the same score, whatever the training data say.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from streams.scoring.names import is_given_name

NAME = "<name>"
"""As which people's given names are read."""
_WORD = re.compile(r"[\w'’]+")


@lru_cache(maxsize=1)
def families() -> dict[str, str]:
    """Each word of a family of ``alike.txt`` (lower case, apostrophes dropped) → the family's first word."""
    found: dict[str, str] = {}
    for line in Path(__file__).with_name("alike.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            first, *rest = line.split()
            found.update((word.replace("'", ""), first) for word in (first, *rest))
    return found


def family_of(word: str) -> str | None:
    """As which word of its family this one is read, in lower case without apostrophes; None where it has no family."""
    first = families().get(word)
    return NAME if first is None and is_given_name(word) else first


_SPOKEN = {
    "<person>": "they", "<person's>": "their", "<person>is": "they're", "<person>will": "they'll",
    "<person>would": "they'd", "<person>has": "they've", "<oneself>": "themselves", "<adult>": "person",
    "<child>": "child", "<parent>": "parent", "<partner>": "partner", "<offspring>": "child", "<sibling>": "sibling",
    "<grandparent>": "grandparent", "<relative>": "relative", "<sir>": "sir", "<staff>": "waiter",
    "<country>": "Canada", "<national>": "Canadian", "<city>": "Vienna", "<faith>": "religious", "<worship>": "temple",
    "<colour>": "blue", "<orientation>": "gay", NAME: "Sam",
}  # fmt: skip
"""What stands for a family where a reader wants words that people use."""


def levelled(text: str) -> str:
    """The text with every word of a family written as its first, for a reader that has no rows to share."""

    def one(found: re.Match[str]) -> str:
        first = family_of(found[0].lower().replace("'", "").replace("’", ""))
        return found[0] if first is None else _SPOKEN.get(first, first)

    return _WORD.sub(one, text)
