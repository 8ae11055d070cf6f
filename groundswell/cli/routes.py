"""``groundswell routes``: who is told of which alert, before it matters."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, get_args

import typer
from rich.table import Table

from groundswell.cli import options
from groundswell.cli.exits import Exit
from groundswell.cli.failures import Guarded, UsageError
from groundswell.cli.output import out, say, warn, write_json
from schemas.alerts import Alert, Kind

if TYPE_CHECKING:
    from streams.routes_file import Routes

app = typer.Typer(cls=Guarded, no_args_is_help=True, help="Check who is told of which alert, and try it.")

File = Annotated[
    Path | None, typer.Argument(help="A routes file, instead of what the settings say.", show_default=False)
]
FINGERPRINT: Final = "0" * 16
"""Of an alert that is made up."""


@app.command()
def check(file: File = None, as_json: options.AsJson = False) -> None:
    """Say who is told of what, or what is wrong with the file; addresses and secrets are not shown."""
    routes = _routes(file)
    routes.make()
    for name, config in routes.receivers.items():
        if as_json:
            write_json({"receiver": name, "type": getattr(config, "type", "")})
    table = Table("route", "severity", "brands", "pain points", "kinds", "told", box=None, pad_edge=False)
    for number, route in enumerate(routes.routes, 1):
        if as_json:
            write_json({"route": number, **route.model_dump(mode="json")})
        severity = "any" if route.severity == 4 else f"1 to {route.severity}" if route.severity > 1 else "1"
        sets = (sorted(it) for it in (route.brands, route.pain_points, route.kinds))
        told = ", ".join(route.to) + (", and nobody below" if route.stop else "")
        table.add_row(str(number), severity, *(", ".join(it) or "any" for it in sets), told)
    for name in routes.idle:
        warn(f"receiver {name} is named by no route: it is told nothing")
    if as_json:
        return
    if not routes.receivers:
        say("Nobody is told but the log: name a file with GROUNDSWELL_ROUTES.")
        return
    named = (f"{name} ({getattr(config, 'type', '')})" for name, config in routes.receivers.items())
    say(f"Receivers: {', '.join(named)}")
    out().print(table)


@app.command()
def test(
    file: File = None,
    severity: Annotated[int, typer.Option(min=1, max=4, help="Of the alert; 1 is the worst.")] = 3,
    brand: Annotated[str, typer.Option(help="Its brand.")] = "Example",
    pain_point: Annotated[str | None, typer.Option("--pain-point", help="Id of its pain point or delight.")] = None,
    kind: Annotated[str | None, typer.Option(help=f"Its kind: {', '.join(get_args(Kind))}.")] = None,
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Tell them, once: an alert that says it is a test, and then its end.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Say who would be told of an alert like this; with --deliver, tell them; exits with 1 if one did not take it."""
    from streams.routing import receivers_of

    routes = _routes(file)
    kind = kind or ("pain_point" if pain_point else "surge")
    if kind not in get_args(Kind):
        raise UsageError(f"--kind {kind[:50]}: there are {', '.join(get_args(Kind))}")
    made_up = _made_up(brand, kind, pain_point, severity)
    names = receivers_of(routes.routes, made_up)
    if not deliver:
        if as_json:
            write_json({"told": names})
        else:
            say(", ".join(names) if names else "Nobody but the log: no route matches.")
        return
    results = asyncio.run(_told(routes, names, made_up))
    for name, failure in results.items():
        if as_json:
            write_json({"receiver": name, "delivered": failure is None, "why": failure})
        else:
            say(f"{name}: {'delivered' if failure is None else failure}")
    if any(results.values()):
        raise typer.Exit(Exit.PROBLEM)


def _routes(file: Path | None) -> Routes:
    from streams import routes_file

    return routes_file.read(file) if file is not None else routes_file.load(options.settings())


async def _told(routes: Routes, names: tuple[str, ...], alert: Alert) -> dict[str, str | None]:
    """Receiver → why it did not take it; None where it did."""
    from streams.receivers import Again, RefusedError

    over = {"revision": 2, "status": "resolved", "reason": "recovered", "ends_at": alert.updated_at}
    results: dict[str, str | None] = {}
    receivers = {name: it for name, it in routes.make().items() if name in names}
    for name, receiver in receivers.items():
        try:
            for it in (alert, alert.model_copy(update=over)):
                await receiver.deliver(it)
        except Exception as error:
            # What else an error says may hold the address.
            results[name] = str(error) if isinstance(error, Again | RefusedError) else type(error).__name__
        else:
            results[name] = None
        finally:
            await receiver.close()
    return results


def _made_up(brand: str, kind: str, pain_point: str | None, severity: int) -> Alert:
    now = datetime.now(UTC)
    return Alert.model_validate(
        {
            "fingerprint": FINGERPRINT,
            "revision": 1,
            "status": "firing",
            "reason": "first",
            "brand": brand,
            "kind": kind,
            "pain_point": pain_point,
            "title": "this is a test of the routes, and no customer said anything",
            "severity": severity,
            "severity_why": "made up",
            "starts_at": now - timedelta(minutes=5),
            "detected_at": now,
            "updated_at": now,
            "window_seconds": 3600,
            "observed": 0,
            "expected": 0.0,
            "ratio": 0.0,
            "probability": 1.0,
            "voices": 0,
            "mentions": 0,
            "top_voice_share": 0.0,
            "sentiment": 0.0,
            "resolves_when": "at once",
        }
    )
