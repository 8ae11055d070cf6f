"""``groundswell score``: texts in, what was heard in them out; no broker."""

from __future__ import annotations

import gzip
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Annotated, Any, Final

import orjson
import typer

from groundswell.cli import options
from groundswell.cli.exits import Exit
from groundswell.cli.failures import UsageError
from groundswell.cli.output import write_json
from schemas.raw import RawEvent, Source
from streams.intake.contract import MAX_BYTES

AT_ONCE: Final = 500
FILLED: Final = ("brand", "author", "created_at")
"""What a text needs not have here, though an event on a topic must."""
HEARD: Final = (
    "language", "read", "sentiment", "emotions", "intensity", "journey_stage", "signals", "pain_points", "delights",
)  # fmt: skip


def score(
    file: Annotated[str, typer.Argument(help="JSON lines with at least a text each, also .gz; - is a pipe.")] = "-",
    as_source: Annotated[
        str, typer.Option("--as", metavar="reviews|posts|tickets", help="What the texts are.")
    ] = "posts",
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Print the whole scored record, and all 28 emotions: redacted text, extra fields, …"
        ),
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print the words that decided, too.")] = False,
    packs: options.Packs = None,
    head: options.HeadFile = None,
) -> None:
    """Score JSON lines without a broker: one line out for each line in, in the same order, with its id.

    Only text is needed. A line that can't be read gives {"id", "error": {"reason", "detail"}}, and the exit code is 1.
    Pain points and delights come from the packs of --catalog, else from those that GROUNDSWELL_CATALOG names, or
    GROUNDSWELL_CATALOGS for a brand. The first pain point of a text is its main one.
    """
    from streams.catalog import Catalogs
    from streams.scoring import Heads, Pseudonyms, Scorer

    source = options.source(as_source)
    settings = options.settings(packs=packs, head=head)
    # Without a key that is set, pseudonyms are good for this run: nothing is made on the disk by looking at texts.
    key = settings.pseudonym_key.get_secret_value().encode() if settings.pseudonym_key else secrets.token_bytes(32)
    catalogs = Catalogs.load(settings.catalog, settings.catalogs)
    heads = Heads.load(settings.head, settings.heads)
    scorer = Scorer(catalogs, Pseudonyms(key), **settings.scoring, all_emotions=everything, heads=heads)
    now_ms, future_ms = int(datetime.now(UTC).timestamp() * 1000), int(settings.future.total_seconds() * 1000)
    bad = 0
    with ExitStack() as stack:
        for line in scored(_lines(file, stack), source, scorer, now_ms, future_ms):
            bad += "error" in line
            write_json(line if everything else _heard(line, explain=explain))
    if bad:
        raise typer.Exit(Exit.PROBLEM)


def scored(
    lines: Iterable[bytes | None], source: Source, scorer: Any, now_ms: int, future_ms: int
) -> Iterator[dict[str, Any]]:
    """Each line's scored record in wire form, or ``{"id", "error"}``; in order, some hundreds at once.

    Args:
        lines: JSON objects; None for a line that is too long to be read.
        source: What they are.
        scorer: A ``streams.scoring.Scorer``.
        now_ms: The clock, for texts that don't say when, and for dates in the future.
        future_ms: How far ahead of the clock a date may be.
    """
    from streams.intake import SOURCES, Limits, Rejection, parse

    limits = Limits(now_ms, future_ms)
    moment = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat()
    numbered = enumerate(lines)
    while chunk := list(islice(numbered, AT_ONCE)):
        parsed = [(n, *_filled(line, n, moment)) for n, line in chunk]
        read = [(n, name, filled, parse(SOURCES[source], value, limits)) for n, name, filled, value in parsed]
        events = [(source, it, {"topic": "-", "partition": 0, "offset": n}) for n, _, _, it in read if _is_event(it)]
        records = iter(scorer.score(events))
        for _, name, filled, it in read:
            if isinstance(it, Rejection):
                yield {"id": name, "error": {"reason": it.reason, "detail": it.detail}}
                continue
            record = next(records)
            # What was not said is not claimed, and the id comes back as it was given, also a number.
            yield {**{k: v for k, v in record.items() if k not in filled and k != "origin"}, "id": name}


def _is_event(it: object) -> bool:
    return isinstance(it, RawEvent)


def _filled(line: bytes | None, number: int, moment: str) -> tuple[Any, frozenset[str], bytes]:
    """The line's id, the fields that were filled in, and the line as an event of the contract."""
    if line is None:
        # Intake tells by its length what is wrong with it.
        return number + 1, frozenset(), b" " * (MAX_BYTES + 1)
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return number + 1, frozenset(), line
    if not isinstance(event, dict):
        return number + 1, frozenset(), line
    name = event.get("id", number + 1)
    filled = frozenset(field for field in FILLED if field not in event)
    standing = {"brand": "-", "author": "-", "created_at": moment}
    event = {
        **{field: standing[field] for field in filled},
        **event,
        "id": name if isinstance(name, str) else str(name),
    }
    return name, filled, orjson.dumps(event)


def _heard(record: dict[str, Any], *, explain: bool) -> dict[str, Any]:
    if "error" in record:
        return record
    heard: dict[str, Any] = {"id": record["id"]}
    heard.update((field, record[field]) for field in HEARD if field in record)
    if explain:
        return {**heard, "words": record.get("words", [])}
    for named in ("pain_points", "delights"):
        heard[named] = [{"id": mention["id"], "sentiment": mention["sentiment"]} for mention in heard[named]]
    heard["signals"] = {name: value for name, value in heard["signals"].items() if name != "words"}
    return heard


def _lines(file: str, stack: ExitStack) -> Iterator[bytes | None]:
    from streams.formats import lines

    opened = _opened(file)
    if file != "-":
        stack.callback(opened.close)
    return (line for _, line in lines(opened) if line is None or line.strip())


def _opened(file: str) -> IO[bytes]:
    if file == "-":
        return sys.stdin.buffer
    try:
        return gzip.open(file) if file.endswith(".gz") else open(file, "rb")  # type: ignore[return-value] # noqa: PTH123
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from error
