"""The two formats of recorded events: JSON lines and tables, each as records with the byte that they begin at."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, Literal, Protocol

import orjson

from streams.columns import Columns
from streams.intake.contract import EARLIEST_YEAR

MAX_VALUE_BYTES: Final = 8 * 1024 * 1024 - 64 * 1024
"""Largest record that is given out: what a raw topic holds, less room for its key and headers."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_EARLIEST_MS: Final = (datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC) - _EPOCH) // _MS

Format = Literal["jsonl", "csv"]
FORMATS: Final[dict[str, Format]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
}


class RecordedError(ValueError):
    """A file can't be read as recorded events; the message says where and what to do."""


@dataclass(frozen=True)
class Reading:
    """How files are read."""

    columns: Columns
    latest_ms: int
    """The clock plus what ``created_at`` may be ahead of it: a later one doesn't move time."""
    format: Format | None = None
    """None goes by the file's name, and by its first line where that doesn't tell."""
    encoding: str = "utf-8-sig"
    """Of tables; JSON is UTF-8."""


class Records(Protocol):
    """One format: where records begin, when they were said, and what they are on the topic."""

    def scan(self) -> Iterator[tuple[int, Any]]:
        """Every record with the byte that it begins at; None for one that is too large."""

    def at(self, offset: int) -> Any:
        """The record that begins there."""

    def time(self, record: Any) -> int | None:
        """When it was said, in milliseconds since 1970; None where that can't be told or can't be."""

    def event(self, record: Any) -> tuple[str | None, bytes, int | None]:
        """Key, value and time of the record on its topic."""


class _JsonLines:
    """A JSON object a line; lines that are none are records too, for quarantine to tell."""

    def __init__(self, file: IO[bytes], reading: Reading) -> None:
        self._file, self._columns, self._latest_ms = file, reading.columns, reading.latest_ms

    def scan(self) -> Iterator[tuple[int, bytes | None]]:
        for offset, line in lines(self._file):
            if line is None or line.strip():
                yield offset, line

    def at(self, offset: int) -> bytes | None:
        self._file.seek(offset)
        return next(lines(self._file, offset))[1]

    def time(self, record: bytes) -> int | None:
        return self.event(record)[2]

    def event(self, record: bytes) -> tuple[str | None, bytes, int | None]:
        try:
            event = orjson.loads(record)
        except orjson.JSONDecodeError:
            return None, record, None
        if not isinstance(event, dict):
            return None, record, None
        if not self._columns.untouched:
            event = self._columns.from_json(event)
            record = orjson.dumps(event)
        return _key(event), record, _time(event.get("created_at"), self._latest_ms)


class _Table:
    """Comma-separated values (RFC 4180) with a header; also with semicolons, tabs or bars."""

    def __init__(self, file: IO[bytes], reading: Reading, *, tabs: bool) -> None:
        self._file, self._columns, self._latest_ms = file, reading.columns, reading.latest_ms
        self._encoding = reading.encoding
        # A quote that is never closed would else read the whole file as one field.
        csv.field_size_limit(MAX_VALUE_BYTES)
        self._at = 0
        first = file.readline(MAX_VALUE_BYTES)
        if first.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise RecordedError("it is UTF-16; save it as UTF-8")
        head = self._decoded(first)
        self._delimiter = "\t" if tabs else max(",;\t|", key=head.count)
        self._at = 0
        self._header = next(csv.reader(self._text([first]), delimiter=self._delimiter), [])
        self._begin = self._at
        self._columns.check_header(self._header)

    def scan(self) -> Iterator[tuple[int, dict[str, str]]]:
        rows = csv.reader(self._text([]), delimiter=self._delimiter)
        while True:
            offset = self._at
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                raise RecordedError(
                    f"the row that begins at byte {offset:,} can't be read ({error}); is a quote left open?"
                ) from error
            if row:
                yield offset, self._named(row)

    def at(self, offset: int) -> dict[str, str]:
        self._file.seek(offset)
        self._at = offset
        return self._named(next(csv.reader(self._text([]), delimiter=self._delimiter)))

    def time(self, record: dict[str, str]) -> int | None:
        return _ms(self._columns.row_moment(record), self._latest_ms)

    def event(self, record: dict[str, str]) -> tuple[str | None, bytes, int | None]:
        event = self._columns.from_row(record)
        return _key(event), orjson.dumps(event), self.time(record)

    def _named(self, row: list[str]) -> dict[str, str]:
        named = dict(zip(self._header, row, strict=False))
        # More cells than columns: nothing is dropped.
        named.update((f"column {i + 1}", cell) for i, cell in enumerate(row) if i >= len(self._header))
        return named

    def _text(self, lines: list[bytes]) -> Iterator[str]:
        while line := lines.pop() if lines else self._file.readline(MAX_VALUE_BYTES):
            text = self._decoded(line)
            self._at += len(line)
            yield text

    def _decoded(self, line: bytes) -> str:
        try:
            # Only the beginning of the file has a byte order mark to lose.
            return line.decode(self._encoding if self._at == 0 else self._encoding.removesuffix("-sig"))
        except UnicodeDecodeError as error:
            raise RecordedError(
                f"byte {self._at + error.start:,} is not {self._encoding.removesuffix('-sig')}; "
                "say what it is, for example with --encoding cp1252"
            ) from error


def records(file: IO[bytes], path: str, reading: Reading) -> Records:
    """The file's records, in the format that its name, its first line or the reader says.

    Raises:
        RecordedError: It is in neither format.
        ColumnsError: A table's header lacks what the contract needs.
    """
    suffixes = [suffix.lower() for suffix in Path(path).suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    # peek() keeps what it shows, also in a pipe.
    head = file.peek(4096)[:4096].removeprefix(b"\xef\xbb\xbf").lstrip() if hasattr(file, "peek") else b""
    kind = reading.format or FORMATS.get(suffix) or ("jsonl" if head.startswith((b"{", b"[")) else "csv")
    if kind == "csv":
        return _Table(file, reading, tabs=suffix == ".tsv")
    if suffix == ".json" and head.startswith(b"["):
        raise RecordedError("it is one JSON array; make it a line each, for example with: jq -c '.[]'")
    return _JsonLines(file, reading)


def lines(file: IO[bytes], offset: int = 0) -> Iterator[tuple[int, bytes | None]]:
    """Lines without their ends, with the byte that each begins at; None for one that is too large."""
    while line := file.readline(MAX_VALUE_BYTES + 2):
        size = len(line)
        if size == MAX_VALUE_BYTES + 2 and not line.endswith(b"\n"):
            while (rest := file.readline(MAX_VALUE_BYTES)) and not rest.endswith(b"\n"):
                size += len(rest)
            size += len(rest)
            yield offset, None
        else:
            text = line.rstrip(b"\r\n")
            yield offset, text.removeprefix(b"\xef\xbb\xbf") if offset == 0 else text
        offset += size


def _key(event: dict[str, Any]) -> str | None:
    identifier = event.get("id")
    return identifier if isinstance(identifier, str) and 0 < len(identifier) <= 256 else None


def _time(created_at: object, latest_ms: int) -> int | None:
    if not isinstance(created_at, str):
        return None
    try:
        return _ms(datetime.fromisoformat(created_at), latest_ms)
    except ValueError:
        return None


def _ms(moment: datetime | None, latest_ms: int) -> int | None:
    """The moment in milliseconds since 1970; None where nobody can have said anything then."""
    if moment is None or moment.tzinfo is None:
        return None
    ms = (moment - _EPOCH) // _MS
    return ms if _EARLIEST_MS <= ms <= latest_ms else None
