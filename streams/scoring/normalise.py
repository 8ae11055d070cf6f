"""From what was sent to what can be read: Unicode, HTML, invisible characters, quoted replies, signatures.

The customer's words stay as they are, capitals and elongations too ("sooo LATE"): those carry feeling, and the
tokeniser reads them. Every step is linear in the length of the text.
"""

from __future__ import annotations

import html
import re
import unicodedata

MAX_MARKS = 2
"""Combining marks kept in a row. Vietnamese or Hebrew need two; stacks above that are decoration ("zalgo")."""

# Zero-width and bidirectional controls, soft hyphens, tags and other invisible format characters. The zero-width joiner
# stays out: it holds emoji such as 👩‍💻 together.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]+"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(f"({_MARK}{{{MAX_MARKS}}}){_MARK}+")
# Letters and digits in another dress: full-width, mathematical, in circles and squares. Read as what they stand for, by
# the model and by the redaction.
_DRESSED = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f149]+")
_BEYOND = re.compile("[\x80-\U0010ffff]+")
_UNSEEN = re.compile(f"{_INVISIBLE.pattern}|{_MARK}|{_DRESSED.pattern}")
_SPACES = re.compile("[^\\S\n]+")
_EDGES = re.compile(" ?\n[ \n]*")
_LONG_ENTITY = re.compile("&(?=[A-Za-z0-9#]{40})")

_HIDDEN_BLOCK = ("script", "style", "head", "title")
# A tag is bounded in length, so that a flood of "<" costs no more than its length.
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})(?:\s[^<>]{0,2000})?/?>|<!--|<!doctype[^<>]{0,500}>", re.IGNORECASE)
_BREAKS = frozenset(
    "address article blockquote br dd div dl dt footer h1 h2 h3 h4 h5 h6 header hr li ol p pre"  # noqa: SIM905
    " section table tr ul".split()
)
_KNOWN_TAGS = _BREAKS | frozenset(
    "a abbr b body button center cite code col em font form head html i img input ins label link meta s script small"  # noqa: SIM905
    " span strike strong style sub sup tbody td tfoot th thead title u".split()
)


def strip_html(text: str) -> str:
    """The text a reader of the page would see: known tags dropped, block tags as line breaks, hidden blocks removed.

    Angle brackets that hold no known tag ("<3", "a < b", "<order number>") stay.
    """
    kept: list[str] = []
    at = 0
    hidden: str | None = None
    for tag in _TAG.finditer(text):
        if tag.start() < at:
            continue
        if hidden:
            if tag[1] and tag[2] and tag[2].lower() == hidden:
                hidden, at = None, tag.end()
            continue
        name = (tag[2] or "").lower()
        if tag[2] and name not in _KNOWN_TAGS:
            continue
        kept.append(text[at : tag.start()])
        at = tag.end()
        if tag[0] == "<!--":
            end = text.find("-->", at)
            at = len(text) if end < 0 else end + 3
        elif name in _BREAKS:
            kept.append("\n")
        elif name in _HIDDEN_BLOCK and not tag[1]:
            hidden = name
    # A block that is never closed hides nothing: its words are kept.
    kept.append(text[at:])
    return "".join(kept)


_REPLY_HEADS = (
    re.compile(
        r"^\s*(?:on|am|le|el|il|op)\b[^\n]{4,300}(?:wrote|schrieb|écrit|escribió|ha scritto|schreef)\b[^\n]{0,100}$",
        re.IGNORECASE,
    ),
    re.compile(r"^\s*-{2,}\s*(?:original|forwarded) message\s*-{2,}\s*$", re.IGNORECASE),
    re.compile(r"^\s*-{2,}\s*please reply above this line\s*-{2,}\s*$", re.IGNORECASE),
    re.compile(r"^\s*_{10,}\s*$"),
    re.compile(r"^\s*#{2,}-? ?please type your reply above this line ?-?#{2,}\s*$", re.IGNORECASE),
)
_MAIL_HEADER = re.compile(r"^\s*(?:from|sent|to|cc|subject|date)\s*:\s", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"^\s*(?:--\s?|sent (?:from|with|via) (?:my|the|a)\b[^\n]{1,60}|get outlook for \w+"
    r"|sent from (?:mail|outlook|yahoo|proton)\b[^\n]{0,60})\s*$",
    re.IGNORECASE,
)


def strip_quoted(text: str) -> str:
    """A ticket's own words: lines that quote an earlier message, and the signature below, are dropped.

    Where nothing would be left (somebody who forwards without a word), the text stays as it was.
    """
    own: list[str] = []
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if line.lstrip()[:1] == ">":
            continue
        if len(line) <= 400:
            if _SIGNATURE.match(line) or any(head.match(line) for head in _REPLY_HEADS):
                break
            if not _MAIL_HEADER.match(line):
                own.append(line)
                continue
            headers = sum(1 for near in lines[at : at + 4] if len(near) <= 400 and _MAIL_HEADER.match(near))
            if headers >= 3:
                break
        own.append(line)
    kept = "\n".join(own).strip()
    return kept or text


def _undressed(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _single(text: str) -> str:
    """The text with one space where several stood; each round halves them, so the cost is linear."""
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def normalise(text: str, *, quoted: bool = False) -> str:
    """The text in NFC and plain letters, without markup, invisible characters and surplus space; breaks are ``\\n``.

    Args:
        text: As the source sent it; anything a ``str`` can hold.
        quoted: Whether it may quote earlier messages, as a ticket does.
    """
    if "&" in text:
        text = html.unescape(_LONG_ENTITY.sub("&amp;", text))
    if "<" in text and ">" in text:
        text = strip_html(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        beyond = "".join(_BEYOND.findall(text))
        if _UNSEEN.search(beyond):
            text = _DRESSED.sub(_undressed, _INVISIBLE.sub("", text))
            text = _MARKS.sub(r"\1", text)
        text = unicodedata.normalize("NFC", text)
        text = text.replace("\u2019", "'").replace("\u2018", "'").replace("\u00a0", " ")
    if not text.isprintable():
        clean = text.replace("\n", "").isprintable()
        if not clean:
            text = _CONTROL.sub(" ", text)
        if quoted and "\n" in text:
            text = strip_quoted(text)
        text = _single(text) if clean else _SPACES.sub(" ", text)
        if " \n" in text or "\n " in text or "\n\n" in text:
            text = _EDGES.sub("\n", text)
    elif "  " in text:  # Of all white space, only this one is printable.
        text = _single(text)
    return text.strip()
