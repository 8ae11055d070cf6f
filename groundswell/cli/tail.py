"""``groundswell tail``: a topic's records, for people or for programs."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import orjson
import typer

from groundswell.cli import broker, options, show
from groundswell.cli.exits import Exit
from groundswell.cli.failures import UsageError
from groundswell.cli.output import say, warn, write_json


def tail(
    topic: Annotated[str, typer.Argument(help="A topic, such as alerts, scored or pain-points.")],
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin at the oldest record instead of at the next one.")
    ] = False,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="Stop at the newest record instead of waiting for more.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after this many records.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Follow a topic. Records that a restart published twice are shown once; Ctrl-C ends it.

    With --json each line is {"key": …, "value": …} as it stands on the topic.
    """
    from streams import client
    from streams.topics import named

    settings = options.settings()
    try:
        of = named(topic, settings.topic_prefix)
    except KeyError as error:
        raise UsageError(str(error.args[0])) from None
    unreadable: list[client.Unreadable] = []

    def tell(it: client.Unreadable) -> None:
        unreadable.append(it)
        warn(f"partition {it.partition}, offset {it.offset} is left out: {it.reason}")

    with broker.address(settings) as address:
        records = client.subscribe(
            of,
            settings=settings,
            address=address,
            from_beginning=from_beginning,
            until_end=until_end,
            on_unreadable=tell,
        )
        for record in islice(records, limit):
            if as_json:
                write_json({"key": record.key, "value": orjson.Fragment(record.body)})
            else:
                say(show.lines(record.value))
    if unreadable and until_end:
        raise typer.Exit(Exit.PROBLEM)
