"""Names, addresses, dates of birth and papers of persons, by rule: where the words around them say what they are.

A capital letter alone makes no name: what follows "my name is", a title, a greeting at the end or "an agent called"
does, and after weaker words ("spoke to", "my husband", "Thanks,") only a first name of `given_names.txt`. Every pattern
looks at a bounded stretch from each place where it may begin, so the cost is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from streams.scoring.anchored import Anchored, fold, sub_at
from streams.scoring.checks import cpf, us_social_security
from streams.scoring.names import is_given_name

_LONGEST_BEFORE = 22
_LONGEST_MENTION = 60
"""Signs from the beginning of "representative who was by the name of" to the space before the name, and some more."""
_LONGEST_PAPER = 24
"""Signs from the beginning of "driver's licence" to a piece by which it is known, either way, and some more."""
_DIGITS = bytes(ord("0") if chr(number).isdigit() and number < 128 else ord(" ") for number in range(256))
"""Digits as 0, all else as a space."""

TAIL = 240
"""Characters at the end of a text in which a greeting is looked for."""

Places = list[int] | None
"""Places in a text, in order; None: they aren't known."""
Put = Callable[[str], str]
"""Kind of personal data → the placeholder that stands for it."""

_CAPITAL = "[A-ZÀ-ÖØ-ÞĀ-ŽİА-Я]"
_NAME = rf"{_CAPITAL}(?:(?!['’]s\b)[\w'’-]){{0,24}}"
_PARTICLE = "(?:van|der|den|de|la|von|bin|al|ter|dos|da|di|du|le|del)"
_FULL = rf"{_NAME}(?: (?:{_CAPITAL}\.|(?:{_PARTICLE} ){{0,2}}{_NAME})){{0,3}}"
_FULL_OR_INITIAL = rf"(?:{_CAPITAL}\. ?){{0,2}}{_FULL}"

