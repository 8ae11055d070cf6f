"""The score stage over raw partitions: bytes in, scored records and quarantine out, and how far each origin has got."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from schemas.base import SCHEMA_VERSION, epoch_ms, stamp
from schemas.changes import Change
from schemas.progress import PROGRESS_HEADER, REPLAY_HEADER, OriginProgress, ReplayMark
from schemas.quarantine import QuarantineReason
from schemas.raw import Source
from streams.effects import SEPARATOR, Effects
from streams.intake import SOURCES, Limits, Rejection, parse
from streams.scoring import Event, Scorer
from streams.topics import CARRIED, QUARANTINE, SCORED

log = logging.getLogger(__name__)

MOST_MS = 253_000_000_000_000
"""Milliseconds since the epoch, in the year 9987: some years more, and no timestamp can write it."""

SLICE_RECORDS = 500
"""Raw records that are read in one go: whoever else has something to do waits no longer than for so many."""

MARKS_KEPT = 16
"""Replays of one origin that are remembered."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One record of a raw topic, as the broker gave it."""

    topic: str
    partition: int
    offset: int
    arrived_ms: int
    """By the broker's clock (``LogAppendTime``)."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()

    @property
    def origin(self) -> str:
        """topic:partition:offset."""
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(slots=True)
class Reached:
    """How far one origin has been read by this worker."""

    offset: int = -1
    live_ms: int | None = None
    replays: dict[str, ReplayMark] = field(default_factory=dict)


class Reader:
    """Reads raw records; one instance a worker.

    Args:
        scorer: What hears the events.
        future_ms: How far ahead of its arrival a record's ``created_at`` may be.
    """

    def __init__(self, scorer: Scorer, future_ms: int) -> None:
        self._scorer = scorer
        self._future_ms = future_ms
        self._reached: dict[str, Reached] = {}

    def read(self, source: Source, records: Sequence[Raw]) -> Effects:
        """What follows from a frame: records of one raw partition, in order.

        The same whenever it is read, and by whom: what lies too far ahead is judged by the broker's clock at arrival.
        """
        effects = Effects()
        if not records:
            return effects
        model = SOURCES[source]
        limits = Limits(records[0].arrived_ms, self._future_ms)
        reached = self._of(records[0])
        newest_ms = -1
        events: list[Event] = []
        raws: list[Raw] = []
        for raw in records:
            replay, control = _headers(raw) if raw.headers else (None, False)
            if control:
                if (wrong := self._note_mark(raw)) is not None:
                    self._quarantine(raw, wrong, replay, effects)
                continue
            if raw.arrived_ms != limits.now_ms:
                limits = Limits(raw.arrived_ms, self._future_ms)
            event = parse(model, raw.value, limits)
            if isinstance(event, Rejection):
                self._quarantine(raw, event, replay, effects)
                continue
            origin: dict[str, Any] = {"topic": raw.topic, "partition": raw.partition, "offset": raw.offset}
            if replay is None:
                # A producer whose clock is ahead must not carry the others' time with it.
                newest_ms = max(newest_ms, min(epoch_ms(event.created_at), raw.arrived_ms))
            else:
                origin["replay"] = replay
            events.append((source, event, origin))
            raws.append(raw)
        if newest_ms >= 0:
            reached.live_ms = max(reached.live_ms or 0, newest_ms)
        reached.offset = records[-1].offset
        published = effects.records
        for raw, (_, event, origin), scored in zip(raws, events, self._score(events), strict=True):
            if isinstance(scored, Rejection):
                self._quarantine(raw, scored, origin.get("replay"), effects)
            else:
                published.append((SCORED, event.brand, scored))
                if not scored["read"]:
                    effects.counts["unread"] += 1
        effects.counts["scored"] += sum(topic is SCORED for topic, _, _ in published)
        return effects

    def read_changes(self, records: Sequence[Raw]) -> Effects:
        """What follows from a frame of ``changes``: each is carried to the partition of its brand."""
        effects = Effects()
        for raw in records:
            self._of(raw).offset = raw.offset
            try:
                change = Change.model_validate_json(raw.value or b"")
                if SEPARATOR in change.brand or not 0 <= epoch_ms(change.at) < MOST_MS:
                    raise ValueError("brand or at is nothing that alerts can be told of")
            except ValueError as error:
                reason: QuarantineReason = "invalid_field" if raw.value else "empty_record"
                detail = f"no change: {error}"[:500]
                self._quarantine(raw, Rejection(reason, detail), None, effects)
            else:
                effects.publish(CARRIED, change.brand, change.model_dump(mode="json", exclude_none=True))
        return effects

    def complete(self, topic: str, partition: int, offset: int, at_ms: int) -> None:
        """Everything that the origin held at ``at_ms`` has been read: nothing older will arrive live."""
        reached = self._reached.setdefault(f"{topic}:{partition}", Reached())
        reached.offset = max(reached.offset, offset)
        reached.live_ms = max(reached.live_ms or 0, at_ms)

    def progress(self) -> dict[str, OriginProgress]:
        """How far every origin of this worker has got; replays that have ended are told once."""
        told = {
            origin: OriginProgress(offset=reached.offset, live_ms=reached.live_ms, replays=dict(reached.replays))
            for origin, reached in self._reached.items()
        }
        for reached in self._reached.values():
            reached.replays = {name: mark for name, mark in reached.replays.items() if not mark.ended}
        return told

    def keep(self, origins: set[str]) -> None:
        """Forget the origins that others read now."""
        self._reached = {origin: reached for origin, reached in self._reached.items() if origin in origins}

    def _of(self, raw: Raw) -> Reached:
        return self._reached.setdefault(f"{raw.topic}:{raw.partition}", Reached())

    def _note_mark(self, raw: Raw) -> Rejection | None:
        try:
            mark = ReplayMark.model_validate_json(raw.value or b"")
        except ValidationError as error:
            return Rejection("not_ours", f"not a replay's mark, though its header says so: {error}"[:500])
        replays = self._of(raw).replays
        replays[mark.replay] = mark
        while len(replays) > MARKS_KEPT:
            del replays[next(iter(replays))]
        return None

    def _score(self, events: list[Event]) -> list[dict[str, Any] | Rejection]:
        if not events:
            return []
        try:
            return list(self._scorer.score(events))
        except Exception:
            log.exception("Scoring a frame of %d failed; trying one record at a time", len(events))
        results: list[dict[str, Any] | Rejection] = []
        for event in events:
            try:
                results.extend(self._scorer.score([event]))
            except Exception as error:
                log.exception("Scoring %(topic)s:%(partition)d:%(offset)d failed", event[2])
                results.append(Rejection("scoring_failed", f"{type(error).__name__}: {error}"[:500]))
        return results

    def _quarantine(self, raw: Raw, rejection: Rejection, replay: str | None, effects: Effects) -> None:
        effects.publish(QUARANTINE, raw.origin, quarantined(raw, rejection.reason, rejection.detail, replay))
        effects.counts["quarantined"] += 1
        effects.counts[f"quarantined_{rejection.reason}"] += 1


def quarantined(raw: Raw, reason: QuarantineReason, detail: str, replay: str | None) -> dict[str, Any]:
    """``schemas.quarantine.Quarantined`` in wire form."""
    return {
        "schema_version": SCHEMA_VERSION,
        "origin": {"topic": raw.topic, "partition": raw.partition, "offset": raw.offset, "replay": replay},
        "reason": reason,
        "detail": detail,
        "arrived_at": stamp(max(raw.arrived_ms, 0)),
        "key": _base64(raw.key),
        "value": _base64(raw.value),
        "headers": [[name, _base64(value)] for name, value in raw.headers],
    }


def _headers(raw: Raw) -> tuple[str | None, bool]:
    """The replay that sent the record, and whether it is a mark of it instead of an event."""
    replay, control = None, False
    for name, value in raw.headers:
        if name == REPLAY_HEADER and value:
            replay = value.decode("utf-8", "replace")[:100]
        elif name == PROGRESS_HEADER:
            control = True
    return replay, control


def _base64(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()
