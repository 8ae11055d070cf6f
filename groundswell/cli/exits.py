"""Exit codes: what a script can know from the number alone."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """It did what was asked."""
    PROBLEM = 1
    """It did its work and found something wrong, or could not finish it."""
    USAGE = 2
    """The command, a setting or a file that was named can't be used as it is."""
    UNREACHABLE = 3
    """No broker answers."""
    BROKER_FAILED = 4
    """The embedded broker did not start."""
    IN_USE = 5
    """Another process runs the embedded broker on that folder."""
    BUG = 70
    """Something that nobody thought of; GROUNDSWELL_DEBUG=1 shows where."""
    INTERRUPTED = 130
    """Ctrl-C."""

    @property
    def meaning(self) -> str:
        """In words, for the help."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "done",
    Exit.PROBLEM: "a problem was found, or the work could not be finished",
    Exit.USAGE: "the command, a setting or a file can't be used as it is",
    Exit.UNREACHABLE: "no broker answers",
    Exit.BROKER_FAILED: "the embedded broker did not start",
    Exit.IN_USE: "another process runs the embedded broker on that folder",
    Exit.BUG: "a bug in Groundswell; GROUNDSWELL_DEBUG=1 shows where",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}
