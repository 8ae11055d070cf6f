"""``groundswell silence`` and ``groundswell ack``: what people don't want to be told, and for how long."""

from __future__ import annotations

import asyncio
import getpass
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.text import Text

from groundswell.cli import broker, options, show
from groundswell.cli.failures import Guarded, ProblemError, UsageError
from groundswell.cli.firing import firing, meant, named, newest
from groundswell.cli.moments import period
from groundswell.cli.output import clean, say, write_json

if TYPE_CHECKING:
    from schemas.alerts import Alert
    from schemas.silences import Acknowledgement, Silence
    from streams.settings import Settings

STATES: Final = {"active": "bold yellow", "pending": "cyan", "expired": "dim"}

app = typer.Typer(cls=Guarded, invoke_without_command=True, no_args_is_help=True)

Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, for those who wonder.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so, instead of this system's user.")]


@app.callback()
def silence(
    ctx: typer.Context,
    brand: Annotated[str | None, typer.Option("--brand", metavar="NAME", help="Only alerts of this brand.")] = None,
    pain_point: Annotated[
        str | None, typer.Option("--pain-point", metavar="ID", help="Only alerts of this pain point or delight.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Only alerts of this kind: surge, pain_point, …")
    ] = None,
    severity: Annotated[
        int | None,
        typer.Option(
            "--severity", min=1, max=4, metavar="N", help="Only alerts at most so severe: 3 lets 2 and 1 through."
        ),
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option("--fingerprint", metavar="HEX", help="Only this alert; the beginning will do while it fires."),
    ] = None,
    lasting: Annotated[str | None, typer.Option("--for", metavar="2h", help="How long: 30m, 2h, 1d12h.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="MOMENT", help="Instead: until when, such as 2026-03-02T22:00Z.")
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="When it begins, if not now.")] = None,
    why: Why = "",
    by: By = None,
    as_json: options.AsJson = False,
) -> None:
    """Keep matching alerts from people for a while.

    An alert has to fit in everything that is named. It stays on its topic, and when the silence ends while it still
    fires, people are told its newest state. All moments are of the wall clock.
    """
    matchers: dict[str, Any] = {"brand": brand, "pain_point": pain_point, "kind": kind, "severity_at_most": severity}
    matchers["fingerprint"] = fingerprint
    given = any(value is not None for value in matchers.values())
    if ctx.invoked_subcommand is not None:
        if given or as_json or why or any(it is not None for it in (lasting, until, begin, by)):
            raise UsageError(f"options for a new silence make no sense with {ctx.invoked_subcommand}")
        return
    from schemas.silences import LONGEST
    from streams.silence_log import publish

    if not given:
        raise UsageError(
            "say which alerts: --brand, --pain-point, --kind, --severity or --fingerprint; everything at once is not"
            " silenced"
        )
    now = datetime.now(UTC)
    starts_at, ends_at = period(now, begin, until, lasting, LONGEST)
    if fingerprint is not None and not re.fullmatch("[0-9a-f]{16}", fingerprint):
        # Which alert that is is known further down: what makes no sense is refused before a broker is asked.
        matchers["fingerprint"] = "0" * 16
    made = _made(
        "Silence",
        id=secrets.token_hex(6),
        matchers=matchers,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=now,
        created_by=somebody(by),
        comment=why,
    )
    settings = options.settings()
    address = broker.required(settings)
    fire = firing(newest(settings, address))
    if fingerprint is not None and made.matchers.fingerprint != fingerprint:
        exact = made.matchers.model_copy(update={"fingerprint": meant(fingerprint, fire).fingerprint})
        made = made.model_copy(update={"matchers": exact})
    asyncio.run(publish(made, settings=settings, address=address))
    if as_json:
        _write(made, state=_state(made, now), alerts=_matching(made, fire))
        return
    _tell_silence(made, now, fire)
    say(f"To end it: groundswell silence end {made.id}")


@app.command(name="list")
def list_silences(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """List silences and acknowledgements: what they mute, until when, who said so and why."""
    settings = options.settings()
    address = broker.required(settings)
    now = datetime.now(UTC)
    silences, acknowledgements = _stored(settings, address)
    fire = firing(newest(settings, address))
    shown = 0
    for it in sorted(silences, key=lambda it: (it.starts_at, it.id)):
        state = _state(it, now)
        if state != "expired" or everything:
            shown += 1
            _write(it, state=state, alerts=_matching(it, fire)) if as_json else _tell_silence(it, now, fire)
    for ack in sorted(acknowledgements, key=lambda it: (it.created_at, it.id)):
        state = "active" if _holds(ack, fire) else "expired"
        if state != "expired" or everything:
            shown += 1
            if as_json:
                _write(ack, state=state, alerts=[ack.fingerprint] if state == "active" else [])
            else:
                say(Text(f"{state:<8}", style=STATES[state]).append(show.acknowledgement(ack)))
    if not shown and not as_json:
        say("Nothing is silenced or acknowledged." if not everything else "Nothing ever was, in the last year.")


@app.command()
def end(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="As list prints it; the beginning will do.")],
    by: By = None,
    as_json: options.AsJson = False,
) -> None:
    """End a silence before its time, or take an acknowledgement back.

    People are told within seconds what a silence has kept from them and still fires.
    """
    from streams.silence_log import publish

    settings = options.settings()
    address = broker.required(settings)
    now = datetime.now(UTC)
    silences, acknowledgements = _stored(settings, address)
    stored: list[Silence | Acknowledgement] = [*silences, *acknowledgements]
    everything = [it for it in stored if it.id.startswith(wanted)] if wanted else []
    open_ = [it for it in everything if it.ended_at is None and (it.type != "silence" or now < it.ends_at)]
    if len(open_) > 1:
        raise UsageError(f"{wanted} is the beginning of {', '.join(sorted(it.id for it in open_))}; give more of it")
    if not open_:
        over = f"{everything[0].type} {everything[0].id} is over already" if everything else f"there is no {wanted!r}"
        raise ProblemError(f"{over}; see: groundswell silence list")
    (it,) = open_
    ended = it.model_copy(update={"ended_at": now, "ended_by": somebody(by)})
    asyncio.run(publish(ended, settings=settings, address=address))
    if as_json:
        _write(ended, state="expired", alerts=[])
    elif ended.type == "silence":
        say(f"Silence {ended.id} is ended. What it has kept from people and still fires is told to them now.")
    else:
        say(f"Acknowledgement {ended.id} is taken back: {clean(ended.title)} reminds again.")


