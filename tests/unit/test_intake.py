"""Intake: the contract of each source, and a reason for whatever does not keep it."""

from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest

from schemas.quarantine import QuarantineReason
from schemas.raw import MAX_TEXT, RawEvent, Source
from streams.intake import SOURCES, Limits, Rejection, parse
from streams.intake.contract import MAX_BYTES, MAX_DEPTH
from streams.topics import RAW

NOW_MS = 1_772_409_600_000
LIMITS = Limits(NOW_MS, 600_000)
MINIMAL = {"id": "1", "brand": "Acme", "text": "Hm.", "author": "ada", "created_at": "2026-03-01T08:00:00+01:00"}
COMMON = {
    "product": "Beans", "version": "2.1", "region": "DE", "language": "pt-BR", "url": "https://example.org/1",
    "conversation_id": "c1", "schema_version": 1,
}  # fmt: skip
OWN: dict[Source, dict[str, Any]] = {
    "reviews": {"rating": 4.5, "title": "Fine"},
    "posts": {"network": "mastodon", "reach": 12},
    "tickets": {"status": "open", "priority": "high", "direction": "agent", "csat": 2},
}


def read(value: Any, source: Source = "posts", limits: Limits = LIMITS) -> RawEvent | Rejection:
    return parse(SOURCES[source], value if isinstance(value, bytes | None) else orjson.dumps(value), limits)


def rejected(value: Any, source: Source = "posts") -> Rejection:
    found = read(value, source)
    assert isinstance(found, Rejection), f"was accepted: {found}"
    return found


class TestEverySource:
    @pytest.fixture(params=sorted(SOURCES))
    def source(self, request: pytest.FixtureRequest) -> Source:
        return request.param

    def test_has_a_topic_of_its_name_with_its_contract(self, source: Source) -> None:
        assert RAW[source].short_name == source
        assert RAW[source].value is SOURCES[source]
        assert set(SOURCES) == set(RAW) == set(get_args(Source)) == set(OWN)

    def test_accepts_the_least(self, source: Source) -> None:
        event = read(MINIMAL, source)
        assert isinstance(event, SOURCES[source])
        assert event.extra == {}

    def test_accepts_everything_that_it_names(self, source: Source) -> None:
        full = MINIMAL | COMMON | OWN[source]
        assert set(full) == set(SOURCES[source].model_fields), "this test knows every field of the contract"
        event = read(full, source)
        assert isinstance(event, SOURCES[source])
        assert event.model_dump(exclude={"created_at"}) == {k: v for k, v in full.items() if k != "created_at"}

    def test_passes_what_it_does_not_name(self, source: Source) -> None:
        extra = {"likes": 3, "nested": {"a": [1, None, "NaN"]}, "big": 2**64 - 1, "sum": "1234567890123456789012"}
        event = read(MINIMAL | extra, source)
        assert isinstance(event, SOURCES[source])
        assert event.extra == extra

    @pytest.mark.parametrize("field", sorted(MINIMAL))
    def test_needs_the_core(self, source: Source, field: str) -> None:
        without = {name: value for name, value in MINIMAL.items() if name != field}
        found = rejected(without, source)
        assert found.reason == "missing_field"
        assert field in found.detail


def deep(levels: int) -> bytes:
    return orjson.dumps(MINIMAL)[:-1] + b',"extra":' + b"[" * levels + b"]" * levels + b"}"


