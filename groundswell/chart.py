"""What the Helm chart takes from the code: topics, rights and settings, so that they can't drift apart.

``python -m tests.golden.regenerate`` writes it into deploy/kubernetes/groundswell/, and a test compares.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from streams import rights
from streams.settings import Settings
from streams.topics import ALL, INPUTS, SCORED, STATE_CONFIG

PLACEHOLDERS: Final = Settings.model_construct(topic_prefix="{prefix}", group="{group}")
"""The chart puts its own values there."""

SET_BY_CHART: Final = frozenset(
    [
        "broker",
        "partitions",
        "replication",
        "topic_prefix",
        "group",
        "security_protocol",
        "ssl_cafile",
        "ssl_certfile",
        "ssl_keyfile",
        "sasl_mechanism",
        "sasl_username",
        "sasl_password",
        "pseudonym_key",
        "routes",
        "data",
        "cache",
        "metrics_host",
        "metrics_port",
        "traces",
        "trace_share",
    ]
)
"""Settings that follow from other values of the chart, or from the image."""


def kafka() -> dict[str, Any]:
    """Every topic with its configuration, each role's rights, and the topics by whose lag to scale."""
    prefix = PLACEHOLDERS.topic_prefix
    topics = [{"name": topic.full_name(prefix), "config": topic.config} for topic in ALL]
    return {
        "topics": [*topics, {"name": PLACEHOLDERS.state_topic, "config": STATE_CONFIG}],
        "rights": {role: [asdict(right) for right in rights.of(role, PLACEHOLDERS)] for role in rights.ROLES},
        "scaling": [topic.full_name(prefix) for topic in (*INPUTS, SCORED)],
    }


def values_schema() -> dict[str, Any]:
    """JSON Schema of the chart's values, as far as the settings say what is right: Helm refuses the rest."""
    known = Settings.model_json_schema()["properties"]
    secret = {name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
    for schema in known.values():
        schema.pop("default", None)
    reference = {"type": "object", "required": ["name", "key"], "additionalProperties": False}
    reference["properties"] = {"name": {"type": "string", "minLength": 1}, "key": {"type": "string"}}
    kafka = {
        "partitions": known["partitions"],
        "replication": known["replication"],
        "topicPrefix": known["topic_prefix"],
        "group": known["group"],
        "sasl": {"properties": {"mechanism": known["sasl_mechanism"]}},
    }
    roles = sorted(rights.ROLES.keys() - {"worker"})
    free = known.keys() - SET_BY_CHART
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "kafka": {"type": "object", "properties": kafka},
            "topics": {"properties": {"create": {"enum": ["job", "strimzi", "none"]}}},
            "strimzi": {
                "properties": {
                    "users": {
                        "properties": {
                            "authentication": {"enum": ["scram-sha-512", "tls"]},
                            "roles": {"type": "array", "items": {"enum": roles}},
                        }
                    }
                }
            },
            "pseudonymKeySecret": reference,
            "monitoring": {
                "properties": {
                    "podMonitor": {
                        "properties": {"enabled": {"type": "boolean"}, "interval": {"pattern": "^[0-9]+[ms]$"}}
                    },
                    "prometheusRule": {"properties": {"enabled": {"type": "boolean"}}},
                }
            },
            "tracing": {"properties": {"endpoint": {"pattern": "^(https?://.+)?$"}, "share": known["trace_share"]}},
            "settings": {
                "type": "object",
                "properties": {name: known[name] for name in sorted(free - secret)},
                "additionalProperties": False,
            },
            "secretSettings": {
                "type": "object",
                "properties": dict.fromkeys(sorted(free & secret), reference),
                "additionalProperties": False,
            },
        },
    }
