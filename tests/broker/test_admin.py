"""Topics on the real broker: made, compared, corrected, and never repartitioned."""

from __future__ import annotations

import socket
import time

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import ConfigResource

from streams import admin, topics
from streams.broker import Broker
from streams.settings import Settings


def names(settings: Settings) -> set[str]:
    return {topic.full_name(settings.topic_prefix) for topic in topics.ALL} | {settings.state_topic}


def test_missing_topics_are_told_then_created_and_then_nothing_differs(broker: Broker, settings: Settings) -> None:
    extra = [(f"{settings.group}-more", {"cleanup.policy": "compact"})]
    missing = admin.check(settings, broker.address, extra)
    assert {d.topic for d in missing} == names(settings) | {extra[0][0]}
    assert {d.what for d in missing} == {"missing"}
    assert "groundswell topics create" in str(missing[0])

    changes = admin.create(settings, broker.address, extra)
    assert {c.topic for c in changes} == names(settings) | {extra[0][0]}
    assert {c.what for c in changes} == {"created"}
    assert admin.check(settings, broker.address, extra) == []
    assert admin.create(settings, broker.address, extra) == []


def test_a_topic_is_as_the_design_says(broker: Broker, settings: Settings) -> None:
    admin.create(settings, broker.address)
    name = topics.METRICS.full_name(settings.topic_prefix)
    client = KafkaAdminClient(bootstrap_servers=broker.address)
    (found,) = client.describe_topics([name])
    config = client.describe_configs([ConfigResource("topic", name)], config_filter="all")["topic"][name]
    client.close()
    assert len(found["partitions"]) == settings.partitions
    assert set(config["cleanup.policy"]["value"].split(",")) == {"compact", "delete"}
    assert config["retention.ms"]["value"] == str(90 * 24 * 60 * 60 * 1000)
    assert config["max.message.bytes"]["value"] == str(4 * 1024 * 1024)


def test_a_changed_configuration_is_told_and_corrected(broker: Broker, settings: Settings) -> None:
    admin.create(settings, broker.address)
    name = topics.SCORED.full_name(settings.topic_prefix)
    client = KafkaAdminClient(bootstrap_servers=broker.address)
    # An entry that the design does not speak of is the operator's own.
    client.alter_configs([ConfigResource("topic", name, {"retention.ms": "1000", "segment.ms": "60000"})])

    # The controller has accepted it; the broker follows.
    deadline = time.monotonic() + 30
    while not (differences := admin.check(settings, broker.address)) and time.monotonic() < deadline:
        time.sleep(0.05)
    (difference,) = differences
    assert (difference.topic, difference.what, difference.actual) == (name, "retention.ms", "1000")
    assert difference.expected == str(topics.SCORED.retention_ms)
    (change,) = admin.create(settings, broker.address)
    assert (change.topic, change.what, change.before) == (name, "retention.ms", "1000")
    assert admin.check(settings, broker.address) == []
    config = client.describe_configs([ConfigResource("topic", name)])["topic"][name]
    client.close()
    assert config["segment.ms"]["value"] == "60000"


def test_partitions_and_copies_are_told_and_not_changed(broker: Broker, settings: Settings) -> None:
    admin.create(settings, broker.address)
    other = settings.model_copy(update={"partitions": 3, "replication": 2})
    assert admin.create(other, broker.address) == []
    differences = admin.check(other, broker.address)
    assert {(d.topic, d.what, d.expected, d.actual) for d in differences} == {
        (name, *what) for name in names(settings) for what in (("partitions", "3", "2"), ("replication", "2", "1"))
    }
    assert "GROUNDSWELL_PARTITIONS=2" in str(differences[0])


def test_too_many_copies_are_refused_with_the_settings_name(broker: Broker, settings: Settings) -> None:
    many = settings.model_copy(update={"replication": 3})
    with pytest.raises(admin.TopicRefused, match="GROUNDSWELL_REPLICATION"):
        admin.create(many, broker.address)


def test_lag_counts_what_the_group_has_not_finished(broker: Broker, settings: Settings) -> None:
    admin.create(settings, broker.address)
    name = topics.POSTS.full_name(settings.topic_prefix)
    producer = KafkaProducer(bootstrap_servers=broker.address, acks="all")
    for partition, count in ((0, 5), (1, 3)):
        for _ in range(count):
            producer.send(name, b"{}", partition=partition).get(timeout=30)
    producer.close()
    ends = admin.end_offsets(settings, broker.address, [name, "not-there"])
    assert ends == {(name, 0): 5, (name, 1): 3}

    place = TopicPartition(name, 0)
    consumer = KafkaConsumer(bootstrap_servers=broker.address, group_id=settings.group, enable_auto_commit=False)
    consumer.assign([place])
    consumer.commit({place: OffsetAndMetadata(2, "", -1)})
    consumer.close()
    client = KafkaAdminClient(bootstrap_servers=broker.address)
    client.delete_records({TopicPartition(name, 1): 1})
    client.close()

    lags = {(entry.topic, entry.partition): entry for entry in admin.lag(settings, broker.address)}
    assert (lags[name, 0].committed, lags[name, 0].end, lags[name, 0].records) == (2, 5, 3)
    # Nothing is committed there, and the first record is gone: two are still to be read.
    assert (lags[name, 1].committed, lags[name, 1].begin, lags[name, 1].records) == (None, 1, 2)
    read = {t.full_name(settings.topic_prefix) for t in (topics.REVIEWS, topics.POSTS, topics.TICKETS, topics.SCORED)}
    assert {topic for topic, _ in lags} == read


def test_nobody_there_is_told_with_address_and_what_to_do(settings: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        for ask in (admin.check, admin.create, admin.lag):
            with pytest.raises(admin.BrokerUnreachable, match="GROUNDSWELL_BROKER") as told:
                ask(settings, address)
            assert address in str(told.value)


def test_something_else_at_the_address_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.admin.client.BOOTSTRAP_MS", 500)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(admin.BrokerUnreachable, match="GROUNDSWELL_SECURITY_PROTOCOL=PLAINTEXT"):
            admin.check(settings, f"127.0.0.1:{mute.getsockname()[1]}")
