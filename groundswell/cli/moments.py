"""When, and for how long, as people write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from groundswell.cli.failures import UsageError

UNITS: Final = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}


def period(
    now: datetime, begin: str | None, until: str | None, lasting: str | None, longest: timedelta
) -> tuple[datetime, datetime]:
    """From when to when, by ``--from`` (else now) and one of ``--until`` and ``--for``.

    Args:
        longest: How long it may last, and how far ahead it may begin.

    Raises:
        UsageError: It can't be read, ends before it begins, is over already, too long, or too far ahead.
    """
    if (lasting is None) == (until is None):
        raise UsageError("say how long, with one of --for 2h and --until MOMENT")
    starts_at = now if begin is None else moment("--from", begin)
    if starts_at - now > longest:
        raise UsageError(f"--from {begin}: that is more than {longest.days} days ahead")
    option = f"--for {lasting}" if until is None else f"--until {until}"
    ends_at = starts_at + duration(lasting or "") if until is None else moment("--until", until)
    if ends_at <= starts_at:
        raise UsageError(f"{option}: it would end before it begins, {starts_at:%Y-%m-%d %H:%MZ}")
    if ends_at <= now:
        raise UsageError(f"{option}: that is over already; it is {now:%Y-%m-%d %H:%MZ}")
    if ends_at - starts_at > longest:
        raise UsageError(f"{option}: that is more than {longest.days} days; take less, and renew it while it is wanted")
    return starts_at, ends_at


def duration(text: str) -> timedelta:
    """How long ``1d12h`` is.

    Raises:
        UsageError: It isn't written so.
    """
    parts = re.fullmatch("".join(rf"(?:([0-9]{{1,5}}){unit})?" for unit in UNITS), text)
    if not text or parts is None:
        raise UsageError(f"--for {text[:50]}: write it as 30m, 2h, 1d or 1d12h")
    return timedelta(**{name: int(part or 0) for name, part in zip(UNITS.values(), parts.groups(), strict=True)})


def moment(option: str, text: str) -> datetime:
    """A moment with an offset, in UTC.

    Raises:
        UsageError: It isn't one.
    """
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is not None:
            return read.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{option} {text[:50]}: write it with an offset, such as 2026-03-02T22:00Z or …+01:00")
