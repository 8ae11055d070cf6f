"""Raw records as nobody should send them: valid ones, broken in every way that we could think of. Seeded."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import orjson

TEXTS = (
    "My order hasn't arrived, this is the third time I write to you!",
    "Lovely handwritten note in the box, thank you so much 💛",
    "The app crashes at checkout. I WILL CANCEL!!! call me on +44 20 7946 0018 or mail ada@example.org",
    "¿Dónde está mi pedido?",
    "注文がまだ届きません。",
    "ok",
    "@acme https://example.org/x #fail",
)
ABSURD = (
    None,
    True,
    -1,
    0,
    2**63,
    10**30,
    1e308,
    -0.0,
    "",
    " ",
    "\x00",
    "\u202e",
    [],
    {},
    [[]],
    {"a": None},
    "x" * 300,
)
DATES = (
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "1970-01-01T00:00:00Z", "yesterday",
    "2026-02-30T00:00:00Z", "2026-03-02", "2026-03-02T08:00:00", "2026-03-02T25:00:00Z", 1772409600, 1.5, "1772409600",
    "2026-03-02T08:00:60Z", "+002026-03-02T08:00:00Z", "2026-03-02T08:00:00.123456789Z", "2026-03-02T08:00:00+99:99",
)  # fmt: skip
RAW_VALUES = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1" * 400, b"18446744073709551616", b'"\\ud800"',
    b'"\\udc00\\ud800"', b"[" * 20 + b"]" * 20, b"[" * 60 + b"]" * 60, b"[" * 5_000 + b"]" * 5_000,
    b'{"a":' * 300 + b"1" + b"}" * 300, b"", b"nul", b"0x10", b"01", b"'x'", b'"\xff"', b'"\x00"', b'"a\nb"',
)  # fmt: skip
HUGE = 5_000_000


def valid(rng: random.Random, number: int) -> dict[str, Any]:
    """An event that every source's contract accepts."""
    event: dict[str, Any] = {
        "id": f"e{number}",
        "brand": rng.choice(("Acme", "Bean & Benevolence", "Ünïcode", "日本")),
        "text": rng.choice(TEXTS),
        "author": f"author {rng.randrange(500)}",
        "created_at": f"2026-03-{rng.randrange(1, 29):02d}T{rng.randrange(24):02d}:00:00+0{rng.randrange(10)}:00",
    }
    for name, value in (
        ("product", "Beans"), ("version", "2.1"), ("region", "DE"), ("language", "en"), ("url", "https://example.org/1"),
        ("conversation_id", "c1"), ("schema_version", 1), ("note", {"nested": [1, 2.5, "x"]}), ("n", 12),
    ):  # fmt: skip
        if rng.random() < 0.3:
            event[name] = value
    return event


def mutated(rng: random.Random, number: int) -> bytes | None:
    """A valid event, broken in one way or in two; now and then whole."""
    value: bytes | None = orjson.dumps(valid(rng, number))
    for _ in range(rng.choice((0, 1, 1, 1, 1, 1, 2))):
        if value:
            value = rng.choice(MUTATIONS)(rng, value)
    return value


def _fields(rng: random.Random, value: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    if isinstance(event, dict) and event:
        change(event)
        try:
            return orjson.dumps(event)
        except TypeError:
            return repr(event).replace("'", '"').encode("utf-8", "surrogatepass")
    return value


def _truncate(rng: random.Random, value: bytes) -> bytes:
    return value[: rng.randrange(len(value))]


def _flip(rng: random.Random, value: bytes) -> bytes:
    data = bytearray(value)
    for _ in range(rng.randint(1, 5)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _wrong(rng: random.Random, value: bytes) -> bytes:
    return _fields(rng, value, lambda event: event.update({rng.choice(list(event)): rng.choice(ABSURD)}))


def _absurd(rng: random.Random, value: bytes) -> bytes:
    names = (
        "rating",
        "csat",
        "reach",
        "direction",
        "network",
        "title",
        "status",
        "schema_version",
        "language",
        "extra",
    )
    return _fields(rng, value, lambda event: event.update({rng.choice(names): rng.choice(ABSURD)}))


def _missing(rng: random.Random, value: bytes) -> bytes:
    return _fields(rng, value, lambda event: event.pop(rng.choice(list(event))))


def _date(rng: random.Random, value: bytes) -> bytes:
    return _fields(rng, value, lambda event: event.update(created_at=rng.choice(DATES)))


def _newer(rng: random.Random, value: bytes) -> bytes:
    return _fields(rng, value, lambda event: event.update(schema_version=rng.choice((2, 7, 10**18))))


def _text(rng: random.Random, value: bytes) -> bytes:
    texts = (
        "",
        " \n\t",
        "\u200b\u200b",
        "\x00",
        "x" * 100_000,
        "a " * 50_001,
        "💛" * 3_000,
        "é" * 20_000,
        "\u202e\u0301",
    )
    return _fields(rng, value, lambda event: event.update(text=rng.choice(texts)) if rng.random() < 0.3 else None)


def _spliced(rng: random.Random, value: bytes) -> bytes:
    """A field whose value no writer of JSON would have written, or a second one of the same name."""
    name = rng.choice((b"text", b"rating", b"created_at", b"extra", b"brand", b"id"))
    return value[:-1] + b',"' + name + b'":' + rng.choice(RAW_VALUES) + value[-1:]


def _doubled(rng: random.Random, value: bytes) -> bytes:
    return value + value if rng.random() < 0.5 else value[:-1] + b"," + value[1:]


def _around(rng: random.Random, value: bytes) -> bytes:
    before, after = rng.choice(((b"\xef\xbb\xbf", b""), (b"[", b"]"), (b" \n", b" "), (b"", b"\x00"), (b'"', b'"')))
    return before + value + after


def _nothing(rng: random.Random, value: bytes) -> bytes | None:
    return rng.choice((None, b"", b"null", b"[]", b"{}", b"true", b"1", b'"x"', b" "))


def _utf(rng: random.Random, value: bytes) -> bytes:
    return value.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-32", "latin-1", "cp1252")), "replace")


def _random(rng: random.Random, value: bytes) -> bytes:
    return rng.randbytes(rng.randrange(1, 200))


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes | None], ...] = (
    _truncate, _flip, _wrong, _absurd, _missing, _date, _newer, _text, _spliced, _doubled, _around, _nothing, _utf,
    _random,
)  # fmt: skip
