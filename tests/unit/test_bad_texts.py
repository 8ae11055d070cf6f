"""Whatever is sent: a bounded amount of work, a valid record, never an exception; by the scorer and by the command."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import ModuleType

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.cli.score import scored
from schemas.raw import MAX_TEXT, Post
from schemas.scored import Scored
from streams.catalog import Catalogs
from streams.scoring import Event, Pseudonyms, Scorer, cleaning, digits, language, normalise, people, redact
from tests.support.examples import examples

WHEN = datetime(2026, 2, 9, 12, tzinfo=UTC)
READERS: list[ModuleType] = [cleaning, digits, language, normalise, people, redact]
NASTY = [
    "", "\x00" * 1_000, "\ud800" * 1_000, "\ud83d late \udfff", "word " * 200_000, "a" * 1_000_000, "\u0301" * 9_000,
    "Z\u0351\u036b\u0343" * 3_000, "\u202e\u2066\u200b" * 3_000, "<div>" * 9_000, "<" * 20_000, "&lt;" * 20_000,
    "<!--" * 9_000, "my name is " * 4_000, "Mr A " * 9_000, "agent called " * 5_000, "12 Aa " * 9_000,
    "born on 1/1/" * 5_000,
    "passport A1 " * 6_000, "password a1" * 5_000, "regards, A B C " * 4_000, "a@" * 20_000, "a (at) b (dot) " * 4_000,
    "1 " * 30_000, "1-" * 30_000, "1:" * 30_000, "::" * 30_000, "order #" * 9_000, "https://x.com/" * 5_000,
    "u/" * 30_000,
    "RT @a: " * 9_000, "#aA" * 20_000, "приветhello漢字" * 5_000, "👩‍👩‍👧‍👦" * 5_000, "=" * 60_000, "''" * 30_000,
]  # fmt: skip


def post(text: str) -> Event:
    """An event whose text nobody has checked."""
    whole = Post(id="1", brand="Acme", text="-", author="a", created_at=WHEN)
    return "posts", whole.model_copy(update={"text": text}), {"topic": "t", "partition": 0, "offset": 0}


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(Catalogs.load(["generic"], {}), Pseudonyms(b"k"))


UNBOUNDED = {
    # Runs of one kind of character with nothing behind them that could fail.
    "_BEYOND", "_UNSEEN",
    "_PART", "_NO_WORDS", "_INVISIBLE", "_MARKS", "_DRESSED", "_SPACES", "_EDGES", "_GROUP", "LINK",
    # Tried at the beginning of lines of 400 characters at most.
    "_MAIL_HEADER", "_SIGNATURE",
}  # fmt: skip


def test_what_a_pattern_looks_at_from_one_place_is_bounded() -> None:
    """So the work grows with the length, whatever the text: no pattern runs on from each place to the end."""
    widths = {
        name: re._parser.parse(pattern.pattern, pattern.flags).getwidth()[1]  # type: ignore[attr-defined]
        for module in READERS
        for name, pattern in vars(module).items()
        if isinstance(pattern, re.Pattern)
    }
    assert len(widths) > 40
    assert {name for name, width in widths.items() if width > 5_000} <= UNBOUNDED


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_nasty_text_gives_a_valid_record(scorer: Scorer, text: str) -> None:
    [record] = scorer.score([post(text[:MAX_TEXT])])
    Scored.model_validate_json(orjson.dumps(record))


def test_the_command_gives_a_line_for_each(scorer: Scorer) -> None:
    texts = [*[text for text in NASTY if text.isprintable() or "\x00" in text][:20], "x" * 5_000_000]
    lines: list[bytes | None] = [orjson.dumps({"id": at, "text": text}) for at, text in enumerate(texts)]
    lines += [b'{"text": "\\ud800 late"}', b"{", b"", None, b'{"text": 5}', b"[]", b'{"text": "' + b"\xff" + b'"}']
    out = list(scored(lines, "posts", scorer, int(WHEN.timestamp() * 1000), 0))
    assert len(out) == len(lines)
    assert all("error" in line or line["sentiment"]["label"] for line in out)
    assert out[len(texts) - 1]["error"]["reason"] == "too_large"


@examples(60)
@given(texts=st.lists(st.text(max_size=300), min_size=1, max_size=4))
def test_anything_at_all_gives_valid_records(scorer: Scorer, texts: list[str]) -> None:
    for record in scorer.score([post(text) for text in texts]):
        Scored.model_validate_json(orjson.dumps(record))
