"""What each kind of program needs to be allowed on the broker, and no more: derived from the topics.

The worker's list is tried on a broker that denies everything else (``tests/broker/test_secured.py``). Nothing needs a
transactional id (results are idempotent instead), nor a right on the cluster: who may write may write idempotently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from streams.settings import Settings
from streams.topics import ALERTS, ALL, DERIVED, INPUTS, QUARANTINE, RECEIPTS, SCORED, SILENCES, Topic

Operation = Literal["Read", "Write", "Describe", "DescribeConfigs", "AlterConfigs", "Create"]
Role = Literal["worker", "source", "subscriber", "oncall", "topics"]

ROLES: Final[dict[Role, str]] = {
    "worker": "a worker",
    "source": "who sends events and changes",
    "subscriber": "who reads results; not quarantine, which holds what sources wrote",
    "oncall": "who looks after it: reads everything, silences, puts back what was quarantined",
    "topics": "who runs groundswell topics create",
}


@dataclass(frozen=True, order=True)
class Right:
    """Operations that are allowed on one resource; names are whole names, never prefixes."""

    resource: Literal["topic", "group"]
    name: str
    operations: tuple[Operation, ...]


def of(role: Role, settings: Settings) -> list[Right]:
    """The rights of a role, sorted by name.

    Kafka's authorizer lets ``Read`` and ``Write`` stand for ``Describe`` too, and ``AlterConfigs`` for
    ``DescribeConfigs``.
    """
    prefix, state, group = settings.topic_prefix, settings.state_topic, settings.group
    everything = {topic.full_name(prefix) for topic in ALL}

    def names(topics: Iterable[Topic]) -> set[str]:
        return {topic.full_name(prefix) for topic in topics}

    match role:
        case "worker":
            reads = names((*INPUTS, SCORED, ALERTS, SILENCES, RECEIPTS)) | {state}
            writes = names((*DERIVED, SILENCES, RECEIPTS)) | {state}
            # It compares the topics with what they must be before it starts.
            topics = _topics(Read=reads, Write=writes, DescribeConfigs=everything | {state})
            return [*topics, Right("group", group, ("Read",))]
        case "source":
            return list(_topics(Write=names(INPUTS)))
        case "subscriber":
            return list(_topics(Read=names((*DERIVED, RECEIPTS)) - names((QUARANTINE,))))
        case "oncall":
            writes = names((*INPUTS, SILENCES))
            looks = _topics(Read=everything, Write=writes, Describe={state}, DescribeConfigs=everything | {state})
            return [*looks, Right("group", group, ("Describe",))]
        case "topics":
            wanted = everything | {state}
            return list(_topics(Create=wanted, Describe=wanted, AlterConfigs=wanted))


def _topics(**names: set[str]) -> Iterator[Right]:
    """Operation → topics, as one right a topic."""
    for name in sorted(set().union(*names.values())):
        yield Right("topic", name, tuple(operation for operation, them in names.items() if name in them))  # type: ignore[misc]
