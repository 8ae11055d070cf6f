"""The topics on the broker: create what is missing, correct what may be corrected, tell what differs.

A number of partitions is never changed: keys would move to other partitions, and with them the state that was counted
under them. That, too few copies and topics that are missing are told as differences.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, OffsetSpec, TopicPartition
from kafka.admin import ConfigResource
from kafka.errors import (
    BrokerResponseError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
    SaslAuthenticationFailedError,
    for_code,
)

from streams import topics
from streams.connection import kafka_python
from streams.settings import Settings

CONNECT_SECONDS = 3.0
BOOTSTRAP_MS = 6_000
REQUEST_MS = 15_000
TOPIC_EXISTS = 36
"""Error code of TOPIC_ALREADY_EXISTS in Kafka's protocol: another process was quicker, which is as good."""

Extra = Sequence[tuple[str, Mapping[str, str]]]
"""Further topics by full name and configuration, such as the changelog of detect's state."""


class BrokerUnreachable(RuntimeError):  # noqa: N818
    """Nobody answers at the address, or not as a Kafka that lets us in; the message says what to do."""


class BrokerUntrusted(BrokerUnreachable):
    """It answers, but one side does not accept the other: waiting does not help, other settings do."""


class TopicRefused(RuntimeError):  # noqa: N818
    """The broker answered, and refused what was asked; the message has its reason."""


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


@dataclass(frozen=True)
class Lag:
    """How far a consumer group has got in one partition."""

    topic: str
    partition: int
    begin: int
    """The first offset that the broker still has."""
    end: int
    """The offset that the next record will get."""
    committed: int | None
    """The next offset that the group will read; None: it has not committed yet."""

    @property
    def records(self) -> int:
        """How many records the group has not finished, of those that the broker still has."""
        return self.end - max(self.committed or 0, self.begin)


def create(settings: Settings, address: str, extra: Extra = ()) -> list[Change]:
    """Creates the topics that are missing and corrects the configuration of the others; says what was done.

    Raises:
        BrokerUnreachable: Nobody answers there.
        TopicRefused: The broker refuses, for want of rights or of brokers for so many copies.
    """
    wanted = _wanted(settings, extra)
    changes: list[Change] = []
    with _client(settings, address) as client:
        found = _describe(client, wanted)
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
    with _client(settings, address) as client:
        found = _describe(client, wanted)
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


def end_offsets(settings: Settings, address: str, names: Iterable[str]) -> dict[tuple[str, int], int]:
    """(topic, partition) → the offset that the next record will get; topics that are not there are left out.

    Raises:
        BrokerUnreachable: Nobody answers there.
    """
    with _client(settings, address) as client:
        return _offsets(client, _partitions(_describe(client, names)), OffsetSpec.LATEST)


def newest_ms(settings: Settings, address: str) -> int | None:
    """The newest time, in milliseconds since 1970, at which anything was published on our topics; None: nothing was.

    Raises:
        BrokerUnreachable: Nobody answers there.
    """
    names = [topic.full_name(settings.topic_prefix) for topic in topics.ALL]
    with _client(settings, address) as client:
        asked = {TopicPartition(*place): OffsetSpec.MAX_TIMESTAMP for place in _partitions(_describe(client, names))}
        times = [found.timestamp for found in client.list_partition_offsets(asked).values()] if asked else []
    return max((time_ms for time_ms in times if time_ms >= 0), default=None)


def lag(settings: Settings, address: str, names: Iterable[str] = (), group: str | None = None) -> list[Lag]:
    """How far a group has got, a line for each partition.

    Args:
        settings: Who asks.
        address: The broker.
        names: Full names of topics that are listed even where the group has committed nothing; by default those that
            score and detect read.
        group: By default the workers' own.

    Raises:
        BrokerUnreachable: Nobody answers there.
    """
    listed = set(names) or {t.full_name(settings.topic_prefix) for t in (*topics.RAW.values(), topics.SCORED)}
    group = group or settings.group
    with _client(settings, address) as client:
        committed = _committed(client, group)
        partitions = _partitions(_describe(client, listed | {topic for topic, _ in committed}))
        begin = _offsets(client, partitions, OffsetSpec.EARLIEST)
        end = _offsets(client, partitions, OffsetSpec.LATEST)
    return [Lag(*place, begin[place], end[place], committed.get(place)) for place in sorted(partitions)]


def _wanted(settings: Settings, extra: Extra) -> dict[str, Mapping[str, str]]:
    wanted: dict[str, Mapping[str, str]] = {t.full_name(settings.topic_prefix): t.config for t in topics.ALL}
    return wanted | {settings.state_topic: topics.STATE_CONFIG} | dict(extra)


