"""The demo's week as raw records: ``python -m groundswell.demo.week OUT_DIR`` writes them to files."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import orjson

from groundswell.demo.dice import Dice
from groundswell.demo.incidents import INCIDENTS, Incident
from groundswell.demo.records import BROKEN, millis, record
from groundswell.demo.script import BRAND, NEIGHBOUR, Line, Play
from schemas.raw import Source

__all__ = ["BRAND", "INCIDENTS", "NEIGHBOUR", "Incident", "RawRecord", "told", "week", "write"]

SENT_TWICE = 5
"""Records that their source sends a second time, with the same id, as sources do."""


@dataclass(frozen=True)
class RawRecord:
    """One record as it would arrive on a raw topic."""

    source: Source
    key: str | None
    value: bytes
    time_ms: int
    """When it happens in the play, in milliseconds since 1970; broken records have a time too."""


def told(seed: int = 7) -> list[tuple[RawRecord, Line | None]]:
    """The week in time order, each record with the line of the play behind it; none behind the broken ones."""
    dice = Dice(seed, "records")
    numbers: dict[Source, int] = {"reviews": 20_000, "posts": 310_000, "tickets": 48_000}
    pairs: list[tuple[RawRecord, Line | None]] = []
    for line in Play(seed).lines():
        numbers[line.source] += 1
        fields = record(line, numbers[line.source], dice)
        pairs.append((RawRecord(line.source, fields["id"], orjson.dumps(fields), millis(line.when)), line))
    pairs += [pairs[dice.below(len(pairs))] for _ in range(SENT_TWICE)]
    pairs += [(RawRecord(source, key, value, millis(when)), None) for when, source, key, value in BROKEN]
    return sorted(pairs, key=lambda pair: pair[0].time_ms)


def week(seed: int = 7) -> list[RawRecord]:
    """Monday 9 to Sunday 15 February 2026, UTC, in time order; the same bytes for the same seed everywhere."""
    return [raw for raw, _ in told(seed)]


def write(folder: Path, seed: int = 7) -> list[Path]:
    """Write the week as ``reviews.jsonl``, ``posts.jsonl`` and ``tickets.jsonl``, broken lines included.

    Raises:
        OSError: The folder can't be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[Source, list[bytes]] = {"reviews": [], "posts": [], "tickets": []}
    for raw in week(seed):
        lines[raw.source].append(raw.value + b"\n")
    paths = []
    for source, values in lines.items():
        paths.append(folder / f"{source}.jsonl")
        paths[-1].write_bytes(b"".join(values))
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say where to write the week to: python -m groundswell.demo.week OUT_DIR")
    for path in write(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
