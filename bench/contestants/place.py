"""Where a contestant works: told by its environment, the same way to all of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """The broker, the topics (they exist) and a folder of its own."""

    address: str
    """host:port."""
    group: str
    """Consumer group, and the name of whatever else needs one."""
    events: str
    """Topic that is read from its beginning; key: brand."""
    scored: str
    """Topic of the scored records; key: brand."""
    counts: str
    """Topic of the counts; key: series."""
    state: str
    """Compacted topic for a contestant that keeps its state on one."""
    partitions: int
    """Of each of these topics."""
    folder: Path
    """Empty, for state on disk."""

    def environment(self) -> dict[str, str]:
        """What ``here`` reads back."""
        return {f"BENCH_{each.name.upper()}": str(getattr(self, each.name)) for each in fields(self)}


def here() -> Place:
    """The place of this process.

    Raises:
        KeyError: The process was not started by the benchmark.
    """
    told = {each.name: os.environ[f"BENCH_{each.name.upper()}"] for each in fields(Place)}
    return Place(**{**told, "partitions": int(told["partitions"]), "folder": Path(told["folder"])})  # type: ignore[arg-type]
