"""``groundswell change``: tell Groundswell what was released, broke or was promised, so that alerts can name it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundswell.cli import broker, options
from groundswell.cli.failures import UsageError
from groundswell.cli.moments import moment
from groundswell.cli.output import clean, say, write_json

if TYPE_CHECKING:
    from schemas.changes import Change

LARGEST = 64 * 1024 * 1024
"""Bytes of a file of changes."""

File = Annotated[
    Path | None,
    typer.Option(
        "--changes", metavar="FILE", help="Releases, outages and the like, as JSON lines, for alerts to name."
    ),
]
Optional = str | None


def change(
    brand: Annotated[str, typer.Option("--brand", metavar="NAME", help="Whose customers it may move.")],
    what: Annotated[str, typer.Option("--what", metavar="TEXT", help="What it is, for people.")],
    at: Annotated[
        Optional, typer.Option("--at", metavar="MOMENT", help="When it took effect, if not now: 2026-03-02T22:00Z.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="release, outage, campaign, price, policy or other.")
    ] = "other",
    id_: Annotated[
        Optional, typer.Option("--id", metavar="ID", help="What comes again with this id replaces it.")
    ] = None,
    version: Annotated[Optional, typer.Option("--of-version", metavar="TEXT", help="The version it is about.")] = None,
    product: Annotated[Optional, typer.Option("--product", metavar="NAME", help="The product it is about.")] = None,
    region: Annotated[Optional, typer.Option("--region", metavar="NAME", help="The region it is about.")] = None,
    channel: Annotated[Optional, typer.Option("--channel", metavar="NAME", help="The channel it is about.")] = None,
    url: Annotated[Optional, typer.Option("--url", metavar="URL", help="Where to read on.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Note a release, an outage, a campaign: alerts that begin near it name it, the likeliest reason first.

    Deployment scripts call it; whoever writes to the topic changes.v1 does the same.
    """
    from streams.send import tell_change

    when = datetime.now(UTC) if at is None else moment("--at", at)
    made = _made(
        {"brand": brand, "what": what, "at": when, "kind": kind, "id": id_, "version": version, "product": product,
         "region": region, "channel": channel, "url": url}
    )  # fmt: skip
    settings = options.settings()
    asyncio.run(tell_change(made, settings=settings, address=broker.required(settings)))
    if as_json:
        write_json(made.model_dump(mode="json", exclude_none=True))
    else:
        say(f"Noted for {clean(made.brand)}, {made.at:%Y-%m-%d %H:%MZ}: {clean(made.what)}")


def read(path: Path | None) -> list[Change]:
    """The changes in a file of JSON lines; none where no file is named.

    Raises:
        UsageError: It can't be read, or a line is no change; the message names the line.
    """
    if path is None:
        return []
    from pydantic import ValidationError

    from schemas.changes import Change

    try:
        with path.open("rb") as file:
            body = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if len(body) > LARGEST:
        raise UsageError(f"{path} is larger than {LARGEST // 1024 // 1024} MiB")
    found = []
    for number, line in enumerate(body.splitlines(), 1):
        if line.strip():
            try:
                found.append(Change.model_validate_json(line))
            except ValidationError as error:
                raise UsageError(f"{path}, line {number}: {_problem(error)}") from None
    return found


def _made(fields: dict[str, Any]) -> Change:
    from pydantic import ValidationError

    from schemas.changes import Change

    try:
        return Change.model_validate(fields)
    except ValidationError as error:
        raise UsageError(f"--{_problem(error)}") from None


def _problem(error: Any) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
