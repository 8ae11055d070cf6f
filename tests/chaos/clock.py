"""A worker whose wall clock can be moved from outside: ``python -m tests.chaos.clock FILE worker``.

The file holds the offset in seconds, 8 bytes, which the worker maps and this module writes. Everything in the process
that asks ``time`` for the time of day gets it with the offset; the monotonic clock, which no administrator can set
either, stays as it is.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from pathlib import Path
from typing import Final

_OFFSET: Final = struct.Struct("d")


def write(file: Path, seconds: float) -> None:
    """Set the offset of the processes that map the file."""
    with file.open("r+b" if file.exists() else "wb") as opened:
        opened.write(_OFFSET.pack(seconds))


def patch(file: Path) -> None:
    """Have ``time.time`` and ``time.time_ns`` of this process follow the file."""
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)
    seconds, nanoseconds = time.time, time.time_ns
    time.time = lambda: seconds() + _OFFSET.unpack_from(mapped)[0]
    time.time_ns = lambda: nanoseconds() + int(_OFFSET.unpack_from(mapped)[0]) * 1_000_000_000


if __name__ == "__main__":
    patch(Path(sys.argv.pop(1)))
    # Imported only now: a module may take a clock by its name.
    from groundswell.cli import main

    sys.exit(main())
