"""A Kafka of one's own, with TLS and a login: what ``connection`` tells the clients lets them in, and others out."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams import admin, connection, topics
from streams.broker import jars, server
from streams.settings import Settings

PEM = Path(__file__).parents[1] / "pem"
CERTIFICATE, KEY = PEM / "localhost.pem", PEM / "localhost-key.pem"


def free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Kafka that speaks SASL_SSL, where ada logs in by SCRAM-SHA-512."""
    home = tmp_path_factory.mktemp("secured")
    (home / "tmp").mkdir()
    port, controller = free_ports()
    pem = {"certificate.chain": CERTIFICATE, "key": KEY}
    lines = [
        *(
            line
            for line in server.properties(port, controller).splitlines()
            if not line.startswith("listener.security")
        ),
        "listener.security.protocol.map=PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms=SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512",
        "listener.name.plaintext.scram-sha-512.sasl.jaas.config="
        'org.apache.kafka.common.security.scram.ScramLoginModule required username="ada" password="lovelace";',
        "ssl.keystore.type=PEM",
        "ssl.truststore.type=PEM",
        "ssl.truststore.certificates=" + CERTIFICATE.read_text().replace("\n", "\\n"),
        *(f"ssl.keystore.{name}=" + path.read_text().replace("\n", "\\n") for name, path in pem.items()),
    ]
    (home / "server.properties").write_text("\n".join(lines))
    found = jars.ensure(Settings().cache)
    user = "SCRAM-SHA-512=[name=ada,password=lovelace]"
    format_line = ["format", "-t", "AAAAAAAAAAAAAAAAAAAAAA", "-c", "server.properties", "--add-scram", user]
    subprocess.run(
        server.command(found, home, "kafka.tools.StorageTool", *format_line),
        cwd=home,
        env=server.environment(),
        check=True,
        capture_output=True,
    )
    line = server.command(found, home, "kafka.Kafka", "server.properties")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(line, cwd=home, env=server.environment(), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while b"Kafka Server started" not in (home / "log").read_bytes():
            assert process.poll() is None and time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.1)
        yield f"localhost:{port}"
    finally:
        process.kill()
        process.wait()


def settings(address: str, password: str = "lovelace") -> Settings:
    return Settings(
        broker=address,
        security_protocol="SASL_SSL",
        ssl_cafile=CERTIFICATE,
        sasl_username="ada",
        sasl_password=password,
        partitions=1,
    )


def test_both_clients_get_in(secured: str) -> None:
    chosen = settings(secured)
    admin.create(chosen, secured)
    assert admin.check(chosen, secured) == []
    name = topics.POSTS.full_name(chosen.topic_prefix)

    async def send() -> None:
        producer = AIOKafkaProducer(**connection.aiokafka(chosen, secured))
        await producer.start()
        try:
            await producer.send_and_wait(name, b"{}")
        finally:
            await producer.stop()

    asyncio.run(send())
    assert admin.end_offsets(chosen, secured, [name]) == {(name, 0): 1}


def test_a_wrong_password_is_told_as_such(secured: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "BOOTSTRAP_MS", 1_500)
    with pytest.raises(admin.BrokerUnreachable, match="GROUNDSWELL_SASL_PASSWORD") as told:
        admin.check(settings(secured, "byron"), secured)
    assert "byron" not in str(told.value)


def test_a_certificate_of_somebody_else_is_not_accepted(secured: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "BOOTSTRAP_MS", 5_000)
    stranger = settings(secured).model_copy(update={"ssl_cafile": None})
    kafka = logging.getLogger("kafka")
    former = kafka.level
    kafka.setLevel(logging.CRITICAL)  # As commands do: the clients log each attempt.
    try:
        with pytest.raises(admin.BrokerUnreachable, match="GROUNDSWELL_SSL_CAFILE"):
            admin.check(stranger, secured)
    finally:
        kafka.setLevel(former)
