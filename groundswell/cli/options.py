"""What several commands share: the settings and the options that are spelled alike everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from groundswell.cli.failures import UsageError
from schemas.raw import Source
from streams.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line, instead of text.")]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the embedded broker and of the pseudonym key, instead of GROUNDSWELL_DATA."),
]
Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="FIELD=COLUMN",
        help="Take a field of the contract from this column, or from this dotted path in JSON. May be repeated.",
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Give every event this value, such as brand=Acme. May be repeated."
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone", metavar="ZONE", help="Where the clock stood for moments without an offset: UTC, Europe/Paris, …"
    ),
]
TimeFormat = Annotated[
    str | None,
    typer.Option("--time-format", metavar="FORMAT", help='How created_at is written, such as "%d.%m.%Y %H:%M".'),
]
FileFormat = Annotated[
    str | None, typer.Option("--format", metavar="jsonl|csv", help="The files' format; by default their name tells.")
]
Packs = Annotated[
    list[str] | None,
    typer.Option(
        "--catalog",
        metavar="PACK",
        help="Catalog pack to use for all brands, instead of GROUNDSWELL_CATALOG and GROUNDSWELL_CATALOGS. May be"
        " repeated: what a later pack tells is closer to the brand and ranks first.",
    ),
]
HeadFile = Annotated[
    Path | None,
    typer.Option(
        "--head",
        metavar="FILE",
        help="What groundswell catalog learn has made, for all brands, instead of GROUNDSWELL_HEAD and"
        " GROUNDSWELL_HEADS.",
    ),
]
Encoding = Annotated[str, typer.Option("--encoding", help="Encoding of CSV files; JSON is always UTF-8.")]


def settings(
    data: Path | None = None, packs: Sequence[str] | None = None, head: Path | None = None, **changed: Any
) -> Settings:
    """The settings of the environment, with what an option changes.

    Args:
        data: The folder of ``--data``.
        packs: Those of ``--catalog``: for all brands, whatever the environment says of some.
        head: That of ``--head``, likewise.
        changed: Other settings, by name.

    Raises:
        UsageError: A setting is not what it should be; its value is not repeated, for it may be a secret.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        if data is not None:
            changed["data"] = data.expanduser().absolute()
        now = Settings(**changed)
        # Not as arguments: pydantic-settings would lay the environment's brands over them.
        if packs:
            now = now.model_copy(update={"catalog": tuple(packs), "catalogs": {}})
        return now.model_copy(update={"head": head, "heads": {}}) if head else now
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise UsageError(
            "; ".join(f"GROUNDSWELL_{'.'.join(map(str, p['loc'])).upper()}: {p['msg']}" for p in problems)
        ) from None
    except SettingsError as error:
        raise UsageError(f"{error}; write it as JSON") from None


def source(name: str) -> Source:
    """The source that goes by this name, also in the singular.

    Raises:
        UsageError: There is none.
    """
    from streams.topics import RAW

    for known in RAW:
        if name in (known, known.removesuffix("s")):
            return known
    raise UsageError(f"--as {name}: there is no such source; there are: {', '.join(RAW)}")


def reading(
    of: Source,
    now_settings: Settings,
    *,
    maps: Sequence[str] | None,
    constants: Sequence[str] | None,
    timezone: str | None,
    time_format: str | None,
    file_format: str | None,
    encoding: str,
) -> Any:
    """How files are read (``streams.formats.Reading``), from the options that say so."""
    import codecs
    import time

    from streams.columns import Columns
    from streams.formats import Reading
    from streams.topics import RAW

    if file_format not in (None, "jsonl", "csv"):
        raise UsageError(f"--format {file_format}: give jsonl or csv")
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise UsageError(f"--encoding {encoding}: there is no such encoding; give utf-8, cp1252, latin-1, …") from None
    columns = Columns.parse(
        RAW[of].value, names=maps or (), constants=constants or (), timezone=timezone, time_format=time_format
    )
    latest_ms = int((time.time() + now_settings.future.total_seconds()) * 1000)
    encoding = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    return Reading(columns, latest_ms, file_format, encoding)  # type: ignore[arg-type]
