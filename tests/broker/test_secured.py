"""A Kafka of one's own, with TLS, logins and an authorizer: who is let in, and what each may do there."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from pydantic import SecretStr

from schemas.silences import Matchers, Silence
from streams import admin, connection, rights, topics
from streams.broker import jars, server
from streams.settings import Settings
from streams.silence_log import publish
from tests.broker.pipeline import Pipeline, eventually
from tests.golden.path import events

PEM = Path(__file__).parents[1] / "pem"
CERTIFICATE, KEY = PEM / "localhost.pem", PEM / "localhost-key.pem"


def free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


PASSWORDS = {"ada": "lovelace", "worker": "who works", "source": "who sends", "subscriber": "who reads"}
"""Of those who log in; ada may do everything."""

AUDIT = """<Configuration shutdownHook="disable">
  <Appenders>
    <Console name="stdout"/>
    <File name="audit" fileName="audit.log"><PatternLayout pattern="%m%n"/></File>
  </Appenders>
  <Loggers>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
    <Logger name="kafka.authorizer.logger" level="DEBUG" additivity="false"><AppenderRef ref="audit"/></Logger>
    <Root level="WARN"><AppenderRef ref="stdout"/></Root>
  </Loggers>
</Configuration>
"""
"""The authorizer tells what it allows and denies, each time."""

AUDITED = re.compile(r"Principal = User:(\w+) is (\w+) operation = (\w+) from .* on resource = (\w+):LITERAL:(\S+) ")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The broker's folder."""
    return tmp_path_factory.mktemp("secured")


