"""Python's cyclic garbage collector, as a worker has it."""

from __future__ import annotations

import gc


def look_seldom() -> None:
    """Leaves what is there now alone, and looks through what comes every half million containers.

    State and records are many small containers without cycles: to look through them often took a quarter of the time.
    """
    gc.freeze()
    gc.set_threshold(500_000, 20, 50)
