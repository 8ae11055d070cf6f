"""Live records, on topics that nothing was ever written to: the wall clock closes their windows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from streams.broker import Broker
from streams.recorded import RecordedEvent
from streams.send import send
from streams.settings import Settings
from streams.topics import METRICS
from tests.broker.pipeline import Pipeline, eventually


def test_a_single_live_record_is_told_at_once_and_its_window_closes(broker: Broker, settings: Settings, tmp_path: Path):
    with Pipeline(settings, broker.address, tmp_path) as pipeline:
        pipeline.start(GROUNDSWELL_LATENESS="PT5S")
        said = datetime.now(UTC) - timedelta(seconds=70)
        event = {
            "id": "1",
            "brand": "Acme",
            "author": "ana",
            "text": "Where is my parcel?",
            "created_at": said.isoformat(),
        }
        record = RecordedEvent("1", orjson.dumps(event), int(said.timestamp() * 1000))
        asyncio.run(send([("posts", record)], settings=pipeline.settings, address=pipeline.address, replay=None))

        def told() -> set[tuple[int, bool]]:
            windows = [value for _, value in pipeline.held(METRICS) if value["pain_point"] == "*"]
            return {(value["window"]["mentions"], value["closed"]) for value in windows}

        eventually(told, {(1, False), (1, True)}, patience=60, why=pipeline.logs)
