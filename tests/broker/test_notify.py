"""Telling people, with a real worker: a real Alertmanager, and a webhook that is down, slow, broken, and comes back."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

from streams.broker import Broker
from streams.receivers.webhook import signature
from streams.settings import Settings
from streams.topics import RECEIPTS
from tests.broker.pipeline import Pipeline, eventually, stop
from tests.broker.test_silences import OnCall
from tests.support.alerts import alert
from tests.support.prometheus import alertmanager, asked, free_port, program

SECRET = "a secret of many characters"


class Hook:
    """A webhook of somebody's, whose answers and moods are set from outside."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.answer = 200
        self.slow = 0.0
        self.tried = 0
        self.bodies: list[Any] = []
        self.forged = 0

    @contextmanager
    def running(self) -> Iterator[str]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.tried += 1
                time.sleep(hook.slow)
                timestamp = self.headers.get("groundswell-timestamp", "")
                if "groundswell-signature" in self.headers:
                    genuine = signature(SECRET.encode(), timestamp, body)
                    hook.forged += self.headers["groundswell-signature"] != genuine
                if hook.answer < 300:
                    hook.bodies.append(orjson.loads(body))
                try:
                    self.send_response(hook.answer)
                    self.end_headers()
                except OSError:
                    pass  # Whoever asked has not waited.

            def log_message(self, *_: object) -> None: ...

        ThreadingHTTPServer.allow_reuse_address = True
        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{self.port}/"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def told(self) -> list[tuple[str, int]]:
        return [(it["brand"], it["revision"]) for it in self.bodies]


def route_all(folder: Path, **receivers: dict[str, Any]) -> str:
    """A routes file by which everybody is told everything; gives its path."""
    lines = [
        line
        for name, table in receivers.items()
        for line in (
            f"[receivers.{name}]",
            *(f"{key} = {orjson.dumps(value).decode()}" for key, value in table.items()),
        )
    ]
    file = folder / "routes.toml"
    file.write_text("\n".join([*lines, "[[routes]]", f"to = {orjson.dumps(list(receivers)).decode()}"]), "utf-8")
    return str(file)


def outcomes(pipeline: Pipeline, receiver: str) -> dict[str, str]:
    """``brand/revision`` → what became of it last, by the topic."""
    newest = dict(pipeline.held(RECEIPTS))
    return {f"{it['brand']}/{it['revision']}": it["outcome"] for it in newest.values() if it["receiver"] == receiver}