_SELF = re.compile(rf"\b((?i:my (?:full |first |last |sur)?name(?:'s| is|:)) )({_FULL}|[a-z]{{2,20}}\b)")
_FIELD = re.compile(
    rf"((?<!\w)(?:(\w{{1,20}}) )?[Nn]ame(?:: ?| (?=[A-Z]+/[A-Z])))([A-Z]{{2,20}}/[A-Z ]{{2,30}}|{_FULL})"
)
_THIS_IS = re.compile(rf"(\b(?i:this is) )({_FULL})(?= (?:from|here|speaking|calling)\b)")
_I_AM = re.compile(rf"(\bI(?:'m| am) )({_NAME} {_NAME})")
_TITLE = re.compile(
    r"((?<![^\s(\"“])(?:Mr|Mrs|Ms|MR|MRS|Miss|Mister|Dr|Prof|Professor|Herr|Frau|Se[ñn]or|Se[ñn]ora|Sra|Monsieur|Madame"
    rf"|Mme)\.? )({_NAME})( {_NAME})?"
)
_CALLED = re.compile(
    r"(\b(?i:agent|lady|guy|man|woman|gentleman|rep|representative|person|colleague|supervisor|manager|steward"
    r"|stewardess"
    r"|attendant|employee|driver|someone|somebody|girl|clerk|associate|advisor|staff)"
    rf" (?:who (?:is|was) )?(?i:called|named|by the name of) )({_NAME}(?: {_NAME})?)"
)
_KNOWN = re.compile(
    r"(\b(?:(?i:(?:spoke|spoken|speaking|talked|talking|talk|speak|chatted|chatting|dealt|dealing|shout ?-?out"
    r"|thanks|thank"
    r" you|kudos|props|shoutout) (?:to|with))"
    r"|(?i:agent|lady|gentleman|rep|representative|colleague|supervisor|manager|steward|stewardess|attendant"
    r"|employee|clerk"
    r"|associate|advisor|husband|wife|son|daughter|mother|father|mom|mum|dad|brother|sister|girlfriend"
    r"|boyfriend|partner"
    r"|friend),?|(?i:(?:told|promised|helped|served|assured|handled|treated|signed) by|ask(?:ed)? for|attention of))"
    rf" )({_NAME}(?: {_NAME})?)"
)
_FAREWELL = re.compile(
    r"((?i:regards|sincerely|yours(?: truly| faithfully)?|faithfully|grüßen|grüße|cordialement|saludos|greetings"
    rf"|respectfully)[,.!]?[ \n])({_FULL_OR_INITIAL})(?=[.!,]?\s*(?:\n|\Z))"
)
_THANKS = re.compile(
    r"(\b(?i:thanks|thank you|thx|cheers|best|ciao|love|xoxo|in advance)[,.!-]{0,3}( |\n))"
    rf"({_FULL_OR_INITIAL})(?=[.!,]?\s*(?:\n|\Z))"
)
# "my name", "my surname", "my full name", "my first name".
_SELF_AT = Anchored(_SELF, "name", back=(9, 8, 6, 3))
_THIS_IS_AT = Anchored(_THIS_IS, ["this is "])
_I_AM_AT = Anchored(_I_AM, ["i'm ", "i am "])
_TITLE_AT = Anchored(_TITLE, "mr ms miss mister dr prof herr frau se?or senor sra mons madame mme")
_CALLED_AT = Anchored(
    _CALLED,
    "agent lady guy man woman gentleman rep person colleague supervisor steward attendant employee driver some girl"
    " clerk associate advisor staff",
)
_KNOWN_AT = Anchored(
    _KNOWN,
    "spoke speak talk chatt deal shout thank kudos props agent lady gentleman rep colleague supervisor manager steward"
    " attendant employee clerk associate advisor husband wife son daughter mother father mom mum dad brother sister"
    " girlfriend boyfriend partner friend told promised helped served assured handled treated signed ask attention",
)
_FAREWELL_AT = Anchored(
    _FAREWELL, "regards sincerely yours faithfully gr??en gr??e cordialement saludos greetings respectfully"
)
_THANKS_AT = Anchored(
    _THANKS,
    [*"thanks thx cheers best ciao love xoxo".split(), "thank you", "in advance"],  # noqa: SIM905
)
_NO_NAMES = frozenset(
    "Coffee Pepper Martens Clean Fields Potato Robot Kipling Muscle Bean Who Beats Dre Oetker Scholl Universe"  # noqa: SIM905
    " America You My The Your This It Them That These Those Me Us Him Her Back Again Today Tomorrow Yesterday"
    " Finally Never Because And But They He She I We Support Customer Customers Service Services Monday"
    " Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August"
    " September October November December Just After Before When Then Team Staff Crew Everyone Everybody"
    " Nobody Anyone All Not Is On Wrong Still Please Sir Madam Captain Guys Folks".split()
)
_NO_FIELDS = frozenset(
    "product brand file user domain model app nick host company business shop store hotel game item the".split()  # noqa: SIM905
)


def _fields(text: str, names: Iterable[int] | None = None) -> list[int]:
    """Where "Name: …" may begin: at the word itself, and at one before it. ``names`` is where it stands, if known."""
    found: list[int] = []
    for begin in _find(text, "ame", -1) if names is None else names:
        if begin >= 0 and text[begin + 4 : begin + 5] in (":", " "):
            first = begin - 1
            if first > 0 and text[first] == " ":
                while first > 0 and begin - first <= _LONGEST_BEFORE and _is_word(text[first - 1]):
                    first -= 1
                found.append(first)
            found.append(begin)
    return found


def _find(text: str, piece: str, moved: int) -> Iterator[int]:
    """Where the piece stands, so many places further on."""
    at = text.find(piece)
    while at >= 0:
        yield at + moved
        at = text.find(piece, at + 1)


def _behind(places: list[int] | None, *steps: int) -> list[int] | None:
    """So many places behind these, in order; None where they aren't known."""
    return None if places is None else sorted({at + step for at in places for step in steps if at + step >= 0})


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


def _numbers(folded: bytes) -> list[int]:
    """Where runs of digits begin."""
    digits = folded.translate(_DIGITS)
    found: list[int] = []
    at = digits.find(b" 0")
    if digits[:1] == b"0":
        found.append(0)
    while at >= 0:
        found.append(at + 1)
        at = digits.find(b" 0", at + 1)
    return found


