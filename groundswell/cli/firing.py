"""Which alerts fire, and which of them is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from groundswell.cli.failures import ProblemError, UsageError
from groundswell.cli.output import clean

if TYPE_CHECKING:
    from schemas.alerts import Alert
    from streams.settings import Settings

LISTED: Final = 5
"""Alerts that a message names."""


def newest(settings: Settings, address: str) -> dict[str, Alert]:
    """Every alert in its newest state, by fingerprint."""
    from streams.client import subscribe
    from streams.topics import ALERTS

    records = subscribe(ALERTS, settings=settings, address=address, from_beginning=True, until_end=True)
    return {received.value.fingerprint: received.value for received in records}


def firing(alerts: Mapping[str, Alert]) -> dict[str, Alert]:
    """Those that are not over."""
    return {fingerprint: alert for fingerprint, alert in alerts.items() if alert.status != "resolved"}


def meant(wanted: str, alerts: Mapping[str, Alert]) -> Alert:
    """The one of these alerts that fires and whose fingerprint begins so.

    Raises:
        UsageError: That is no fingerprint, or several begin so.
        ProblemError: None that fires does.
    """
    begun = wanted.lower()
    if not re.fullmatch("[0-9a-f]{1,16}", begun):
        raise UsageError(f"fingerprint {wanted[:50]!r}: give up to 16 hex digits, as alerts show them")
    fire = firing(alerts)
    found = [alert for fingerprint, alert in sorted(fire.items()) if fingerprint.startswith(begun)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{begun} is the beginning of {len(found)} alerts; give more of it: {named(found)}")
    over = [alert for fingerprint, alert in sorted(alerts.items()) if fingerprint.startswith(begun)]
    if len(over) == 1 and over[0].ends_at is not None:
        raise ProblemError(
            f"alert {over[0].fingerprint} does not fire: it is over since {over[0].ends_at:%Y-%m-%d %H:%MZ}"
        )
    others = f"these fire: {named(list(fire.values()))}" if fire else "none fires now"
    raise ProblemError(f"no alert that fires begins with {begun}; {others}")


def named(alerts: Sequence[Alert]) -> str:
    """The first of them with what they are about, and how many more there are."""
    first = [f"{alert.fingerprint} ({clean(alert.brand)}: {clean(alert.title)[:60]})" for alert in alerts[:LISTED]]
    return ", ".join(first) + (f" and {len(alerts) - LISTED} more" if len(alerts) > LISTED else "")
