"""A small world under a fake clock: sources that write, the score stage, and one partition that is listened to.

What customers say goes the real way, ``Reader`` and ``Listener`` and JSON between them; only the broker is missing.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from schemas.progress import PROGRESS_HEADER, REPLAY_HEADER, Progress, ReplayMark
from schemas.raw import Source
from streams.catalog import Catalogs
from streams.listener import Incoming
from streams.paging import Terms
from streams.reader import Raw, Reader
from streams.scoring import Event, Pseudonyms, Scorer
from streams.topics import ALL, RAW, SCORED, Topic
from tests.support.partition import LATENESS_MS, Partition
from tests.support.records import BASE_MS, MINUTE, catalogs, heard, told

STEP_MS = 5 * MINUTE
"""Time passes in steps of at most so long; workers tell their progress at each."""

_MODELS = {topic.short_name: topic.value for topic in ALL}


class _Deaf(Scorer):
    """Reads nothing: for worlds in which records come scored."""

    def __init__(self) -> None:
        pass

    def score(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        raise AssertionError("texts are read only in a world with packs: story(packs=('generic',))")


class World:
    """Time, what is said in it, and what came of it.

    Args:
        packs: Catalog packs; then texts are really read. None: scored records of the tests' own catalog are heard.
        terms: How people want to be told.
    """

    def __init__(self, packs: tuple[str, ...] | None = None, terms: Terms | None = None) -> None:
        self.now_ms = BASE_MS
        loaded = catalogs() if packs is None else Catalogs.load(packs)
        self.reader = Reader(
            _Deaf() if packs is None else Scorer(loaded, Pseudonyms(b"a key of the tests")), LATENESS_MS
        )
        self.partition = Partition(catalogs=loaded, terms=terms or Terms())
        self.told: list[tuple[int, Topic, str, dict[str, Any]]] = []
        """(when, topic, key, value) of everything that was published."""
        self.silent: set[str] = set()
        """Origins of which no worker has ever reported."""
        self._queue: list[tuple[int, int, Source, Any]] = []
        self._order = itertools.count()
        self._offsets = dict.fromkeys(RAW, 0)

    def write(self, at_ms: int, source: Source, event: dict[str, Any], replay: str | None = None) -> None:
        """A raw event is going to arrive at that time."""
        self._push(at_ms, source, (event, [(REPLAY_HEADER, replay.encode())] if replay else []))

    def score(self, at_ms: int, record: dict[str, Any]) -> None:
        """A scored record is going to arrive at that time, for tests to which the text does not matter."""
        self._push(at_ms, record["source"], record)

    def mark(self, at_ms: int, mark: ReplayMark) -> None:
        """A replay is going to say to every partition how far it has got."""
        headers = [(REPLAY_HEADER, mark.replay.encode()), (PROGRESS_HEADER, b"1")]
        for source in RAW:
            self._push(at_ms, source, (mark, headers))

    def pass_until(self, until_ms: int) -> None:
        """Let time pass; what arrives on the way is read and heard."""
        while self.now_ms < until_ms:
            step = min(until_ms, self.now_ms - self.now_ms % STEP_MS + STEP_MS)
            self.now_ms = min(step, max(self._queue[0][0], self.now_ms + 1)) if self._queue else step
            self._frame()

    def restart(self) -> None:
        """Another worker takes the partition over, with nothing but what was stored."""
        self.partition.restart()

    def values(self, topic: Topic, since_ms: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """(when, value) of what was published to a topic."""
        return ((when, value) for when, where, _, value in self.told if where is topic and when >= since_ms)

    def _push(self, at_ms: int, source: Source, what: Any) -> None:
        heapq.heappush(self._queue, (at_ms, next(self._order), source, what))

    def _frame(self) -> None:
        due: dict[Source, list[Any]] = {source: [] for source in RAW}
        while self._queue and self._queue[0][0] <= self.now_ms:
            _, _, source, what = heapq.heappop(self._queue)
            due[source].append(what)
        log: list[Incoming] = []
        for source, topic in RAW.items():
            log.extend(self._read(source, topic, due[source]))
            if topic.name not in self.silent:
                self.reader.complete(topic.name, 0, self._offsets[source] - 1, self.now_ms)
        reports = Progress(origins=self.reader.progress(), at_ms=self.now_ms, raw={t.name: 1 for t in RAW.values()})
        log.append(told(reports))
        before = len(self.partition.published)
        self.partition.hear(log, tell_open=True)
        for topic, key, value in self.partition.published[before:]:
            self._tell(topic, key, value)

    def _read(self, source: Source, topic: Topic, arrived: list[Any]) -> Iterator[Incoming]:
        raws = []
        for what in arrived:
            offset = self._offsets[source]
            self._offsets[source] += 1
            if isinstance(what, dict):
                origin = what["origin"] | {"topic": topic.name, "partition": 0, "offset": offset}
                yield heard(what | {"origin": origin})
                continue
            event, headers = what
            value = event.model_dump_json().encode() if isinstance(event, ReplayMark) else orjson.dumps(event)
            raws.append(Raw(topic.name, 0, offset, self.now_ms, None, value, headers))
        for where, key, value in self.reader.read(source, raws).records if raws else ():
            self._tell(where, key, value)
            if where is SCORED:
                yield Incoming(orjson.dumps(value), progress=False)

    def _tell(self, topic: Topic, key: str, value: dict[str, Any]) -> None:
        # Whatever is published fits its schema.
        _MODELS[topic.short_name].model_validate_json(orjson.dumps(value))
        self.told.append((self.now_ms, topic, key, value))
