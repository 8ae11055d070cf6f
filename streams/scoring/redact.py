"""Personal data out, before anything is published: each piece becomes a placeholder that says what it was.

Replaced where sure: e-mail addresses, handles of persons, and what follows the path of a link; phone numbers, payment
cards, IBANs, IP addresses and codes as `streams.scoring.digits` finds them; names, addresses, dates of birth and papers
of persons as `streams.scoring.people` knows them.

Every pattern has bounded repeats and is tried only where `streams.scoring.signs` shows what it needs, so the cost is
linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from streams.scoring.anchored import Anchored
from streams.scoring.digits import LINK, SIGNS, Digits
from streams.scoring.people import People
from streams.scoring.signs import (
    BIRTH,
    BOX,
    CODE,
    FAREWELL,
    FOREIGN,
    GIVEN,
    INTRODUCED,
    MENTION,
    PAPER,
    POSTCODE,
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
_URL_AT = Anchored(_URL, "http www.")
_SPELT_AT = ("(at)", "[at]", "(at]", "[at)")
_OF_PROFILES = (".com/", ".net/", "/@")


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
        self._digits = Digits(self._put, self._people.numbered)

    def _put(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"[{kind}]"

    def _email(self, _: re.Match[str]) -> str:
        return self._put("email")

    def _user_info(self, found: re.Match[str]) -> str:
        return found[1] + self._put("handle") + "@"

    def _profile(self, found: re.Match[str]) -> str:
        return found[0] if found[2] in self._handles else found[1] + self._put("handle")

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
        linked = "://" in text or (("w." in text or "W." in text) and "www." in text.lower())
        if mentions:
            if linked:
                text = _USER_INFO.sub(self._user_info, text)
            if _MAIL_AT.search(text):
                text = _EMAIL.sub(self._email, text)
        if ")" in text or "]" in text:
            small = text.lower()
            if any(spelt in small for spelt in _SPELT_AT):
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
        if signs & SIGNS or text is not before:
            text = self._digits.hidden(text, signs, spots(CODE))
        return text


def show(text: str, links: list[str]) -> str:
    """The text with its links back."""
    return LINK.sub(lambda found: links[int(found[1])], text) if links else text


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
