"""The topics as an AsyncAPI 3 document with Kafka's bindings, made from the topics and their models."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from schemas.base import SCHEMA_VERSION
from streams.cloudevents import CONTENT_TYPE, FEEDS, TIMES, schema_of, source_of, type_of
from streams.settings import Settings
from streams.topics import ALL, INPUTS, Topic

BINDING: Final = "0.5.0"
"""Version of AsyncAPI's Kafka bindings."""

_STRING: Final = {"type": "string"}


def document(settings: Settings) -> dict[str, Any]:
    """The document for these settings: names, partitions and copies of the topics follow them."""
    pairs: list[tuple[Any, JsonSchemaMode]] = [(topic.value, mode_of(topic)) for topic in ALL]
    references, held = models_json_schema(pairs, ref_template="#/components/schemas/{model}")
    payloads = {topic.name: references[pair] for topic, pair in zip(ALL, pairs, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:groundswell",
        "info": {
            "title": "Groundswell",
            "version": version("groundswell"),
            "description": "What customers say while they say it: raw events in; scored events, metrics, alerts and "
            "feeds out. Records come at least once: keep the highest revision of a key, and skip those with the "
            "header groundswell-progress.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE.decode(),
        "servers": {
            "kafka": {
                "host": (settings.broker or "localhost:9092").split(",")[0],
                "protocol": "kafka",
                "description": "An Apache Kafka; GROUNDSWELL_BROKER says which.",
            }
        },
        "channels": {topic.short_name: _channel(topic, settings) for topic in ALL},
        "operations": dict(_operation(topic, settings) for topic in ALL),
        "components": {
            "messages": {topic.short_name: _message(topic, payloads[topic.name], settings) for topic in ALL},
            "schemas": {name: _plain(schema) for name, schema in held["$defs"].items()},
        },
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    # Of the root of a union pydantic says the discriminator as OpenAPI does; AsyncAPI means another thing by it.
    return {name: value for name, value in schema.items() if name != "discriminator"}


def mode_of(topic: Topic) -> JsonSchemaMode:
    """What comes in is read, what goes out is written: timestamps differ between the two."""
    return "validation" if topic in INPUTS else "serialization"


def _channel(topic: Topic, settings: Settings) -> dict[str, Any]:
    name = topic.full_name(settings.topic_prefix)
    config: dict[str, Any] = {
        "cleanup.policy": topic.cleanup.split(","),
        "retention.ms": topic.retention_ms,
        "max.message.bytes": topic.max_message_bytes,
    }
    return {
        "address": name,
        "title": topic.short_name,
        "description": f"Key: {topic.key}.",
        "messages": {topic.short_name: {"$ref": f"#/components/messages/{topic.short_name}"}},
        "bindings": {
            "kafka": {
                "topic": name,
                "partitions": settings.partitions,
                "replicas": settings.replication,
                "topicConfiguration": config,
                "bindingVersion": BINDING,
            }
        },
    }


def _operation(topic: Topic, settings: Settings) -> tuple[str, dict[str, Any]]:
    comes_in = topic in INPUTS
    operation: dict[str, Any] = {
        "action": "receive" if comes_in else "send",
        "channel": {"$ref": f"#/channels/{topic.short_name}"},
        "summary": f"{'Reads' if comes_in else 'Publishes'} {topic.short_name}.",
        "messages": [{"$ref": f"#/channels/{topic.short_name}/messages/{topic.short_name}"}],
    }
    if comes_in:
        group = {**_STRING, "enum": [settings.group]}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING}}
    return f"{'read' if comes_in else 'publish'}-{topic.short_name}", operation


def _message(topic: Topic, payload: dict[str, Any], settings: Settings) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": topic.value.__name__,
        "title": topic.short_name,
        "summary": (topic.value.__doc__ or "").strip().splitlines()[0],
        "contentType": CONTENT_TYPE.decode(),
        "payload": payload,
        "bindings": {"kafka": {"key": {**_STRING, "description": topic.key}, "bindingVersion": BINDING}},
    }
    if topic.name in TIMES and (settings.cloudevents == "all" or (settings.cloudevents == "feeds" and topic in FEEDS)):
        message["headers"] = _headers(topic)
    return message


def _headers(topic: Topic) -> dict[str, Any]:
    fixed = {
        "ce_specversion": "1.0",
        "ce_type": type_of(topic),
        "ce_source": source_of(topic),
        "ce_dataschema": schema_of(topic),
        "content-type": CONTENT_TYPE.decode(),
    }
    properties: dict[str, Any] = {name: {**_STRING, "const": value} for name, value in fixed.items()}
    properties["ce_id"] = {**_STRING, "description": "With ce_source the event's identity: told again, it is the same."}
    properties["ce_time"] = {**_STRING, "format": "date-time", "description": f"The record's {TIMES[topic.name]}."}
    properties["ce_subject"] = {**_STRING, "description": f"The record's key: {topic.key}."}
    description = f"CloudEvents 1.0 in Kafka's binary mode; contract {SCHEMA_VERSION}."
    return {"type": "object", "description": description, "properties": properties, "required": sorted(properties)}
