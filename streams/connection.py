"""From the settings and an address to what each Kafka client wants to hear.

kafka-python, aiokafka and Faust name the same things differently. This module imports none of them: ``streams.app``
turns ``Security`` into Faust's credentials.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streams.settings import Settings


class BadConnectionSettings(ValueError):  # noqa: N818
    """The settings that say how to talk to the broker don't fit together; the message names the one to change."""


@dataclass(frozen=True)
class Security:
    """How to talk to the broker: neutral, read and checked."""

    protocol: str
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    ssl_context: ssl.SSLContext | None = None
    """Set with SSL and SASL_SSL."""
    mechanism: str | None = None
    """PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; set with SASL_PLAINTEXT and SASL_SSL, as are the next two."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def security(settings: Settings) -> Security:
    """What the settings say about TLS and login, with its files read.

    Raises:
        BadConnectionSettings: Something is missing, can't be read, or is set where it would have no effect.
    """
    protocol = settings.security_protocol
    tls, login = protocol.endswith("SSL"), protocol.startswith("SASL_")
    if protocol != "PLAINTEXT" and settings.broker is None:
        raise BadConnectionSettings(
            f"{_name('security_protocol')}={protocol} is for a broker of your own, and {_name('broker')} is not set."
            f" Set {_name('broker')}=host:port, or unset {_name('security_protocol')} for the embedded broker."
        )
    _refuse_unused(settings, tls=tls, login=login)
    return Security(
        protocol,
        _ssl_context(settings) if tls else None,
        settings.sasl_mechanism if login else None,
        _required(settings, "sasl_username") if login else None,
        _required(settings, "sasl_password") if login else None,
    )


def kafka_python(settings: Settings, address: str) -> dict[str, Any]:
    """Keyword arguments for the clients of kafka-python: ``KafkaProducer(**kafka_python(settings, address))``."""
    return _arguments(settings, address)


def aiokafka(settings: Settings, address: str) -> dict[str, Any]:
    """Keyword arguments for the clients of aiokafka."""
    # The two libraries share these names today; callers still say which one they mean.
    return _arguments(settings, address)


def faust_urls(address: str) -> list[str]:
    """Faust's ``broker`` setting: one URL for each of the address's hosts."""
    return [f"kafka://{host}" for host in address.split(",")]


def _arguments(settings: Settings, address: str) -> dict[str, Any]:
    how = security(settings)
    arguments: dict[str, Any] = {"bootstrap_servers": address.split(","), "security_protocol": how.protocol}
    if how.ssl_context:
        arguments["ssl_context"] = how.ssl_context
    if how.mechanism:
        arguments |= {
            "sasl_mechanism": how.mechanism,
            "sasl_plain_username": how.username,
            "sasl_plain_password": how.password,
        }
    return arguments


def _name(setting: str) -> str:
    return f"GROUNDSWELL_{setting.upper()}"


def _refuse_unused(settings: Settings, *, tls: bool, login: bool) -> None:
    """A certificate or a password without effect means that the protocol is not what somebody thinks it is."""
    unused = [name for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_key_password") if not tls]
    unused += [name for name in ("sasl_username", "sasl_password") if not login]
    for name in unused:
        if getattr(settings, name) is not None:
            fitting = "SSL or SASL_SSL" if name.startswith("ssl") else "SASL_SSL or SASL_PLAINTEXT"
            raise BadConnectionSettings(
                f"{_name(name)} is set, but {_name('security_protocol')}={settings.security_protocol} does not use it."
                f" Set {_name('security_protocol')} to {fitting}, or unset {_name(name)}."
            )


def _required(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    text: str = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    if not text:
        raise BadConnectionSettings(
            f"{_name('security_protocol')}={settings.security_protocol} logs in, so {_name(name)} must be set."
        )
    return text


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    if settings.ssl_keyfile and not settings.ssl_certfile:
        raise BadConnectionSettings(f"{_name('ssl_keyfile')} is set without {_name('ssl_certfile')}: set both or none.")
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    if settings.ssl_cafile:
        # Only this authority counts: the system's are for the web.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(_readable(settings.ssl_cafile, "ssl_cafile"))
        except ssl.SSLError as error:
            raise BadConnectionSettings(
                f"{_name('ssl_cafile')}={settings.ssl_cafile} holds no certificate in PEM form ({error.reason})."
            ) from error
    context.check_hostname = settings.ssl_check_hostname
    if settings.ssl_certfile:
        certificate = _readable(settings.ssl_certfile, "ssl_certfile")
        key = _readable(settings.ssl_keyfile, "ssl_keyfile") if settings.ssl_keyfile else None
        secret = settings.ssl_key_password.get_secret_value() if settings.ssl_key_password else ""
        try:
            # Always a password, even an empty one, or OpenSSL asks for it on the terminal.
            context.load_cert_chain(certificate, key, lambda: secret)
        except (ssl.SSLError, ValueError) as error:
            raise BadConnectionSettings(
                f"{_name('ssl_certfile')}={certificate} and its key could not be loaded: both must be PEM and fit"
                f" together, and an encrypted key needs {_name('ssl_key_password')}"
                f"{' (the one that is set may be wrong)' if secret else ''}."
            ) from error
    return context


def _readable(path: Path, name: str) -> Path:
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise BadConnectionSettings(f"{_name(name)}={path} can't be read: {error.strerror}.") from error
