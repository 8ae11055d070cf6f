"""``groundswell quarantine``: what could not be read, why, and the way back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from groundswell.cli import broker, options, show
from groundswell.cli.exits import Exit
from groundswell.cli.failures import Guarded, ProblemError, UsageError
from groundswell.cli.output import clean, say, warn, write_json

if TYPE_CHECKING:
    from schemas.quarantine import Quarantined
    from streams.settings import Settings

SHOWN = 4_000
"""Characters of a raw record that ``show`` prints for people."""

app = typer.Typer(cls=Guarded, no_args_is_help=True, help="List, show or put back what could not be read.")

Reasons = Annotated[
    list[str] | None, typer.Option("--reason", metavar="REASON", help="Only records with this reason. May be repeated.")
]


@app.command(name="list")
def list_records(
    reason: Reasons = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="Only the newest N.")] = 100,
    as_json: options.AsJson = False,
) -> None:
    """List quarantined records: where they came from, and why they could not be read."""
    settings = options.settings()
    kept: deque[Quarantined] = deque(maxlen=limit)
    total = 0
    for record in _records(settings, broker.required(settings), reason):
        total += 1
        # The raw bytes can be large, and nobody looks at them here.
        kept.append(record.model_copy(update={"value": None, "key": None, "headers": []}))
    for record in kept:
        if as_json:
            fields = {"reason", "detail", "arrived_at"}
            write_json({"origin": _name(record), **record.model_dump(mode="json", include=fields)})
        else:
            say(show.quarantined(record))
    if not as_json:
        say(f"{total:,} in quarantine." + (f" The newest {len(kept):,} are shown." if len(kept) < total else ""))


@app.command(name="show")
def show_record(
    origin: Annotated[str, typer.Argument(metavar="TOPIC:PARTITION:OFFSET", help="As list prints it.")],
    as_json: options.AsJson = False,
) -> None:
    """Show one quarantined record whole: the raw bytes, the key, the headers and what is wrong."""
    settings = options.settings()
    for record in _records(settings, broker.required(settings), None):
        if _name(record) != origin:
            continue
        if as_json:
            write_json(record.model_dump(mode="json"))
            return
        say(show.quarantined(record))
        say(f"key: {_readable(record.key)}")
        for name, value in record.headers:
            say(f"header {clean(name)}: {_readable(value)}")
        say(f"value ({len(record.value or b''):,} bytes):")
        say(_readable(record.value))
        return
    raise ProblemError(f"{origin} is not in quarantine; see: groundswell quarantine list")


@app.command()
def requeue(
    origins: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC:PARTITION:OFFSET]…", help="Records, as list prints them.")
    ] = None,
    reason: Reasons = None,
    everything: Annotated[bool, typer.Option("--all", help="Put everything back.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Put quarantined records back on their topics, byte for byte, after what made them unreadable was mended.

    It remembers nothing: done twice, they are there twice (an event with the same id still counts once).
    """
    from streams.requeue import requeue as put_back

    if sum((bool(origins), bool(reason), everything)) != 1:
        raise UsageError("say what to put back: origins, or --reason REASON, or --all")
    settings = options.settings()
    address = broker.required(settings)
    wanted = set(origins or ())
    found: set[str] = set()

    def chosen() -> Iterator[Quarantined]:
        for record in _records(settings, address, reason):
            if not wanted or _name(record) in wanted:
                found.add(_name(record))
                yield record

    written, left = asyncio.run(put_back(chosen(), settings=settings, address=address))
    if as_json:
        write_json({"requeued": written, "left": left, "not_found": sorted(wanted - found)})
    else:
        say(f"Put {written:,} records back.")
    if left:
        warn(f"{left:,} come from a topic that is none of ours, and stay where they are")
    for name in sorted(wanted - found):
        warn(f"{name} is not in quarantine")
    if left or wanted - found:
        raise typer.Exit(Exit.PROBLEM)


def _records(settings: Settings, address: str, reasons: list[str] | None) -> Iterator[Quarantined]:
    """What is in quarantine now, each origin once, oldest first per partition."""
    from schemas.quarantine import QuarantineReason
    from streams.client import subscribe
    from streams.topics import QUARANTINE

    known = get_args(QuarantineReason)
    for reason in reasons or ():
        if reason not in known:
            raise UsageError(f"--reason {reason}: there is no such reason; there are: {', '.join(known)}")
    seen: set[str] = set()
    for received in subscribe(QUARANTINE, settings=settings, address=address, from_beginning=True, until_end=True):
        record: Quarantined = received.value
        if _name(record) not in seen:
            seen.add(_name(record))
            if not reasons or record.reason in reasons:
                yield record


def _name(record: Quarantined) -> str:
    return f"{record.origin.topic}:{record.origin.partition}:{record.origin.offset}"


def _readable(value: bytes | None) -> str:
    if value is None:
        return "(none)"
    text = clean(value[: SHOWN * 4].decode("utf-8", "replace"))
    return text if len(text) <= SHOWN else text[:SHOWN] + "… (--json prints all of it, in base64)"
