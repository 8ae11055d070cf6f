"""Metrics: what customers say as gauges, in bounded numbers; Prometheus' conventions; the table that documents them."""

from __future__ import annotations

import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dashboards.files import generated
from dashboards.table import rows
from groundswell.cli.scrape import Workers
from streams import voices
from streams.alerting import Episode
from streams.early_warning import Warned
from streams.paging import Terms
from streams.subjects import silence_of
from streams.telemetry import Telemetry
from tests.support.partition import Partition
from tests.support.prometheus import program
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE
from tests.unit.test_listener import Log, live


def spoken(brands: int = 1, *, crowd: int = 30) -> Partition:
    """A partition after a quiet day in which the crowd then speaks of late deliveries, of each brand."""
    partition, log = Partition(), Log()
    for number in range(brands):
        name = f"Brand {number:02d}"
        quiet = [log.say(BASE_MS + hour * HOUR, brand=name, author=f"a{hour}") for hour in range(36)]
        loud = [
            log.say(
                BASE_MS + 36 * HOUR + n * MINUTE, brand=name, author=f"angry{n}", points=["late_delivery"],
                sentiment=-0.8, emotions={"anger": 0.7},
            )
            for n in range(crowd + number)
        ]  # fmt: skip
        partition.hear(quiet + loud)
    partition.hear([live(BASE_MS + 36 * HOUR + 70 * MINUTE)])
    return partition


def shown(*partitions: Partition, most: int = 30) -> Telemetry:
    telemetry = Telemetry(most)
    telemetry.voices.listeners = lambda: [partition.listener for partition in partitions]
    return telemetry


def value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    return telemetry.registry.get_sample_value(f"groundswell_{name}", labels)


def firing(telemetry: Telemetry, **labels: str) -> float:
    """Open alerts with these labels, whatever their severity."""
    return sum(value(telemetry, "open_alerts", **labels, severity=str(severity)) or 0 for severity in range(1, 5))


POINT = {"brand": "Brand 00", "pain_point": "late_delivery", "kind": "pain_point"}
WHOLE = {"brand": "Brand 00", "pain_point": "*", "kind": "brand"}


def test_what_customers_say_is_shown_and_survives_a_restart() -> None:
    partition = spoken()
    for _ in range(2):
        telemetry = shown(partition)
        assert value(telemetry, "voices", **POINT, window="1h") == 30
        assert value(telemetry, "voices", **WHOLE, window="24h") > 40  # type: ignore[operator]
        assert value(telemetry, "mentions", **POINT) == 30
        assert value(telemetry, "emotion_ratio", brand="Brand 00", emotion="anger") == pytest.approx(0.7)
        assert value(telemetry, "sentiment_mean", **POINT) == pytest.approx(-0.8)
        assert firing(telemetry, **POINT) == 1
        onset = value(telemetry, "alert_onset_timestamp_seconds", **POINT)
        assert onset is not None and abs(onset - (BASE_MS + 36 * HOUR) / 1000) <= 3600
        assert value(telemetry, "recovery_seconds", **POINT) is None
        assert value(telemetry, "brand_closed_timestamp_seconds", brand="Brand 00") == (BASE_MS + 37 * HOUR) / 1000
        partition.restart()


def test_when_it_is_over_the_recovery_is_shown_and_silence_has_no_mood() -> None:
    partition = spoken()
    partition.hear([live(BASE_MS + 3 * DAY)])
    telemetry = shown(partition)
    assert firing(telemetry, **POINT) == 0
    assert value(telemetry, "alert_onset_timestamp_seconds", **POINT) is None
    assert 1800 <= value(telemetry, "recovery_seconds", **POINT) <= 4 * 3600  # type: ignore[operator]
    assert value(telemetry, "voices", **WHOLE, window="1h") == 0
    assert value(telemetry, "sentiment_mean", **WHOLE) is None


def test_two_channels_that_are_silent_are_one_series() -> None:
    """Prometheus refuses a series that is shown twice."""
    partition = spoken()
    episodes = partition.listener.brands["Brand 00"].judging.episodes

    def silent(channel: str, hours: tuple[int, int], *, over: bool) -> None:
        it = Episode("Brand 00", "silence", None, f"Silence on {channel}", channel, channel=channel)
        it.starts_ms, it.ends_ms = (BASE_MS + hour * HOUR for hour in hours)
        it.status = "resolved" if over else "firing"
        episodes[silence_of(channel)] = it

    labels = {"brand": "Brand 00", "pain_point": "*", "kind": "silence"}
    silent("web", (9, 0), over=False)
    silent("ios", (7, 0), over=False)
    telemetry = shown(partition)
    assert value(telemetry, "alert_onset_timestamp_seconds", **labels) == (BASE_MS + 7 * HOUR) / 1000
    assert firing(telemetry, **labels) == 2
    silent("web", (9, 19), over=True)
    silent("ios", (7, 12), over=True)
    assert value(telemetry, "recovery_seconds", **labels) == 10 * 3600, "the last that ended"
    samples = [(it.name, *it.labels.items()) for family in telemetry.voices.collect() for it in family.samples]
    assert len(samples) == len(set(samples))


def test_what_heads_for_a_spike_is_shown_while_it_does() -> None:
    partition, log = Partition(terms=Terms(early_warning=True)), Log()
    partition.hear([log.say(BASE_MS + hour * HOUR, brand="Brand 00", author=f"a{hour}") for hour in range(36)])
    for number in range(5):
        at_ms = BASE_MS + 36 * HOUR + 4 * number * MINUTE
        partition.hear([log.say(at_ms, brand="Brand 00", author=f"b{number}", points=["late_delivery"])])
    partition.hear([live(BASE_MS + 36 * HOUR + 30 * MINUTE)])
    telemetry = shown(partition)
    chance = value(telemetry, "heading_ratio", **POINT)
    assert chance is not None and 0.5 <= chance < 1
    partition.restart()
    assert value(shown(partition), "heading_ratio", **POINT) == chance
    telemetry.note(partition.hear([live(BASE_MS + 40 * HOUR)]))
    assert value(shown(partition), "heading_ratio", **POINT) is None
    assert [value(telemetry, "warnings_total", status=it) for it in ("crossed", "withdrawn")] == [0, 1]


