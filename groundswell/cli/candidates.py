"""``groundswell catalog candidates``: what unhappy customers begin to talk of, as blocks for the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from pydantic import ValidationError

from groundswell.cli import broker, options
from groundswell.cli.failures import UsageError
from groundswell.cli.output import say, warn, write_json

if TYPE_CHECKING:
    from schemas.candidates import Candidate
    from streams.settings import Settings


def candidates(
    brand: Annotated[str | None, typer.Option(metavar="BRAND", help="Only those of one brand.")] = None,
    recorded: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Read the candidates.jsonl of a replay instead of a broker's topic."
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Print the candidates as blocks to paste into a catalog pack, the newest last, each tried with the real scorer.

    A candidate is a word, or two, that many more unhappy customers say than before, where no pain point was heard.
    Owner and journey stage are yours to say.
    """
    settings = options.settings()
    newest: dict[tuple[str, str], Candidate] = {}
    for candidate in _recorded(recorded) if recorded is not None else _published(settings):
        if brand is None or candidate.brand.casefold() == brand.casefold():
            newest[candidate.brand, candidate.term] = candidate
    ranked = sorted(newest.values(), key=lambda it: (it.detected_at, it.brand, it.term))
    if as_json:
        for candidate in ranked:
            write_json(candidate.model_dump(mode="json"))
        return
    if not ranked:
        say("# No candidates: nothing rises that no pain point names, or nothing is known yet of what is usual.")
        return
    from streams.scoring.proposals import Proposals

    proposals = Proposals()
    for candidate in ranked:
        say(proposals.block(candidate))


def _published(settings: Settings) -> Iterator[Candidate]:
    from streams.client import subscribe
    from streams.topics import CANDIDATES

    address = broker.required(settings)
    for received in subscribe(CANDIDATES, settings=settings, address=address, from_beginning=True, until_end=True):
        yield received.value


def _recorded(file: Path) -> Iterator[Candidate]:
    from schemas.candidates import Candidate

    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield Candidate.model_validate(orjson.loads(line)["value"])
                except (ValueError, KeyError, TypeError, ValidationError):
                    warn(f"{file}, line {number} is no record of candidates and is left out")
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror or error}") from error