class People:
    """Replaces names, addresses, dates of birth and papers; what it puts is told by ``put``."""

    def __init__(self, put: Put, own: Callable[[str], bool]) -> None:
        """Takes what puts placeholders, and what tells whether words are a brand's own name."""
        self._put = put
        self._own = own

    # Names.

    def _name(self, found: re.Match[str]) -> str:
        """A name behind words that leave little doubt."""
        name = found[2]
        if name.split(" ", 1)[0] in _NO_NAMES or self._own(name):
            return found[0]
        if name[0].islower() and not is_given_name(name):
            return found[0]
        return found[1] + self._put("name")

    def _titled(self, found: re.Match[str]) -> str:
        if found[2] in _NO_NAMES:
            return found[0]
        more = found[3] or ""
        # "Ms Jones Is Rude": only what is known as a first name brings a second name with it.
        whole = not more or is_given_name(found[2].lower())
        return found[1] + self._put("name") + ("" if whole else more)

    def _field(self, found: re.Match[str]) -> str:
        if (found[2] or "").lower() in _NO_FIELDS or self._own(found[3]):
            return found[0]
        return found[1] + self._put("name")

    def _known(self, found: re.Match[str]) -> str:
        """A name behind words that others may follow, too: its first part must be a known one."""
        first, _, second = found[2].partition(" ")
        if not is_given_name(first.lower().removesuffix("'s")):
            return found[0]
        return found[1] + self._put("name") + (" " + second if second in _NO_NAMES else "")

    def _thanked(self, found: re.Match[str]) -> str:
        name = found[3]
        first = name.split(" ", 1)[0]
        sure = found[2] == "\n" and first not in _NO_NAMES
        if not (sure or is_given_name(first.lower())) or self._own(name):
            return found[0]
        return found[1] + self._put("name")

    def introduced(self, text: str, names: Places, spaces: Places) -> str:
        """Names that somebody gives: "my name is …", "Name: …", "this is … from …", "I'm Jane Doe".

        Args:
            text: As it is read.
            names: Where "name" stands; None: anywhere.
            spaces: Where the spaces behind "this is" and "I'm" stand; None: anywhere.
        """
        changed = _SELF_AT.sub(self._name, text, places=_behind(names, -9, -8, -6, -3))
        changed = sub_at(_FIELD, self._field, changed, _fields(changed, names if changed is text else None))
        changed = _THIS_IS_AT.sub(self._name, changed, places=_behind(spaces if changed is text else None, -7))
        return _I_AM_AT.sub(self._known, changed, places=_behind(spaces if changed is text else None, -4, -3))

    def titled(self, text: str, titles: Places) -> str:
        """Names behind a title: "Mr …", "Frau …"; ``titles`` is where they stand, or the place before that."""
        return _TITLE_AT.sub(self._titled, text, places=_behind(titles, 0, 1))

    def mentioned(self, text: str, spaces: Places) -> str:
        """Names of those whom somebody spoke to or of: "an agent called …", "spoke with …", "my husband …".

        ``spaces`` is where the spaces before such names stand; None: anywhere.
        """
        folded = fold(text)
        changed = text
        if b"called" in folded or b"name" in folded:
            places = None if spaces is None else _CALLED_AT.near(folded, spaces, _LONGEST_MENTION)
            changed = _CALLED_AT.sub(self._name, text, folded, places)
        if changed is not text:
            return _KNOWN_AT.sub(self._known, changed)
        places = None if spaces is None else _KNOWN_AT.near(folded, spaces, _LONGEST_MENTION)
        return _KNOWN_AT.sub(self._known, text, folded, places)

    def signed(self, text: str) -> str:
        """The name below a greeting, where the text ends with it."""
        head, tail = text[:-TAIL], text[-TAIL:]
        changed = _THANKS_AT.sub(self._thanked, _FAREWELL_AT.sub(self._name, tail))
        return text if changed is tail else head + changed

    # Addresses.

    def _address(self, _: re.Match[str]) -> str:
        return self._put("address")

    def boxed(self, text: str) -> str:
        """Post-office boxes."""
        return _BOX_AT.sub(self._address, text)

    def housed(self, text: str, *, first: bool, last: bool) -> str:
        """Streets with numbers: the number ``first`` ("12 Baker Street"), and ``last`` ("Hauptstraße 5")."""
        folded = fold(text)
        changed = sub_at(_STREET, self._address, text, _numbers(folded)) if first else text
        # Of the two kinds of streets, that with the number first goes first.
        if last and any(kind in folded for kind in _STREETS_FIRST):
            changed = _STREET_FIRST.sub(self._address, changed)
        return changed

    def posted(self, text: str, *, states: bool, codes: bool) -> str:
        """Places by their postcodes: "City, ST 12345", "SW1A 1AA"."""
        if states and _ZIP_AHEAD.search(text):
            text = _CITY.sub(self._address, text)
        return _POSTCODE.sub(self._address, text) if codes and _POSTCODE_END.search(text) else text

    # Dates of birth, papers.

    def _birth(self, found: re.Match[str]) -> str:
        return found[1] + self._put("dob")

    def born(self, text: str) -> str:
        """Dates of birth, where the words before them say so."""
        return _BIRTH_AT.sub(self._birth, text)

    def _paper(self, found: re.Match[str]) -> str:
        tokens = found[2].split(" ")
        kept = 0
        for at, token in enumerate(tokens):
            if any(sign.isdigit() for sign in token) or (at == kept and len(token) == 1 and at > 0):
                kept = at + 1
        value, rest = " ".join(tokens[:kept]), " ".join(tokens[kept:])
        if sum(sign.isdigit() for sign in value) < 3 or len(value) < 5:
            return found[0]
        return found[1] + self._put("id") + (" " + rest if rest else "")

    def _secret(self, found: re.Match[str]) -> str:
        return found[1] + self._put("code")

    def papers(self, text: str, spots: Places) -> str:
        """Numbers of passports, licences, insurances and taxes, PINs and passwords, where the words before say so.

        ``spots`` is where pieces of such words stand; None: anywhere.
        """
        folded = fold(text)
        near = None if spots is None else _PAPER_AT.near(folded, spots, _LONGEST_PAPER, _LONGEST_PAPER)
        changed = _PAPER_AT.sub(self._paper, text, folded, near)
        if changed is not text:
            return _SECRET_AT.sub(self._secret, changed)
        near = None if spots is None else _SECRET_AT.near(folded, spots, _LONGEST_PAPER, _LONGEST_PAPER)
        return _SECRET_AT.sub(self._secret, text, folded, near)

    def numbered(self, text: str) -> str:
        """Numbers of persons that are known by their form and check digits: US social security, Brazilian CPF."""
        text = _SSN.sub(self._ssn, text)
        return _CPF.sub(self._cpf, text)

    def _ssn(self, found: re.Match[str]) -> str:
        return self._put("id") if us_social_security(int(found[1]), int(found[2]), int(found[3])) else found[0]

    def _cpf(self, found: re.Match[str]) -> str:
        return self._put("id") if cpf("".join(sign for sign in found[0] if sign.isdigit())) else found[0]


