"""What a customer asks for, in the customer's own words: the "I want …" of a user story.

A want is told only where the grammar leaves no doubt who wants what: "I need …", "could you send …", "how do I
cancel …", "nobody can tell me when …". What names nothing ("please look into it") and what only sounds like a wish
("I'd rather not know", "the grinder I want") is left out: a story that nobody would sign helps nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_WANT = 160
"""Characters of a want or a reason; longer ones are cut between words."""


def _words(text: str) -> list[str]:
    return text.split()


_VERBS = _words("""
    add allow arrange bring cancel change charge close compensate confirm correct credit deactivate delete deliver
    exchange explain extend find fix forward give hire honor honour improve include increase install invest issue
    keep lower make merge move offer open pay process provide publish put reactivate rebook reconsider redeliver
    reduce refund reimburse reinstate release remove repair replace reply reroute reschedule reset resend resolve
    respond restock restore return reverse review sell send ship show speed start stop support switch take teach
    test train transfer translate turn unlock unsubscribe update upgrade waive write
""")
"""What a company can be asked to do."""

_OWN_VERBS = _words("""
    add apply book buy cancel change check claim combine contact delete download exchange export find get have join
    keep merge move order pause pay pick print reach rebook receive redeem request reschedule reset return skip
    speak split stop swap switch take talk track transfer transport travel unsubscribe update upgrade use
""")
"""What customers ask to be let do."""

_DO, _MAY = "|".join(_VERBS), "|".join(_OWN_VERBS)
_START = r"(?:^|[,;:–—]\s*|\b(?:and|but|so|or|now|again|also|then|hi|hello|hey)[,\s]+)"
_PLEASE = r"(?:please|pls|plz|kindly|at least|just|possibly|maybe)"
_ASK_WORDS = r"(?:when|why|how|where|what|who|which|whether|if)"

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (lead, re.compile(pattern, re.IGNORECASE))
    for lead, pattern in (
        (
            "I want to know",
            r"\b(?:tell (?:me|us)|explain to (?:me|us)|let (?:me|us) know) "
            rf"(?P<what>{_ASK_WORDS}\b(?! you (?:need|want))[^?]+|(?:the|my|our) [^?]+)"
            rf"|\b(?:i|we)(?:'d| would)? (?:need|want|like) to know (?P<what_else>[^?]+)",
        ),
        (
            "I",
            rf"{_START}(?:i|we)(?: (?:just|only|really|still|simply|do|now|also))* "
            r"(?P<verb>want|need|would like|require)(?: now)? (?P<what>[^?]+)",
        ),
        ("I would like", rf"{_START}(?:i|we)['’]d(?: (?:just|only|really|still))? like (?P<what>[^?]+)"),
        (
            "I want you to",
            rf"(?:{_START}|\b{_PLEASE} )(?:can|could|would|will) (?:you|u)(?: {_PLEASE})* (?P<what>(?:{_DO})\b[^?]+)"
            rf"|{_START}(?:please|pls|plz|kindly) (?P<what_else>(?:{_DO})\b[^?]+)",
        ),
        (
            "I want somebody to",
            rf"\b(?:can|could) (?:someone|somebody|anyone|anybody)(?: {_PLEASE})* (?P<what>(?:{_DO}|contact)\b[^?]+)",
        ),
        (
            "I want to",
            rf"\b(?:can|could|may) (?:i|we)(?: {_PLEASE})* (?P<what>(?:{_MAY})\b[^?]+)"
            rf"|\bwhy (?:can['’]?t|cannot|can not) (?:i|we)(?: {_PLEASE})* (?P<what_else>(?:{_MAY})\b[^?]+)",
        ),
        (
            "I want to know how to",
            r"\bhow (?:do|can|could|would|should) (?:i|we)(?: go about)? "
            r"(?P<what>(?!(?:know|feel|trust|say|be|a|an|the|my|another)\b)[^?]+)",
        ),
    )
)
"""The lead of the story, and what the customer wrote after it; the first form that holds is the sentence's."""

