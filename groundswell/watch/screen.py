"""The screen: shows the board, and turns keys into acknowledgements and silences."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Protocol

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, Input, Label, Static

from groundswell.cli import show
from groundswell.cli.failures import UsageError
from groundswell.cli.moments import duration
from groundswell.cli.output import clean
from groundswell.watch.board import AlertRow, Board, sparkline
from schemas.alerts import Alert
from schemas.silences import LONGEST, Acknowledgement, Matchers, Silence
from streams.silencing import acknowledgement_id

REFRESH_SECONDS = 0.5
SERIES_SHOWN = 40
SPARK_BARS = 30

Publish = Callable[[Silence | Acknowledgement], Awaitable[None]]
"""Writes it to the topic; raises what a person should read."""


class Source(Protocol):
    """Where records come from."""

    def fill(self, board: Board) -> bool:
        """Give the board what is new; True where anything is."""


class AskSilence(ModalScreen[str | None]):
    """Asks for how long."""

    CSS = "AskSilence { align: center middle; } #ask { width: 60; height: auto; border: round $warning; padding: 1 2; }"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Leave it")]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        """See ``Screen``."""
        with Vertical(id="ask"):
            yield Label(Text(f"Silence “{self._title}” for how long? (30m, 2h, 1d; Esc leaves it)"))
            yield Input("2h", id="lasting")
            yield Label("", id="problem")

    def on_mount(self) -> None:
        """What is typed is the answer."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            lasting = duration(event.value.strip())
            if not timedelta(0) < lasting <= LONGEST:
                raise UsageError(f"it may last {LONGEST.days} days at most, and not nothing")
        except UsageError as error:
            self.query_one("#problem", Label).update(Text(str(error), style="bold red"))
            return
        self.dismiss(event.value.strip())