_SSN = re.compile(r"(?<![\w-])([0-8][0-9]{2})-([0-9]{2})-([0-9]{4})(?![\w-])")
_CPF = re.compile(r"(?<![\w.])[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?![\w-])")

_STREET_KIND = (
    "Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Terrace|Court|Ct|Close|Crescent|Cres"
    "|Square|Sq|Parkway"
    "|Pkwy|Highway|Hwy|Gardens|Grove|Mews|Wharf|Quay|Place|Way"
)
_CITY_NAME = r"[A-Z][\w'-]{1,20}(?: [A-Z][\w'-]{1,20}){0,2}"
_STATE_ZIP = r"[A-Z]{2} [0-9]{5}(?:-[0-9]{4})?(?![\w-])"
_UNIT = r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|#)\.? ?[\w-]{1,6})?"
_STREET = re.compile(
    r"(?<![\w$€£#.,/:-])[0-9]{1,5}[A-Za-z]?(?:-[0-9]{1,4})? (?:[NSEW]\.? )?"
    r"(?:(?!Way |Hour |Star |Minute |Day |Best |St )(?:[A-Z][\w'’.-]{0,20}|[0-9]{1,3}(?:st|nd|rd|th)) ){1,3}"
    rf"(?:{_STREET_KIND})\b\.?{_UNIT}(?:, {_CITY_NAME}(?=[.,;!?\n]|\Z|,? {_STATE_ZIP}))?(?:,? {_STATE_ZIP})?"
)
_STREET_FIRST = re.compile(
    r"(?<!\w)(?:[A-ZÄÖÜ][a-zäöüß-]{1,30}(?:straße|strasse|str\.|gasse|gracht|straat|laan|allee) [0-9]{1,4}[a-z]?(?!\w)"
    r"(?:, [0-9]{4,5}(?: [A-Z]{2})?(?: [A-ZÄÖÜ][\w-]{1,30})?)?"
    r"|[0-9]{1,4},? (?:rue|boulevard|chemin|impasse) (?:(?:de|du|des|la|le) ){0,3}[A-ZÉ][\w'’-]{1,20}"
    r"|(?:Calle|Avenida|Avda\.|Via|Viale|Piazza|Corso|Rua) (?:(?:de|del|la|las|los|di|della|do|da) ){0,3}"
    r"[A-Z][\w'’-]{1,20}(?: [A-Z][\w'’-]{1,20})?,? [0-9]{1,4}(?![\w:.]| ?(?:hours?|h|days?|times?|min\w{0,5}"
    r"|weeks?)\b))"
)
_BOX = re.compile(r"(?<!\w)[Pp]\.? ?[Oo]\.? ?[Bb]ox [0-9]{1,6}(?!\w)")
_CITY = re.compile(rf"(?<![\w$]){_CITY_NAME}, {_STATE_ZIP}")
# The last two letters of a postcode are never C, I, K, M, O or V: "3AM" is a time.
_POSTCODE = re.compile(r"(?<![\w-])[A-Z]{1,2}[0-9][A-Z0-9]? [0-9](?!GB|TB)[ABD-HJLNP-UW-Z]{2}(?![\w-])")

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]{0,6}"
_DAY = "[0-9]{1,2}(?:st|nd|rd|th)?"
_BIRTH = re.compile(
    r"((?<!\w)(?i:born(?: on)?|d\.?o\.?b\.?|date of birth|birth ?date|birthday is|geburtsdatum|geboren am"
    r"|née? le|nacid[oa] el)"
    r"(?: is| was)?[: (]{1,2}(?:on )?)"
    rf"(?:[0-9]{{1,2}}[./-][0-9]{{1,2}}[./-][0-9]{{2,4}}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}"
    rf"|(?:the )?{_DAY}(?: of)? {_MONTH},? [0-9]{{4}}|{_MONTH} {_DAY},? [0-9]{{4}})(?!\w)"
)
_PAPER = re.compile(
    r"((?<!\w)(?i:ssn|social security|ni number|national insurance|dni|nie|cpf|passport"
    r"|driver'?s?'? licen[cs]e|licen[cs]e"
    r"|bsn|aadhaar|pesel|codice fiscale|steuer-?id|tax id|personnummer|known travell?er|ktn|redress)"
    r"(?i: (?:number|num|no\.?|nr\.?|is|es|id)){0,2}[:#]?(?: is)? ?)"
    r"([A-Z0-9](?:[ .-]?[A-Z0-9]){3,24}(?![a-z]))"
)
_SECRET = re.compile(
    r"((?<!\w)(?i:password|passcode|pass code|pin code|pin number|pin|cvv|cvc|security code)(?i: is| was)?[:=]? ?)"
    r"(?:(?=[^\s]{0,30}[0-9])(?=[^\s]{0,30}[A-Za-z])[^\s]{4,30}(?<![.,;:])|[0-9]{3,8}(?!\w))"
)

