"""A week, and how much of it and of the one before was listened to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ENOUGH_DAYS = 3
"""Whole days that two weeks must have in common to be compared."""

MARGIN = timedelta(hours=6)
"""A day counts as whole where nothing was heard for so long at its ends: at night, few speak."""

_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})")


@dataclass(frozen=True, slots=True)
class IsoWeek:
    """Monday to Sunday, UTC."""

    start: datetime

    @classmethod
    def parse(cls, text: str) -> IsoWeek:
        """From ``2026-W07``.

        Raises:
            ValueError: There is no such week.
        """
        matched = _WEEK.fullmatch(text.strip())
        if matched is None:
            raise ValueError(f"{text!r} is no week: give an ISO week such as 2026-W07")
        monday = date.fromisocalendar(int(matched[1]), int(matched[2]), 1)
        return cls(datetime(monday.year, monday.month, monday.day, tzinfo=UTC))

    @property
    def end(self) -> datetime:
        """The next Monday, which is not part of it."""
        return self.start + timedelta(days=7)

    @property
    def name(self) -> str:
        """``2026-W07``."""
        year, week, _ = self.start.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def dates(self) -> str:
        """``Monday 9 to Sunday 15 February 2026, UTC``."""
        last = self.end - timedelta(days=1)
        year = f" {self.start.year}" if self.start.year != last.year else ""
        month = f" {self.start:%B}{year}" if self.start.month != last.month else ""
        return f"{self.start:%A %-d}{month} to {last:%A %-d %B %Y}, UTC"

    def whole_days(self, first: datetime, last: datetime) -> list[int]:
        """Days of it (0: Monday) that lie between the first and the last thing that was heard of anybody."""
        days = []
        for day in range(7):
            begins = self.start + timedelta(days=day)
            if first <= begins + MARGIN and last >= begins + timedelta(days=1) - MARGIN:
                days.append(day)
        return days


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of the week, and of the week before, can be told and compared."""

    days: Sequence[int]
    """Whole days of the week."""
    common: Sequence[int]
    """Those that the week before has whole as well; empty where the weeks are not compared."""
    note: str
    """What is compared with what, for the reader: said once, at the top."""

    @classmethod
    def of(cls, week: IsoWeek, first: datetime | None, last: datetime | None, *, any_before: bool) -> Coverage:
        """From the first and the last moment at which anybody of any brand was heard."""
        if first is None or last is None:
            return cls((), (), "Nothing was heard at all.")
        if first >= week.end or last < week.start:
            return cls((), (), f"What was heard is from {first:%-d %B %Y} to {last:%-d %B %Y}.")
        days = week.whole_days(first, last)
        before = IsoWeek(week.start - timedelta(days=7)).whole_days(first, last)
        part = ""
        if len(days) < 7:
            since = f" from {first:%A %H:%M}" if first > week.start + MARGIN else ""
            until = f" until {last:%A %H:%M}" if last < week.end - MARGIN else ""
            part = f"Heard{since}{until} only. " if since or until else ""
        common = [day for day in days if day in before] if any_before else []
        if not any_before:
            return cls(days, (), f"{part}There is no week before to compare with.")
        if len(common) < ENOUGH_DAYS:
            return cls(days, (), f"{part}Too little of the week before was heard to compare with it.")
        if len(common) == 7:
            return cls(days, common, "Compared with the week before.")
        names = ", ".join(DAYS[day] for day in common)
        return cls(days, common, f"{part}Compared with the week before by {names}, which both have whole.")
