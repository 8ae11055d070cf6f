"""Bytewax: a dataflow with its Kafka operators and a state per series. One worker, no recovery store.

Started as the documentation says: ``python -m bytewax.run bench.contestants.bytewax_flow``.
"""

from __future__ import annotations

from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic

from bench import job
from bench.contestants.place import here

place = here()


def score(message: KafkaSourceMessage) -> dict[str, Any] | None:
    """The scored record; None for what is no event."""
    try:
        return job.scored(orjson.loads(message.value))
    except ValueError:
        return None


def message_of(record: dict[str, Any]) -> KafkaSinkMessage:
    """A scored record on its way."""
    return KafkaSinkMessage(record["brand"].encode(), orjson.dumps(record))


def keyed(record: dict[str, Any]) -> list[tuple[str, int]]:
    """One for each series in which it counts."""
    return [(series, 1) for series in job.series_of(record["brand"], record["points"], record["minute"])]


class Count(StatefulBatchLogic):  # type: ignore[misc]
    """One series: all that comes at once is counted at once."""

    def __init__(self, count: int | None) -> None:
        self.count = count or 0

    def on_batch(self, values: list[int]) -> tuple[list[int], bool]:
        """Count, and tell the new count."""
        self.count += len(values)
        return [self.count], StatefulBatchLogic.RETAIN

    def snapshot(self) -> int:
        """What would be stored."""
        return self.count


def counted(pair: tuple[str, int]) -> KafkaSinkMessage:
    """A count on its way."""
    series, count = pair
    return KafkaSinkMessage(series.encode(), orjson.dumps(job.counted(series, count)))


flow = Dataflow("bench")
brokers = [place.address]
read = kop.input("events", flow, brokers=brokers, topics=[place.events])
scored = op.filter_map("score", read.oks, score)  # {…}
kop.output("scored", op.map("encode", scored, message_of), brokers=brokers, topic=place.scored)
series = op.flat_map("key", scored, keyed)  # (series, 1)
counts = op.stateful_batch("count", series, Count)  # (series, count)
kop.output("counts", op.map("encode_count", counts, counted), brokers=brokers, topic=place.counts)
