"""Tables of ``timestamp,value``: read row by row, with errors that name the line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

MOST: Final = 1e12
"""No count is larger; sums stay exact below."""
MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none"})

_NAIVE: Final = datetime(1970, 1, 1)  # noqa: DTZ001 – a clock without a zone, compared with its like.
_AWARE: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SeriesError(ValueError):
    """A table that is no series of counts; the message says where and what would be right."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a series."""

    timestamp: str
    """As it is written."""
    text: str
    """The value as it is written."""
    time_s: float
    """Seconds since 1970, by UTC where the timestamp has an offset and by its own clock where it has none."""
    value: float | None
    """None where it is missing."""


def rows(name: str, lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a CSV table with the columns ``timestamp`` and ``value``; others are passed over.

    Args:
        name: What errors call the table.
        lines: With their ends; the first one names the columns.

    Raises:
        SeriesError: There are no such columns, or a row has no such timestamp or value.
    """
    table = csv.reader(lines, strict=True)
    try:
        header = [column.strip().lower() for column in next(table, [])]
        for column in ("timestamp", "value"):
            if column not in header:
                found = f"; its first line names: {', '.join(header)[:200]}" if header else ", it is empty"
                raise SeriesError(f"{name} has no column {column}{found}. It needs the columns timestamp and value")
        at, what = header.index("timestamp"), header.index("value")
        needed = max(at, what)
        zoned: bool | None = None
        for cells in table:
            if not cells:
                continue
            if len(cells) <= needed:
                raise SeriesError(f"{name}, line {table.line_num}: {len(cells)} cells, where {needed + 1} are needed")
            stamp = _moment(name, table.line_num, cells[at])
            if zoned is None:
                zoned = stamp.tzinfo is not None
            elif zoned is not (stamp.tzinfo is not None):
                raise SeriesError(
                    f"{name}, line {table.line_num}: {cells[at]!r} has {'no' if zoned else 'an'} offset from UTC, "
                    "unlike the rows before it; give all of them one, or none"
                )
            time_s = (stamp - (_AWARE if zoned else _NAIVE)).total_seconds()
            yield Row(cells[at], cells[what], time_s, _count(name, table.line_num, cells[what]))
    except csv.Error as error:
        raise SeriesError(f"{name}, line {table.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise SeriesError(f"{name} is no text in UTF-8, from byte {error.start} on") from error


def _moment(name: str, line: int, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise SeriesError(
            f"{name}, line {line}: {text[:40]!r} is no timestamp; write it as 2026-03-01 09:30:00, or with an offset "
            "as 2026-03-01T09:30:00+01:00"
        ) from None


def _count(name: str, line: int, text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        if text.strip().lower() in MISSING:
            return None
        raise SeriesError(f"{name}, line {line}: the value {text[:40]!r} is no number") from None
    if value != value:
        return None
    if value < 0:
        raise SeriesError(f"{name}, line {line}: the value {text} is negative; a series of counts begins at 0")
    if value > MOST:
        raise SeriesError(f"{name}, line {line}: the value {text[:40]} is no count; at most {MOST:.0e} is")
    return value
