"""Reads one raw record against its contract. Nobody's word is trusted, and nothing raises: bad input is a route."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.base import SCHEMA_VERSION
from schemas.quarantine import QuarantineReason
from schemas.raw import MAX_TEXT, RawEvent

MAX_BYTES = 1_000_000
"""Longest raw record that is parsed at all."""

MAX_DEPTH = 32
"""Deepest nesting of fields outside the contract."""

EARLIEST_YEAR = 1990
"""No customer spoke to a machine that we read before this: earlier dates are mistakes."""

MAX_DETAIL = 500

INVISIBLE = string.whitespace + "\x85\xa0\xad\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u2060\u3000\ufeff"
"""Characters that say nothing by themselves."""

_NOT_PLAIN = re.compile(rb"NaN|Infinity|\d{19}|[eE][+]?\d{3}")
"""What a number that others can't read looks like; the same characters may stand in a string."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plausible ``created_at`` is at one moment."""

    now_ms: int
    future_ms: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a record goes to quarantine."""

    reason: QuarantineReason
    detail: str


def parse(model: type[RawEvent], value: bytes | None, limits: Limits) -> RawEvent | Rejection:
    """The event that the bytes hold, or why there is none.

    Args:
        model: The source's contract.
        value: The raw record's value.
        limits: The clock when the record arrived, for dates that lie in the future.
    """
    if not value:
        return Rejection("empty_record", "The record has no value; expected a JSON object.")
    if len(value) > MAX_BYTES:
        return Rejection("too_large", f"{len(value):,} bytes; at most {MAX_BYTES:,} are read.")
    try:
        # Straight to the validator: pydantic's own method spends a quarter of the time on arguments that nobody gave.
        event: RawEvent = model.__pydantic_validator__.validate_json(value)
    except ValidationError as error:
        return _explain(error, value)
    if not event.text.strip(INVISIBLE):
        return Rejection("empty_text", "text: nothing was said; expected at least one character that can be seen.")
    if event.schema_version > SCHEMA_VERSION:
        return Rejection(
            "newer_schema",
            f"schema_version: {event.schema_version}; this Groundswell reads up to {SCHEMA_VERSION}. "
            "Update it, then requeue the record.",
        )
    created = event.created_at
    if created.year < EARLIEST_YEAR:
        return Rejection("absurd_date", f"created_at: {created.isoformat()} is before {EARLIEST_YEAR}.")
    if created.timestamp() * 1000 > limits.now_ms + limits.future_ms:
        return Rejection(
            "absurd_date",
            f"created_at: {created.isoformat()} lies more than {limits.future_ms // 1000} s ahead of the clock.",
        )
    if event.__pydantic_extra__ and (_NOT_PLAIN.search(value) or _depth(event.extra) > MAX_DEPTH):
        return _explain_extra(event, value)
    return event


def _explain_extra(event: RawEvent, value: bytes) -> RawEvent | Rejection:
    """What the contract does not name passes untouched, as long as it is JSON that others can read."""
    if _depth(event.extra) > MAX_DEPTH:
        return Rejection("nested_too_deep", f"Fields outside the contract are nested deeper than {MAX_DEPTH}.")
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return Rejection("not_a_number", _short(f"NaN and Infinity are not JSON: {error}"))
    try:
        orjson.dumps(event.extra)
    except orjson.JSONEncodeError as error:
        # Such a number would be another one for the next reader, who has 64 bits.
        return Rejection("invalid_field", _short(f"a field outside the contract can't be passed on: {error}"))
    return event  # The characters stood inside a string, or the number fits.


def _explain(error: ValidationError, value: bytes) -> Rejection:
    first = error.errors(include_url=False, include_input=False)[0]
    reason = _reason(first, value)
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return Rejection(reason, _short(f"{where}: {first['msg']}{more}" if where else f"{first['msg']}{more}"))


def _reason(first: ErrorDetails, value: bytes) -> QuarantineReason:
    kind = first["type"]
    if kind == "json_invalid":
        message = first["msg"]
        if "recursion limit" in message:
            return "nested_too_deep"
        try:
            value.decode()
        except UnicodeDecodeError:
            return "invalid_utf8"
        return "invalid_json"
    if kind == "missing":
        return "missing_field"
    if kind == "finite_number":
        return "not_a_number"
    if kind == "string_too_long" and first["loc"] == ("text",):
        return "text_too_long"
    if not first["loc"]:
        return "not_an_object"
    return "invalid_field"


def _short(text: str) -> str:
    return text if len(text) <= MAX_DETAIL else text[: MAX_DETAIL - 1] + "…"


def _depth(value: object) -> int:
    """How deep lists and objects are nested; stops counting above the limit, so that no input is expensive."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            child
            for node in level
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
    return depth


assert MAX_TEXT * 4 < MAX_BYTES, "the longest text that is allowed must fit into a record that is read"
