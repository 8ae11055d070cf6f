"""``groundswell replay``: the whole path in one thread, without a broker."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Annotated

import orjson
import typer
from rich.table import Table

from groundswell.cli import change, options
from groundswell.cli.exits import Exit
from groundswell.cli.failures import ProblemError
from groundswell.cli.output import counting, measuring, out, warn, write_json
from schemas.raw import Source
from streams.recorded import RecordedEvent


def replay(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="JSONL or CSV files, also .gz; - is a pipe.")],
    as_source: Annotated[str, typer.Option("--as", metavar="reviews|posts|tickets", help="What the events are.")],
    to: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for a file per topic; made where missing.")],
    maps: options.Maps = None,
    constants: options.Constants = None,
    timezone: options.Timezone = None,
    time_format: options.TimeFormat = None,
    file_format: options.FileFormat = None,
    encoding: options.Encoding = "utf-8",
    packs: options.Packs = None,
    head: options.HeadFile = None,
    changes: change.File = None,
    as_json: options.AsJson = False,
) -> None:
    """Run recorded events through the whole path and write what each topic would hold.

    DIR/alerts.jsonl, DIR/scored.jsonl and so on hold a line {"key", "value"} for each record, in order of publication.
    The same steps run as in the workers: use it to look back, to try a catalog, or to compare.
    """
    from streams import pseudonym_key, recorded
    from streams.catalog import Catalogs
    from streams.detection import detector
    from streams.paging import Terms
    from streams.replay import replay as run
    from streams.scoring import Heads, Pseudonyms, Scorer
    from streams.topics import DERIVED

    source = options.source(as_source)
    settings = options.settings(packs=packs, head=head)
    reading = options.reading(
        source,
        settings,
        maps=maps,
        constants=constants,
        timezone=timezone,
        time_format=time_format,
        file_format=file_format,
        encoding=encoding,
    )
    known = change.read(changes)
    catalogs = Catalogs.load(settings.catalog, settings.catalogs)
    heads = Heads.load(settings.head, settings.heads)
    scorer = Scorer(catalogs, Pseudonyms(pseudonym_key.load(settings)), **settings.scoring, heads=heads)
    stdin = None if sys.stdin is sys.__stdin__ else sys.stdin.buffer
    with measuring("Reading") as tell:
        events = recorded.read(files, reading, on_progress=tell, stdin=stdin)
    count: Counter[str] = Counter()
    with ExitStack() as stack, counting("Replaying", events.total) as told:
        opened = {topic: _opened(to, topic.short_name, stack) for topic in DERIVED}

        def counted() -> Iterator[tuple[Source, RecordedEvent]]:
            for n, event in enumerate(events, 1):
                if not n % 500:
                    told(n)
                yield source, event

        records = run(
            counted(),
            scorer=scorer,
            catalogs=catalogs,
            detector=detector(settings.detector),
            lateness_ms=settings.lateness_ms,
            future_ms=int(settings.future.total_seconds() * 1000),
            now_ms=time.time_ns() // 1_000_000,
            terms=Terms.of(settings),
            changes=known,
        )
        for topic, key, value in records:
            opened[topic].write(orjson.dumps({"key": key, "value": value}, option=orjson.OPT_APPEND_NEWLINE))
            count[topic.short_name] += 1
    if as_json:
        write_json({"out": str(to), "records": {topic.short_name: count[topic.short_name] for topic in DERIVED}})
    else:
        table = Table("file", "records", box=None, pad_edge=False)
        for topic in DERIVED:
            table.add_row(str(to / f"{topic.short_name}.jsonl"), f"{count[topic.short_name]:,}")
        out().print(table)
    for place in events.too_large[:10]:
        warn(f"{place}: the record is larger than a topic would take and was left out")
    if events.too_large:
        raise typer.Exit(Exit.PROBLEM)


def _opened(folder: Path, name: str, stack: ExitStack) -> IO[bytes]:
    path = folder / f"{name}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return stack.enter_context(path.open("wb"))
    except OSError as error:
        raise ProblemError(f"{path} can't be written: {error.strerror or error}") from error
