"""The routes file: receivers, and who is told of which alert, in TOML. ``deploy/notify.md`` shows what is in it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from schemas.receipts import ReceiverName
from streams.receivers import TYPES, Config, Receiver
from streams.routing import Route
from streams.settings import Settings

MOST_RECEIVERS: Final = 50
"""Each has a queue, and is a label."""
SECRET: Final = ("url", "secret")
"""Keys that may stand in a file or in the environment instead: ``url_file``, ``url_env``."""
RESERVED: Final = "log"

_NAME = TypeAdapter(ReceiverName)


class RoutesError(ValueError):
    """The routes can't be used; the message says where and what would be right, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Receivers by name, and who is told of which alert."""

    receivers: dict[str, Config]
    routes: tuple[Route, ...]
    dashboard: str | None = None

    def make(self) -> dict[str, Receiver]:
        """The receivers themselves.

        Raises:
            RoutesError: One can't be used as it is set.
        """
        made = {}
        for name, config in self.receivers.items():
            try:
                made[name] = config.make(self.dashboard)
            except ValueError as error:
                raise RoutesError(f"receivers.{name}: {error}") from None
        return made

    @property
    def idle(self) -> list[str]:
        """Receivers that no route names."""
        named = {name for route in self.routes for name in route.to}
        return sorted(self.receivers.keys() - named)


def load(settings: Settings) -> Routes:
    """What the settings ask for: the routes file, else whoever is set without one, who is told everything.

    Raises:
        RoutesError: It can't be used.
    """
    simple: dict[str, dict[str, Any]] = {}
    if settings.webhook_url:
        simple["webhook"] = {"type": "webhook", "url": settings.webhook_url, "secret": settings.webhook_secret}
    if settings.alertmanager_url:
        simple["alertmanager"] = {"type": "alertmanager", "url": settings.alertmanager_url}
    if settings.routes is None:
        document: dict[str, Any] = {"receivers": simple}
        if simple:
            document["routes"] = [{"to": list(simple)}]
        return parse(document, os.environ, Path())
    if simple:
        both = " and ".join(f"GROUNDSWELL_{name.upper()}_URL" for name in simple)
        raise RoutesError(f"GROUNDSWELL_ROUTES names a file, so {both} would be told nothing: put it into the file")
    return read(settings.routes)


def read(path: Path) -> Routes:
    """The routes of a file. Files that it names are looked for beside it.

    Raises:
        RoutesError: It can't be read or used.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RoutesError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RoutesError(f"{path} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise RoutesError(f"{path} is not TOML: {error}") from None
    try:
        return parse(document, os.environ, path.parent)
    except RoutesError as error:
        raise RoutesError(f"{path}: {error}") from None


def parse(document: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> Routes:
    """The routes of a document.

    Args:
        environment: Where ``…_env`` is looked up.
        folder: Where ``…_file`` is looked for.

    Raises:
        RoutesError: Something is not as it has to be.
    """
    if unknown := document.keys() - {"receivers", "routes", "dashboard"}:
        raise RoutesError(f"{_few(unknown)}: unknown; there are receivers, routes and dashboard")
    tables, listed, dashboard = document.get("receivers", {}), document.get("routes", []), document.get("dashboard")
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise RoutesError("receivers: write a table for each, such as [receivers.oncall]")
    if not isinstance(listed, list) or not all(isinstance(table, dict) for table in listed):
        raise RoutesError("routes: write a table for each, under [[routes]]")
    if dashboard is not None and not (isinstance(dashboard, str) and dashboard.startswith(("http://", "https://"))):
        raise RoutesError('dashboard: write the address of Grafana, such as "https://grafana.example.org"')
    if len(tables) > MOST_RECEIVERS:
        raise RoutesError(f"receivers: {len(tables)} are too many; {MOST_RECEIVERS} is the most")
    receivers = {name: _receiver(name, table, environment, folder) for name, table in tables.items()}
    routes = tuple(_route(number, table, receivers) for number, table in enumerate(listed, 1))
    if receivers and not routes:
        raise RoutesError("routes: there is none, so nobody would be told anything; [[routes]] with to = [NAME] does")
    return Routes(receivers, routes, dashboard)


def _receiver(name: str, table: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> Config:
    where = f"receivers.{name[:60]}"
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise RoutesError(f"{where}: a name is of small letters, digits, - and _, 40 at most") from None
    if name == RESERVED:
        raise RoutesError(f"{where}: every alert is in the log anyway; take another name")
    kind = table.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise RoutesError(f"{where}.type: there are {', '.join(sorted(TYPES))}")
    try:
        return TYPES[kind].model_validate(_revealed(where, table, environment, folder))
    except ValidationError as error:
        raise RoutesError(f"{where}{_first(error)}") from None


def _revealed(where: str, table: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """The table with what its ``…_file`` and ``…_env`` stand for."""
    values = dict(table)
    for key in SECRET:
        given = [name for name in (key, f"{key}_env", f"{key}_file") if name in table]
        if len(given) > 1:
            raise RoutesError(f"{where}: {' and '.join(given)} are given; one is enough")
        if (variable := values.pop(f"{key}_env", None)) is not None:
            if not isinstance(variable, str) or not environment.get(variable):
                raise RoutesError(f"{where}.{key}_env: the environment has no {str(variable)[:60]}, or it is empty")
            values[key] = environment[variable]
        if (file := values.pop(f"{key}_file", None)) is not None:
            try:
                values[key] = (folder / str(file)).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError, ValueError) as error:
                raise RoutesError(f"{where}.{key}_file: {file} can't be read ({type(error).__name__})") from None
    return values


def _route(number: int, table: Mapping[str, Any], receivers: Mapping[str, Config]) -> Route:
    where = f"route {number}"
    try:
        route = Route.model_validate(table)
    except ValidationError as error:
        raise RoutesError(f"{where}{_first(error)}") from None
    if unknown := [name for name in route.to if name not in receivers]:
        known = ", ".join(sorted(receivers)) or "none"
        raise RoutesError(f"{where}.to: there is no receiver {unknown[0]}; there are: {known}")
    return route


def _first(error: ValidationError) -> str:
    """Where the first mistake is, and what it is; never the value, for it may be a secret."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = "".join(f".{part}" for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{place}: there is no such key"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"


def _few(names: set[str]) -> str:
    return ", ".join(sorted(str(name)[:60] for name in names)[:3])
