"""From a source's own columns to the contract's fields: names, types and moments in time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from hashlib import blake2b
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel

REQUIRED = ("brand", "text", "author", "created_at")
"""The fields that a table must have a column or a constant for; an ``id`` is derived where there is none."""

_SPACED_OFFSET = re.compile(r"\s+([+-]\d\d:?\d\d)$")
_SPELLED_UTC = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")


class ColumnsError(ValueError):
    """The columns can't be turned into the contract's fields; the message says what to give."""


@dataclass(frozen=True)
class Columns:
    """How the columns of a table, or the fields of foreign JSON, become an event of the contract."""

    event: type[BaseModel]
    """The contract: ``Review``, ``Post`` or ``Ticket``."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Contract field → column, or dotted path into JSON."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Contract field → the value that every event gets."""
    timezone: tzinfo | None = None
    """Where the clock stood that wrote moments without an offset; None refuses them."""
    time_format: str | None = None
    """``strptime`` format of ``created_at``; None reads ISO 8601 and seconds or milliseconds since 1970."""

    @classmethod
    def parse(
        cls,
        event: type[BaseModel],
        *,
        names: Sequence[str] = (),
        constants: Sequence[str] = (),
        timezone: str | None = None,
        time_format: str | None = None,
    ) -> Columns:
        """Read ``FIELD=COLUMN`` and ``FIELD=VALUE`` pairs as they are typed.

        Raises:
            ColumnsError: A pair has no ``=``, a field or a time zone is unknown.
        """
        try:
            # UTC needs no database of time zones, which a small machine may lack.
            zone = UTC if timezone in ("UTC", "Z") else ZoneInfo(timezone) if timezone else None
        except (LookupError, OSError, ValueError) as error:
            raise ColumnsError(
                f"{timezone!r} is no time zone; give a name such as UTC, Europe/Paris or America/New_York"
            ) from error
        return cls(event, _pairs("--map", names, event), _pairs("--set", constants, event), zone, time_format)

    @property
    def untouched(self) -> bool:
        """Whether JSON passes through byte for byte, because nothing is to be changed."""
        return not (self.names or self.constants or self.timezone or self.time_format)

    def check_header(self, header: Sequence[str]) -> None:
        """See that a table has what the contract needs.

        Raises:
            ColumnsError: A mapped column is missing, or a required field has neither column nor constant.
        """
        has = ", ".join(header)
        for name, column in self.names.items():
            if column not in header:
                raise ColumnsError(f"--map {name}={column}: there is no such column; there are: {has}")
        for name in REQUIRED:
            if name not in self.names and name not in self.constants and name not in header:
                raise ColumnsError(
                    f"nothing says where {name} comes from; name its column with --map {name}=COLUMN or give one value "
                    f"to all with --set {name}=VALUE. The columns are: {has}"
                )

    def from_row(self, row: Mapping[str, str]) -> dict[str, Any]:
        """The event of one row of a table; empty cells are left out, other columns pass through as text.

        Raises:
            ColumnsError: ``created_at`` has no offset and no time zone is given.
        """
        taken = set(self.names.values())
        event: dict[str, Any] = {k: v for k, v in row.items() if v != "" and k not in taken}
        for name, column in self.names.items():
            if row.get(column, "") != "":
                event[name] = row[column]
        for name in self._types.keys() & event.keys():
            event[name] = self._typed(name, event[name])
        # An empty text is a finding of its own, not a missing field.
        event.setdefault("text", "")
        return self._finished(event)

    def from_json(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """The event of one foreign JSON object; fields that are not mapped pass through.

        Raises:
            ColumnsError: ``created_at`` has no offset and no time zone is given.
        """
        event = dict(value)
        found = {name: _at(value, path) for name, path in self.names.items()}
        for path in self.names.values():
            event.pop(path, None)
        event.update({name: self._typed(name, it) for name, it in found.items() if it is not None})
        return self._finished(event)

    def moment(self, value: object) -> datetime | None:
        """When something was said, with its offset; None where it can't be read.

        Raises:
            ColumnsError: It has no offset and no time zone is given.
        """
        try:
            read = self._read_moment(value)
        except (ValueError, OverflowError, OSError):
            return None
        if read is None or read.tzinfo is not None:
            return read
        if self.timezone is None:
            raise ColumnsError(
                f"created_at {value!r} has no offset from UTC, so nobody can know when it was; "
                "say where the clock stood, for example with --timezone UTC or --timezone America/New_York"
            )
        return read.replace(tzinfo=self.timezone)

    def row_moment(self, row: Mapping[str, str]) -> datetime | None:
        """``moment`` of a table's row."""
        constant = self.constants.get("created_at")
        return self.moment(constant if constant is not None else row.get(self.names.get("created_at", "created_at")))

    def _read_moment(self, value: object) -> datetime | None:
        if isinstance(value, bool):
            return None
        if isinstance(value, str):
            value = value.strip()
            if self.time_format:
                return datetime.strptime(value, self.time_format)  # noqa: DTZ007 – moment() adds the zone.
            if not _EPOCH.fullmatch(value):
                return datetime.fromisoformat(_SPELLED_UTC.sub("+00:00", _SPACED_OFFSET.sub(r"\1", value)))
            value = int(value)
        if isinstance(value, int | float):
            # 10¹¹ seconds are the year 5138, and 10¹¹ milliseconds 1973.
            return datetime.fromtimestamp(value / 1000 if value >= 1e11 else value, UTC)
        return None

    def _finished(self, event: dict[str, Any]) -> dict[str, Any]:
        for name, constant in self.constants.items():
            event[name] = self._typed(name, constant)
        moment = self.moment(event.get("created_at"))
        if moment is not None:
            event["created_at"] = moment.isoformat()
        if "id" not in event:
            # The same row is the same event, however often it is sent.
            said = "\x1f".join(str(event.get(name)) for name in REQUIRED)
            event["id"] = "row-" + blake2b(said.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        return event

    @cached_property
    def _types(self) -> dict[str, Literal["number", "integer", "string"]]:
        return {name: _json_type(schema) for name, schema in self.event.model_json_schema()["properties"].items()}

    def _typed(self, name: str, value: Any) -> Any:
        """The value as the contract's type where it reads as one; else as it is, for quarantine to tell."""
        wanted = self._types[name]
        if name == "created_at":
            return value
        if wanted == "string":
            return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(value, str):
            return value
        try:
            number = float(value)
            if wanted == "integer":
                # JSON as it is written here ends at 64 bits.
                return int(number) if number == int(number) and abs(number) < 2.0**63 else value
        except (ValueError, OverflowError):
            return value
        # NaN and the infinities are no JSON numbers.
        return number if number - number == 0 else value


def _pairs(option: str, pairs: Sequence[str], event: type[BaseModel]) -> dict[str, str]:
    read: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not value:
            raise ColumnsError(f"{option} {pair}: write it as FIELD=… with something on both sides of =")
        if name not in event.model_fields:
            raise ColumnsError(
                f"{option} {pair}: {event.__name__.lower()}s have no field {name}; "
                f"there are: {', '.join(event.model_fields)}"
            )
        read[name] = value
    return read


def _at(value: Mapping[str, Any], path: str) -> Any:
    """What is at a key, or at a dotted path; None where there is nothing."""
    if path in value:
        return value[path]
    at: Any = value
    for key in path.split("."):
        if isinstance(at, Mapping):
            at = at.get(key)
        elif isinstance(at, list) and key.isdecimal() and int(key) < len(at):
            at = at[int(key)]
        else:
            return None
    return at


def _json_type(schema: Mapping[str, Any]) -> Literal["number", "integer", "string"]:
    types = {part.get("type") for part in (schema, *schema.get("anyOf", ()))}
    if "integer" in types:
        return "integer"
    return "number" if "number" in types else "string"
