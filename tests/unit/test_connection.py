"""What the clients are told, and what is refused with the name of the setting to change."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams import connection
from streams.settings import Settings

# A self-signed certificate for localhost, made for these tests and good for nothing else.
PEM = Path(__file__).parents[1] / "pem"
CERTIFICATE, KEY, ENCRYPTED_KEY = (PEM / f"localhost{rest}.pem" for rest in ("", "-key", "-key-encrypted"))
ADDRESS = "one:9092,two:9093"
LOGIN = {"sasl_username": "ada", "sasl_password": "lovelace"}


def settings(**values: Any) -> Settings:
    return Settings(**{"broker": ADDRESS, **values})


@pytest.mark.parametrize("arguments", [connection.kafka_python, connection.aiokafka])
def test_plaintext_says_nothing_of_tls_and_login(arguments: Any) -> None:
    assert arguments(settings(), ADDRESS) == {
        "bootstrap_servers": ["one:9092", "two:9093"],
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_login_without_tls(mechanism: str) -> None:
    chosen = settings(security_protocol="SASL_PLAINTEXT", sasl_mechanism=mechanism, **LOGIN)
    for arguments in (connection.kafka_python(chosen, ADDRESS), connection.aiokafka(chosen, ADDRESS)):
        assert arguments == {
            "bootstrap_servers": ["one:9092", "two:9093"],
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": mechanism,
            "sasl_plain_username": "ada",
            "sasl_plain_password": "lovelace",
        }


def test_tls_trusts_the_named_authority_only() -> None:
    context = connection.kafka_python(settings(security_protocol="SSL", ssl_cafile=CERTIFICATE), ADDRESS)["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    (authority,) = context.get_ca_certs()
    assert authority["subject"] == ((("commonName", "localhost"),),)


def test_tls_without_an_authority_trusts_the_systems() -> None:
    found = connection.security(settings(security_protocol="SSL"))
    assert found.ssl_context is not None
    assert found.ssl_context.verify_mode is ssl.CERT_REQUIRED
    assert (found.mechanism, found.username, found.password) == (None, None, None)


def test_the_hosts_name_may_be_left_unchecked_but_never_the_certificate() -> None:
    found = connection.security(settings(security_protocol="SSL", ssl_check_hostname=False))
    assert found.ssl_context is not None
    assert not found.ssl_context.check_hostname
    assert found.ssl_context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("values", [{"ssl_keyfile": KEY}, {"ssl_keyfile": ENCRYPTED_KEY, "ssl_key_password": "sesame"}])
def test_mutual_tls_with_a_login(values: dict[str, Any]) -> None:
    found = connection.security(settings(security_protocol="SASL_SSL", ssl_certfile=CERTIFICATE, **values, **LOGIN))
    assert found.ssl_context is not None
    assert (found.protocol, found.mechanism, found.username) == ("SASL_SSL", "SCRAM-SHA-512", "ada")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"security_protocol": "SSL", "broker": None}, "GROUNDSWELL_BROKER"),
        ({"security_protocol": "SASL_SSL", "sasl_password": "x"}, "GROUNDSWELL_SASL_USERNAME"),
        ({"security_protocol": "SASL_PLAINTEXT", "sasl_username": "x"}, "GROUNDSWELL_SASL_PASSWORD"),
        ({"security_protocol": "SASL_PLAINTEXT", "sasl_username": "x", "sasl_password": ""}, "SASL_PASSWORD"),
        ({"security_protocol": "SSL", **LOGIN}, "GROUNDSWELL_SASL_USERNAME"),
        ({"sasl_password": "x"}, "GROUNDSWELL_SASL_PASSWORD"),
        ({"ssl_cafile": CERTIFICATE}, "GROUNDSWELL_SSL_CAFILE"),
        ({"security_protocol": "SASL_PLAINTEXT", "ssl_cafile": CERTIFICATE, **LOGIN}, "GROUNDSWELL_SSL_CAFILE"),
        ({"security_protocol": "SSL", "ssl_cafile": PEM / "none.pem"}, "GROUNDSWELL_SSL_CAFILE.*No such file"),
        ({"security_protocol": "SSL", "ssl_cafile": PEM}, "GROUNDSWELL_SSL_CAFILE.*directory"),
        ({"security_protocol": "SSL", "ssl_cafile": Path(__file__)}, "GROUNDSWELL_SSL_CAFILE.*PEM"),
        ({"security_protocol": "SSL", "ssl_keyfile": KEY}, "GROUNDSWELL_SSL_KEYFILE"),
        ({"security_protocol": "SSL", "ssl_certfile": CERTIFICATE}, "GROUNDSWELL_SSL_CERTFILE"),
        (
            {"security_protocol": "SSL", "ssl_certfile": CERTIFICATE, "ssl_keyfile": PEM / "none.pem"},
            "GROUNDSWELL_SSL_KEYFILE.*No such file",
        ),
        (
            {"security_protocol": "SSL", "ssl_certfile": CERTIFICATE, "ssl_keyfile": ENCRYPTED_KEY},
            "GROUNDSWELL_SSL_KEY_PASSWORD",
        ),
        (
            {
                "security_protocol": "SSL",
                "ssl_certfile": CERTIFICATE,
                "ssl_keyfile": ENCRYPTED_KEY,
                "ssl_key_password": "opensesame",
            },
            "may be wrong",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(values: dict[str, Any], name: str) -> None:
    with pytest.raises(connection.BadConnectionSettings, match=f"(?s){name}") as refused:
        connection.kafka_python(settings(**values), ADDRESS)
    assert "opensesame" not in str(refused.value)


def test_a_password_is_never_shown() -> None:
    chosen = settings(security_protocol="SASL_PLAINTEXT", **LOGIN)
    assert "lovelace" not in repr(connection.security(chosen))
    assert "lovelace" not in repr(chosen)


def test_faust_wants_urls() -> None:
    assert connection.faust_urls(ADDRESS) == ["kafka://one:9092", "kafka://two:9093"]


def test_no_client_is_imported() -> None:
    code = "import sys, streams.connection; print({'faust', 'kafka', 'aiokafka'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
