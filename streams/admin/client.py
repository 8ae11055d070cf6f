"""An admin client of the broker, and what is wrong where there is none, as sentences that say what to do."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import BrokerResponseError, KafkaError, SaslAuthenticationFailedError

from streams.connection import kafka_python
from streams.settings import Settings

CONNECT_SECONDS = 3.0
BOOTSTRAP_MS = 6_000
REQUEST_MS = 15_000


class BrokerUnreachable(RuntimeError):  # noqa: N818
    """Nobody answers at the address, or not as a Kafka that lets us in; the message says what to do."""


class BrokerUntrusted(BrokerUnreachable):
    """It answers, but one side does not accept the other: waiting does not help, other settings do."""


class TopicRefused(RuntimeError):  # noqa: N818
    """The broker answered, and refused what was asked; the message has its reason."""


@contextmanager
def client_of(settings: Settings, address: str) -> Iterator[Any]:
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


def described(client: Any, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Topic → its partitions, of those topics that are there."""
    return {t["name"]: t["partitions"] for t in client.describe_topics(sorted(names)) if t["error_code"] == 0}


def partitions_of(found: Mapping[str, list[dict[str, Any]]]) -> list[tuple[str, int]]:
    """(topic, partition) of each."""
    return [(name, partition["partition_index"]) for name, partitions in found.items() for partition in partitions]