class WatchScreen(App[None]):
    """Open alerts, what people say in the chosen one, rates, and a sparkline for each pain point.

    Args:
        board: The state; this only draws it.
        source: Asked for news twice a second.
        publish: Writes a silence or an acknowledgement.
        who: Who presses the keys.
        place: The broker, for the title.
    """

    TITLE = "groundswell watch"
    CSS = """
    #top { height: 1; background: $primary-background; }
    #away { height: auto; background: $error; color: $text; display: none; }
    #alerts { height: 45%; }
    #low { height: 1fr; }
    #quotes { width: 3fr; border: round $primary; padding: 0 1; }
    #series { width: 2fr; border: round $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("a", "acknowledge", "Acknowledge"),
        ("s", "silence", "Silence"),
        ("q", "quit", "Quit"),
    ]

    def __init__(self, board: Board, source: Source, publish: Publish, who: str, place: str) -> None:
        super().__init__()
        self.board = board
        self._source = source
        self._publish = publish
        self._who = who
        self._place = place
        self._chosen: str | None = None

    def compose(self) -> ComposeResult:
        """See ``App``."""
        yield Static(id="top")
        yield Static(id="away")
        yield DataTable(id="alerts", cursor_type="row", zebra_stripes=True)
        with Horizontal(id="low"):
            with VerticalScroll(id="quotes"):
                yield Static(id="said")
            yield DataTable(id="series", cursor_type="none")
        yield Footer()

    def on_mount(self) -> None:
        """Columns, and a look twice a second."""
        alerts, series = self.query_one("#alerts", DataTable), self.query_one("#series", DataTable)
        alerts.add_columns("Sev", "Brand", "What", "Voices", "Expected", "Since (UTC)", "Told")
        series.add_columns("Brand", "Pain point", "1 h", "the last hour")
        series.can_focus = False
        alerts.focus()
        self._draw()
        self.set_interval(REFRESH_SECONDS, self._refresh)

    def _refresh(self) -> None:
        if self._source.fill(self.board):
            self._draw()

    @on(DataTable.RowHighlighted, "#alerts")
    def _highlighted(self, event: DataTable.RowHighlighted) -> None:
        # While the table is filled anew its cursor jumps about; what was chosen is what stands there afterwards.
        key = event.row_key.value if event.row_key else None
        if key is not None and self.board.alert(key) is not None and event.data_table.row_count:
            self._chosen = key
            self._say()

    def _draw(self) -> None:
        rows = self.board.alerts(datetime.now(UTC))
        self._top(rows)
        table, chosen = self.query_one("#alerts", DataTable), self._chosen
        with self.prevent(DataTable.RowHighlighted):
            table.clear()
            for row in rows:
                table.add_row(*_cells(row), key=row.alert.fingerprint)
            names = [row.alert.fingerprint for row in rows]
            if chosen not in names:
                chosen = names[0] if names else None
            if chosen is not None:
                table.move_cursor(row=names.index(chosen))
        self._chosen = chosen
        series = self.query_one("#series", DataTable)
        series.clear()
        for it in self.board.series(SERIES_SHOWN):
            bars = Text(sparkline(it.minutes, SPARK_BARS), style="cyan")
            series.add_row(Text(clean(it.brand)), Text(clean(it.pain_point)), str(it.voices), bars)
        self._say()

    def _top(self, rows: list[AlertRow]) -> None:
        rates = self.board.rates()
        flow = "looking …"
        if rates is not None:
            flow = f"{rates.arriving:,.1f} events/s · {rates.waiting:,} waiting · {rates.refused:,.1f} quarantined/s"
        left_out = f" · {self.board.unreadable:,} records could not be read" if self.board.unreadable else ""
        top = Text.assemble(("groundswell ", "bold"), f"{self._place}   {len(rows)} open alerts · {flow}{left_out}")
        self.query_one("#top", Static).update(top)
        away = self.query_one("#away", Static)
        away.display = self.board.away is not None
        away.update(Text(f"The broker is away; what stands here is the last that it told. {self.board.away or ''}"))

    def _say(self) -> None:
        said, alert = self.query_one("#said", Static), self._alert()
        said.update(show.alert(alert) if alert else Text("Nothing hurts more than usual.", style="dim"))

    def _alert(self) -> Alert | None:
        return self.board.alert(self._chosen) if self._chosen else None

    async def action_acknowledge(self) -> None:
        """Acknowledge the chosen alert: it reminds no more."""
        alert = self._alert()
        if alert is None:
            return
        await self._write(
            Acknowledgement(
                id=acknowledgement_id(alert),
                fingerprint=alert.fingerprint,
                starts_at=alert.starts_at,
                detected_at=alert.detected_at,
                title=f"{alert.brand}: {alert.title}"[:1_000],
                created_at=datetime.now(UTC),
                created_by=self._who,
                comment="from groundswell watch",
            )
        )

    def action_silence(self) -> None:
        """Ask for how long, and keep the chosen alert from people."""
        alert = self._alert()
        if alert is None:
            return

        async def silence(lasting: str | None) -> None:
            if lasting is None:
                return
            now = datetime.now(UTC)
            await self._write(
                Silence(
                    id=secrets.token_hex(6),
                    matchers=Matchers(fingerprint=alert.fingerprint),
                    starts_at=now,
                    ends_at=now + duration(lasting),
                    created_at=now,
                    created_by=self._who,
                    comment="from groundswell watch",
                )
            )

        self.push_screen(AskSilence(clean(alert.title)), silence)

    async def _write(self, record: Silence | Acknowledgement) -> None:
        try:
            await self._publish(record)
        except Exception as error:
            # Whatever it was: the screen goes on, and whoever pressed the key has to know that nothing was written.
            self.notify(clean(str(error)) or type(error).__name__, title="Not written", severity="error", markup=False)
            return
        what = "Silence" if isinstance(record, Silence) else "Acknowledgement"
        self.notify(f"{what} {record.id} is on the topic. To end it: groundswell silence end {record.id}", markup=False)


def _cells(row: AlertRow) -> tuple[Text, ...]:
    alert = row.alert
    style = "bold green" if alert.kind == "delight" else show.SEVERITY[alert.severity]
    return (
        Text(f" {alert.severity} ", style=style),
        Text(clean(alert.brand)),
        Text(clean(alert.title), style="bold"),
        Text(f"{alert.observed:,}", justify="right"),
        Text(f"{alert.expected:,.1f}", justify="right"),
        Text(f"{alert.starts_at:%m-%d %H:%M}"),
        Text(row.muted or "yes", style="dim" if row.muted else ""),
    )
