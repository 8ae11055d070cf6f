"""Personal data out, before anything is published: each piece becomes a placeholder that says what it was.

Replaced where sure: e-mail addresses, phone numbers, payment cards (ISO/IEC 7812 check digit), IBANs (ISO 13616, mod
97), IP addresses, order and booking codes, handles of persons, and what follows the path of a link. Names in running
text are not: without knowing the language and the person, a rule would take away more meaning than risk.

Every pattern has bounded repeats and is tried only where `streams.scoring.signs` shows what it needs, so the cost is
linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from streams.scoring.signs import HANDLE, LINK, MAIL, NUMBER, personal

MOST_SPELLINGS = 1_000
"""Spellings of a brand's own handles that are remembered."""

_EMAIL = re.compile(r"(?<![\w.+%@-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]{1,2000}", re.IGNORECASE)
# The look back stands behind the "@", so that the search leaps from one "@" to the next.
_HANDLE = re.compile(r"@(?<![\w/@\]]@)(\w{1,50})(?:@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})?")
_IPV4 = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}(?::?[0-9a-f]{1,4}){1,4}(?![\w:])", re.IGNORECASE)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_PHONE = re.compile(r"(?<![\w.,/:#$€£-])(?<!\d )(?:\+|00|\()?\d(?:[ ./()-]{0,2}\d){6,14}(?![\w%]|[.,]\d|[ -]\d)")
_DATE = re.compile(
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?:[ T]\d{1,2}(?:[:.]\d{2}){0,2})?"
    r"|(?:19|20)\d\d ?- ?(?:19|20)\d\d"
)
# What a person calls a code, then the code itself: it holds a digit or is six capitals (a booking locator).
_CODE = re.compile(
    r"\b(order|booking|reservation|confirmation|conf|tracking|invoice|ticket|case|claim|reference|ref|account|acct|customer|"
    r"membership|member|policy|parcel|shipment|record locator|locator|pnr|receipt|serial|imei)"
    r"((?:[ -]?(?:number|num|nr|no|code|id|locator))?\.?(?: is| was|:| :)?[ ]?(?:#|№|nr\.? ?|no\.? ?)?[ ]?)"
    r"([A-Za-z0-9][A-Za-z0-9-]{3,29})(?![\w])",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"[A-Z]{6}$")
_NUMBER_SIGN = re.compile(r"(?<![\w&])#(?:\d[\d-]{4,24}|[A-Z]{1,4}-?\d{4,20})(?!\w)")
_LONG_NUMBER = re.compile(r"\d(?:[ ./()-]{0,2}\d){6}")
_DIGIT = re.compile(r"\d")
_CODE_HINTS = (
    "order", "booking", "reserv", "conf", "track", "invoice", "ticket", "case", "claim", "ref", "acc",
    "customer", "member",
    "policy", "parcel", "shipment", "locator", "pnr", "receipt", "serial", "imei",
)  # fmt: skip
_SIX_CAPITALS = re.compile(r"(?<![A-Z])[A-Z]{6}(?![A-Z])")


def _may_hold_code(text: str) -> bool:
    lower = text.lower()
    for hint in _CODE_HINTS:  # noqa: SIM110 - a generator is three times as slow.
        if hint in lower:
            return True
    return False


def luhn(digits: str) -> bool:
    """Whether the digits carry a valid check digit of ISO/IEC 7812-1 (Luhn)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def iban(code: str) -> bool:
    """Whether the code, without spaces, has an IBAN's length and check digits (ISO 13616, mod 97)."""
    if not 15 <= len(code) <= 34 or not code.isascii():
        return False
    turned = (code[4:] + code[:4]).upper()
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


@lru_cache(maxsize=4_096)
def own_handle(brand: str) -> str:
    """A brand as a handle: letters and digits only, in lower case. ``US Airways`` → ``usairways``."""
    return "".join(sign for sign in brand.casefold() if sign.isalnum())


class Handles:
    """The handles that are a brand's own and stay readable: its name, and what begins with it ("usairwayshelp")."""

    def __init__(self, own: Iterable[str]) -> None:
        """Takes the handles as `own_handle` gives them."""
        self._own = tuple(name for name in own if name)
        self._known: set[str] = set()

    def __contains__(self, name: object) -> bool:
        if name in self._known:
            return True
        if not own_handle(str(name)).startswith(self._own or ("@",)):
            return False
        if len(self._known) >= MOST_SPELLINGS:
            self._known.clear()
        self._known.add(str(name))
        return True


class Redactor:
    """Redacts texts to one brand, one after the other; the brand's own handles stay readable."""

    def __init__(self, handles: Handles) -> None:
        """Takes the handles that stay."""
        self._handles = handles
        self._counts: dict[str, int] = {}

    def _put(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"[{kind}]"

    def _email(self, _: re.Match[str]) -> str:
        return self._put("email")

    def _ip(self, _: re.Match[str]) -> str:
        return self._put("ip")

    def _number_sign(self, _: re.Match[str]) -> str:
        return self._put("code")

    def _card(self, found: re.Match[str]) -> str:
        digits = "".join(sign for sign in found[0] if sign.isdigit())
        known = digits.isascii() and len(set(digits)) > 1 and digits[0] in "23456"
        return self._put("card") if known and luhn(digits) else found[0]

    def _iban(self, found: re.Match[str]) -> str:
        code = found[0].replace(" ", "")
        if iban(code):
            return self._put("iban")
        # A word may follow the last group: "DE89 3704 0044 0532 0130 00 now".
        head, _, tail = found[0].rpartition(" ")
        return self._put("iban") + " " + tail if head and iban(head.replace(" ", "")) else found[0]

    def _phone(self, found: re.Match[str]) -> str:
        text = found[0]
        digits = sum(sign.isdigit() for sign in text)
        if _DATE.fullmatch(text) or not 7 <= digits <= 15:
            return text
        # Seven digits or more in one run, without a plus, are a code or a count rather than a phone unless long enough.
        if text.isdigit() and not (10 <= digits <= 15):
            return text
        return self._put("phone")

    def _code(self, found: re.Match[str]) -> str:
        code = found[3]
        if any(sign.isdigit() for sign in code):
            # "order 2019" is a year and "ticket 5 minutes" a count: a code has five signs at least, or four and a "#".
            if len(code) < 5 and "#" not in found[2]:
                return found[0]
        elif not (_CAPITALS.match(code) and found[0].upper() != found[0]):
            return found[0]
        return found[1] + found[2] + self._put("code")

    def _link(self, found: re.Match[str]) -> str:
        link = found[0]
        cut = min((at for at in (link.find("?"), link.find("#")) if at >= 0), default=-1)
        if cut < 0:
            return link
        if cut == len(link.rstrip(".,;:!?)")):  # "Have you seen www.example.com?" asks; nothing follows the path.
            return link
        self._counts["query"] = self._counts.get("query", 0) + 1
        return link[:cut] + "?[query]"

    def _handle(self, found: re.Match[str]) -> str:
        return found[0] if found[1] in self._handles else self._put("handle")

    def redact(self, text: str, signs: int, counts: dict[str, int]) -> str:
        """The text with placeholders for personal data.

        Args:
            text: Normalised text.
            signs: What it may hold, as `streams.scoring.signs.personal` tells.
            counts: Kind → how often replaced; added to.
        """
        self._counts = counts
        if signs & MAIL:
            text = _EMAIL.sub(self._email, text)
        links: list[str] = []
        if signs & LINK:
            # A link keeps its path whole: no other pattern may see the digits in it.
            def keep(found: re.Match[str]) -> str:
                links.append(self._link(found))
                return f"\x00{len(links) - 1}\x00"

            text = _URL.sub(keep, text)
        if signs & HANDLE:
            for name in _HANDLE.findall(text):
                if name not in self._handles:
                    text = _HANDLE.sub(self._handle, text)
                    break
        if signs & NUMBER:
            text = self._numbers(text, _LINK.sub("", text) if links else text)
        if links:
            text = _LINK.sub(lambda found: links[int(found[1])], text)
        return text

    def _numbers(self, text: str, outside_links: str) -> str:
        if not _DIGIT.search(outside_links):
            if _SIX_CAPITALS.search(text) and _may_hold_code(text):
                return _CODE.sub(self._code, text)
            return text
        if text.count(".") > 2:
            text = _IPV4.sub(self._ip, text)
        if text.count(":") > 2:
            text = _IPV6.sub(self._ip, text)
        long = _LONG_NUMBER.search(text) is not None
        if long:
            text = _IBAN.sub(self._iban, text)
            text = _CARD.sub(self._card, text)
        if _may_hold_code(text):
            text = _CODE.sub(self._code, text)
        if "#" in text:
            text = _NUMBER_SIGN.sub(self._number_sign, text)
        if long:
            text = _PHONE.sub(self._phone, text)
        return text


_LINK = re.compile("\x00(\\d+)\x00")


def redact(text: str, own: Iterable[str] = ()) -> tuple[str, dict[str, int]]:
    """The text with placeholders for personal data, and how many of each kind were put; the ``own`` handles stay."""
    counts: dict[str, int] = {}
    return Redactor(Handles(own)).redact(text, personal([text])[0], counts), counts