def test_alertmanager_fires_is_silenced_on_both_sides_and_resolves(
    broker: Broker, settings: Settings, tmp_path: Path
) -> None:
    amtool, paged = program("amtool"), Hook()
    with Pipeline(settings, broker.address, tmp_path) as pipeline, paged.running() as pager:
        oncall = OnCall(pipeline)
        config = {
            "route": {
                "receiver": "pager", "group_by": ["fingerprint"], "group_wait": "0s", "group_interval": "1s",
                "repeat_interval": "1h",
            },
            "receivers": [{"name": "pager", "webhook_configs": [{"url": pager, "send_resolved": True}]}],
        }  # fmt: skip
        with alertmanager(tmp_path, config) as address:

            def shown() -> dict[str, Any]:
                return {it["labels"]["brand"]: it for it in asked(f"{address}/api/v2/alerts")}

            def pages() -> list[tuple[str, str]]:
                return [(it["labels"]["brand"], it["status"]) for body in paged.bodies for it in body["alerts"]]

            routes = route_all(tmp_path, am={"type": "alertmanager", "url": address, "resend": "1s"})
            ours = oncall.command("silence", "--brand", "Hushed", "--for", "1h", "--why", "known")
            pipeline.start(GROUNDSWELL_ROUTES=routes)

            # It fires, and goes on firing: its end is put off again and again.
            oncall.publish(alert(), alert("Hushed"))
            eventually(lambda: sorted(shown()), ["Acme"], patience=60, why=pipeline.logs)
            first = shown()["Acme"]
            assert first["startsAt"] == "2026-03-02T00:00:00.000Z"
            assert datetime.fromisoformat(first["endsAt"]) > datetime.now(UTC)
            assert first["annotations"]["summary"].startswith("FIRING")
            eventually(lambda: shown()["Acme"]["endsAt"] > first["endsAt"], True, patience=30)
            time.sleep(5)  # Longer than its first end lay ahead: it is there because it was sent again.
            assert shown()["Acme"]["status"]["state"] == "active"

            # Silenced over there: it is suppressed. Ours, which has kept the other brand from it, ends: it comes.
            silence = [amtool, f"--alertmanager.url={address}", "silence", "add", "brand=Acme", "--comment=known"]
            subprocess.run([*silence, "--author=ana", "--duration=1h"], check=True, capture_output=True)
            eventually(lambda: shown()["Acme"]["status"]["state"], "suppressed", patience=30)
            oncall.command("silence", "end", ours["id"])
            eventually(lambda: sorted(shown()), ["Acme", "Hushed"], patience=30, why=pipeline.logs)
            query = [amtool, f"--alertmanager.url={address}", "alert", "query", "--output=json", "brand=Hushed"]
            (listed,) = orjson.loads(subprocess.run(query, check=True, capture_output=True).stdout)
            assert set(listed["labels"]) == {"alertname", "brand", "kind", "pain_point", "fingerprint"}

            # It gets worse under the same labels, and is over: Alertmanager says so to its people.
            worse = alert("Hushed", revision=2, reason="severity_rose", severity=1)
            over = alert("Hushed", revision=3, reason="recovered", severity=1)
            oncall.publish(worse)
            eventually(lambda: shown()["Hushed"]["annotations"]["severity"], "1", patience=30)
            oncall.publish(over)
            eventually(lambda: sorted(shown()), ["Acme"], patience=30, why=pipeline.logs)
            eventually(lambda: ("Hushed", "resolved") in pages(), True, patience=30)
            end = next(it["endsAt"] for body in paged.bodies for it in body["alerts"] if it["status"] == "resolved")
            assert datetime.fromisoformat(end) == over.ends_at
            assert [page for page in pages() if page[0] == "Acme"] == [("Acme", "firing")]

            # Over there nobody minds a worker that restarts: what fires is sent by the next one.
            stop(pipeline.workers[0])
            pipeline.start(GROUNDSWELL_ROUTES=routes)
            eventually(
                lambda: shown().get("Acme", {}).get("updatedAt", "") > str(datetime.now(UTC) - timedelta(seconds=3)),
                True,
                patience=60,
            )
            assert outcomes(pipeline, "am") == {
                "Acme/1": "delivered",
                "Hushed/1": "delivered",
                "Hushed/2": "delivered",
                "Hushed/3": "delivered",
            }


def test_a_receiver_that_is_down_slow_or_broken_keeps_nobody_waiting_and_misses_nothing(
    broker: Broker, settings: Settings, tmp_path: Path
) -> None:
    sick, well, port = Hook(free_port()), Hook(), free_port()
    with Pipeline(settings, broker.address, tmp_path) as pipeline, well.running() as address:
        oncall = OnCall(pipeline)
        routes = route_all(
            tmp_path,
            sick={"type": "webhook", "url": f"http://127.0.0.1:{sick.port}/", "secret": SECRET, "timeout": "1s"},
            well={"type": "webhook", "url": address, "secret": SECRET},
        )
        worker = pipeline.start(GROUNDSWELL_ROUTES=routes, GROUNDSWELL_METRICS_PORT=str(port))

        # Nobody is there: the other one is told, and the partition is finished.
        oncall.publish(alert("A"), alert("B"))
        eventually(lambda: sorted(well.told()), [("A", 1), ("B", 1)], patience=60, why=pipeline.logs)
        eventually(lambda: "retrying" in outcomes(pipeline, "sick").values(), True, patience=30)

        # It answers 500, then too slowly.
        with sick.running():
            sick.answer = 500
            tried = sick.tried
            eventually(lambda: sick.tried > tried, True, patience=60)
            sick.answer, sick.slow = 200, 2.0
            oncall.publish(alert("A", revision=2, updated_at=alert().updated_at + timedelta(minutes=5)))
            eventually(lambda: ("A", 2) in well.told(), True, patience=30, why=pipeline.logs)

        # The worker restarts meanwhile; the next one tells what is left, from the topic.
        stop(worker)
        assert "delivered" not in outcomes(pipeline, "sick").values()
        told = len(well.told())
        sick.slow, sick.bodies = 0.0, []
        with sick.running():
            pipeline.start(GROUNDSWELL_ROUTES=routes)
            delivered = {"A/1": "superseded", "A/2": "delivered", "B/1": "delivered"}
            eventually(lambda: outcomes(pipeline, "sick"), delivered, patience=90, why=pipeline.logs)
        # At least once: a try whose answer came too late is made again, under the same idempotency key.
        assert sorted(set(sick.told())) == [("A", 2), ("B", 1)]
        assert len(well.told()) == told, "who had been told was not told again"
        assert sick.forged + well.forged == 0
        assert SECRET not in pipeline.logs() and str(sick.port) not in pipeline.logs()
