"""The weekly report: its numbers by hand, what it refuses to say, and that nothing in it can act."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from groundswell.cli import app
from groundswell.digest.facts import Facts, IsoWeek, compared, ranked, wait
from groundswell.digest.page import html
from groundswell.digest.text import markdown
from schemas.base import epoch_ms
from tests.golden.path import WIRE, produced
from tests.support.records import DAY, HOUR, scored

WEEK = IsoWeek.parse("2026-W07")
MONDAY = epoch_ms(WEEK.start)


def facts(records: list[dict[str, Any]]) -> Facts:
    told = Facts("Acme", WEEK)
    for record in records:
        told.scored(record)
    return told


def late(number: int, at_ms: int, **fields: Any) -> dict[str, Any]:
    return scored(f"e{at_ms}-{number}", at_ms, author=f"a{number}", points=["late_delivery"], sentiment=-0.5, **fields)


def test_an_iso_week_is_monday_to_sunday() -> None:
    assert WEEK.start.isoformat() == "2026-02-09T00:00:00+00:00"
    assert WEEK.end - WEEK.start == timedelta(days=7)
    assert IsoWeek.parse("2026W7").name == "2026-W07"
    for wrong in ("2026-W54", "2026-07", "", "next"):
        with pytest.raises(ValueError, match="week"):
            IsoWeek.parse(wrong)


def test_voices_are_people_and_events_count_once_in_any_order() -> None:
    records = [late(n % 6, MONDAY + n * HOUR) for n in range(12)] + [late(n, MONDAY - DAY) for n in range(8)]
    records += [records[0], late(1, MONDAY + 7 * DAY), late(2, MONDAY - 8 * DAY)]
    records += [late(9, MONDAY, direction="agent"), late(9, MONDAY, brand="Other")]
    one, other = facts(records), facts(records[::-1])
    for told in (one, other):
        assert (len(told.this.voices), told.this.mentions) == (6, 12)
        assert (len(told.before.voices), told.before.mentions) == (8, 8)
        assert [len(day) for day in told.this.days] == [6, 0, 0, 0, 0, 0, 0]
    assert markdown(one) == markdown(other)
    assert html(one) == html(other)
    (point,) = ranked(one.pains.values())
    assert len(point.this.voices) == 6


@pytest.mark.parametrize(
    ("this", "before", "any_before", "said"),
    [
        (50, 40, True, "+25% against 40 the week before"),
        (30, 40, True, "-25% against 40 the week before"),
        (4, 3, True, "3 the week before: too few voices to say"),
        (9, 2, True, "up from 2"),
        (9, 0, False, "no week before to compare with"),
    ],
)
def test_weeks_are_compared_only_where_enough_spoke(this: int, before: int, any_before: bool, said: str) -> None:
    assert compared(this, before, any_before) == said


def test_waiting_is_told_as_people_do() -> None:
    assert [wait(s) for s in (0, 3_540, 5_400, 200_000)] == ["0 min", "59 min", "1 h 30 min", "2 d 7 h"]


def test_what_customers_wrote_cannot_act() -> None:
    nasty = '<script>alert(1)</script> ![x](http://evil.example/p.png) <img src=x onerror="y()">'
    records = [late(n, MONDAY, text=f"{nasty} {n}") for n in range(6)]
    for record in records:
        record["url"] = "javascript:alert(1)"
    told = facts(records)
    page, text = html(told), markdown(told)
    assert "<script" not in page and "<img" not in page and "javascript:" not in page
    assert not re.search(r"(?<!\\)[<\[]", text.replace("> ", "")) and "javascript:" not in text


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = html(facts([late(n, MONDAY) for n in range(6)]))
    assert not re.search(r"(src|srcset)=|@import|url\(|<link|<script", page)
    assert "prefers-color-scheme:dark" in page and "@media print" in page


def test_an_empty_week_says_so() -> None:
    told = facts([])
    assert "Nobody." in markdown(told)
    assert "Nothing that the catalog knows was named." in html(told)


def test_the_command_reads_what_replay_writes(tmp_path: Path) -> None:
    for topic, records in produced().items():
        lines = b"".join(orjson.dumps(record) + b"\n" for record in records)
        (tmp_path / f"{topic}.jsonl").write_bytes(lines)
    for name, sign in (("out.html", "<svg"), ("out.md", "## What hurt")):
        out = tmp_path / name
        week = ["--week", "2026-W10", "--from", str(tmp_path)]
        result = CliRunner().invoke(app, ["digest", "--brand", "Acme", *week, "--out", str(out)])
        assert result.exit_code == 0, result.output
        assert sign in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("week", "out", "source"),
    [("2026-W99", "a.md", WIRE), ("2026-W07", "a.pdf", WIRE), ("2026-W07", "a.md", Path("/nowhere"))],
)
def test_what_is_wrong_is_said(tmp_path: Path, week: str, out: str, source: Path) -> None:
    arguments = ["--week", week, "--out", str(tmp_path / out), "--from", str(source)]
    result = CliRunner().invoke(app, ["digest", "--brand", "Acme", *arguments])
    assert result.exit_code != 0
    assert not (tmp_path / out).exists()
