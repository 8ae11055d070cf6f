"""Precision and recall of the redaction, for each kind of personal data, over examples that people marked up.

An example is a line of text in which ``⟦kind:…⟧`` stands around what must go; ``⏎`` is a line break, lines that begin
with ``# `` are comments. What is found is compared by place: every placeholder covers a stretch of the original text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from streams.scoring.normalise import normalise
from streams.scoring.redact import redact

BRAND_HANDLES = ("usairways",)
"""Handles that are the brand's own in the examples, and stay."""

_MARKED = re.compile("⟦([a-z]+):([^⟧]*)⟧")
_PLACEHOLDER = re.compile(r"\[([a-z]{2,8})\]")


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the stretches of it that must go."""

    text: str
    spans: tuple[tuple[str, int, int], ...]
    """(kind, begin, end) of each, by characters."""


@dataclass(slots=True)
class Score:
    """What was found of one kind."""

    wanted: int = 0
    gone: int = 0
    """Of those wanted: how many were replaced whole, by whichever placeholder."""
    put: int = 0
    right: int = 0
    """Of those put: how many cover nothing that should have stayed."""
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of what must go that went; 1 where nothing must."""
        return self.gone / self.wanted if self.wanted else 1.0

    @property
    def precision(self) -> float:
        """Share of what went that had to; 1 where nothing went."""
        return self.right / self.put if self.put else 1.0


def examples(lines: Iterable[str]) -> Iterator[Example]:
    """The examples of a file, in order."""
    for line in lines:
        line = line.rstrip("\n").replace("⏎", "\n")
        if not line.strip() or line.startswith("# "):
            continue
        text, at, spans = "", 0, []
        for found in _MARKED.finditer(line):
            text += line[at : found.start()]
            spans.append((found[1], len(text), len(text) + len(found[2])))
            text += found[2]
            at = found.end()
        yield Example(text + line[at:], tuple(spans))


def placeholders(text: str, redacted: str) -> list[tuple[str, int, int]]:
    """(kind, begin, end) of what each placeholder covers in the original text.

    Raises:
        ValueError: The redacted text is not the original with placeholders.
    """
    parts = _PLACEHOLDER.split(redacted)
    pattern = "".join(re.escape(part) if at % 2 == 0 else "(.*?)" for at, part in enumerate(parts))
    found = re.fullmatch(pattern, text, re.DOTALL)
    if found is None:
        raise ValueError(f"{redacted!r} is not {text!r} with placeholders")
    return [(kind, *found.span(at + 1)) for at, kind in enumerate(parts[1::2])]


def evaluate(
    some: Iterable[Example], redacting: Callable[[str], str] = lambda text: redact(text, BRAND_HANDLES)[0]
) -> dict[str, Score]:
    """What was found of each kind, and of all together under ``all``."""
    scores: dict[str, Score] = {}
    for example in some:
        if normalise(example.text) != example.text:
            raise ValueError(f"{example.text!r} is not in normal form: what is read is")
        put = placeholders(example.text, redacting(example.text))
        for kind, begin, end in example.spans:
            gone = any(first <= begin and end <= last for _, first, last in put)
            for name in (kind, "all"):
                score = scores.setdefault(name, Score())
                score.wanted += 1
                score.gone += gone
                score.missed += [] if gone else [example.text]
        for kind, begin, end in put:
            right = any(first <= begin and end <= last for _, first, last in example.spans)
            for name in (kind, "all"):
                score = scores.setdefault(name, Score())
                score.put += 1
                score.right += right
                score.wrong += [] if right else [f"{example.text[begin:end]!r} in {example.text!r}"]
    return scores


def table(scores: dict[str, Score]) -> Iterator[str]:
    """Lines for people."""
    yield f"{'kind':10}{'wanted':>8}{'recall':>9}{'put':>8}{'precision':>11}"
    for kind in sorted(scores, key=lambda kind: (kind == "all", kind)):
        score = scores[kind]
        yield f"{kind:10}{score.wanted:8}{score.recall:9.3f}{score.put:8}{score.precision:11.3f}"


def main(
    file: Annotated[Path, typer.Argument(help="Marked-up examples.")],
    show: Annotated[bool, typer.Option("--show", help="Print what was missed and what went wrongly.")] = False,
) -> None:
    """Print precision and recall of the redaction, for each kind."""
    scores = evaluate(examples(file.read_text(encoding="utf-8").splitlines()))
    for line in table(scores):
        typer.echo(line)
    if show:
        for line in scores["all"].missed:
            typer.echo(f"missed: {line!r}")
        for line in scores["all"].wrong:
            typer.echo(f"wrong: {line}")


if __name__ == "__main__":
    typer.run(main)
