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
from groundswell.digest.charts import moods, spark
from groundswell.digest.facts import POINTS, Facts, ranked
from groundswell.digest.page import html
from groundswell.digest.summary import handoffs, lead
from groundswell.digest.text import markdown
from groundswell.digest.week import IsoWeek
from groundswell.digest.words import compared, share, shown, wait
from schemas.base import epoch_ms, stamp
from tests.golden.path import WIRE, produced
from tests.support.records import DAY, HOUR, scored

WEEK = IsoWeek.parse("2026-W07")
MONDAY = epoch_ms(WEEK.start)
NO_WEEK = "There is no week before to compare with."


def facts(records: list[dict[str, Any]]) -> Facts:
    told = Facts("Acme", WEEK)
    for record in records:
        told.scored(record)
    return told.close()


def late(number: int, at_ms: int, **fields: Any) -> dict[str, Any]:
    fields = {"author": f"a{number}", "points": ["late_delivery"], "sentiment": -0.5} | fields
    return scored(f"e{at_ms}-{number}", at_ms, **fields)


def everywhere(first_day: int = 0, last_day: int = 6) -> list[dict[str, Any]]:
    """Somebody is heard of another brand from the first day to the last, so that the days count as known."""
    edges = (MONDAY + first_day * DAY, MONDAY + (last_day + 1) * DAY - HOUR)
    return [scored(f"other{at_ms}", at_ms, brand="Other") for at_ms in edges]


def test_an_iso_week_is_monday_to_sunday() -> None:
    assert WEEK.start.isoformat() == "2026-02-09T00:00:00+00:00"
    assert WEEK.end - WEEK.start == timedelta(days=7)
    assert IsoWeek.parse("2026W7").name == "2026-W07"
    assert WEEK.dates == "Monday 9 to Sunday 15 February 2026, UTC"
    assert IsoWeek.parse("2025-W01").dates == "Monday 30 December 2024 to Sunday 5 January 2025, UTC"
    for wrong in ("2026-W54", "2026-07", "", "next"):
        with pytest.raises(ValueError, match="week"):
            IsoWeek.parse(wrong)


def test_voices_are_people_and_events_count_once_in_any_order() -> None:
    records = [late(n % 6, MONDAY + n * HOUR) for n in range(12)] + [late(n, MONDAY - DAY) for n in range(8)]
    records += [records[0], late(1, MONDAY + 7 * DAY), late(2, MONDAY - 8 * DAY)]
    records += [late(9, MONDAY, direction="agent"), late(9, MONDAY, brand="Other")]
    one, other = facts(records), facts(records[::-1])
    for told in (one, other):
        assert (told.this.count, told.this.mentions) == (6, 12)
        assert (told.before.count, told.before.mentions) == (8, 8)
        assert [len(day) for day in told.this.days] == [6, 0, 0, 0, 0, 0, 0]
    assert markdown(one) == markdown(other)
    assert html(one) == html(other)
    (point,) = ranked(one.pains.values())
    assert point.this.count == 6


def test_two_hundred_who_paste_one_text_are_one_voice_here_too() -> None:
    pasted = [late(n, MONDAY + n * 60_000, wording="abcdefghijklmnopqrstuvwx") for n in range(200)]
    told = facts([*pasted, late(999, MONDAY, wording="ABCDEFGHIJKLMNOPQRSTUVWX")])
    assert (told.this.count, told.this.mentions) == (2, 201)


def test_a_delight_of_who_is_unhappy_is_none() -> None:
    record = late(1, MONDAY) | {"delights": [{"id": "great_crew", "words": ["crew"], "sentiment": 0.8}]}
    assert facts([record]).delights == {}


def test_a_loud_voice_moves_the_mood_no_more_than_another() -> None:
    records = [late(0, MONDAY + n * HOUR, sentiment=-1.0) for n in range(40)]
    records += [late(n, MONDAY, sentiment=0.5) for n in range(1, 5)]
    told = facts(records)
    assert told.this.mood == pytest.approx(0.2)
    assert told.this.moods == {"negative": 1, "neutral": 0, "positive": 4}


@pytest.mark.parametrize(
    ("this", "before", "said"),
    [
        (100, 50, "up 100% from 50 the week before"),
        (25, 60, "down 58% from 60 the week before"),
        (45, 40, "about as many as the week before (40)"),
        (4, 3, "3 the week before"),
        (30, 6, "up from 6 the week before"),
        (900, 40, "up from 40 the week before"),
        (0, 30, "down 100% from 30 the week before"),
    ],
)
def test_a_change_is_told_where_chance_does_not_explain_it(this: int, before: int, said: str) -> None:
    assert compared(this, before) == said


def test_of_few_no_percentage_is_told() -> None:
    assert (share(1, 3), share(19, 19), share(10, 20)) == ("1 of 3", "19 of 19", "50%")


