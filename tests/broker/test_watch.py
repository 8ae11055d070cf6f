"""``groundswell watch`` on a real terminal and a real broker: seen, used, resized and left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from schemas.alerts import Quote
from streams.broker import Broker
from streams.settings import Settings
from tests.broker.pipeline import PATIENCE, Pipeline
from tests.broker.test_silences import OnCall
from tests.support.alerts import alert
from tests.support.terminal import ENDED, terminal


def test_it_is_watched_and_used_on_a_terminal(broker: Broker, settings: Settings, tmp_path: Path) -> None:
    quote = Quote(
        text="Dritte Woche – wo ist es? 📦", created_at=alert().starts_at, source="posts", channel="x", event_id="1"
    )
    acme = alert(title="Orders are late: 20 voices in 1 h, 1.0 expected", severity=1, quotes=[quote])
    with Pipeline(settings, broker.address, tmp_path) as pipeline, terminal(tmp_path) as screen:
        oncall = OnCall(pipeline)
        oncall.publish(acme, alert("Zeta", severity=3))
        command = [sys.executable, "-m", "groundswell", "watch", "--by", "ana"]
        screen.run(command, oncall.environment, columns=80, rows=24)

        def until(look: Callable[[], bool]) -> None:
            deadline = time.monotonic() + PATIENCE
            while not look():
                assert time.monotonic() < deadline, screen.screen()
                time.sleep(0.1)

        def shows(*texts: str) -> None:
            until(lambda: all(it in screen.screen() for it in texts))

        def row(brand: str) -> str:
            return next(
                (line for line in screen.screen().splitlines() if line.strip()[1:].strip().startswith(brand)), ""
            )

        # The smallest terminal that there is shows all of a row, and on the next page what people say.
        shows("Orders are late", "Zeta", "Acknowledge", "2 open alerts · 0.0/s in", "quarantined\n")
        assert row("Acme").split()[-1] == "yes" and "03-02 00:00" in row("Acme")
        assert "Expected" not in screen.screen()

        screen.press("Space")
        shows("Dritte Woche – wo ist es? 📦")

        # Keys: the chosen one is acknowledged; the next is silenced for as long as is typed.
        screen.press("a")
        until(lambda: row("Acme").endswith("acknowledged"))
        screen.press("Down", "s")  # As fast as that: it is the one below that is meant.
        shows("Silence “late_delivery", "long?")
        screen.press("2", "h", "Enter")
        until(lambda: row("Zeta").endswith("silenced"))

        # On a wide one everything is side by side.
        screen.resize(200, 60)
        shows("Expected", "Zeta")
        assert max(len(line) for line in screen.screen().splitlines()) > 150
        screen.press("q")
        shows(f"{ENDED} 0")
        assert oncall.command("silence", "list")["created_by"] == "ana"