def test_brands_beyond_the_cap_are_shown_together_and_names_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = spoken(6)
    telemetry = shown(partition, most=2)

    def brands() -> set[str]:
        return {
            sample.labels["brand"]
            for family in telemetry.registry.collect()
            for sample in family.samples
            if "brand" in sample.labels
        }

    assert brands() == {"Brand 04", "Brand 05", "other"}, "those with the most to say"
    other = {"brand": "other", "pain_point": "*", "kind": "brand"}
    assert value(telemetry, "voices", **other, window="1h") == sum(30 + n for n in range(4))
    assert value(telemetry, "sentiment_mean", **other) == pytest.approx(-0.8)
    assert firing(telemetry, brand="other", pain_point="other", kind="pain_point") == 4
    newcomer = spoken(1, crowd=200)
    telemetry.voices.listeners = lambda: [partition.listener, newcomer.listener]
    assert brands() == {"Brand 04", "Brand 05", "other"}, "a name does not come and go"
    monkeypatch.setattr(voices, "POINTS", 0)
    assert value(telemetry, "voices", brand="Brand 05", pain_point="other", kind="other", window="1h") == 35


def exposition() -> bytes:
    """What a busy worker shows."""
    partition = spoken(3)
    over = partition.listener.brands["Brand 02"].judging.episodes["late_delivery"]
    over.status, over.ends_ms = "resolved", over.starts_ms + HOUR
    partition.listener.brands["Brand 01"].warning.series["late_delivery"] = Warned(0, 0, 0, 5, 7, 6, 0.7)
    telemetry = shown(partition, most=2)
    with telemetry.frame("score", 3):
        pass
    for gauge, labels in (
        (telemetry.lag, ("groundswell.posts.v1", "0")), (telemetry.stalled, ("groundswell.posts.v1", "0")),
        (telemetry.watermark, ("0",)), (telemetry.brands, ("0",)), (telemetry.state_keys, ("0",)),
        (telemetry.state_restored, ("0",)), (telemetry.delivery_delay, ("care",)),
        (telemetry.deliveries_waiting, ("care",)),
    ):  # fmt: skip
        gauge.labels(*labels).set(1)
    for counter, labels in (
        (telemetry.published, ("scored",)), (telemetry.verdicts, ("fired",)), (telemetry.alerts, ("firing",)),
        (telemetry.deliveries, ("care", "delivered")), (telemetry.delivery_attempts, ("care", "taken")),
    ):  # fmt: skip
        counter.labels(*labels).inc()
    return generate_latest(telemetry.registry)


def test_promtool_finds_nothing_to_complain_of() -> None:
    promtool = program("promtool")
    done = subprocess.run([promtool, "check", "metrics"], input=exposition(), capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_promtool_would_complain() -> None:
    """The check above can fail."""
    wrong = b"# HELP groundswell_x_total X.\n# TYPE groundswell_x_total gauge\ngroundswell_x_total 1\n"
    done = subprocess.run([program("promtool"), "check", "metrics"], input=wrong, capture_output=True, check=False)
    assert done.returncode != 0


def test_every_exported_metric_is_documented_and_nothing_else() -> None:
    families = {family.name: family for family in text_string_to_metric_families(exposition().decode())}
    suffix = {"counter": "_total"}
    exported = {
        name + suffix.get(family.type, "") for name, family in families.items() if not name.startswith("process_")
    }
    assert exported == {name for name, *_ in rows()}
    forbidden = {"author", "voice", "event", "event_id", "id", "fingerprint", "text", "url"}
    for name, kind, labels, meaning in rows():
        assert name.startswith("groundswell_") and meaning.endswith(".")
        assert name.endswith("_total") == (kind == "counter")
        assert not forbidden & set(labels)
        shown_labels = {
            label
            for sample in families[name.removesuffix("_total")].samples
            for label in sample.labels
            if label != "le"
        }
        assert shown_labels == set(labels), name


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_what_is_generated_is_as_it_would_be_written_now(path: object) -> None:
    assert path.read_text("utf-8") == generated()[path], "run: make dashboards"  # type: ignore[attr-defined, index]


def test_one_scrape_shows_all_workers() -> None:
    text = exposition()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/metrics"
    registry = CollectorRegistry()
    registry.register(Workers({"1": address, "2": address, "3": "http://127.0.0.1:9/metrics"}))
    try:
        together = generate_latest(registry)
    finally:
        server.shutdown()
        server.server_close()
    for worker, up in (("1", 1), ("2", 1), ("3", 0)):
        assert registry.get_sample_value("groundswell_worker_up", {"worker": worker}) == up or worker in "12"
    assert b'groundswell_worker_up{worker="3"} 0.0' in together
    for line in (
        b'groundswell_records_total{stage="score",worker="1"} 3.0',
        b'groundswell_records_total{stage="score",worker="2"} 3.0',
    ):
        assert line in together
    assert len(re.findall(rb"^# TYPE groundswell_records_total ", together, re.MULTILINE)) == 1
    assert b'groundswell_frame_seconds_bucket{le="0.001",stage="score",worker="2"}' in together
    done = subprocess.run([program("promtool"), "check", "metrics"], input=together, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
