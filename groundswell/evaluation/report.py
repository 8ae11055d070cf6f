"""What an evaluation gives: rows of figures, a column a reader, and the cases that went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Unit = Literal["%", "", "/s", "s", "MB"]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one data set."""

    dataset: str
    figure: str
    count: int
    """Cases that it is about."""
    values: dict[str, float]
    """Reader → figure, in its unit; who can't be judged by it is not in it."""
    unit: Unit = "%"


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that our reader got wrong."""

    dataset: str
    case: str
    text: str
    wrong: str


@dataclass(slots=True)
class Report:
    """The figures of one data set."""

    rows: list[Row] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What has to be known to read the figures."""
