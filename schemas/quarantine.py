"""``quarantine``: what could not be read, whole, with the reason and the way back."""

from __future__ import annotations

from typing import Literal

from pydantic import Base64Bytes, Field

from schemas.base import Timestamp, Wire
from schemas.scored import Origin

QuarantineReason = Literal[
    "empty_record",
    "too_large",
    "invalid_utf8",
    "invalid_json",
    "not_a_number",
    "nested_too_deep",
    "not_an_object",
    "newer_schema",
    "missing_field",
    "invalid_field",
    "empty_text",
    "text_too_long",
    "absurd_date",
    "scoring_failed",
    "not_ours",
]


class Quarantined(Wire):
    """A raw record that could not be read. Key on the topic: its origin, topic:partition:offset."""

    origin: Origin
    reason: QuarantineReason
    detail: str = Field(max_length=2_000, description="What is wrong, where, and what would be right.")
    arrived_at: Timestamp = Field(description="The broker's time of the raw record.")
    key: Base64Bytes | None = Field(None, description="The raw key, base64.")
    value: Base64Bytes | None = Field(None, description="The raw bytes, base64.")
    headers: list[tuple[str, Base64Bytes | None]] = Field(default_factory=list)