@pytest.mark.parametrize(
    ("first", "last", "note", "common"),
    [
        (-7, 6, "Compared with the week before.", 7),
        (-3, 6, "Compared with the week before by Friday, Saturday, Sunday, which both have whole.", 3),
        (-1, 6, "Too little of the week before was heard to compare with it.", 0),
        (-7, 1, "Heard until Tuesday 23:00 only. Too little of the week before was heard to compare with it.", 0),
        (1, 6, f"Heard from Tuesday 00:00 only. {NO_WEEK}", 0),
        (0, 6, NO_WEEK, 0),
    ],
)
def test_what_is_compared_is_said_once(first: int, last: int, note: str, common: int) -> None:
    before = [late(n, MONDAY - HOUR * (n + 1)) for n in range(30)] if first < 0 else []
    told = facts([*everywhere(first, last), *(late(n, MONDAY + DAY + HOUR) for n in range(9)), *before])
    assert len(told.coverage.common) == common
    for page in (markdown(told), html(told)):
        assert page.count(note) == 1
        assert ("the week before (" in page or "from 30 the week before" in page) == bool(common)


def test_the_lead_tells_the_numbers_of_the_tables() -> None:
    records = [late(n, MONDAY + (n % 7) * DAY) for n in range(21)]
    records += [late(100 + n, MONDAY + 2 * DAY, points=["checkout_fails"]) for n in range(14)]
    told = facts([*everywhere(), *records])
    text = markdown(told)
    sentences = dict(lead(told))
    assert sentences["Hurt most"] == "“Late delivery”: 21 voices of 35; then “Checkout fails” (14)."
    assert "### Late delivery: 21 voices" in text and "### Checkout fails: 14 voices" in text
    assert sentences["Changed"] == "Within the week “Checkout fails” leapt on Wednesday (14 voices, 0 on a usual day)."
    assert sentences["Needs a person"] == "Nobody."
    assert all(sentence.replace("“", "").split()[0] in text for sentence in sentences.values())


def test_what_moved_since_the_week_before_is_named() -> None:
    records = [late(n, MONDAY + n % 7 * DAY) for n in range(60)]
    records += [late(n, MONDAY - DAY) for n in range(20)]
    records += [late(200 + n, MONDAY + at, points=["checkout_fails"]) for n in range(30) for at in (DAY, -DAY)]
    told = facts([*everywhere(-7), *records])
    assert dict(lead(told))["Changed"] == "Against the week before “Late delivery” rose to 60 voices from 20."


def test_no_text_stands_under_two_points_and_the_plainest_comes_first() -> None:
    both = [
        late(n, MONDAY, points=["late_delivery", "checkout_fails"], text=f"It is number {n} of all.") for n in range(9)
    ]
    other = late(50, MONDAY, points=["late_delivery"], text="Late for once, not amused")
    other["pain_points"][0]["words"] = ["late", "once"]
    told = facts([*both, other])
    quotes = [quote.text for point in ranked(told.pains.values()) for quote in point.quotes]
    assert len(quotes) == len(set(quotes)) >= 2
    assert ranked(told.pains.values())[0].quotes[0].text == other["text"], "named by more than one word"
    page = html(told)
    assert all(page.count(quote) == 1 for quote in quotes)
    one = markdown(facts([late(1, MONDAY, points=["late_delivery", "checkout_fails"], text="Late and broken.")]))
    assert one.count("> Late and broken.") == one.count("is quoted above, under another point.") == 1


def test_waiting_is_told_as_people_do() -> None:
    assert [wait(s) for s in (0, 3_540, 5_400, 200_000)] == ["0 min", "59 min", "1 h 30 min", "2 d 7 h"]


def handoff(id_: str, reasons: list[str], at_ms: int, **fields: Any) -> dict[str, Any]:
    quote = {"text": f"Words of {id_}", "event_id": id_}
    record = {"id": id_, "revision": 1, "status": "open", "brand": "Acme", "author": id_, "source": "tickets"}
    return record | {"reasons": reasons, "waiting_since": stamp(at_ms), "contacts": 1, "quote": quote} | fields


def test_who_needs_a_person_most_comes_first() -> None:
    told = facts([*everywhere(), late(1, MONDAY)])
    told.handoff(handoff("first", ["repeat_contact"], MONDAY))
    told.handoff(handoff("pressing", ["urgent"], MONDAY + DAY))
    told.handoff(handoff("both", ["strong_emotion", "urgent"], MONDAY + 2 * DAY, contacts=2))
    told.handoff(handoff("same person", ["repeat_contact"], MONDAY, author="first", source="posts"))
    done = {"status": "answered", "answered_at": stamp(MONDAY + HOUR), "waited_seconds": 3_600.0}
    told.handoff(handoff("done", ["urgent"], MONDAY, **done))
    assert [said for _, said in handoffs(told)] == [
        f"Words of {it}" for it in ("both", "pressing", "first", "same person")
    ]
    assert handoffs(told)[0][0] == "tickets both: is upset and is urgent, wrote 2 times; waits for 5 d 0 h"
    sentence = dict(lead(told))["Needs a person"]
    assert sentence.startswith(
        "3 customers without an answer at the week's end: 2 are urgent, 1 is upset and 1 asks again."
    )
    assert sentence.endswith("1 got an answer, half of them within 1 h 0 min.")


