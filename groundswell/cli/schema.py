"""``groundswell schema``: the contract of every topic as JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from groundswell.cli import options
from groundswell.cli.failures import UsageError
from groundswell.cli.output import write_json


def schema(
    topic: Annotated[
        str | None, typer.Argument(help="A topic, such as posts or alerts; all of them by default.")
    ] = None,
    asyncapi: Annotated[
        bool,
        typer.Option("--asyncapi", help="Print the AsyncAPI 3 document of all topics instead, with Kafka's bindings."),
    ] = False,
) -> None:
    """Print the JSON Schema of a topic's records, or of all topics as one object. Needs no broker."""
    from groundswell.asyncapi import document
    from streams.topics import ALL, named

    settings = options.settings()
    prefix = settings.topic_prefix
    if asyncapi:
        if topic is not None:
            raise UsageError("--asyncapi speaks of all topics: leave the topic out")
        write_json(document(settings), indent=True)
        return
    if topic is None:
        write_json({of.short_name: of_topic(of, prefix) for of in ALL}, indent=True)
        return
    try:
        write_json(of_topic(named(topic, prefix), prefix), indent=True)
    except KeyError as error:
        raise UsageError(str(error.args[0])) from None


def of_topic(topic: Any, prefix: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one topic's records, with what Kafka knows about it."""
    from groundswell.asyncapi import mode_of
    from streams.cloudevents import schema_of

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": schema_of(topic),
        **topic.value.model_json_schema(mode=mode_of(topic)),
        "x-kafka": {"topic": topic.full_name(prefix), "key": topic.key, "cleanup.policy": topic.cleanup},
    }
