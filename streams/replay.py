"""The whole path in one thread, without a broker: what each topic would hold.

It runs the same steps as the agents, on one partition, and is what the broker's run is judged by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import orjson

from schemas.changes import Change
from schemas.progress import Progress, ReplayMark
from schemas.raw import Source
from streams.brand import Witness
from streams.catalog import Catalogs
from streams.detection import Detector
from streams.effects import Record
from streams.listener import Incoming, Listener
from streams.paging import Terms
from streams.reader import Raw, Reader
from streams.recorded import RecordedEvent
from streams.scoring import Scorer
from streams.topics import RAW, SCORED

FRAME = 500
REPLAY = "replay"


def replay(
    events: Iterable[tuple[Source, RecordedEvent]],
    *,
    scorer: Scorer,
    catalogs: Catalogs,
    detector: Detector,
    lateness_ms: int,
    future_ms: int,
    now_ms: int,
    frame: int = FRAME,
    witness: Witness | None = None,
    terms: Terms | None = None,
    changes: Iterable[Change] = (),
) -> Iterator[Record]:
    """What every topic would hold, in order of publication.

    Args:
        events: Recorded events in order of time; one may be overtaken by what is later by less than the lateness.
        now_ms: The clock: dates far ahead of it go to quarantine.
        frame: Events that are read at once; it changes the speed and nothing else.
        witness: Told of every verdict, for a backtest.
        terms: How people want to be told.
        changes: All that are known, in any order: none has an effect before its time.
    """
    reader = Reader(scorer, future_ms)
    listener = Listener(catalogs, detector, lateness_ms, witness=witness, terms=terms or Terms())
    listener.hear([Incoming(it.model_dump_json().encode(), progress=False, change=True) for it in changes])
    offsets = dict.fromkeys(RAW, 0)
    header = [("groundswell-replay", REPLAY.encode())]
    source_events = iter(events)
    last_ms: int | None = None
    while chunk := list(islice(source_events, frame)):
        heard: list[Incoming] = []
        for source in RAW:
            raws = []
            for of, event in chunk:
                if of == source:
                    offset = offsets[source]
                    raws.append(Raw(RAW[source].name, 0, offset, now_ms, _bytes(event.key), event.value, header))
                    offsets[source] = offset + 1
            for topic, key, value in reader.read(source, raws).records:
                yield topic, key, value
                if topic is SCORED:
                    heard.append(Incoming(orjson.dumps(value), progress=False))
        newest_ms = max(event.time_ms for _, event in chunk)
        last_ms = newest_ms if last_ms is None else max(last_ms, newest_ms)
        heard.append(_progress(last_ms, now_ms, ended=False))
        yield from listener.hear(heard).records
    if last_ms is not None:
        yield from listener.hear([_progress(last_ms, now_ms, ended=True)]).records


def _progress(time_ms: int, now_ms: int, *, ended: bool) -> Incoming:
    mark = ReplayMark(replay=REPLAY, origins={"events": 1}, time_ms=time_ms, ended=ended, sent_ms=now_ms)
    origins = {"events:0": {"offset": 0, "replays": {REPLAY: mark}}}
    progress = Progress.model_validate({"origins": origins, "at_ms": now_ms, "raw": {}})
    return Incoming(progress.model_dump_json().encode(), progress=True)


def _bytes(key: str | None) -> bytes | None:
    return None if key is None else key.encode("utf-8", "surrogatepass")
