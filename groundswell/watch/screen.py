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
from textual.events import Resize
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
NARROW = 110
"""Columns; on fewer, what stands side by side stands one below the other, and the title tells the numbers alone."""
BARS_SHOWN = (60, 30, 20, 12, 6)
"""Bars of a sparkline, the widest that fits: so that each stands for as many minutes."""
FRAME = 4
"""Columns of a table that its border and its scroll bar take."""
GAP = 2
"""Columns beside each cell."""

Publish = Callable[[Silence | Acknowledgement], Awaitable[None]]
"""Writes it to the topic; raises what a person should read."""


class Source(Protocol):
    """Where records come from."""

    def fill(self, board: Board) -> bool:
        """Give the board what is new; True where anything is."""


class AskSilence(ModalScreen[str | None]):
    """Asks for how long."""

    CSS = """
    AskSilence { align: center middle; }
    #ask { width: 60; height: auto; border: round $warning; padding: 1 2; }
    #ask Label { width: 1fr; }
    """
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
    #top { height: auto; background: $primary-background; }
    #away { height: auto; background: $error; color: $text; display: none; }
    #alerts { height: 45%; }
    #low { height: 1fr; }
    #quotes { width: 3fr; border: round $primary; padding: 0 1; }
    #series { width: 2fr; height: 1fr; border: round $primary; }
    .-narrow #alerts { height: 1fr; }
    .-narrow #low { height: 3fr; layout: vertical; }
    .-narrow #quotes { width: 1fr; height: 1fr; }
    .-narrow #series { width: 1fr; height: 6; }
    """
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (NARROW, "-wide")]  # noqa: RUF012 - textual's.
    BINDINGS: ClassVar[list[BindingType]] = [
        ("a", "acknowledge", "Acknowledge"),
        ("s", "silence", "Silence"),
        ("space", "more", "More of it"),
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
        self._said: str | None = None
        """Of whom the pane tells."""
        self._bars = BARS_SHOWN[-1]

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
        """A look twice a second."""
        self.query_one("#series", DataTable).can_focus = False
        self.query_one("#alerts", DataTable).focus()
        self._lay_out(self.size.width)
        self.set_interval(REFRESH_SECONDS, self._refresh)

    def on_resize(self, event: Resize) -> None:
        """Columns as wide as there is room for."""
        self._lay_out(event.size.width)

    def _lay_out(self, width: int) -> None:
        self._chosen = self._pointed() or self._chosen  # Whose row goes now, and comes back.
        narrow = width < NARROW
        fixed = {"Sev": 3, "Voices": 6, "Expected": 8, "Since (UTC)": 11, "Told": 12}
        if narrow:
            # The title says how many there are, and how many are usual.
            fixed = {name: columns for name, columns in fixed.items() if name not in ("Voices", "Expected")}
        room = width - FRAME - sum(columns + GAP for columns in fixed.values()) - 2 * GAP
        brand = min(max(room // 4, 8), 24)
        alerts = {"Sev": 3, "Brand": brand, "What": max(room - brand, 8)} | fixed
        _columns(self.query_one("#alerts", DataTable), alerts)
        room = (width if narrow else width * 2 // 5) - FRAME - 4 * GAP - 4
        self._bars = max((it for it in BARS_SHOWN if it <= room // 2), default=BARS_SHOWN[-1])
        name = max((room - self._bars) // 2, 8)
        series = {"Brand": name, "Pain point": name, "1 h": 4, "the last hour": self._bars}
        _columns(self.query_one("#series", DataTable), series)
        self._draw()

    def _refresh(self) -> None:
        if self._source.fill(self.board):
            self._draw()

    @on(DataTable.RowHighlighted, "#alerts")
    def _highlighted(self) -> None:
        self._say()

    def _draw(self) -> None:
        rows = self.board.alerts(datetime.now(UTC))
        self._top(rows)
        table, chosen = self.query_one("#alerts", DataTable), self._pointed() or self._chosen
        with self.prevent(DataTable.RowHighlighted):
            table.clear()
            for row in rows:
                cells = _cells(row)
                table.add_row(*(cells[str(it.label)] for it in table.ordered_columns), key=row.alert.fingerprint)
            names = [row.alert.fingerprint for row in rows]
            if chosen not in names:
                chosen = names[0] if names else None
            if chosen is not None:
                table.move_cursor(row=names.index(chosen))
        self._chosen = chosen
        series = self.query_one("#series", DataTable)
        series.clear()
        for it in self.board.series(SERIES_SHOWN):
            bars = Text(sparkline(it.minutes, self._bars), style="cyan")
            series.add_row(Text(clean(it.brand)), Text(clean(it.pain_point)), str(it.voices), bars)
        self._say()

    def _top(self, rows: list[AlertRow]) -> None:
        rates = self.board.rates()
        flow = "looking …"  # What follows fits into 80 columns.
        if rates is not None:
            flow = f"{rates.arriving:,.1f}/s in · {rates.waiting:,} waiting · {rates.refused:,.1f}/s quarantined"
        left_out = f" · {self.board.unreadable:,} records could not be read" if self.board.unreadable else ""
        count = f"{len(rows):,} open alert{'' if len(rows) == 1 else 's'}"
        top = Text.assemble((self._place, "bold"), f" · {count} · {flow}{left_out}")
        self.query_one("#top", Static).update(top)
        away = self.query_one("#away", Static)
        away.display = self.board.away is not None
        away.update(Text(f"The broker is away; what stands here is the last that it told. {self.board.away or ''}"))

    def _say(self) -> None:
        alert = self._alert()
        said = show.alert(alert) if alert else Text("Nothing hurts more than usual.", style="dim")
        self.query_one("#said", Static).update(said)
        name = alert.fingerprint if alert else None
        if name != self._said:
            self._said = name
            self.query_one("#quotes", VerticalScroll).scroll_home(animate=False)

    def _alert(self) -> Alert | None:
        name = self._pointed()
        return self.board.alert(name) if name is not None else None

    def _pointed(self) -> str | None:
        """Whose row the cursor is on now; a key may come before the message that the cursor has moved."""
        table = self.query_one("#alerts", DataTable)
        if not table.row_count:
            return None
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value

    def action_more(self) -> None:
        """The next page of what is told of the chosen alert; behind the last, the first."""
        pane = self.query_one("#quotes", VerticalScroll)
        if pane.scroll_offset.y < pane.max_scroll_y:
            pane.scroll_page_down(animate=False)
        else:
            pane.scroll_home(animate=False)

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


def _columns(table: DataTable[object], widths: dict[str, int]) -> None:
    """Columns of these widths, without rows."""
    table.clear(columns=True)
    for label, width in widths.items():
        table.add_column(label, width=width)


def _cells(row: AlertRow) -> dict[str, Text]:
    """Column → what stands there."""
    alert = row.alert
    style = "bold green" if alert.kind == "delight" else show.SEVERITY[alert.severity]
    return {
        "Sev": Text(f" {alert.severity} ", style=style),
        "Brand": Text(clean(alert.brand)),
        "What": Text(clean(alert.title), style="bold"),
        "Voices": Text(f"{alert.observed:,}", justify="right"),
        "Expected": Text(f"{alert.expected:,.1f}", justify="right"),
        "Since (UTC)": Text(f"{alert.starts_at:%m-%d %H:%M}"),
        "Told": Text(row.muted or "yes", style="dim" if row.muted else ""),
    }