def ack(
    fingerprint: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="An alert that fires; the beginning will do.")
    ],
    why: Why = "",
    by: By = None,
    as_json: options.AsJson = False,
) -> None:
    """Acknowledge an alert that fires: it no longer reminds.

    A rise of its severity and its end are told all the same, and so is its next episode. The incident that it is a part
    of reminds until all of its parts that fire are acknowledged, or it is itself.
    """
    from streams.silence_log import publish
    from streams.silencing import acknowledgement_id

    settings = options.settings()
    address = broker.required(settings)
    alerts = newest(settings, address)
    alert = meant(fingerprint, alerts)
    stored = _stored(settings, address)[1]
    known = next((it for it in stored if _holds(it, {alert.fingerprint: alert})), None)
    made = known or _made(
        "Acknowledgement",
        id=acknowledgement_id(alert),
        fingerprint=alert.fingerprint,
        starts_at=alert.starts_at,
        detected_at=alert.detected_at,
        title=f"{alert.brand}: {alert.title}"[:1_000],
        created_at=datetime.now(UTC),
        created_by=somebody(by),
        comment=why,
    )
    if known is None:
        asyncio.run(publish(made, settings=settings, address=address))
    if as_json:
        _write(made, state="active", alerts=[alert.fingerprint])
        return
    if known is not None:
        say("It was acknowledged already; that stands.")
    say(show.acknowledgement(made))
    if (incident := alerts.get(alert.incident or "")) is not None and incident.status != "resolved":
        say(_of_the_incident(incident, [*stored, made]))
    say(f"To take it back: groundswell silence end {made.id}")


def _of_the_incident(incident: Alert, acknowledgements: list[Acknowledgement]) -> str:
    """Whether the incident of an alert that was acknowledged still reminds."""
    from streams.silencing import acknowledged_by, newest_episodes

    known = newest_episodes(acknowledgements)
    if acknowledged_by(incident, known) is not None:
        return f"Its incident {incident.fingerprint} reminds no more either: nothing else in it is open."
    others = []
    for part in incident.parts:
        alone = incident.model_copy(update={"parts": [part]})
        if part.status != "resolved" and acknowledged_by(alone, known) is None:
            others.append(clean(part.title.partition(":")[0]))
    return (
        f"Its incident still reminds, of {', '.join(others)}; "
        f"to acknowledge all of it: groundswell ack {incident.fingerprint}"
    )


def _stored(settings: Settings, address: str) -> tuple[list[Silence], list[Acknowledgement]]:
    """Every silence and acknowledgement on the topic, in its newest state."""
    from schemas.silences import Acknowledgement, Silence
    from streams.client import subscribe
    from streams.topics import SILENCES

    states: dict[str, Any] = {}
    for received in subscribe(SILENCES, settings=settings, address=address, from_beginning=True, until_end=True):
        states[received.value.root.id] = received.value.root
    records = list(states.values())
    return [it for it in records if isinstance(it, Silence)], [it for it in records if isinstance(it, Acknowledgement)]


def _holds(acknowledgement: Acknowledgement, fire: Mapping[str, Alert]) -> bool:
    from streams.silencing import acknowledges

    alert = fire.get(acknowledgement.fingerprint)
    return alert is not None and acknowledges(acknowledgement, alert)


def _state(it: Silence, now: datetime) -> str:
    from streams.silencing import state_of

    return state_of(it, now)


def _matching(it: Silence, fire: Mapping[str, Alert]) -> list[str]:
    from streams.silencing import matches

    return [fingerprint for fingerprint, alert in sorted(fire.items()) if matches(it.matchers, alert)]


def _tell_silence(it: Silence, now: datetime, fire: Mapping[str, Alert]) -> None:
    state = _state(it, now)
    say(Text(f"{state:<8}", style=STATES[state]).append(show.silence(it)))
    if state != "expired":
        found = [fire[fingerprint] for fingerprint in _matching(it, fire)]
        say("         " + (f"matches what fires now: {named(found)}" if found else "matches nothing that fires now"))


def _write(it: Silence | Acknowledgement, **more: Any) -> None:
    write_json({**it.model_dump(mode="json"), **more})


def _made(name: str, **fields: Any) -> Any:
    """The record; its rules are the schema's.

    Raises:
        UsageError: It breaks one of them.
    """
    from pydantic import ValidationError

    from schemas import silences

    model: Any = getattr(silences, name)
    try:
        return model(**fields)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        name = str(problem["loc"][-1])
        option = {"comment": "why", "created_by": "by", "severity_at_most": "severity"}.get(name, name)
        raise UsageError(f"--{option.replace('_', '-')}: {problem['msg']}") from None


def somebody(by: str | None) -> str:
    """Who says so: as given, else this system's user.

    Raises:
        UsageError: The system does not know.
    """
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise UsageError("this system does not know who you are; say it with --by NAME") from None
