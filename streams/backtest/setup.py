"""A configuration that is tried: what settings set for the pure path, and the detector's parameters."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Annotated, Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from streams.catalog import Catalogs
from streams.detection import Detector, detector
from streams.settings import Settings

SETTINGS = (
    "alert_budget",
    "catalog",
    "catalogs",
    "deep_share",
    "detector",
    "early_warning",
    "future",
    "lateness",
    "scorer",
)
"""Settings of which the pure path takes notice; the others are about brokers and machines."""

PARAMETERS, REASONS = "parameters", "reasons"
KEYS = (*SETTINGS, PARAMETERS, REASONS)


class SetupError(ValueError):
    """A configuration can't be used; the message says which key, and what there is."""


@dataclass(frozen=True)
class Setup:
    """One configuration of the pure path."""

    name: str
    settings: Settings
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the detector that are not its defaults."""
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A label's reason → the ids of its catalog that say the same."""

    @property
    def detector(self) -> Detector:
        """The detector with these parameters.

        Raises:
            SetupError: It has no such parameter, or the value is none for it.
            UnknownDetectorError: There is no such detector.
        """
        it: Any = detector(self.settings.detector)
        if not self.parameters:
            return cast(Detector, it)
        known = {each.name: getattr(it, each.name) for each in fields(it) if each.init} if is_dataclass(it) else {}
        for name, value in self.parameters.items():
            if name not in known:
                there = f"it has: {', '.join(sorted(known))}" if known else "it has none"
                raise SetupError(
                    f"{self.name}: the detector {self.settings.detector} has no parameter {name!r}; {there}"
                )
            _check(f"{self.name}: {PARAMETERS}.{name}", value, known[name])
        try:
            return cast(Detector, replace(it, **self.parameters))
        except (TypeError, ValueError) as error:
            raise SetupError(f"{self.name}: {PARAMETERS}: {error}") from error

    def catalogs(self) -> Catalogs:
        """The catalogs that it names.

        Raises:
            SetupError: A reason stands for an id that is in none of them.
            CatalogError: There is no such pack.
        """
        catalogs = Catalogs.load(self.settings.catalog, self.settings.catalogs)
        each = [catalogs.default, *(catalogs.for_brand(brand) for brand in self.settings.catalogs)]
        for reason, ids in self.reasons.items():
            for id_ in ids:
                if not any(id_ in catalog for catalog in each):
                    there = ", ".join(sorted({entry.id for catalog in each for entry in catalog}))
                    raise SetupError(f"{self.name}: {REASONS}.{reason}: no catalog has {id_!r}; there are: {there}")
        return catalogs

    def described(self) -> dict[str, Any]:
        """What it sets, as JSON values."""
        settings = self.settings
        return {
            "alert_budget": settings.alert_budget,
            "catalog": list(settings.catalog),
            "catalogs": {brand: list(packs) for brand, packs in sorted(settings.catalogs.items())},
            "detector": settings.detector,
            "early_warning": settings.early_warning,
            "parameters": dict(sorted(self.parameters.items())),
            "reasons": {reason: list(ids) for reason, ids in sorted(self.reasons.items())},
            "scorer": settings.scorer,
            "deep_share": settings.deep_share,
            "lateness_seconds": settings.lateness.total_seconds(),
            "future_seconds": settings.future.total_seconds(),
        }


def read_setup(text: str, name: str, base: Settings) -> Setup:
    """The configuration in a TOML file: settings by name, and what else is compared.

    A table ``parameters`` holds the detector's own; a table ``reasons`` says which ids of the catalog the reasons of
    labels stand for.

    Args:
        name: What the configuration is called, for messages and tables.
        base: What it changes.

    Raises:
        SetupError: It is no TOML, a key is unknown, or a value is not what it should be.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"{name} is no TOML: {error}") from None
    for key in content:
        if key not in KEYS:
            raise SetupError(f"{name}: there is no key {key!r}; there are: {', '.join(sorted(KEYS))}")
    parameters = content.pop(PARAMETERS, {})
    if not isinstance(parameters, dict):
        raise SetupError(f"{name}: {PARAMETERS} is a table: [{PARAMETERS}], and a line NAME = VALUE each")
    reasons = _value(name, REASONS, content.pop(REASONS, {}), dict[str, tuple[str, ...]])
    fields = Settings.model_fields
    # With what the field asks for beside its type: ranges, patterns.
    kinds = {key: _kind(fields[key]) for key in content}
    changed = {key: _value(name, key, value, kinds[key]) for key, value in content.items()}
    return Setup(name, base.model_copy(update=changed), parameters, reasons)


def _kind(field: FieldInfo) -> Any:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _value(name: str, key: str, value: object, kind: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in (key, *first["loc"]))
        said = first["msg"].replace("valid tuple", "valid list")
        raise SetupError(f"{name}: {where}: {said[:1].lower()}{said[1:]}, not {value!r}") from None


def _check(where: str, value: object, default: object) -> None:
    """See that a parameter is of the kind that its default is."""
    kind = next(kind for kind in _KINDS if isinstance(default, kind) or kind is object)
    name, fits = _KINDS[kind]
    if not fits(value):
        raise SetupError(f"{where} is {name}, not {value!r}")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# A bool is an int in Python, so it comes first.
_KINDS: dict[type, tuple[str, Callable[[object], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", _whole),
    float: ("a number", lambda value: _whole(value) or (isinstance(value, float) and math.isfinite(value))),
    str: ("text", lambda value: isinstance(value, str)),
    object: ("not for a file to set", lambda _: False),
}
