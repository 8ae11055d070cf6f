"""The sentences, and how they become what one person types."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from groundswell.demo.dice import Dice

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"(\b[Aa] )?\{([a-z]+)(2?)\}")
CAPITALISED = re.compile(r"(?<![\w@{])[A-Z](?![A-Z\d-])")


@cache
def sentences(name: str) -> dict[str, Any]:
    """The tables of one file of sentences."""
    data: dict[str, Any] = tomllib.loads(
        files("groundswell.demo").joinpath("sentences", f"{name}.toml").read_text("utf-8")
    )
    return data


def voiced(table: dict[str, list[str]], source: str) -> list[str]:
    """What a table holds for a source: the sentences for all sources and its own."""
    return table.get("any", []) + table.get(source, [])


class Shelf:
    """Decks of sentences by table and source, each read to its end before it is shuffled again."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._decks: dict[tuple[str, str, str], Iterator[str]] = {}

    def draw(self, file: str, table: str, source: str) -> str:
        """The next sentence, slots and choices still open."""
        key = (file, table, source)
        if key not in self._decks:
            self._decks[key] = self._dice.deck(voiced(sentences(file)[table], source))
        return next(self._decks[key])


def choose(template: str, dice: Dice) -> str:
    """The template with each ``[a|b]`` decided."""
    while CHOICE.search(template):
        template = CHOICE.sub(lambda found: dice.pick(found[1].split("|")), template, count=1)
    return template.replace("?.", "?").replace("!.", "!")


def fill(template: str, slots: dict[str, list[str]], dice: Dice) -> str:
    """The template with each ``{slot}`` filled.

    A slot that comes twice holds the same both times, and ``{slot2}`` something else. One that begins the sentence
    gets a capital letter, and "a" before a vowel becomes "an".
    """
    known: dict[str, str] = {}

    def value(found: re.Match[str]) -> str:
        article, name, second = found.groups(default="")
        if name + second not in known:
            known[name + second] = dice.pick([item for item in slots[name] if not second or item != known.get(name)])
        text = known[name + second]
        return f"{article.strip()}n {text}" if article and text[0] in "aeio" else article + text

    text = SLOT.sub(value, template)
    return text[0].upper() + text[1:] if template.startswith("{") else text


def join(opener: str, core: str, closer: str) -> str:
    """The three as one text."""
    if opener.rstrip().endswith((":", ",", "…")) and core[:2] not in ("I ", "I'") and core[1:2].islower():
        core = core[0].lower() + core[1:]
    if closer and closer[0].isalnum() and core[-1].isalnum():
        core += "."
    return f"{opener}{core} {closer}".strip()


def manner(template: str, how: str, dice: Dice) -> str:
    """The template as a person of this manner types it; slots stay as they are."""
    if how == "lower":
        return CAPITALISED.sub(lambda found: found[0].lower(), template).removesuffix(".")
    if how == "loud":
        return re.sub(r"\.(?= |$)", lambda _: dice.pick([".", "!", "!!"]), template)
    if how == "dots":
        return re.sub(r"(?<!\.)\. (?!\.)", "... ", template)
    if how == "slips":
        for right, wrong in sentences("voices")["typing"]["slips"]:
            if right in template and dice.happens(55):
                template = re.sub(rf"(?<!{{){right}", wrong, template, count=1)
    return template
