"""Groundswell's own machinery: frames, outbox and changelog, with the exactness that the product has.

Publish, wait for the acknowledgements, write the state as one batch with the offset that it has counted, and only then
is the frame finished and may be committed.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from mode import Service

from bench import job
from bench.contestants.place import Place, here
from streams import connection
from streams.changelog import Changelog, FencedError
from streams.frame_app import FrameApp, run
from streams.frames import Frame, Lag
from streams.outbox import BATCH_BYTES, Outbox
from streams.settings import Settings

STATE_BATCH_BYTES = 6 * 1024 * 1024
OFFSET_KEY = "\x1foffset"


@dataclass
class Counts:
    """The state of one partition."""

    changelog: Changelog
    counts: dict[str, int] = field(default_factory=dict)
    offset: int = -1
    """The last offset that is counted."""


class Producers(Service):  # type: ignore[misc]
    """Two: a state's batch is larger than others."""

    def __init__(self, app: CommonJob) -> None:
        super().__init__()
        self.outputs: AIOKafkaProducer = app.new_producer(BATCH_BYTES)
        self.states: AIOKafkaProducer = app.new_producer(STATE_BATCH_BYTES)

    async def on_start(self) -> None:
        """Connect."""
        await self.outputs.start()
        await self.states.start()

    async def on_stop(self) -> None:
        """Give back."""
        await self.outputs.stop()
        await self.states.stop()


class CommonJob(FrameApp):
    """events → scored, counts; the counts are kept on the state's topic."""

    def __init__(self, place: Place) -> None:
        settings = Settings(
            broker=place.address, group=place.group, partitions=place.partitions, data=place.folder, topic_prefix=""
        )
        super().__init__(place.group, settings, place.address)
        self.place = place
        self.partitions = dict.fromkeys((place.scored, place.counts), place.partitions)
        self.states: dict[int, Counts] = {}
        self.claims: dict[int, int] = {}
        """Partition → our claim since it was assigned."""
        self.on_partitions_assigned.connect(self._assigned)

    @cached_property
    def producers(self) -> Producers:
        """Made when the worker starts."""
        return Producers(self)

    def around(self) -> Iterable[Service]:
        """The producers."""
        return [self.producers]

    async def count(self, frame: Frame) -> None:
        """Have a frame worked on."""
        await self.work("count", frame, self._count)

    async def _count(self, frame: Frame, _: Lag) -> bool:
        """Publish what follows from a frame, then store; False where another worker has the partition now."""
        place = self.place
        while (state := await self._state(frame.tp.partition)) is not None:
            outbox = Outbox(self.producers.outputs, self.partitions)
            touched: dict[str, int] = {}
            for record in frame.records:
                try:
                    heard = job.scored(orjson.loads(record.value))
                except ValueError:
                    continue
                key = heard["brand"].encode()
                outbox.add(place.scored, outbox.partition_for(place.scored, key), key, orjson.dumps(heard))
                if record.offset > state.offset:
                    for series in job.series_of(heard["brand"], heard["points"], heard["minute"]):
                        touched[series] = touched.get(series, state.counts.get(series, 0)) + 1
            for series, count in touched.items():
                key, value = series.encode(), orjson.dumps(job.counted(series, count))
                outbox.add(place.counts, outbox.partition_for(place.counts, key), key, value)
            await outbox.flush()
            reached = max(state.offset, frame.end - 1)
            stored: dict[str, bytes | None] = {series: b"%d" % count for series, count in touched.items()}
            try:
                await state.changelog.write(stored | {OFFSET_KEY: b"%d" % reached})
            except FencedError:
                del self.states[frame.tp.partition]  # Is it still ours? The log tells.
                continue
            state.counts |= touched
            state.offset = reached
            return True
        return False

    async def _state(self, partition: int) -> Counts | None:
        """The partition's state, read back where it isn't known; None where another worker has claimed it."""
        if partition not in self.states:
            changelog = Changelog(self.place.state, partition, self.producers.states, self._state_reader)
            try:
                stored = await changelog.recover(self.claims.get(partition))
            except FencedError:
                return None
            self.claims[partition] = changelog.epoch
            offset = int(stored.pop(OFFSET_KEY, b"-1"))
            counts = {series: int(count) for series, count in stored.items()}
            self.states[partition] = Counts(changelog, counts, offset)
        return self.states[partition]

    async def _assigned(self, *_: Any, **__: Any) -> None:
        # Others may have written since: the state is read again.
        self.states.clear()
        self.claims.clear()

    def _state_reader(self) -> AIOKafkaConsumer:
        arguments = connection.aiokafka(self.settings, self.address)
        return AIOKafkaConsumer(**arguments, group_id=None, enable_auto_commit=False, fetch_max_wait_ms=50)


async def count(frames: Any) -> None:
    """events → scored (key: brand) · counts (key: series)."""
    stream: AsyncIterable[Frame] = frames
    async for frame in stream:
        await frames.app.count(frame)


def main() -> None:
    """Work until SIGTERM."""
    place = here()
    app = CommonJob(place)
    app.agent(app.frames(place.events), name="count", concurrency=1)(count)
    run(app)


if __name__ == "__main__":
    main()
