"""Tables of ``timestamp,value``: read row by row, with errors that name the line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Final, NamedTuple

MOST: Final = 1e12
"""No count is larger; sums stay exact below."""
MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none"})

DELIMITERS: Final = ",;\t|"
"""What may stand between cells; the first line tells which."""
LEAST_EPOCH_DIGITS: Final = 9
"""Fewer digits are a date, as 20260301."""
EPOCH_MS_FROM: Final = 10**11
"""Smaller numbers are seconds since 1970, larger ones milliseconds: the year 5138, and March 1973."""
EPOCH_END: Final = 253_402_300_800
"""The year 10000, in seconds."""

_NAIVE: Final = datetime(1970, 1, 1)  # noqa: DTZ001 – a clock without a zone, compared with its like.
_AWARE: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SeriesError(ValueError):
    """A table that is no series of counts; the message says where and what would be right."""


class Row(NamedTuple):
    """One row of a series."""

    timestamp: str
    """As it is written."""
    text: str
    """The value as it is written."""
    time_s: float
    """Seconds since 1970, by UTC where the timestamp has an offset and by its own clock where it has none."""
    zoned: bool
    """Whether it has one; a number of seconds or milliseconds since 1970 is by UTC."""
    value: float | None
    """None where it is missing."""


def rows(name: str, lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a table with the columns ``timestamp`` and ``value``; others are passed over.

    Args:
        name: What errors call the table.
        lines: With their ends; the first one names the columns, and shows what stands between cells.

    Raises:
        SeriesError: There are no such columns, or a row has no such timestamp or value.
    """
    rest = iter(lines)
    try:
        first = next(rest, "")
        delimiter = _delimiter(first)
        table = csv.reader(chain([first], rest), delimiter=delimiter, strict=True)
        header = [column.strip().lower() for column in next(table, [])]
        for column in ("timestamp", "value"):
            if column not in header:
                found = f"; its first line names: {', '.join(header)[:200]}" if header else ", it is empty"
                raise SeriesError(f"{name} has no column {column}{found}. It needs the columns timestamp and value")
            if header.count(column) > 1:
                raise SeriesError(f"{name} has {header.count(column)} columns {column}; one of them must go")
        at, what = header.index("timestamp"), header.index("value")
        needed = max(at, what)
        zoned: bool | None = None
        for cells in table:
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                continue
            if len(cells) <= needed:
                raise SeriesError(f"{name}, line {table.line_num}: {len(cells)} cells, where {needed + 1} are needed")
            time_s, has_zone = _moment(name, table.line_num, cells[at])
            if zoned is None:
                zoned = has_zone
            elif zoned is not has_zone:
                raise SeriesError(
                    f"{name}, line {table.line_num}: {cells[at]!r} has {'no' if zoned else 'an'} offset from UTC, "
                    "unlike the rows before it; give all of them one, or none"
                )
            yield Row(cells[at], cells[what], time_s, zoned, _count(name, table.line_num, cells[what]))
    except csv.Error as error:
        raise SeriesError(f"{name}, line {table.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise SeriesError(f"{name} is no text in UTF-8, from byte {error.start} on") from error


def _delimiter(line: str) -> str:
    """What stands between the names of the columns."""
    counts = {delimiter: line.count(delimiter) for delimiter in DELIMITERS}
    return max(counts, key=lambda delimiter: counts[delimiter])


def _moment(name: str, line: int, text: str) -> tuple[float, bool]:
    """Seconds since 1970, and whether the timestamp says by which clock."""
    text = text.strip()
    if len(text) >= LEAST_EPOCH_DIGITS and text[0] in "0123456789." and text.replace(".", "", 1).isdecimal():
        number = float(text)
        seconds = number if number < EPOCH_MS_FROM else number / 1000
        if seconds < EPOCH_END:
            return seconds, True
    else:
        try:
            stamp = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            zoned = stamp.tzinfo is not None
            return (stamp - (_AWARE if zoned else _NAIVE)).total_seconds(), zoned
    raise SeriesError(
        f"{name}, line {line}: {text[:40]!r} is no timestamp; write it as 2026-03-01 09:30:00, with an offset as "
        "2026-03-01T09:30:00+01:00, or as seconds or milliseconds since 1970"
    )


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