_STREETS_FIRST = (
    b"stra", b"str.", b"gasse", b"gracht", b"laan", b"allee", b" rue ", b" boulevard ", b" chemin ", b" impasse ",
    b"calle ", b"avenida ", b"avda. ", b"via ", b"viale ", b"piazza ", b"corso ", b"rua ",
)  # fmt: skip
_BOX_AT = Anchored(_BOX, ["box "], back=(6, 5, 4, 3, 2))
_ZIP_AHEAD = re.compile(r", (?=[A-Z]{2} [0-9]{5})")
_POSTCODE_END = re.compile(r" (?=[0-9][A-Z]{2})(?<=[A-Z0-9] )")
_BIRTH_AT = Anchored(
    _BIRTH, ["born", "dob", "d.o", "do.b", "date of birth", "birth", "gebur", "gebor", "n? le", "n?e le", "nacid"]
)
_PAPER_AT = Anchored(
    _PAPER,
    [
        *"ssn dni nie cpf passport driver licen bsn aadhaar pesel steuer personnummer ktn redress".split(),  # noqa: SIM905
        *("social security", "ni number", "national insurance", "codice fiscale", "tax id", "known trave"),
    ],
)
_SECRET_AT = Anchored(_SECRET, ["password", "passcode", "pass code", "pin", "cvv", "cvc", "security code"])
