"""Personal data that is made of digits, where sure: payment cards (ISO/IEC 7812 check digit), IBANs (ISO 13616, mod
97), phone numbers, internet addresses, order and booking codes. `streams.scoring.signs` says where any may stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv6Address

from streams.scoring.anchored import Anchored, sub_at
from streams.scoring.checks import iban, luhn
from streams.scoring.signs import CODE, COLONS, DOTTED, LONG, SIGNED

SIGNS = LONG | DOTTED | COLONS | SIGNED | CODE
"""What shows that there may be any."""
LINK = re.compile("\x00(\\d+)\x00")
"""What stands in a text for a link that is out of sight: its number."""
_IPV4 = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_VERSION_BEFORE = re.compile(
    r"(?:\b(?:version|ver|v|release|firmware|update|build|app|ios|android|section|since|driver|os)|#)\.? ?\Z",
    re.IGNORECASE,
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w-])(?<!\d[.,])(?<![A-Z]{2}\d\d )\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_PHONE = re.compile(r"(?<![\w.,/:#$€£-])(?<!\d )(?:\+|00|\()?\d(?:[ ./()-]{0,2}\d){6,14}(?![\w%]|[.,]\d|[ -]\d)")
_DATE = re.compile(
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?:[ T]\d{1,2}(?:[:.]\d{2}){0,2})?"
    r"|(?:19|20)\d\d ?- ?(?:19|20)\d\d"
)
_PHONE_BEFORE = re.compile(
    r"\b(?:phone|call|called|tel|telephone|mobile|cell|cellphone|whatsapp|number|ring|rang|text|contact|reach"
    r"|fax|dial|landline"
    r"|sms|telefon|portable|anrufen|handy|ph)\b[^\n]{0,24}\Z",
    re.IGNORECASE,
)
_GROUP = re.compile(r"\d+")


def _phone_form(text: str) -> bool:
    """Whether the digits stand in groups as those of a phone number do; counts, scores and versions have others."""
    groups = [len(group) for group in _GROUP.findall(text)]
    digits = sum(groups)
    if text[0] in "+(":
        return True
    if len(groups) == 1:
        return digits in (10, 11) or (text.startswith("00") and digits > 11)
    if "." in text and not set(text) & set(" -/()"):
        return min(groups) > 1 and groups[0] < 4 and digits >= 9
    if text[0] == "0":
        return digits >= 8
    if max(groups) <= 2 or text.endswith("00 000"):
        return False
    if len(groups) == 2 and all(int(group) % 100 == 0 for group in _GROUP.findall(text)):
        return False
    return groups[-1] in (3, 4) or groups[-2:] == [5, 5] or groups == [3, 2, 2, 2]


# What a person calls a code, then the code itself: it holds a digit or is six capitals (a booking locator).
_CODE = re.compile(
    r"\b(order|booking|reservation|confirmation|conf|tracking|invoice|ticket|case|claim|reference|ref|account"
    r"|acct|customer|"
    r"membership|member|policy|parcel|shipment|record locator|locator|pnr|receipt|serial|imei|voucher|gift card"
    r"|frequent flyer|miles|loyalty|rma|tag)"
    r"((?:[ -]?(?:number|num|nr|no|code|id|locator|reference|ref)\b)?\.?(?: is| was|:| :)?[ ]?(?:#|№|nr\.? ?"
    r"|no\.? ?)?[ ]?)"
    r"([A-Za-z0-9][A-Za-z0-9-]{3,29})(?![\w])",
    re.IGNORECASE,
)
# Without a word such as "number" in between, only what no word, count, size, product or year looks like.
_BARE_CODE = re.compile(
    r"(?=[A-Z-]*[0-9])(?![A-Z]+-?[0-9]{1,4}\Z)(?!(?:19"
    r"|20)[0-9]{2}-)(?![0-9]{1,3}-?[A-Z]+\Z)(?![0-9]*00\Z)[A-Z0-9-]{5,30}"
)
_CAPITALS = re.compile(r"[A-Z]{6}$")
# The look back stands behind the "#", as with handles.
_NUMBER_SIGN = re.compile(r"#(?<![\w&]#)(?:\d[\d-]{4,24}|[A-Z]{1,4}-?\d{4,20})(?!\w)")
# An order by its number alone; standards have such names, too.
_DASHED = re.compile(r"(?<![\w#-])(?!(?:ISO|IEC|EN|DIN|RFC|UL)-)[A-Z]{1,4}-\d{5,20}(?![\w-])")
_LONG_NUMBER = re.compile(r"\d(?:[ ./()-]{0,2}\d){6}")
_DIGIT = re.compile(r"\d")
_CODE_AT = Anchored(
    _CODE,
    [
        *"order booking reservation conf tracking invoice ticket case claim ref acc customer member policy".split(),  # noqa: SIM905
        *"parcel shipment locator pnr receipt serial imei voucher miles loyalty rma tag".split(),  # noqa: SIM905
        *("record locator", "gift card", "frequent flyer"),
    ],
)
_NEAR_COLONS = re.compile(":(?=[0-9a-f]{0,4}:)", re.IGNORECASE)


def _addresses(text: str) -> list[int]:
    """Where an address of IPv4 may begin: up to three digits before a dot that stands between digits."""
    found: set[int] = set()
    at = text.find(".", 1)
    while at >= 0:
        if text[at - 1].isdigit() and text[at + 1 : at + 2].isdigit():
            found.update(range(max(0, at - 3), at))
        at = text.find(".", at + 1)
    return sorted(found)


class Digits:
    """Hides them in texts, one after the other."""

    def __init__(self, put: Callable[[str], str], others: Callable[[str], str]) -> None:
        """Takes what gives the placeholder of a kind, and what hides other long numbers before phones are sought."""
        self._put, self._others = put, others

    def hidden(self, text: str, signs: int, called: list[int] | None) -> str:
        """The text with placeholders.

        Args:
            text: As it is redacted so far.
            signs: What it may hold.
            called: The places before what codes are called; None: anywhere.
        """
        before = text
        if signs & DOTTED and text.count(".") > 2:
            text = sub_at(_IPV4, self._ip, text, _addresses(text))
        if signs & COLONS and text.count(":") > 2 and _NEAR_COLONS.search(text) and _DIGIT.search(LINK.sub("", text)):
            text = _IPV6.sub(self._ipv6, text)
        long = signs & LONG != 0 and _LONG_NUMBER.search(text) is not None
        if long:
            text = _IBAN.sub(self._iban, text)
            text = _CARD.sub(self._card, text)
            text = self._others(text)
        # What was replaced before may have hidden where the word for a code begins ("MRSgift card").
        if signs & CODE or called is None:
            known = called is not None and text is before
            text = _CODE_AT.sub(self._code, text, places=[at + 1 for at in called or ()] if known else None)
        if signs & SIGNED:
            text = _DASHED.sub(self._number_sign, _NUMBER_SIGN.sub(self._number_sign, text))
        if long:
            text = _PHONE.sub(self._phone, text)
        return text

    def _ip(self, found: re.Match[str]) -> str:
        begin = found.start()
        return found[0] if _VERSION_BEFORE.search(found.string, max(0, begin - 12), begin) else self._put("ip")

    def _ipv6(self, found: re.Match[str]) -> str:
        try:
            IPv6Address(found[0])
        except ValueError:
            return found[0]
        return self._put("ip") if len(found[0]) > 3 else found[0]

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
        begin = found.start()
        if not _phone_form(text) and not _PHONE_BEFORE.search(found.string, max(0, begin - 36), begin):
            return text
        return self._put("phone")

    def _code(self, found: re.Match[str]) -> str:
        code = found[3]
        if any(sign.isdigit() for sign in code):
            # "order 2019" is a year and "ticket 5 minutes" a count: a code has five signs at least, or four and a "#".
            if len(code) < 5 and "#" not in found[2]:
                return found[0]
            if not found[2].strip() and not _BARE_CODE.fullmatch(code):
                return found[0]
        elif not (_CAPITALS.match(code) and found[0].upper() != found[0]):
            return found[0]
        return found[1] + found[2] + self._put("code")
