"""Texts become readable, and stay the customer's own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.normalise import normalise


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  a \t b  ", "a b"),
        ("one\r\n\r\n\r\ntwo", "one\ntwo"),
        ("5 &lt; 6 &amp; 7 &#39;ok&#39;", "5 < 6 & 7 'ok'"),
        ("<p>Hello <b>world</b></p><br/>bye", "Hello world\nbye"),
        ("<script>alert('x')</script>hello", "hello"),
        ("<style>p {color: red}</style >hello", "hello"),
        ("a <!-- hidden --> b", "a b"),
        ("I <3 you, a < b > c", "I <3 you, a < b > c"),
        ("<order number>", "<order number>"),
        ("he\u200bllo wo\u00adrld\ufeff", "hello world"),
        ("\u202eevil\u202c", "evil"),
        ("e\u0301te\u0301", "été"),
        ("z\u0310\u0311\u0312\u0313\u0314algo", "z\u0310\u0311algo"),
        ("it’s", "it's"),
        ("soooo LATE!!!", "soooo LATE!!!"),
        ("👩‍💻 👍🏽", "👩‍💻 👍🏽"),
        ("lone \ud83d surrogate", "lone surrogate"),
        ("𝓰𝓻𝓮𝓪𝓽 ｇｒｅａｔ Ⓢⓤⓟⓔⓡ", "great great Super"),
        ("write to ｊａｎｅ＠ｘ．ｏｒｇ", "write to jane@x.org"),
        ("t\u200be\u2060r\u00adrible", "terrible"),
        ("\x00\x07bell", "bell"),
    ],
)
def test_normal_form(text: str, plain: str) -> None:
    assert normalise(text) == plain


@pytest.mark.parametrize(
    "mail",
    [
        "It is late.\n\nOn Mon, 9 Feb 2026 at 10:00, Support <help@shop.example> wrote:\n> Dear customer\n> wait",
        "It is late.\n-- \nJane Doe\nHead of Tea",
        "It is late.\nSent from my iPhone",
        "It is late.\n-----Original Message-----\nFrom: help",
        "> earlier words\nIt is late.",
        "It is late.\nFrom: Support\nSent: Monday\nTo: Jane\nSubject: Re: tea\n\nDear Jane",
        "It is late.\nAm 09.02.2026 um 10:00 schrieb Support:\n> Hallo",
    ],
)
def test_tickets_lose_what_others_said(mail: str) -> None:
    assert normalise(mail, quoted=True) == "It is late."


def test_a_post_keeps_its_quotes() -> None:
    assert normalise("> so they say\nnonsense") == "> so they say\nnonsense"


def test_a_ticket_of_nothing_but_quotes_stays() -> None:
    assert normalise("> I am late\n> very", quoted=True) == "> I am late\n> very"


@given(st.text(max_size=500), st.booleans())
def test_the_normal_form_is_clean(text: str, quoted: bool) -> None:
    plain = normalise(text, quoted=quoted)
    plain.encode("utf-8")
    assert unicodedata.is_normalized("NFC", plain)
    assert plain == plain.strip()
    assert "\x00" not in plain and "\u200b" not in plain and "  " not in plain
