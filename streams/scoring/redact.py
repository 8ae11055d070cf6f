"""Personal data out, before anything is published: each piece becomes a placeholder that says what it was.

Replaced where sure: e-mail addresses, phone numbers, payment cards (ISO/IEC 7812 check digit), IBANs (ISO 13616, mod
97), IP addresses, order and booking codes, handles of persons, and what follows the path of a link; names, addresses,
dates of birth and papers of persons as `streams.scoring.people` knows them.

Every pattern has bounded repeats and is tried only where `streams.scoring.signs` shows what it needs, so the cost is
linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address

from streams.scoring.anchored import Anchored, fold, sub_at
from streams.scoring.checks import iban, luhn
from streams.scoring.people import People
from streams.scoring.signs import (
    BIRTH,
    BOX,
    CODE,
    COLONS,
    DOTTED,
    FAREWELL,
    FOREIGN,
    GIVEN,
    INTRODUCED,
    LONG,
    MENTION,
    PAPER,
    POSTCODE,
    SIGNED,
    STATE,
    STREET,
    TITLE,
    Shown,
    personal,
)

MOST_SPELLINGS = 1_000
"""Spellings of handles that are remembered for a brand, its own or not."""

_EMAIL = re.compile(r"(?<![\w.+%@'-])[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_SPELT_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64} ?[(\[]at[)\]] ?[\w-]{1,63}"
    r"(?: ?(?:[(\[](?:dot|punkt)[)\]]|\.) ?[\w-]{2,63}){1,4}(?![\w-])",
    re.IGNORECASE,
)
# What stands before the "@" of an address; as with handles, the search leaps from one "@" to the next.
_MAIL_AT = re.compile(r"@(?<=[\w.+%'-]@)")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]{1,2000}", re.IGNORECASE)
_USER_INFO = re.compile(r"(://)[^\s/@<>\"]{1,200}@(?=[\w\[])")
# Whose page it is: the sites on which a person's page is named by the person's handle, and "/@handle" anywhere.
_PROFILE = re.compile(
    r"((?:https?://)?(?:www\.|m\.|mobile\.)?(?:(?:twitter|x|instagram|facebook|threads)\.(?:com|net)/(?:@)?"
    r"(?!(?:i|p|reel|hashtag|search|share|intent|home|explore|groups|watch|events|pages|sharer\w*|login"
    r"|help)(?:[/?#.]|\Z))"
    r"|linkedin\.com/in/|(?:www\.)?reddit\.com/u(?:ser)?/|[\w.-]{1,100}/@))([\w.-]{2,60}?)(?=[.,;:!?)]*(?:[/?#]|\Z))",
    re.IGNORECASE,
)
# The look back stands behind the "@", so that the search leaps from one "@" to the next.
_HANDLE = re.compile(r"@(?<![\w/@\]]@)(\w{1,50})(?:@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})?")
_REDDITOR = re.compile(r"(?<![\w/])/?u/([\w-]{3,20})(?![\w/-])")
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
_URL_AT = Anchored(_URL, "http www.")
_NEAR_COLONS = re.compile(":(?=[0-9a-f]{0,4}:)", re.IGNORECASE)
_SPELT_AT = (b"(at)", b"[at]", b"(at]", b"[at)")
_OF_PROFILES = (".com/", ".net/", "/@")


def _addresses(text: str) -> list[int]:
    """Where an address of IPv4 may begin: up to three digits before a dot that stands between digits."""
    found: set[int] = set()
    at = text.find(".", 1)
    while at >= 0:
        if text[at - 1].isdigit() and text[at + 1 : at + 2].isdigit():
            found.update(range(max(0, at - 3), at))
        at = text.find(".", at + 1)
    return sorted(found)


@lru_cache(maxsize=4_096)
def own_handle(brand: str) -> str:
    """A brand as a handle: letters and digits only, in lower case. ``US Airways`` → ``usairways``."""
    return "".join(sign for sign in brand.casefold() if sign.isalnum())


class Handles:
    """The handles that are a brand's own and stay readable: its name, and what begins with it ("usairwayshelp")."""

    def __init__(self, own: Iterable[str]) -> None:
        """Takes the handles as `own_handle` gives them."""
        self._own = tuple(name for name in own if name)
        self._known: dict[object, bool] = {}

    def __contains__(self, name: object) -> bool:
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= MOST_SPELLINGS:
                self._known.clear()
            known = self._known[name] = own_handle(str(name)).startswith(self._own or ("@",))
        return known


