"""Personal data goes, everything else stays: own examples, with precision and recall over all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.checks import cpf, iban, luhn
from streams.scoring.redact import Handles, Redactor, bare_address, own_handle, redact

HANDLES = frozenset({"usairways"})

GONE = [
    ("Write to jane.doe+shop@mail.example.co.uk please", "Write to [email] please"),
    ("mail: a_b-c@x.io.", "mail: [email]."),
    ("Call me on +44 20 7946 0958 today", "Call me on [phone] today"),
    ("my number is (555) 010-4477", "my number is [phone]"),
    ("my number is 0611 23 45 678, thanks", "my number is [phone], thanks"),
    ("ring 555-010-4477!", "ring [phone]!"),
    ("0049 30 1234567", "[phone]"),
    ("tel +4930123456789", "tel [phone]"),
    ("card 4111 1111 1111 1111 was refused", "card [card] was refused"),
    ("card 5500-0000-0000-0004", "card [card]"),
    ("378282246310005 is my amex", "[card] is my amex"),
    ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [iban] please"),
    ("to GB82WEST12345698765432", "to [iban]"),
    ("from 192.168.12.34 yesterday", "from [ip] yesterday"),
    ("2001:0db8:85a3:0000:0000:8a2e:0370:7334 is mine", "[ip] is mine"),
    ("thanks @jane_doe for that", "thanks [handle] for that"),
    ("ask @ada@social.example about it", "ask [handle] about it"),
    ("my booking code is K3J9QZ", "my booking code is [code]"),
    ("order number 100-2334-99 is late", "order number [code] is late"),
    ("Order #88123 please", "Order #[code] please"),
    ("confirmation QZXWVT for tomorrow", "confirmation [code] for tomorrow"),
    ("ticket #4471123", "ticket #[code]"),
    ("see #1234567", "see [code]"),
    ("https://shop.example/track?id=99&mail=a%40b.c now", "https://shop.example/track?[query] now"),
    ("see https://me:pa$$@shop.example/x now", "see https://[handle]@shop.example/x now"),
    ("www.example.com/a/b?token=x", "www.example.com/a/b?[query]"),
    ("me@x.org, you@y.org", "[email], [email]"),
    ("member number: 99887766", "member number: [code]"),
    ("Tracking: 1Z999AA10123456784", "Tracking: [code]"),
]
STAYS = [
    "@USAirways why is flight 1797 late?",
    "@usairwayshelp please",
    "It cost $1,299.99 and took 3 weeks.",
    "Delivered on 2026-02-09 at 10:30.",
    "Between 2019 - 2021 it was 9/10.",
    "12.02.2026 was the day",
    "Version 4.2.0 crashes, 4.1.3 did not",
    "order 2 bags, order a mug",
    "my order is late",
    "The booking was easy",
    "NEVER AGAIN!!! ORDER CANCELLED BY SUPPORT",
    "see https://shop.example/blog/2026/02/09/12345678",
    "Have you seen www.example.com?",
    "10 out of 10, 100%",
    "a < b and c > d #coffee #2024goals",
    "1000000 thanks",
    "50,000 miles and 1,000,000 points",
    "E-402 unknown",
    "we are 24/7 open from 9 to 17",
    "the case is closed, the claim was denied",
    "reference customer support policy",
    "flight 648 from BUF to MCO",
    "my account was hacked",
    "3-5 days, 2-4 weeks",
    "at 10@night",
    "4111 1111 1111 1112 bags",
    "12:30:45 on the clock",
]


@pytest.mark.parametrize(("text", "redacted"), GONE)
def test_personal_data_goes(text: str, redacted: str) -> None:
    assert redact(text, HANDLES)[0] == redacted


@pytest.mark.parametrize("text", STAYS)
def test_the_rest_stays(text: str) -> None:
    assert redact(text, HANDLES) == (text, {})


def test_replacements_are_counted_by_kind() -> None:
    assert redact("@bob a@b.cd, e@f.gh from 10.0.0.1")[1] == {"email": 2, "ip": 1, "handle": 1}


def test_generated_cards_and_ibans_are_found() -> None:
    found = 0
    for number in range(100):
        stem = f"4{number * 7919 + 10**13:014d}"
        card = next(stem + digit for digit in "0123456789" if luhn(stem + digit))
        account = f"NL00BANK{number * 104_729:010d}"
        check = 98 - int("".join(str(int(sign, 36)) for sign in account[4:] + "NL00")) % 97
        account = f"NL{check:02d}{account[4:]}"
        assert iban(account)
        grouped = " ".join(card[at : at + 4] for at in range(0, 16, 4))
        found += redact(f"pay {grouped} or {account}!")[0] == "pay [card] or [iban]!"
    assert found == 100


@pytest.mark.parametrize(
    ("url", "bare", "counts"),
    [
        ("https://a.example/reviews/12", "https://a.example/reviews/12", {}),
        ("https://a.example/r/12?mail=a%40b.c#top", "https://a.example/r/12", {"query": 1}),
        ("https://twitter.com/jane/status/99", "https://twitter.com/i/status/99", {"handle": 1}),
        ("https://social.example/@ada/99", "https://social.example/@[handle]/99", {"handle": 1}),
        ("https://ada:secret@a.example/x", "https://[handle]@a.example/x", {"handle": 1}),
        ("https://a.example/u/me@x.org/", "https://a.example/u/[email]/", {"email": 1}),
        ("no link", "no link", {}),
    ],
)
def test_the_address_of_a_page_tells_of_nobody(url: str, bare: str, counts: dict[str, int]) -> None:
    found: dict[str, int] = {}
    assert bare_address(url, Redactor(Handles(["usairways"])), found) == bare
    assert found == counts


def test_check_digits() -> None:
    assert cpf("52998224725") and not cpf("52998224726") and not cpf("11111111111")
    assert luhn("4111111111111111") and not luhn("4111111111111112")


def test_a_brand_is_known_by_its_handle() -> None:
    assert own_handle("US Airways") == "usairways"
    assert own_handle("Bean & Benevolence") == "beanbenevolence"


@given(st.text(max_size=400))
def test_redaction_is_stable(text: str) -> None:
    once, _ = redact(text)
    assert redact(once)[0] == once


@given(st.emails(domains=st.just("mail.example")))
def test_no_plain_address_survives(address: str) -> None:
    text, _ = redact(f"write to {address} now")
    assert "mail.example" not in text or not address.split("@")[0].replace(".", "").isalnum()
