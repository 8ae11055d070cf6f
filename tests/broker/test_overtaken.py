"""What a stopped worker tells too late: others keep the last word."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams import connection
from streams.broker import Broker
from streams.effects import Effects, Record
from streams.outbox import BATCH_BYTES
from streams.settings import Settings
from streams.stages.publisher import Publisher
from streams.topics import ALERTS, ALL, METRICS, SCORED
from tests.broker.pipeline import Pipeline


@asynccontextmanager
async def publishing(pipeline: Pipeline) -> AsyncIterator[Publisher]:
    """A worker's publisher."""
    settings = pipeline.settings.model_copy(update={"cloudevents": "off"})  # These records have none of its fields.
    producer = AIOKafkaProducer(
        **connection.aiokafka(settings, pipeline.address), acks="all", max_batch_size=BATCH_BYTES
    )
    await producer.start()
    try:
        names = [topic.full_name(settings.topic_prefix) for topic in ALL]
        yield Publisher(settings, producer, dict.fromkeys(names, settings.partitions))
    finally:
        await producer.stop()


def test_others_who_have_gone_on_keep_the_last_word(settings: Settings, broker: Broker, tmp_path: Path) -> None:
    def told(said: str, *keys: str) -> list[Record]:
        return [(METRICS, key, {"said": said}) for key in keys]

    async def tell(publisher: Publisher, records: list[Record]) -> None:
        await publisher.put(Effects(records=records))
        await publisher.flush()

    def consumer() -> AIOKafkaConsumer:
        return AIOKafkaConsumer(**connection.aiokafka(settings, broker.address))

    async def play(pipeline: Pipeline) -> tuple[int, int]:
        async with publishing(pipeline) as stopped, publishing(pipeline) as other:
            await tell(stopped, told("open, before", "1", "2", "3", "4", "5"))
            await asyncio.sleep(0.05)
            claimed_ms = time.time_ns() // 1_000_000
            await asyncio.sleep(0.05)
            await tell(other, [*told("closed", "1", "2", "3", "4"), (ALERTS, "a", {"revision": 2})])
            late = told("open", "1", "2", "5") + told("closed", "3") + [(ALERTS, "a", {"revision": 1})]
            late += [*told("open again", "1"), (SCORED, "brand", {"said": "late"})]
            await tell(stopped, late)
            await tell(other, told("closed again", "2"))
            first = await stopped.put_back(late, claimed_ms, consumer)
            return first, await stopped.put_back(late, claimed_ms, consumer)

    with Pipeline(settings, broker.address, tmp_path) as pipeline:
        assert asyncio.run(play(pipeline)) == (2, 0)
        last = {key: value["said"] for key, value in pipeline.held(METRICS)}
        assert last == {"1": "closed", "2": "closed again", "3": "closed", "4": "closed", "5": "open"}
        assert [value["revision"] for _, value in pipeline.held(ALERTS)] == [2, 1, 2]
        assert len(pipeline.held(SCORED)) == 1, "where no record takes another's place, none is told again"
