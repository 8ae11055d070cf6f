"""The topics on the broker: create what is missing, correct what may be corrected, tell what differs.

A number of partitions is never changed: keys would move to other partitions, and with them the state that was counted
under them. That, too few copies and topics that are missing are told as differences.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource
from kafka.errors import for_code

from streams import topics
from streams.admin.client import REQUEST_MS, TopicRefused, client_of, described
from streams.settings import Settings

TOPIC_EXISTS = 36
"""Error code of TOPIC_ALREADY_EXISTS in Kafka's protocol: another process was quicker, which is as good."""

Extra = Sequence[tuple[str, Mapping[str, str]]]
"""Further topics by full name and configuration, such as the changelog of detect's state."""


@dataclass(frozen=True)
class Change:
    """One thing that was done to a topic."""

    topic: str
    what: str
    """``created``, or the name of a configuration entry."""
    before: str | None
    after: str

    def __str__(self) -> str:
        if self.what == "created":
            return f"{self.topic}: created, {self.after}"
        return f"{self.topic}: {self.what} {self.before} → {self.after}"


@dataclass(frozen=True)
class Difference:
    """One thing in which a topic is not as it should be."""

    topic: str
    what: str
    """``missing``, ``partitions``, ``replication``, or the name of a configuration entry."""
    expected: str
    actual: str
    todo: str
    """What to do about it, as a sentence."""

    def __str__(self) -> str:
        if self.what == "missing":
            return f"{self.topic} is {self.actual}. {self.todo}"
        return f"{self.topic}: {self.what} is {self.actual}, expected {self.expected}. {self.todo}"


def create(settings: Settings, address: str, extra: Extra = ()) -> list[Change]:
    """Creates the topics that are missing and corrects the configuration of the others; says what was done.

    Raises:
        BrokerUnreachable: Nobody answers there.
        TopicRefused: The broker refuses, for want of rights or of brokers for so many copies.
    """
    wanted = _wanted(settings, extra)
    changes: list[Change] = []
    with client_of(settings, address) as client:
        found = described(client, wanted)
        missing = {name: config for name, config in wanted.items() if name not in found}
        if missing:
            changes += _create_missing(client, settings, missing)
        actual = _configs(client, wanted.keys() - missing.keys(), wanted)
        wrong = {
            name: {key: value for key, value in wanted[name].items() if not _same(key, value, config[key])}
            for name, config in sorted(actual.items())
        }
        resources = [ConfigResource("topic", name, dict(entries)) for name, entries in wrong.items() if entries]
        if resources:
            answers = client.alter_configs(resources)["topic"]
            for name, answer in answers.items():
                if answer != "OK":
                    raise TopicRefused(f"{address} refuses to change {name}: {answer}")
            _settle(client, {name: entries for name, entries in wrong.items() if entries})
            changes += [
                Change(name, key, actual[name][key], value)
                for name, entries in wrong.items()
                for key, value in entries.items()
            ]
    return changes


def check(settings: Settings, address: str, extra: Extra = ()) -> list[Difference]:
    """What differs between the topics on the broker and those of the design; an empty list: nothing.

    Raises:
        BrokerUnreachable: Nobody answers there.
    """
    wanted = _wanted(settings, extra)
    differences: list[Difference] = []
    with client_of(settings, address) as client:
        found = described(client, wanted)
        actual = _configs(client, found, wanted)
    for name, config in wanted.items():
        if name not in found:
            todo = "Run: groundswell topics create"
            differences.append(Difference(name, "missing", f"{settings.partitions} partitions", "not there", todo))
            continue
        differences += _layout(settings, name, found[name])
        for key, value in config.items():
            if not _same(key, value, actual[name][key]):
                todo = "Run: groundswell topics create (it corrects this and keeps the records)"
                differences.append(Difference(name, key, value, actual[name][key] or "unset", todo))
    return differences


def _wanted(settings: Settings, extra: Extra) -> dict[str, Mapping[str, str]]:
    wanted: dict[str, Mapping[str, str]] = {t.full_name(settings.topic_prefix): t.config for t in topics.ALL}
    return wanted | {settings.state_topic: topics.STATE_CONFIG} | dict(extra)


def _configs(
    client: Any, names: Iterable[str], wanted: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str | None]]:
    """Topic → the actual values of the entries that matter to us."""
    resources = [ConfigResource("topic", name, sorted(wanted[name])) for name in sorted(names)]
    if not resources:
        return {}
    answer = client.describe_configs(resources, config_filter="all")["topic"]
    return {
        resource.name: {key: answer[resource.name].get(key, {}).get("value") for key in resource.configs}
        for resource in resources
    }


def _settle(client: Any, changed: Mapping[str, Mapping[str, str]]) -> None:
    """Waits until the broker shows what its controller has accepted; where that takes long, so be it."""
    deadline = time.monotonic() + REQUEST_MS / 1000
    while time.monotonic() < deadline:
        actual = _configs(client, changed, changed)
        if all(_same(key, value, actual[name][key]) for name in changed for key, value in changed[name].items()):
            return
        time.sleep(0.05)


def _same(key: str, expected: str, actual: str | None) -> bool:
    if key == "cleanup.policy" and actual is not None:
        return set(expected.split(",")) == set(actual.replace(" ", "").split(","))
    return expected == actual


def _create_missing(client: Any, settings: Settings, missing: Mapping[str, Mapping[str, str]]) -> list[Change]:
    layout = {"num_partitions": settings.partitions, "replication_factor": settings.replication}
    answer = client.create_topics(
        {name: {**layout, "configs": dict(config)} for name, config in missing.items()}, raise_errors=False
    )
    changes = []
    for topic in answer["topics"]:
        if topic["error_code"] == 0:
            after = f"{settings.partitions} partitions, {missing[topic['name']].get('cleanup.policy', 'delete')}"
            changes.append(Change(topic["name"], "created", None, after))
        elif topic["error_code"] != TOPIC_EXISTS:
            reason = topic["error_message"] or for_code(topic["error_code"]).__name__
            raise TopicRefused(
                f"{topic['name']} could not be created with {settings.partitions} partitions in {settings.replication}"
                f" copies: {reason} Check GROUNDSWELL_PARTITIONS, GROUNDSWELL_REPLICATION and our user's rights."
            )
    client.wait_for_topics(list(missing), timeout_ms=REQUEST_MS)
    return changes


def _layout(settings: Settings, name: str, partitions: list[dict[str, Any]]) -> Iterator[Difference]:
    if len(partitions) != settings.partitions:
        yield Difference(
            name,
            "partitions",
            str(settings.partitions),
            str(len(partitions)),
            f"Set GROUNDSWELL_PARTITIONS={len(partitions)} if all topics have that number, or move to fresh topics with"
            " another GROUNDSWELL_TOPIC_PREFIX; it is not changed here, for keys would move.",
        )
    copies = min(len(partition["replica_nodes"]) for partition in partitions)
    if copies < settings.replication:
        yield Difference(
            name,
            "replication",
            str(settings.replication),
            str(copies),
            "Add copies with Kafka's own kafka-reassign-partitions, or lower GROUNDSWELL_REPLICATION.",
        )
