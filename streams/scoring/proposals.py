"""A candidate as a block of a catalog pack, which is tried with the real scorer before it is shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zlib import crc32

import orjson

from schemas.candidates import Candidate
from schemas.raw import Post
from streams.catalog import Catalog, Catalogs
from streams.catalog.catalog import Pack
from streams.scoring.pseudonyms import Pseudonyms
from streams.scoring.scorer import Scorer

NOBODY = "Nobody yet: say who can act on it"
IGNORED = "I have nothing to say about that."


class Proposals:
    """Writes blocks; keeps what the scorer learns of words between them."""

    def block(self, candidate: Candidate) -> str:
        """The block as TOML, with the evidence above it.

        A word alone only names a thing, which counts where its clause feels bad (``about``); two words state it
        (``says``), and so does one where none of the quotes is heard otherwise.
        """
        words = candidate.words.split()
        phrase = " ~ ".join(words)
        texts = list(dict.fromkeys(quote.text for quote in candidate.quotes))
        parts = ("says",) if len(words) > 1 else ("about", "says")
        for part in parts:
            heard = self._heard(candidate, part, phrase, texts)
            if heard:
                break
        praise = f"Nothing is wrong with the {candidate.words}, thank you!"
        ignored = praise if not self._heard(candidate, part, phrase, [praise]) else IGNORED
        return _toml(candidate, part, phrase, heard, [ignored])

    def _heard(self, candidate: Candidate, part: str, phrase: str, texts: list[str]) -> list[str]:
        """Those of the texts in which the scorer hears the block."""
        name = _id(candidate)
        pack = Pack("proposal", _toml(candidate, part, phrase, texts, [IGNORED]))
        scorer = Scorer(Catalogs(Catalog([pack]), {}), Pseudonyms(b"a proposal"))
        now = datetime(2026, 1, 1, tzinfo=UTC)
        origin = {"topic": "proposal", "partition": 0, "offset": 0}
        posts = [
            Post(id=str(n), brand=candidate.brand, text=text, author="a", created_at=now)
            for n, text in enumerate(texts)
        ]
        records = scorer.score([("posts", post, origin) for post in posts])
        return [
            text
            for text, record in zip(texts, records, strict=True)
            if name in [mention["id"] for mention in record["pain_points"]]
        ]


def _id(candidate: Candidate) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", candidate.words.lower()).strip("_")
    return name if name[:1].isalpha() else f"candidate_{crc32(candidate.term.encode()):08x}"


def _toml(candidate: Candidate, part: str, phrase: str, matches: list[str], ignores: list[str]) -> str:
    hours = candidate.window_seconds // 3600
    since, seen = (f"{moment:%Y-%m-%d %H:%M}Z" for moment in (candidate.starts_at, candidate.detected_at))
    lines = [
        f"# {_line(candidate.brand)}: {candidate.voices} voices in {hours} h, {candidate.expected:g} expected "
        f"({candidate.sigmas:g} sigma), since {since}, seen {seen}."
    ]
    if candidate.related:
        lines.append(f"# The same people say: {_line(', '.join(candidate.related))}.")
    if not matches:
        lines.append("# None of its quotes is heard: write what customers say into matches.")
    lines += [
        f"[{_id(candidate)}]",
        f"title = {_string(candidate.words.capitalize())}",
        'kind = "pain_point"',
        f"journey_stage = {_string(candidate.journey_stage or 'use')}",
        f"owner = {_string(NOBODY)}",
        f"{part} = {_strings([phrase])}",
        f"matches = {_strings(matches or [candidate.words])}",
        f"ignores = {_strings(ignores)}",
        "",
    ]
    return "\n".join(lines)


def _string(text: str) -> str:
    """As a TOML basic string: JSON's, but for the one control character that JSON leaves as it is."""
    return orjson.dumps(text).decode().replace("\x7f", "\\u007f")


def _strings(texts: list[str]) -> str:
    if len(texts) < 2:
        return f"[{', '.join(map(_string, texts))}]"
    return "[\n" + "".join(f"    {_string(text)},\n" for text in texts) + "]"


def _line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