@pytest.fixture(scope="module")
def secured(home: Path) -> Iterator[str]:
    """The address of a Kafka that speaks SASL_SSL, where people log in by SCRAM-SHA-512 and may do what ACLs say."""
    (home / "tmp").mkdir()
    (home / "log4j2.xml").write_text(AUDIT)
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
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ada;User:ANONYMOUS",  # Anonymous is the controller, to itself.
        "ssl.keystore.type=PEM",
        "ssl.truststore.type=PEM",
        "ssl.truststore.certificates=" + CERTIFICATE.read_text().replace("\n", "\\n"),
        *(f"ssl.keystore.{name}=" + path.read_text().replace("\n", "\\n") for name, path in pem.items()),
    ]
    (home / "server.properties").write_text("\n".join(lines))
    found = jars.ensure(Settings().cache)
    users = [f"SCRAM-SHA-512=[name={name},password={password}]" for name, password in PASSWORDS.items()]
    format_line = ["format", "-t", "AAAAAAAAAAAAAAAAAAAAAA", "-c", "server.properties"]
    format_line += [word for user in users for word in ("--add-scram", user)]
    subprocess.run(
        server.command(found, home, "kafka.tools.StorageTool", *format_line),
        cwd=home,
        env=server.environment(),
        check=True,
        capture_output=True,
    )
    line = server.command(found, home, "kafka.Kafka", "server.properties")
    line = [f"-Dlog4j2.configurationFile={home}/log4j2.xml" if "log4j2" in word[:10] else word for word in line]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(line, cwd=home, env=server.environment(), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while b"Kafka Server started" not in (home / "log").read_bytes():
            assert process.poll() is None and time.monotonic() < deadline, (home / "log").read_text()
            time.sleep(0.1)
        yield f"localhost:{port}"
    finally:
        process.kill()
        process.wait()


def settings(address: str, password: str | None = None, user: str = "ada") -> Settings:
    return Settings(
        broker=address,
        security_protocol="SASL_SSL",
        ssl_cafile=CERTIFICATE,
        sasl_username=user,
        sasl_password=password or PASSWORDS[user],
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
    monkeypatch.setattr("streams.admin.client.BOOTSTRAP_MS", 1_500)
    with pytest.raises(admin.BrokerUnreachable, match="GROUNDSWELL_SASL_PASSWORD") as told:
        admin.check(settings(secured, "byron"), secured)
    assert "byron" not in str(told.value)


def test_a_certificate_of_somebody_else_is_not_accepted(secured: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.admin.client.BOOTSTRAP_MS", 5_000)
    stranger = settings(secured).model_copy(update={"ssl_cafile": None})
    kafka = logging.getLogger("kafka")
    former = kafka.level
    kafka.setLevel(logging.CRITICAL)  # As commands do: the clients log each attempt.
    try:
        with pytest.raises(admin.BrokerUnreachable, match="GROUNDSWELL_SSL_CAFILE"):
            admin.check(stranger, secured)
    finally:
        kafka.setLevel(former)


def allow(address: str, role: rights.Role) -> None:
    """Give the user of the role's name the rights of the role."""
    client = KafkaAdminClient(**connection.kafka_python(settings(address), address))
    try:
        client.create_acls(
            [
                ACL(
                    f"User:{role}",
                    "*",
                    ACLOperation[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()],
                    ACLPermissionType.ALLOW,
                    ResourcePattern(ResourceType[right.resource.upper()], right.name),
                )
                for right in rights.of(role, settings(address))
                for operation in right.operations
            ]
        )
    finally:
        client.close()


def audited(home: Path, user: str, verdict: str) -> set[tuple[str, str, str]]:
    """(resource, name, operation) of what the authorizer has allowed or denied somebody."""
    found = AUDITED.findall((home / "audit.log").read_text())
    return {(kind, name, operation) for who, told, operation, kind, name in found if (who, told) == (user, verdict)}


def granted(role: rights.Role, address: str) -> set[tuple[str, str, str]]:
    return {
        (right.resource.capitalize(), right.name, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper())
        for right in rights.of(role, settings(address))
        for operation in right.operations
    }


def test_a_worker_uses_all_its_rights_and_asks_for_no_other(secured: str, home: Path, tmp_path: Path) -> None:
    """A story that reaches every topic, of a brand whose alerts are silenced and of one whose alerts are told."""
    chosen = settings(secured)
    with Pipeline(chosen, secured, tmp_path) as pipeline:
        allow(secured, "worker")
        allow(secured, "source")
        now = datetime.now(UTC)
        silence = Silence(
            id="5ca1ab1e0042",
            matchers=Matchers(brand="Acme"),
            starts_at=now,
            ends_at=now + timedelta(hours=1),
            created_at=now,
            created_by="ada",
        )
        asyncio.run(publish(silence, settings=chosen, address=secured))
        pipeline.settings = pipeline.settings.model_copy(
            update={"sasl_username": "source", "sasl_password": SecretStr(PASSWORDS["source"])}
        )
        worker = pipeline.start(
            GROUNDSWELL_SECURITY_PROTOCOL="SASL_SSL",
            GROUNDSWELL_SSL_CAFILE=str(CERTIFICATE),
            GROUNDSWELL_SASL_USERNAME="worker",
            GROUNDSWELL_SASL_PASSWORD=PASSWORDS["worker"],
            GROUNDSWELL_NOTIFY="alerts",
            GROUNDSWELL_WEBHOOK_URL="http://127.0.0.1:9/",  # Nobody is there, which is written to receipts.
        )
        pipeline.send(list(events()), "silenced")
        others = [(source, replace(it, value=it.value.replace(b"Acme", b"Beta"))) for source, it in events()]
        pipeline.send(others, "told")

        def unused() -> set[tuple[str, str, str]]:
            return granted("worker", secured) - audited(home, "worker", "Allowed")

        eventually(unused, set(), why=pipeline.logs)
        assert worker.poll() is None
        assert audited(home, "worker", "Denied") == set(), pipeline.logs()
        assert audited(home, "source", "Denied") == set()


def test_nobody_can_do_more_than_a_role_has(secured: str, home: Path) -> None:
    """Or the test above would prove nothing."""
    chosen = settings(secured, user="subscriber")
    allow(secured, "subscriber")
    posts = topics.POSTS.full_name(chosen.topic_prefix)

    async def send() -> None:
        async with AIOKafkaProducer(**connection.aiokafka(chosen, secured)) as producer:
            await producer.send_and_wait(posts, b"{}")

    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(send())
    assert {name for _, name, _ in audited(home, "subscriber", "Denied")} == {posts}
