"""The raw topics of a broker as recorded events, in the order of their event time."""

from __future__ import annotations

import heapq
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.raw import Source
from streams.client import Unreadable, subscribe
from streams.formats import Reading
from streams.recorded import RecordedEvent, Recording, read
from streams.settings import Settings
from streams.topics import RAW

TOLD_EVERY = 500


@dataclass(frozen=True)
class Fetched:
    """What raw topics held when it was asked for; can be gone through several times."""

    recordings: dict[Source, Recording]
    unreadable: Counter[Source]
    """Records that are not what their topic should hold, and were left out."""

    @property
    def total(self) -> int:
        """Records."""
        return sum(recording.total or 0 for recording in self.recordings.values())

    def __iter__(self) -> Iterator[tuple[Source, RecordedEvent]]:
        """All of them by time; equal times in the order of the topics."""

        def named(source: Source) -> Iterator[tuple[Source, RecordedEvent]]:
            return ((source, event) for event in self.recordings[source])

        return heapq.merge(*(named(source) for source in self.recordings), key=lambda pair: pair[1].time_ms)


@contextmanager
def fetched(
    settings: Settings,
    address: str,
    readings: dict[Source, Reading],
    on_progress: Callable[[int], None],
) -> Iterator[Fetched]:
    """Copy topics from their beginning to their end as it is now into a temporary folder, and read them from there.

    Memory stays small, and a topic may be in any order. The folder is gone with the context.

    Args:
        readings: The sources to read, and how.
        on_progress: Called with the records fetched so far.

    Raises:
        NoSuchTopicError: A topic does not exist.
        BrokerUnreachable: Nobody answers.
    """
    with tempfile.TemporaryDirectory(prefix="groundswell-") as folder:
        files = {source: Path(folder) / f"{source}.jsonl" for source in readings}
        unreadable: Counter[Source] = Counter()
        done = 0
        for source, path in files.items():

            def leave_out(_: Unreadable, source: Source = source) -> None:
                unreadable[source] += 1

            with path.open("wb") as file:
                records = subscribe(
                    RAW[source],
                    settings=settings,
                    address=address,
                    from_beginning=True,
                    until_end=True,
                    on_unreadable=leave_out,
                )
                for received in records:
                    # Between the tokens of JSON a line end is a space; within a string there is none.
                    file.write(received.body.translate(_ONE_LINE) + b"\n")
                    done += 1
                    if not done % TOLD_EVERY:
                        on_progress(done)
        recordings = {source: read([str(files[source])], reading) for source, reading in readings.items()}
        yield Fetched(recordings, unreadable)


_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
