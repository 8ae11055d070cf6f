"""The attributes of a published record as CloudEvents has them, in Kafka's binary mode: headers beside the JSON value.

See CloudEvents 1.0.2 and its Kafka Protocol Binding. Everything follows from the record, so that what is published
again after a restart is the same event: the same ``ce_source`` and ``ce_id`` mean the same content.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal
from zlib import crc32

from streams.topics import ALERTS, DELIGHTS, DERIVED, HANDOFFS, METRICS, PAIN_POINTS, QUARANTINE, SCORED, Topic

Header = tuple[str, bytes]
Which = Literal["off", "feeds", "all"]

FEEDS: Final = (ALERTS, PAIN_POINTS, DELIGHTS, HANDOFFS, QUARANTINE)
"""What people and their programs act on: few records, so that eight more headers cost nothing that counts."""

TIMES: Final = {
    SCORED.name: "created_at",
    METRICS.name: "window_end",
    ALERTS.name: "updated_at",
    PAIN_POINTS.name: "updated_at",
    DELIGHTS.name: "updated_at",
    HANDOFFS.name: "updated_at",
    QUARANTINE.name: "arrived_at",
}
"""Topic → the field that says when it happened, which is never when it was published."""

STAGES: Final = {SCORED.name: "score", QUARANTINE.name: "score"}
"""Topic → the stage that publishes it; detect, where none is named."""

CONTENT_TYPE: Final = b"application/json"

Identity = Callable[[dict[str, Any], bytes, bytes], str | bytes]


def _origin(value: dict[str, Any], _key: bytes, _body: bytes) -> str:
    origin = value["origin"]
    return f"{origin['topic']}:{origin['partition']}:{origin['offset']}"


def _content(_value: dict[str, Any], key: bytes, body: bytes) -> bytes:
    # A window or a feed is told again when it changes: another event about the same subject.
    return b"%b:%08x" % (key, crc32(body))


IDENTITIES: Final[dict[str, Identity]] = {
    SCORED.name: _origin,
    QUARANTINE.name: _origin,
    ALERTS.name: lambda value, _key, _body: f"{value['fingerprint']}:{value['revision']}",
    HANDOFFS.name: lambda value, _key, _body: f"{value['id']}:{value['revision']}",
}
"""Topic → what names one of its records; where nothing does, key and content together."""


class Envelope:
    """Makes the headers of one topic's records."""

    def __init__(self, topic: Topic) -> None:
        self._time = TIMES[topic.name]
        self._identity = IDENTITIES.get(topic.name, _content)
        self._same: list[Header] = [
            ("ce_specversion", b"1.0"),
            ("ce_type", type_of(topic).encode()),
            ("ce_source", source_of(topic).encode()),
            ("ce_dataschema", schema_of(topic).encode()),
            ("content-type", CONTENT_TYPE),
        ]

    def headers(self, key: bytes, value: dict[str, Any], body: bytes) -> list[Header]:
        """The headers of one record.

        Args:
            key: As it is published.
            value: In wire form.
            body: The same as JSON.
        """
        identity = self._identity(value, key, body)
        return [
            *self._same,
            ("ce_id", identity if isinstance(identity, bytes) else identity.encode("utf-8", "surrogatepass")),
            ("ce_time", value[self._time].encode()),
            ("ce_subject", key),
        ]


def envelopes(which: Which) -> dict[str, Envelope]:
    """Topic (without prefix) → its envelope, for the topics that shall have one."""
    topics = {"off": (), "feeds": FEEDS, "all": DERIVED}[which]
    return {topic.name: Envelope(topic) for topic in topics if topic.name in TIMES}


def type_of(topic: Topic) -> str:
    """``ce_type``, the same whatever the topics' prefix is: ``groundswell.alerts.v1``."""
    return f"groundswell.{topic.name}"


def source_of(topic: Topic) -> str:
    """``ce_source``: the stage that publishes it."""
    return f"/groundswell/{STAGES.get(topic.name, 'detect')}"


def schema_of(topic: Topic) -> str:
    """``ce_dataschema``: the ``$id`` that ``groundswell schema`` gives to the topic's JSON Schema."""
    return f"urn:groundswell:{topic.name}"
