"""Severity, 1 (worst) to 4, from numbers that anyone can check."""

from __future__ import annotations

import math

from schemas.alerts import Kind

MOST: dict[Kind, int] = {"volume": 3, "share": 2, "mood": 2}
"""The worst that alerts of a kind can be."""


def severity_of(kind: Kind, ratio: float, voices: int) -> tuple[int, str]:
    """Severity and its formula filled in.

    Points: one for each doubling over what is expected (at most 3), one for 10, 30 and 100 voices in the hour.
    5 or 6 points are severity 1, 4 are 2, 2 or 3 are 3, fewer are 4. Good news is always 4, attention without
    complaint at most 3, what rises at normal volume at most 2. A channel's silence is 3: it says nothing of customers,
    but all else is deaf to them there.
    """
    if kind == "silence":
        return 3, "a channel's silence is always 3"
    if kind == "delight":
        return 4, "good news is always 4"
    doublings = min(3, int(math.log2(max(ratio, 1.0))))
    crowd = sum(voices >= level for level in (10, 30, 100))
    points = doublings + crowd
    severity = 1 if points >= 5 else 2 if points == 4 else 3 if points >= 2 else 4
    earned = {1: "5 or 6", 2: "4", 3: "2 or 3", 4: "fewer than 2"}[severity]
    why = f"{doublings} for {ratio:g} times what is usual + {crowd} for {voices} voices an hour = {points}; "
    why += f"{earned} are severity {severity}"
    if severity < MOST.get(kind, 1):
        severity = MOST[kind]
        why += f", but {kind} is never worse than {severity}"
    return severity, why
