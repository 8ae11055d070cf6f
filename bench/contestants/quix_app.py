"""Quix Streams: a streaming dataframe with its state store and changelog, as its documentation teaches it."""

from __future__ import annotations

from typing import Any

from quixstreams import Application, State

from bench import job
from bench.contestants.place import here


def counted(record: dict[str, Any], state: State) -> list[dict[str, Any]]:
    """Count a scored record in its brand's state; the new counts."""
    told = []
    for series in job.series_of(record["brand"], record["points"], record["minute"]):
        count = state.get(series, 0) + 1
        state.set(series, count)
        told.append(job.counted(series, count))
    return told


def main() -> None:
    """Work until SIGTERM."""
    place = here()
    app = Application(
        broker_address=place.address,
        consumer_group=place.group,
        auto_offset_reset="earliest",
        state_dir=place.folder,
    )
    events = app.topic(place.events, key_deserializer="str", value_deserializer="json")
    scored = app.topic(place.scored, key_serializer="str", value_serializer="json")
    counts = app.topic(place.counts, key_serializer="str", value_serializer="json")
    frame = app.dataframe(events).apply(job.scored)
    frame.to_topic(scored)
    told = frame.apply(counted, stateful=True, expand=True)
    told.to_topic(counts, key=lambda count: f"{count['brand']}|{count['point']}|{count['minute']}")
    app.run()


if __name__ == "__main__":
    main()