def test_an_incident_is_told_once_with_its_parts() -> None:
    told = facts([late(1, MONDAY)])
    alert = {
        "brand": "Acme",
        "revision": 1,
        "starts_at": stamp(MONDAY),
        "updated_at": stamp(MONDAY + HOUR),
        "severity": 2,
    }
    alert |= {"recovery_seconds": None, "voices": 9, "pain_point": "late_delivery", "kind": "pain_point"}
    part = alert | {"fingerprint": "p", "title": "Late: 9 voices in 1 h", "incident": "i", "owner": "Logistics"}
    told.alert(part)
    told.alert(
        alert | {"fingerprint": "i", "title": "Late: 9", "kind": "incident", "pain_point": None, "parts": [part]}
    )
    text = markdown(told)
    assert text.count("Mon 00:00 “Late”: severity 2, 9 voices, still firing at the week’s end") == 1
    assert "Owner: Logistics." in text


def test_wants_of_several_are_told_once_with_how_many_have_them() -> None:
    texts = [
        "I want my money back!",
        "Hey, I want my money back.",
        "How do I change my address?",
        "Please look into it.",
    ]
    told = facts([late(n, MONDAY, text=text) for n, text in enumerate(texts)])
    text = markdown(told)
    assert f"- As a customer, I want “my money back”. *(2 voices: e{MONDAY}-0, e{MONDAY}-1)*" in text
    assert f"- As a customer, I want to know how to “change my address”. *(1 voice: e{MONDAY}-2)*" in text
    assert "look into it”" not in text


def test_what_customers_wrote_cannot_act() -> None:
    nasty = '<script>alert(1)</script> ![x](http://evil.example/p.png) <img src=x onerror="y()"> \u202egnihton'
    records = [late(n, MONDAY, text=f"{nasty} {n}") for n in range(6)]
    for record in records:
        record["url"] = "javascript:alert(1)"
    told = facts(records)
    told.handoff(handoff("h", ["urgent"], MONDAY, quote={"text": nasty, "event_id": "<b>"}))
    page, text = html(told), markdown(told)
    assert "<script" not in page and "<img" not in page and "javascript:" not in page and "<b>" not in text
    assert not re.search(r"(?<!\\)[<\[]", text.replace("> ", "")) and "javascript:" not in text
    assert "\u202e" not in page + text
    assert shown("a\x00b\u2066c\n d") == "abc d"


def test_other_scripts_and_endless_words_keep_their_place() -> None:
    page = html(facts([late(1, MONDAY, text="החבילה לא הגיעה"), late(2, MONDAY, text="A" + "a" * 900)]))
    assert '<div dir="auto">החבילה לא הגיעה</div>' in page
    assert "overflow-wrap:anywhere" in page
    assert max(map(len, re.findall(r"a{50,}", page))) < 300


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = html(facts([late(n, MONDAY) for n in range(6)]))
    assert not re.search(r"(src|srcset)=|@import|url\((?!#)|<link|<script", page)
    assert "screen and (prefers-color-scheme:dark)" in page and "@media print" in page


def test_charts_are_told_by_form_and_number() -> None:
    told = facts([*everywhere(-7), *(late(n, MONDAY + n % 7 * DAY) for n in range(40)), late(1, MONDAY - DAY)])
    (point,) = ranked(told.pains.values())
    heights = [float(height) for height in re.findall(r'height="([\d.]+)" class="painfill"', spark(point, "pain"))]
    counts = [len(day) for day in point.this.days]
    assert heights == [pytest.approx(22 * count / max(counts), abs=0.1) for count in counts]
    drawn = moods(told)
    assert "unhappy 100%" in drawn and "unhappy 1 of 1" in drawn and 'class="negative"' in drawn


def test_many_points_are_named_not_told() -> None:
    told = facts([late(n, MONDAY, points=[f"pain_{m}"]) for m in range(40) for n in range(m * 50, m * 50 + 40 - m)])
    for page in (markdown(told).replace("\\_", "_"), html(told)):
        assert "Also: Pain 5 (35), " in page and ", and 27 more." in page
    assert markdown(told).count("\n### ") == POINTS


def test_an_empty_week_says_so() -> None:
    told = facts([])
    for page in (markdown(told), html(told)):
        assert "Nobody was heard in 2026-W07." in page
        assert "Who needs a person" in page and "What hurt" not in page
    told = facts([scored("x", MONDAY - 30 * DAY)])
    assert told.coverage.note == "What was heard is from 10 January 2026 to 10 January 2026."


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
