"""``groundswell watch``: its board without a terminal, its screen by textual's own pilot."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.widgets import DataTable, Input, Label, Static
from typer.testing import CliRunner

from groundswell.cli import app
from groundswell.watch import board as limits
from groundswell.watch.board import Board, Offsets, sparkline
from groundswell.watch.screen import AskSilence, WatchScreen
from schemas.alerts import Alert, Quote
from schemas.metrics import Tally, WindowMetrics
from schemas.silences import Acknowledgement, Matchers, Silence, SilenceRecord
from streams.silencing import acknowledgement_id
from tests.support.alerts import alert

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def window(minute: int, voices: int, pain_point: str = "late_delivery", brand: str = "Acme") -> WindowMetrics:
    start = NOW + timedelta(minutes=minute)
    tally = Tally(
        mentions=voices, voices=voices, negative=voices, positive=0, sentiment=-0.5, effort=0, churn_risk=0,
        delight_share=0, top_voice_share=0,
    )  # fmt: skip
    return WindowMetrics(
        brand=brand,
        pain_point=pain_point,
        window_start=start,
        window_end=start + timedelta(minutes=1),
        closed=True,
        window=tally,
    )


def silence(it: Alert, hours: int = 2) -> Silence:
    return Silence(
        id="0" * 12,
        matchers=Matchers(brand=it.brand),
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=hours),
        created_at=NOW,
        created_by="ana",
    )


def acknowledged(it: Alert) -> Acknowledgement:
    return Acknowledgement(
        id=acknowledgement_id(it),
        fingerprint=it.fingerprint,
        starts_at=it.starts_at,
        title=it.title,
        created_at=NOW,
        created_by="ana",
    )


# The board.


def test_the_worst_is_first_what_is_over_goes_and_what_comes_again_changes_nothing() -> None:
    board = Board()
    mild, bad = alert("Mild", severity=3), alert("Bad", severity=1)
    end = alert("Bad", revision=3, reason="recovered", severity=1)
    for it in (mild, bad, alert("Nice", severity=1, kind="delight"), bad):
        board.take(it)
    assert [row.alert.brand for row in board.alerts(NOW)] == ["Bad", "Mild", "Nice"]
    board.take(end)
    board.take(alert("Bad", revision=2, severity=1))
    assert [row.alert.brand for row in board.alerts(NOW)] == ["Mild", "Nice"]
    board.take(alert("Bad", revision=4, reason="first", severity=1))
    assert [row.alert.brand for row in board.alerts(NOW)] == ["Bad", "Mild", "Nice"]


def test_it_says_which_alerts_people_are_not_told_of() -> None:
    board = Board()
    for it in (alert("A"), alert("B"), alert("C")):
        board.take(it)
    board.take(SilenceRecord(silence(alert("A"))))
    board.take(SilenceRecord(acknowledged(alert("B"))))
    told = {row.alert.brand: row.muted for row in board.alerts(NOW + timedelta(hours=1))}
    assert told == {"A": "silenced", "B": "acknowledged", "C": None}
    board.take(SilenceRecord(acknowledged(alert("B")).model_copy(update={"ended_at": NOW})))
    told = {row.alert.brand: row.muted for row in board.alerts(NOW + timedelta(hours=3))}
    assert told == dict.fromkeys("ABC")


def test_a_sparkline_is_the_last_hour_of_event_time_whatever_the_order() -> None:
    board = Board()
    windows = [window(0, 3), window(59, 5), window(30, 1), window(59, 6), window(59, 9, "price"), window(59, 99, "*")]
    for it in windows:
        board.take(it)
    late, price = board.series(10)
    assert (late.voices, price.pain_point, price.voices) == (10, "price", 9)
    assert (late.minutes[0], late.minutes[30], late.minutes[59]) == (3, 1, 6)
    board.take(window(60, 0, "*"))  # Time goes on where nobody names it.
    price, late = board.series(10)
    assert (late.voices, late.minutes[29], late.minutes[58:]) == (7, 1, (6, 0))
    assert sparkline([0] * 30 + [1] * 30, 2) == "▁█"


def test_rates_are_those_between_looks_and_begin_anew_with_the_topics() -> None:
    board = Board()
    board.take(Offsets(10.0, 100, 5, 7))
    assert board.rates() is None
    board.take(Offsets(20.0, 300, 10, 3))
    rates = board.rates()
    assert rates is not None
    assert (rates.arriving, rates.refused, rates.waiting) == (20.0, 0.5, 3)
    board.take(Offsets(30.0, 4, 0, 0))
    assert board.rates() is None


def test_what_it_holds_is_bounded(monkeypatch: Any) -> None:
    for name in ("ALERTS_KEPT", "SERIES_KEPT", "BRANDS_KEPT", "MUTES_KEPT"):
        monkeypatch.setattr(limits, name, 3)
    board = Board()
    for number in range(10):
        board.take(alert(f"B{number}", severity=1 + number % 4))
        board.take(window(number, 1, brand=f"B{number}"))
        board.take(window(number, 1, f"p{number}", brand="B9"))
        board.take(SilenceRecord(silence(alert()).model_copy(update={"id": f"{number:012x}"})))
        board.take(alert(f"Over{number}", reason="recovered"))
    held = (board._alerts, board._over, board._series, board._newest, board._silences)
    assert [len(it) for it in held] == [3] * 5
    assert {row.alert.severity for row in board.alerts(NOW)} == {1}


# The screen.


class Told:
    """What the topics bring, in batches."""

    def __init__(self, *batches: list[Any]) -> None:
        self.batches = list(batches)

    def fill(self, board: Board) -> bool:
        if not self.batches:
            return False
        for value in self.batches.pop(0):
            if isinstance(value, str):
                board.away = value
            else:
                board.take(value)
        return True


class Written:
    """The topic ``silences``."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.records: list[Any] = []
        self._failure = failure

    async def publish(self, record: Silence | Acknowledgement) -> None:
        if self._failure is not None:
            raise self._failure
        self.records.append(record)


