"""Recorded events from files and pipes, in the order of their event time; knows nothing of Kafka.

A file is read twice: first for the time of each record, which also counts them, then to give them out. Only times and
byte offsets are kept (16 bytes a record), and only where a file is not in order of time. A pipe is taken as it comes.
"""

from __future__ import annotations

import gzip
import heapq
import io
import os
import shutil
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Final, Protocol

import numpy as np

from streams import formats
from streams.columns import ColumnsError
from streams.formats import MAX_VALUE_BYTES, Reading, RecordedError, Records

HELD_BACK: Final = 1_000
"""Records without a time that are held back at a pipe's beginning, until one with a time says where they belong."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One raw record as it will stand on its topic."""

    key: str | None
    """The event's id; None where it can't be told."""
    value: bytes
    time_ms: int
    """Event time in milliseconds since 1970; that of the record before where it can't be told."""


@dataclass
class Recording:
    """Recorded events, ready to be given out once or several times (a pipe: once)."""

    _parts: Sequence[_Part]
    total: int | None
    """Records in the files; None for a pipe."""
    too_large: list[str] = field(default_factory=list)
    """Where records were left out because no raw topic holds them: ``file, byte``."""

    def __iter__(self) -> Iterator[RecordedEvent]:
        """All events by time; equal times keep the order of the files and of their records."""
        self.too_large.clear()
        return heapq.merge(*(part.events(self.too_large) for part in self._parts), key=attrgetter("time_ms"))


def read(
    paths: Sequence[str],
    reading: Reading,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    stdin: IO[bytes] | None = None,
) -> Recording:
    """Look at the files (names; ``-`` is standard input) and say what there is.

    Args:
        paths: JSONL or CSV files, also with ``.gz``; at least one.
        reading: How they are read.
        on_progress: Called with the bytes looked at and the bytes that there are (of gz files, compressed).
        stdin: What ``-`` reads; the process's own by default.

    Raises:
        RecordedError: A file is missing, unreadable or lacks what the contract needs.
    """
    pipes = [path for path in paths if path == "-" or not Path(path).is_file()]
    if pipes and len(paths) > 1:
        for path in pipes:
            if path != "-" and not Path(path).exists():
                raise RecordedError(f"{path}: there is no such file")
        raise RecordedError("a pipe is taken as it comes and can't be merged with others; send it on its own")
    if pipes:
        return Recording([_Pipe(_opened(pipes[0], stdin), reading, pipes[0])], None)
    size, done = sum(Path(path).stat().st_size for path in paths), 0
    files = []
    for path in paths:
        files.append(_File(path, reading, partial(_tell, on_progress, done, size)))
        done += Path(path).stat().st_size
    if on_progress:
        on_progress(size, size)
    return Recording(files, sum(part.total for part in files))


def _tell(on_progress: Callable[[int, int], None] | None, before: int, size: int, at: int) -> None:
    if on_progress:
        on_progress(before + at, size)


class _Part(Protocol):
    def events(self, too_large: list[str]) -> Iterator[RecordedEvent]: ...


class _File:
    """A file that can be read twice."""

    def __init__(self, path: str, reading: Reading, on_progress: Callable[[int], object]) -> None:
        self._path, self._reading = path, reading
        self.total = 0
        self._order: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]] | None = None
        with _naming(path), _opened(path) as file:
            self._scan(formats.records(file, path, reading), file, on_progress)

    def _scan(self, records: Records, file: IO[bytes], on_progress: Callable[[int], object]) -> None:
        times, offsets = array("q"), array("q")
        unknown_first, last, ordered, first_unread = 0, None, True, None
        raw = getattr(file, "fileobj", None) or file  # Of gz: the compressed file.
        for offset, record in records.scan():
            time = None if record is None else records.time(record)
            if time is None:
                first_unread = record if first_unread is None else first_unread
                if last is None:
                    unknown_first += 1
            elif last is None:
                times = array("q", [time]) * unknown_first
                last = time
            elif time < last:
                ordered = False
            last = last if time is None else time
            if last is not None:
                times.append(last)
            offsets.append(offset)
            if not len(offsets) & 0xFFF:
                on_progress(raw.tell())
        self.total = len(offsets)
        if last is None:
            _refuse_timeless(first_unread, self._reading)
            last = self._reading.latest_ms
        self._first_ms = times[0] if times else last
        if not ordered:
            order = np.argsort(np.frombuffer(times, np.int64), kind="stable")
            self._order = np.frombuffer(times, np.int64)[order], np.frombuffer(offsets, np.int64)[order]

    def events(self, too_large: list[str]) -> Iterator[RecordedEvent]:
        with _naming(self._path), _opened(self._path) as file:
            if self._order is None:
                records = formats.records(file, self._path, self._reading)
                yield from _in_sequence(records, records.scan(), self._first_ms, self._path, too_large)
                return
            # Going back in a gz file would decompress it anew each time.
            with _spooled(file) if isinstance(file, gzip.GzipFile) else file as seekable:
                records = formats.records(seekable, self._path, self._reading)
                for time, offset in zip(*self._order, strict=True):
                    record = records.at(int(offset))
                    if (event := _fitting(records, record, self._path, int(offset), too_large)) is not None:
                        yield RecordedEvent(event[0], event[1], int(time))


