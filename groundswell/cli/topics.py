"""``groundswell topics``: create, check and list what Groundswell keeps on the broker."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from groundswell.cli import broker, options
from groundswell.cli.exits import Exit
from groundswell.cli.failures import Guarded, UsageError
from groundswell.cli.output import out, say, write_json

app = typer.Typer(cls=Guarded, no_args_is_help=True, help="Create, check or list the topics, and the rights on them.")


@app.command()
def create(as_json: options.AsJson = False) -> None:
    """Create the topics that are missing and correct the settings of the others.

    The number of partitions of a topic that exists is never changed, for that would move keys.
    """
    from streams import admin

    settings = options.settings()
    changes = admin.create(settings, broker.required(settings))
    for change in changes:
        write_json(asdict(change)) if as_json else say(str(change))
    if not changes and not as_json:
        say("All topics are as they should be.")


@app.command()
def check(as_json: options.AsJson = False) -> None:
    """Say what differs between the topics on the broker and what they should be; exits with 1 if anything does."""
    from streams import admin

    settings = options.settings()
    differences = admin.check(settings, broker.required(settings))
    for difference in differences:
        write_json(asdict(difference)) if as_json else say(str(difference))
    if differences:
        raise typer.Exit(Exit.PROBLEM)
    if not as_json:
        say("All topics are as they should be.")


@app.command(name="list")
def list_topics(as_json: options.AsJson = False) -> None:
    """List the topics: what they hold, by which key, and how long. Needs no broker."""
    from streams.topics import ALL, DAY_MS

    prefix = options.settings().topic_prefix
    table = Table("topic", "value", "key", "cleanup", "kept", box=None, pad_edge=False)
    for topic in ALL:
        row = {
            "topic": topic.full_name(prefix),
            "name": topic.short_name,
            "value": topic.value.__name__,
            "key": topic.key,
            "cleanup": topic.cleanup,
            "retention_ms": topic.retention_ms,
            "max_message_bytes": topic.max_message_bytes,
        }
        if as_json:
            write_json(row)
        kept = "the last of each key" if topic.retention_ms < 0 else f"{topic.retention_ms // DAY_MS} days"
        table.add_row(topic.full_name(prefix), topic.value.__name__, topic.key, topic.cleanup, kept)
    if not as_json:
        out().print(table)


@app.command()
def rights(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="worker, source, subscriber, oncall or topics.")],
    principal: Annotated[
        str, typer.Option("--principal", metavar="USER", help="Who gets them, as Kafka names it.")
    ] = "User:groundswell",
    as_json: options.AsJson = False,
) -> None:
    """Say which rights a program needs on a broker with an authorizer, as Kafka's own commands. Needs no broker.

    A worker; a source, which sends events; a subscriber, who reads results; whoever is on call (oncall); and whoever
    creates the topics (topics). Nothing but these names and operations is used.
    """
    from streams.rights import ROLES, of

    chosen = next((known for known in ROLES if known == role), None)
    if chosen is None:
        raise UsageError(f"there is no role {role!r}; there are: {', '.join(ROLES)}")
    settings = options.settings()
    command = f"kafka-acls.sh --bootstrap-server {settings.broker or 'HOST:PORT'} --add --allow-principal {principal}"
    for right in of(chosen, settings):
        if as_json:
            write_json(asdict(right))
            continue
        operations = " ".join(f"--operation {operation}" for operation in right.operations)
        out().print(f"{command} --{right.resource} {right.name} {operations}", soft_wrap=True, highlight=False)
