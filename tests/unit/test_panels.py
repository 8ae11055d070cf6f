"""The dashboards' queries, asked of a real Prometheus that has watched the demo's week go by."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import generate_latest

from groundswell.demo.week import week
from streams import replay
from streams.catalog import Catalogs
from streams.detection import detector
from streams.listener import Listener
from streams.recorded import RecordedEvent
from streams.scoring import Pseudonyms, Scorer
from streams.telemetry import Telemetry
from tests.support.prometheus import asked, prometheus
from tests.unit.test_dashboards import expressions

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yml"
LOOKS = 40
"""How often Prometheus looks while the week goes by: every four hours of it."""


class Shop:
    """The demo's week, heard by the real reader and listener, which pause whenever Prometheus is to look."""

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        self.heard: list[Listener] = []
        self.telemetry.voices.listeners = lambda: self.heard
        self.looked = threading.Event()

    def serve(self) -> ThreadingHTTPServer:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = generate_latest(shop.telemetry.registry)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)
                shop.looked.set()

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def play(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def remembered(*arguments: Any, **options: Any) -> Listener:
            self.heard.append(Listener(*arguments, **options))
            return self.heard[-1]

        monkeypatch.setattr(replay, "Listener", remembered)
        records = week()
        catalogs = Catalogs.load(("generic", "subscription-shop", "mobile-app"), {})
        each = (records[-1].time_ms - records[0].time_ms) // LOOKS
        for _ in replay.replay(
            self.paced(records, each),
            scorer=Scorer(catalogs, Pseudonyms(b"a key of the tests")), catalogs=catalogs, detector=detector("surge"),
            lateness_ms=600_000, future_ms=600_000, now_ms=time.time_ns() // 1_000_000, frame=25,
        ):  # fmt: skip
            pass
        self.look()

    def paced(self, records: Any, each: int) -> Iterator[tuple[Any, RecordedEvent]]:
        due = records[0].time_ms + each
        for it in records:
            if it.time_ms >= due:
                due += each
                self.look()
            yield it.source, RecordedEvent(it.key, it.value, it.time_ms)

    def look(self) -> None:
        """Wait until Prometheus has: nothing changes meanwhile."""
        self.looked.clear()
        assert self.looked.wait(60)


def test_every_panel_of_voices_has_data_and_no_query_errs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop()
    server = shop.serve()
    scrape = {
        "job_name": "groundswell", "scrape_interval": "200ms", "scrape_timeout": "200ms",
        "static_configs": [{"targets": [f"127.0.0.1:{server.server_port}"]}],
    }  # fmt: skip
    config = {"scrape_configs": [scrape], "rule_files": [str(RULES)], "global": {"evaluation_interval": "1s"}}
    try:
        with prometheus(tmp_path, config) as database:
            began = time.time()
            shop.play(monkeypatch)
            time.sleep(0.5)
            empty = [where for where, expression in expressions() if not asked_of(database, expression, began)]
    finally:
        server.shutdown()
        server.server_close()
    assert [where for where in empty if where.startswith("voices: ")] == []


def asked_of(database: str, expression: str, began: float) -> list[Any]:
    """What a panel would show of the whole week.

    Raises:
        urllib.error.HTTPError: Prometheus does not take the query.
    """
    for variable, value in (("$__rate_interval", "10s"), ("$brand", ".*"), ("$pain_point", ".*")):
        expression = expression.replace(variable, value)
    span = {"start": str(began), "end": str(time.time()), "step": "0.2"}
    answer = asked(f"{database}/api/v1/query_range", query=expression, **span)
    result = list(answer["data"]["result"])
    if path := os.environ.get("GROUNDSWELL_TEST_PANELS"):  # To look at what the panels would show.
        with Path(path).open("ab") as file:
            shown = [(it["metric"], max(float(value) for _, value in it["values"])) for it in result]
            file.write(orjson.dumps({"expression": expression, "series": shown}) + b"\n")
    return [it for it in result if any(value != "NaN" for _, value in it["values"])]