class _Pipe:
    """What can be read once, as it comes."""

    def __init__(self, file: IO[bytes], reading: Reading, name: str) -> None:
        self._file, self._reading, self._name = file, reading, "standard input" if name == "-" else name

    def events(self, too_large: list[str]) -> Iterator[RecordedEvent]:
        with _naming(self._name):
            records = formats.records(self._file, self._name, self._reading)
            scanned = records.scan()
            held: list[tuple[int, Any]] = []
            first_ms = self._reading.latest_ms
            for offset, record in scanned:
                held.append((offset, record))
                time = None if record is None else records.time(record)
                if time is not None:
                    first_ms = time
                    break
                if len(held) == HELD_BACK:
                    break
            yield from _in_sequence(records, held, first_ms, self._name, too_large)
            yield from _in_sequence(records, scanned, first_ms, self._name, too_large)


def _in_sequence(
    records: Records, scanned: Iterable[tuple[int, Any]], first_ms: int, path: str, too_large: list[str]
) -> Iterator[RecordedEvent]:
    last = first_ms
    for offset, record in scanned:
        if (event := _fitting(records, record, path, offset, too_large)) is not None:
            key, value, time = event
            last = last if time is None else time
            yield RecordedEvent(key, value, last)


def _fitting(
    records: Records, record: Any, path: str, offset: int, too_large: list[str]
) -> tuple[str | None, bytes, int | None] | None:
    if record is not None:
        event = records.event(record)
        if len(event[1]) <= MAX_VALUE_BYTES:
            return event
    too_large.append(f"{path}, byte {offset:,}")
    return None


def _refuse_timeless(record: object, reading: Reading) -> None:
    """A table none of whose rows says when is a mistake of the command, not of its rows."""
    if isinstance(record, dict):
        column = reading.columns.names.get("created_at", "created_at")
        raise RecordedError(
            f"no row has a created_at that can be read; the first says {record.get(column, '')!r}. "
            "Name another column with --map created_at=COLUMN or give its form with --time-format, "
            'for example --time-format "%d.%m.%Y %H:%M"'
        )


class _naming:  # noqa: N801 – used like a function.
    """Puts the file's name before what went wrong with it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, RecordedError | ColumnsError):
            raise RecordedError(f"{self._path}: {error}") from error
        if isinstance(error, EOFError | gzip.BadGzipFile):
            raise RecordedError(f"{self._path}: it is no whole gz file ({error})") from error
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise RecordedError(f"{self._path}: {error.strerror or error}") from error


def _opened(path: str, stdin: IO[bytes] | None = None) -> IO[bytes]:
    if path == "-":
        if stdin is not None:
            return stdin if hasattr(stdin, "peek") else io.BufferedReader(stdin)  # type: ignore[type-var]
        # A descriptor of our own: at the end of the process, Python can't close one that a thread is waiting on.
        return os.fdopen(os.dup(0), "rb")
    with _naming(path):
        if path.lower().endswith(".gz"):
            return gzip.open(path, "rb")  # type: ignore[return-value]
        return Path(path).open("rb")


def _spooled(file: IO[bytes]) -> IO[bytes]:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 – the caller closes it.
    shutil.copyfileobj(file, copy, 1024 * 1024)
    copy.seek(0)
    return copy