@contextmanager
def _client(settings: Settings, address: str) -> Iterator[Any]:
    """An admin client; what goes wrong with the connection becomes BrokerUnreachable."""
    arguments = kafka_python(settings, address)
    _knock(address)
    failures = _Failures()
    try:
        with failures:
            client = KafkaAdminClient(
                **arguments,
                client_id="groundswell-admin",
                bootstrap_timeout_ms=BOOTSTRAP_MS,
                request_timeout_ms=REQUEST_MS,
            )
        with closing(client):
            yield client
    except BrokerResponseError as error:
        # Kafka has answered, and its answer is no.
        raise TopicRefused(f"The Kafka at {address} refuses: {type(error).__name__}: {error}") from error
    except (KafkaError, OSError) as error:
        raise _why(settings, address, [*failures.seen, error]) from error


def _why(settings: Settings, address: str, failures: list[BaseException]) -> BrokerUnreachable:
    login = settings.security_protocol.startswith("SASL_")
    if any(isinstance(failure, SaslAuthenticationFailedError) for failure in failures):
        return BrokerUntrusted(
            f"The Kafka at {address} does not accept this login; check GROUNDSWELL_SASL_USERNAME,"
            " GROUNDSWELL_SASL_PASSWORD and GROUNDSWELL_SASL_MECHANISM."
        )
    if untrusted := next((str(failure) for failure in failures if "CERTIFICATE_VERIFY" in str(failure)), None):
        return BrokerUntrusted(
            f"The certificate of the Kafka at {address} is not one that we trust; check GROUNDSWELL_SSL_CAFILE and"
            f" GROUNDSWELL_SSL_CHECK_HOSTNAME. {untrusted}"
        )
    return BrokerUnreachable(
        f"Something listens at {address}, but does not answer as Kafka would ({type(failures[-1]).__name__}). Check"
        f" that it is up, and that GROUNDSWELL_SECURITY_PROTOCOL={settings.security_protocol} is what it speaks."
        # A Kafka that refuses a login may close the connection before its answer is read.
        + (" It may refuse the login, too: GROUNDSWELL_SASL_USERNAME, GROUNDSWELL_SASL_PASSWORD." if login else "")
    )


class _Failures(logging.Handler):
    """Why each attempt to connect has failed: kafka-python tries on until its time is up, and only its log says why."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[BaseException] = []
        self._log = logging.getLogger("kafka.net.manager")
        self._former = self._log.level, self._log.propagate

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.seen += [argument for argument in arguments if isinstance(argument, BaseException)]

    def __enter__(self) -> None:
        # Commands keep the clients quiet, and quiet ones would not say it here either.
        self._log.propagate = self._log.isEnabledFor(logging.WARNING)
        self._log.setLevel(logging.WARNING)
        self._log.addHandler(self)

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        level, self._log.propagate = self._former
        self._log.setLevel(level)


def _knock(address: str) -> None:
    """Whether any of the hosts takes a connection: told in an instant, where a client would try for long."""
    reasons = []
    for place in address.split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        except OSError as error:
            reasons.append(f"{place}: {error.strerror or error}")
        else:
            return
    raise BrokerUnreachable(
        f"No Kafka can be reached ({'; '.join(reasons)}). Start it, or correct GROUNDSWELL_BROKER, or unset that to use"
        " the embedded broker: groundswell up."
    )


def _describe(client: Any, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Topic → its partitions, of those topics that are there."""
    return {t["name"]: t["partitions"] for t in client.describe_topics(sorted(names)) if t["error_code"] == 0}


def _partitions(found: Mapping[str, list[dict[str, Any]]]) -> list[tuple[str, int]]:
    return [(name, partition["partition_index"]) for name, partitions in found.items() for partition in partitions]


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


def _committed(client: Any, group: str) -> dict[tuple[str, int], int]:
    """(topic, partition) → the group's offset. A fresh Kafka first makes the topic that holds them: we wait for it."""
    deadline = time.monotonic() + REQUEST_MS / 1000
    while True:
        try:
            answer = client.list_group_offsets({group: None})[group]
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return {(tp.topic, tp.partition): found.offset for tp, found in answer.items() if found.offset >= 0}


def _offsets(client: Any, places: Iterable[tuple[str, int]], spec: Any) -> dict[tuple[str, int], int]:
    asked = {TopicPartition(*place): spec for place in places}
    if not asked:
        return {}
    return {(tp.topic, tp.partition): found.offset for tp, found in client.list_partition_offsets(asked).items()}
