"""Texts made of other texts, whose labels nobody knows but the teacher (data augmentation for distillation: Tang et al.
2019): words exchanged for near ones, halves of two texts joined, single clauses, words left out. And the same texts
written carelessly, whose labels stay what they were.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

_CLAUSE = re.compile(r"[^.!?,;]+[.!?,;]*")
_JOINTS = (" but ", ", but ", " and ", ". ", ". ", "! ", " though ", ", however ", " because ", " ")
_WORD = re.compile(r"[A-Za-z']+")


def exchanged(text: str, near: Mapping[str, Sequence[str]], dice: random.Random, share: float = 0.25) -> str:
    """The text with some of its words exchanged for words that stand near them."""

    def one(found: re.Match[str]) -> str:
        others = near.get(found[0].lower())
        return dice.choice(others) if others and dice.random() < share else found[0]

    return _WORD.sub(one, text)


def clauses(text: str) -> list[str]:
    """The clauses of a text that have three words or more."""
    return [part.strip() for part in _CLAUSE.findall(text) if part.count(" ") >= 3]


def remade(texts: Sequence[str], near: Mapping[str, Sequence[str]], count: int, seed: int = 17) -> list[str]:
    """``count`` new texts, seeded."""
    dice = random.Random(seed)  # noqa: S311
    made: list[str] = []
    while len(made) < count:
        text, kind = dice.choice(texts), dice.random()
        if kind < 0.45:
            new = exchanged(text, near, dice)
        elif kind < 0.75:
            halves = clauses(text), clauses(dice.choice(texts))
            if not all(halves):
                continue
            first, second = (dice.choice(half) for half in halves)
            joint = dice.choice(_JOINTS)
            new = first.rstrip(".,;!?") + joint + (second[:1].lower() + second[1:] if joint.strip(" ,.!") else second)
        elif kind < 0.9:
            parts = clauses(text)
            if len(parts) < 2:
                continue
            new = dice.choice(parts)
        else:
            new = " ".join(word for word in text.split() if dice.random() > 0.2)
        if new.strip() and new != text:
            made.append(new)
    return made


def fragments(texts: Sequence[str], count: int, seed: int = 19) -> list[str]:
    """``count`` times two to five words in a row, seeded: what a few words say by themselves, apart from longer texts.

    Without them "great value for money" is learnt from the complaints in which it stands.
    """
    dice = random.Random(seed)  # noqa: S311
    made: list[str] = []
    while len(made) < count:
        words, size = dice.choice(texts).split(), dice.randint(2, 5)
        at = dice.randrange(max(1, len(words) - size + 1))
        bare = " ".join(words[at : at + size]).strip(" ,.;:-")
        if bare:
            made.append(bare + dice.choice(("", "", ".", ".", "!")))
    return made


def careless(text: str, dice: random.Random) -> str:
    """The text as somebody in a hurry writes it: letters doubled, dropped, swapped; no capitals or all; no stop."""
    letters = list(text)
    style = dice.random()
    for _ in range(max(1, len(text) // 35) if style < 0.6 else 0):
        at = dice.randrange(len(letters))
        if not letters[at].isalpha() or (at and letters[at - 1] in "@#[") or at + 1 >= len(letters):
            continue
        trick = dice.random()
        if trick < 0.3:
            letters[at] = ""
        elif trick < 0.55:
            letters[at] *= 2
        elif trick < 0.85 and letters[at + 1].isalpha():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        else:
            letters[at] = dice.choice("aeioustrnl")
    text = "".join(letters)
    if style < 0.3:
        text = text.lower().rstrip(".")
    elif 0.6 <= style < 0.75:
        text = text.lower()
    elif 0.75 <= style < 0.85:
        text = text.upper().replace("@USER", "@user").replace("HTTP", "http")
    elif style >= 0.85:
        text = re.sub(r"[.,'!]", "", text)
    return text