class Redactor:
    """Redacts texts to one brand, one after the other; the brand's own handles stay readable."""

    def __init__(self, handles: Handles) -> None:
        """Takes the handles that stay."""
        self._handles = handles
        self._counts: dict[str, int] = {}
        self._people = People(self._put, lambda name: name in handles)

    def _put(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"[{kind}]"

    def _email(self, _: re.Match[str]) -> str:
        return self._put("email")

    def _user_info(self, found: re.Match[str]) -> str:
        return found[1] + self._put("handle") + "@"

    def _profile(self, found: re.Match[str]) -> str:
        return found[0] if found[2] in self._handles else found[1] + self._put("handle")

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

    def _link(self, found: re.Match[str]) -> str:
        link = found[0]
        lower = link.lower()
        if any(part in lower for part in _OF_PROFILES):
            link = _PROFILE.sub(self._profile, link, count=1)
        cut = min((at for at in (link.find("?"), link.find("#")) if at >= 0), default=-1)
        if cut < 0:
            return link
        if cut == len(link.rstrip(".,;:!?)")):  # "Have you seen www.example.com?" asks; nothing follows the path.
            return link
        return link[: cut + 1] + self._put("query")

    def _handle(self, found: re.Match[str]) -> str:
        return found[0] if found[1] in self._handles else self._put("handle")

    def hide(self, text: str, counts: dict[str, int], *, handles: bool = True) -> tuple[str, list[str]]:
        """The text with placeholders for mail addresses and handles, and its links out of sight: `show` puts them back.

        Args:
            text: Normalised text.
            counts: Kind → how often replaced; added to.
            handles: Whether handles are replaced.
        """
        self._counts = counts
        mentions = "@" in text
        linked = "://" in text or "w." in text or "W." in text
        if mentions:
            if linked:
                text = _USER_INFO.sub(self._user_info, text)
            if _MAIL_AT.search(text):
                text = _EMAIL.sub(self._email, text)
        if (")" in text or "]" in text) and any(spelt in fold(text) for spelt in _SPELT_AT):
            text = _SPELT_EMAIL.sub(self._email, text)
        links: list[str] = []
        if linked:
            # A link keeps its path whole: no other pattern may see the digits in it.
            def keep(found: re.Match[str]) -> str:
                links.append(self._link(found))
                return f"\x00{len(links) - 1}\x00"

            text = _URL_AT.sub(keep, text)
        if handles:
            if mentions:
                own = self._handles
                names = _HANDLE.findall(text)
                stay = [name in own for name in names]
                if True not in stay:
                    if names:
                        text = _HANDLE.sub("[handle]", text)
                        counts["handle"] = counts.get("handle", 0) + len(names)
                elif False in stay:
                    text = _HANDLE.sub(self._handle, text)
            if "u/" in text:
                text = _REDDITOR.sub(self._handle, text)
        return text, links

    def redact(self, text: str, shown: Shown, counts: dict[str, int]) -> str:
        """The text with placeholders for what else is personal.

        Args:
            text: As `hide` gives it.
            shown: What it may hold, as `streams.scoring.signs.personal` tells.
            counts: Kind → how often replaced; added to.
        """
        self._counts = counts
        signs, people, before = shown.signs, self._people, text

        def spots(sign: int) -> list[int] | None:
            # Where something was replaced, nothing stands where it was seen.
            return shown.at(sign) if text is before else None

        if signs & GIVEN:
            text = people.introduced(text, spots(GIVEN), spots(INTRODUCED))
        if signs & TITLE:
            text = people.titled(text, spots(TITLE))
        if signs & MENTION:
            text = people.mentioned(text, spots(MENTION))
        if signs & FAREWELL:
            text = people.signed(text)
        if signs & BIRTH:
            text = people.born(text)
        if signs & PAPER:
            text = people.papers(text, spots(PAPER))
        if signs & BOX:
            text = people.boxed(text)
        if signs & (STREET | FOREIGN):
            text = people.housed(text, first=signs & STREET != 0, last=signs & FOREIGN != 0)
        if signs & (STATE | POSTCODE):
            text = people.posted(text, states=signs & STATE != 0, codes=signs & POSTCODE != 0)
        if signs & _OF_NUMBERS or text is not before:
            text = self._numbers(text, signs, spots(CODE))
        return text

    def _numbers(self, text: str, signs: int, called: list[int] | None) -> str:
        """``called`` is where the places before what codes are called stand; None: anywhere."""
        before = text
        if signs & DOTTED and text.count(".") > 2:
            text = sub_at(_IPV4, self._ip, text, _addresses(text))
        if signs & COLONS and text.count(":") > 2 and _NEAR_COLONS.search(text) and _DIGIT.search(_LINK.sub("", text)):
            text = _IPV6.sub(self._ipv6, text)
        long = signs & LONG != 0 and _LONG_NUMBER.search(text) is not None
        if long:
            text = _IBAN.sub(self._iban, text)
            text = _CARD.sub(self._card, text)
            text = self._people.numbered(text)
        # What was replaced before may have hidden where the word for a code begins ("MRSgift card").
        if signs & CODE or called is None:
            known = called is not None and text is before
            text = _CODE_AT.sub(self._code, text, places=[at + 1 for at in called or ()] if known else None)
        if signs & SIGNED:
            text = _DASHED.sub(self._number_sign, _NUMBER_SIGN.sub(self._number_sign, text))
        if long:
            text = _PHONE.sub(self._phone, text)
        return text


def show(text: str, links: list[str]) -> str:
    """The text with its links back."""
    return _LINK.sub(lambda found: links[int(found[1])], text) if links else text


_LINK = re.compile("\x00(\\d+)\x00")
_OF_NUMBERS = LONG | DOTTED | COLONS | SIGNED | CODE


_STATUS = re.compile(r"^(https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/)\w{1,50}(?=/status/)", re.IGNORECASE)


def bare_address(url: str, redactor: Redactor, counts: dict[str, int]) -> str:
    """The address of a record's page without what identifies persons: no query, no fragment, no login, no handle.

    A post on X keeps its number, under which it is found without its author's handle.
    """
    cut = min((at for at in (url.find("?"), url.find("#")) if at >= 0), default=-1)
    if cut >= 0:
        url = url[:cut]
        counts["query"] = counts.get("query", 0) + 1
    url, moved = _STATUS.subn(r"\1i", url)
    if moved:
        counts["handle"] = counts.get("handle", 0) + 1
    return show(*redactor.hide(url, counts, handles=False))


def redact(text: str, own: Iterable[str] = ()) -> tuple[str, dict[str, int]]:
    """The text with placeholders for personal data, and how many of each kind were put; the ``own`` handles stay."""
    counts: dict[str, int] = {}
    redactor = Redactor(Handles(own))
    text, links = redactor.hide(text, counts)
    [shown] = personal([text])
    return show(redactor.redact(text, shown, counts) if shown else text, links), counts