def quoted(brand: str, text: str, **changed: Any) -> Alert:
    quote = Quote(text=text, created_at=NOW, source="posts", channel="x", event_id="1")
    return alert(brand, title=f"{brand} is late", quotes=[quote], **changed)


def shown(screen: WatchScreen, of: str) -> str:
    return str(screen.query_one(of, Static).render())


def test_arrows_choose_whose_quotes_are_shown_and_the_choice_survives_news() -> None:
    source = Told([quoted("Acme", "Third week!", severity=1), quoted("Zeta", "Where is \x1b[31mit?", severity=2)])
    screen = WatchScreen(Board(), source, Written().publish, "ana", "127.0.0.1:9092")

    async def use() -> None:
        async with screen.run_test(size=(140, 40)) as pilot:
            screen._refresh()
            await pilot.pause()
            table = screen.query_one("#alerts", DataTable)
            assert table.row_count == 2
            assert "Third week!" in shown(screen, "#said")
            await pilot.press("down")
            await pilot.pause()
            assert "Where is �[31mit?" in shown(screen, "#said")
            source.batches.append([quoted("New", "Worse!", severity=1), window(1, 4), "nobody answers at port 1"])
            screen._refresh()
            await pilot.pause()
            assert (table.row_count, table.cursor_row) == (3, 2)
            assert "Where is" in shown(screen, "#said")
            assert screen.query_one("#series", DataTable).row_count == 1
            assert "nobody answers" in shown(screen, "#away")
            assert "3 open alerts" in shown(screen, "#top")

    asyncio.run(use())


def test_keys_acknowledge_and_silence_the_chosen_alert() -> None:
    written = Written()
    it = quoted("Acme", "Third week!")
    screen = WatchScreen(Board(), Told([it]), written.publish, "ana", "127.0.0.1:9092")

    async def use() -> None:
        async with screen.run_test(size=(140, 40)) as pilot:
            screen._refresh()
            await pilot.press("a", "s")
            await pilot.pause()
            field = screen.screen.query_one(Input)
            await pilot.press("x", "enter")
            await pilot.pause()
            assert isinstance(screen.screen, AskSilence)
            assert "write it as 30m" in str(screen.screen.query_one("#problem", Label).render())
            field.value = "1h30m"
            await pilot.press("enter")
            await pilot.pause()
            await pilot.press("s")
            await pilot.pause()
            await pilot.press("escape")
            await pilot.pause()

    asyncio.run(use())
    ack, kept_quiet = written.records
    assert (ack.id, ack.fingerprint, ack.created_by) == (acknowledgement_id(it), it.fingerprint, "ana")
    assert kept_quiet.ends_at - kept_quiet.starts_at == timedelta(hours=1, minutes=30)
    assert kept_quiet.matchers == Matchers(fingerprint=it.fingerprint)


def test_a_broker_that_does_not_take_it_is_said_and_survived() -> None:
    written = Written(ConnectionError("nobody answers [there]"))
    source = Told()
    screen = WatchScreen(Board(), source, written.publish, "ana", "127.0.0.1:1")

    async def use() -> None:
        async with screen.run_test(size=(140, 40), notifications=True) as pilot:
            await pilot.press("a")  # Nothing is chosen yet.
            assert not screen._notifications
            source.batches.append([quoted("Acme", "Third week!")])
            screen._refresh()
            await pilot.press("a")
            await pilot.pause()
            (note,) = screen._notifications
            assert (note.severity, note.message) == ("error", "nobody answers [there]")

    asyncio.run(use())


def test_without_a_terminal_it_says_what_to_use_instead() -> None:
    result = CliRunner().invoke(app, ["watch"], prog_name="groundswell")
    assert result.exit_code == 2
    assert "groundswell tail alerts" in result.stderr