_SENTENCE = re.compile(r"[^.!?\n…]+(?:\.(?=\w)[^.!?\n…]+)*[.!?…]*")
_ADDRESS = re.compile(r"^[^\w@\[“\"]*(?:@\w+[\s,:.\-–—]*|\[handle\][\s,:.\-–—]*)+")
_END = re.compile(
    r"\s*(?:;"
    r"|,? (?:but|because|since|instead of|otherwise|though|although|thanks|thank you|thx|please|pls|asap|lol)\b"
    r"|,? (?:and|so|or|as|then) (?:i|you|u|your|it|its|the|they|we|my|now|still|nobody|no one|that|this|can|could)\b"
    r"|, |: | [-–—]+ | ?\(| #\w| https?:|[\"“”]).*$",
    re.IGNORECASE | re.DOTALL,
)
_REASON = re.compile(
    r",? (?P<kind>so that|so (?=(?:i|we|my|our|they|people|others)\b)|in order to|because (?!of\b))\s*"
    r"(?P<why>[^;:?!\n#]{3,})",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_][\w'’]*")
_EMPTY = frozenset(
    _words("""
    a about again all also am an and any anybody anyone anything are as asap ask at back badly be been being better
    but by call can care come could day did do does done else even ever every everything explain far fix for from
    get give go going good had has have help her here hey him his how i if in into is issue it its it's just kind
    know least let like listen look lot made make matter maybe me mean more much my need needed never next nice no
    not now of off on one ones or other our out over own part people please possible problem quick quickly ready
    really reply respond response rest right same say see send separately show so some somebody someone something
    soon start still stop sure take talk tell than thank thanks that the their them then there these they thing
    things think this those time times to today together tonight too true try tweet up us use very wait was way we
    well were what when where which who whoever why will with without word work would write yes yet you your yours
""")
)
"""Words that name nothing which a product team could look at."""

_ASIDE = re.compile(
    r"to (?:give|pay|see|thank|say|tell|ask|tweet|share|complain|scream|cry|love|like|believe) ", re.IGNORECASE
)
"""So begins what is said to the company, often in irony: "I want to give you money and your app won't take it"."""

_REFERS = re.compile(r"\b(?:it|this|that|them|those|these|one|ones|which|there)\b", re.IGNORECASE)
"""What is understood only beside another sentence."""

_NEGATED = re.compile(
    r"\b(?:don['’]?t|do not|not|never|didn['’]?t|doesn['’]?t|no need to|nobody|why do|did)\s+(?:even |really |just )?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Want:
    """What somebody asks for."""

    lead: str
    """"I want to know how to"."""
    what: str
    """Their words, as they wrote them but for blanks."""
    link: str | None = None
    """How they joined their reason to it: "so that" or "because"."""
    why: str | None = None
    """The reason, in their words."""

    @property
    def names(self) -> frozenset[str]:
        """The words that say what it is about: two wants that share most of them are one."""
        return _names(self.what)

    def story(self, product: str | None) -> str:
        """As a user story."""
        role = f"As a customer ({product})" if product else "As a customer"
        reason = f", {self.link} “{self.why}”" if self.why else ""
        return f"{role}, {self.lead} “{self.what}”{reason}."


def sentences(text: str) -> list[str]:
    """A text's sentences in single blanks, without those whom they address: "@acme"."""
    return [_ADDRESS.sub("", " ".join(sentence.split())) for sentence in _SENTENCE.findall(text)]


@lru_cache(maxsize=1024)
def want(text: str) -> Want | None:
    """The first thing that a text clearly asks for; None where there is none. Remembered, as quotes come again."""
    return next((found for sentence in sentences(text) if (found := _of_sentence(sentence)) is not None), None)


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two wants are about the same: half of the words that either names are shared."""
    return 2 * len(one & other) >= len(one | other)


def _of_sentence(sentence: str) -> Want | None:
    for lead, form in _FORMS:
        if (matched := form.search(sentence)) is None or _NEGATED.search(sentence[: matched.start()]):
            continue
        groups = matched.groupdict()
        words = groups["what"] or groups.get("what_else") or ""
        if lead == "I":
            verb = groups["verb"].lower()
            lead = "I would like" if verb == "would like" else "I want" if verb == "want" else "I need"
        link, why = None, None
        if reason := _REASON.search(words):
            words = words[: reason.start()]
            link = "because" if reason["kind"].lower().startswith("because") else "so that"
            if reason["kind"].lower() == "in order to":
                link = "in order to"
            why = _cut(reason["why"])
        words = _cut(_END.sub("", words))
        if _says_something(lead, words):
            return Want(lead, words, link if why else None, why or None)
    return None


def _says_something(lead: str, words: str) -> bool:
    """Whether a product team would know what is asked."""
    if _ASIDE.match(words):
        return False
    names = len(_names(words.partition(" ")[2] if lead.endswith(" to") else words))
    if len(_WORD.findall(words)) < 2 and not lead.endswith("to"):
        return False
    if _REFERS.search(words) and lead != "I want to know":
        return names >= 2
    return names >= (2 if words.lower().startswith("do ") else 1)


@lru_cache(maxsize=1024)
def _names(words: str) -> frozenset[str]:
    found = (word.lower().replace("’", "'") for word in _WORD.findall(words))
    return frozenset(word for word in found if len(word) > 2 and word not in _EMPTY)


def cut(text: str, length: int) -> str:
    """The text, of at most ``length`` characters: a longer one is cut between words."""
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0] + "…"


def _cut(text: str) -> str:
    return cut(" ".join(text.split()).strip(" .,!?…:;-–—'\"“”"), MAX_WANT)