def spliced(field: bytes) -> bytes:
    return orjson.dumps(MINIMAL)[:-1] + b"," + field + b"}"


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (None, "empty_record", "no value"),
        (b"", "empty_record", "no value"),
        (b"x" * (MAX_BYTES + 1), "too_large", "1,000,000"),
        (b'{"id": "\xff"}', "invalid_utf8", ""),
        (b"\xff\xfe{\x00}\x00", "invalid_utf8", ""),
        (b'{"id": "1"', "invalid_json", "EOF"),
        (b"{} {}", "invalid_json", "trailing"),
        (spliced(b'"s":"\\ud800"'), "invalid_json", "hex escape"),
        (spliced(b'"n":01'), "invalid_json", ""),
        (b"[]", "not_an_object", "object"),
        (b"null", "not_an_object", "object"),
        (b'"text"', "not_an_object", "object"),
        (spliced(b'"n":NaN'), "not_a_number", "NaN"),
        (spliced(b'"n":[1,-Infinity]'), "not_a_number", "Infinity"),
        (spliced(b'"n":1e999'), "not_a_number", "infinity"),
        (spliced(b'"n":123456789012345678901234567890'), "invalid_field", "64"),
        (spliced(b'"reach":123456789012345678901234567890'), "invalid_field", "reach"),
        (deep(MAX_DEPTH + 1), "nested_too_deep", "deeper than 32"),
        (deep(100_000), "nested_too_deep", ""),
        (MINIMAL | {"schema_version": 2}, "newer_schema", "Update"),
        (MINIMAL | {"id": 7}, "invalid_field", "id"),
        (MINIMAL | {"id": ""}, "invalid_field", "id"),
        (MINIMAL | {"id": "x" * 257}, "invalid_field", "id"),
        (MINIMAL | {"brand": "  "}, "invalid_field", "brand"),
        (MINIMAL | {"brand": "a\x1fb"}, "invalid_field", "brand"),
        (MINIMAL | {"brand": "a\nb"}, "invalid_field", "brand"),
        (MINIMAL | {"author": None}, "invalid_field", "author"),
        (MINIMAL | {"language": "english please"}, "invalid_field", "language"),
        (MINIMAL | {"text": ""}, "empty_text", "nothing was said"),
        (MINIMAL | {"text": " \n\t\u3000"}, "empty_text", "nothing was said"),
        (MINIMAL | {"text": "x" * (MAX_TEXT + 1)}, "text_too_long", "100000"),
        (MINIMAL | {"created_at": "yesterday"}, "invalid_field", "created_at"),
        (MINIMAL | {"created_at": "2026-03-01T08:00:00"}, "invalid_field", "timezone"),
        (MINIMAL | {"created_at": 12}, "invalid_field", "created_at"),
        (MINIMAL | {"created_at": "1989-12-31T23:59:59Z"}, "absurd_date", "before 1990"),
        (MINIMAL | {"created_at": "0001-01-01T00:00:00+23:59"}, "absurd_date", "before 1990"),
        (MINIMAL | {"created_at": "9999-12-31T23:59:59-23:59"}, "absurd_date", "600 s ahead"),
        (MINIMAL | {"created_at": "2026-03-02T00:10:01Z"}, "absurd_date", "600 s ahead"),
    ],
    ids=lambda value: value.decode("latin-1")[:40] if isinstance(value, bytes) else None,
)
def test_what_is_wrong_is_named(value: Any, reason: QuarantineReason, detail: str) -> None:
    found = rejected(value)
    assert (found.reason, detail.lower() in found.detail.lower()) == (reason, True), found
    assert len(found.detail) <= 500


@pytest.mark.parametrize("value", [6, 0, "5", float("inf"), True])
def test_ratings_have_a_scale(value: Any) -> None:
    data = orjson.dumps(MINIMAL)[:-1] + b',"rating":' + (b"Infinity" if value == float("inf") else orjson.dumps(value))
    assert rejected(data + b"}", "reviews").reason in ("invalid_field", "not_a_number")


def test_a_text_of_the_greatest_length_in_any_script_is_read() -> None:
    assert isinstance(read(MINIMAL | {"text": "💛" * MAX_TEXT}), RawEvent)


def test_the_clock_decides_what_the_future_is() -> None:
    value = MINIMAL | {"created_at": "2026-03-02T00:10:00Z"}
    assert isinstance(read(value), RawEvent)
    assert isinstance(read(value, limits=Limits(NOW_MS - 1, 600_000)), Rejection)


def test_of_two_fields_with_one_name_the_last_counts() -> None:
    event = read(spliced(b'"text":"second"'))
    assert isinstance(event, RawEvent)
    assert event.text == "second"


def test_a_detail_tells_how_many_more_mistakes_there_are() -> None:
    assert rejected({"id": 1}).detail.endswith("(and 4 more)")


def test_a_detail_does_not_quote_what_was_sent() -> None:
    assert "secret" not in rejected(MINIMAL | {"created_at": "secret", "author": ["secret"]}).detail
