"""Texts → atoms: words, emoji and punctuation as small numbers, with everything that is known of each kept in tables.

A word is looked at once per process. After that a text costs one look-up per chunk between spaces
(`streams.scoring.chunks`); the rest of scoring runs over the atoms of a whole frame.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from streams.catalog.phrases import TRANSPARENTS
from streams.catalog.stems import stem
from streams.scoring.chunks import BREAK, Chunks, Frame
from streams.scoring.grammar import READ_AS, kind_of, level

WORD, EMOJI, MARK = 1, 2, 4
CLAUSE_END, SENTENCE_END, QUESTION, EXCLAMATION = 8, 16, 32, 64
NEGATOR, CONTRAST, CAPITALS, ELONGATED = 128, 256, 512, 1024
INTENSIFIER, TRANSPARENT, WISH, LETTERS, ASKING, LIFTS, WHY, HEATED = (
    2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144,
)  # fmt: skip
"""What is known of an atom, as bits of its flags."""

NEGATORS = frozenset(
    "not no never none nobody nothing neither nor without cannot cant couldnt wont wouldnt dont"  # noqa: SIM905
    " doesnt didnt isnt arent wasnt"
    " werent hasnt havent hadnt shouldnt aint hardly barely scarcely nope lacks lacking zero minus"
    " dinnae didnae doesnae cannae isnae wasnae wisnae havenae hasnae wouldnae couldnae willnae".split()
)
CONTRASTS = frozenset("but however though although yet except unless whereas nevertheless otherwise".split())  # noqa: SIM905
INTENSIFIERS = frozenset(
    "so very really extremely incredibly absolutely totally completely utterly super insanely"  # noqa: SIM905
    " ridiculously beyond fucking"
    " freaking damn bloody literally seriously quite highly deeply truly hugely massively way too"
    " such worst best ever".split()
)
WISHES = frozenset("if hope hoping wish unless maybe whether imagine suppose hopefully".split())  # noqa: SIM905
LIFTING = frozenset("believe wait only wonder stress imagine".split())  # noqa: SIM905
"""Words that lift a negator just before them: "can't believe how late", "not only late", "can't wait"."""
ASKING_WORDS = frozenset("why where when wheres whens wtf whys".split())  # noqa: SIM905

_WHY = frozenset("why wtf whys".split())  # noqa: SIM905

_PIECE = re.compile(
    r"https?://\S+|www\.\S+"
    r"|\[(?:[a-z]{2,8}|NAME|RELIGION)\]"  # A placeholder of redaction, or of GoEmotions.
    r"|[@#]?\w+(?:'\w+)*"
    r"|</?3+|[:;=8xX]['-]?[()\[\]dDpPoO/\\|*]+(?!\w)|\^_*\^|-_+-"
    r"|\.{2,}|[.!?]+|[^\w\s]"
)
_LINKS = ("http", "www.")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_HAS_RUN = re.compile(r"([^\W\d_])\1{2}")
_SKIN_TONE = range(0x1F3FB, 0x1F400)
_DROPPED = frozenset("\u200d\ufe0e\ufe0f\u20e3")
_CLAUSE_MARKS = frozenset(',;:()[]—–"“”…|¶•')
_POSITIVE_FACES = frozenset(")]dDpP*3")
_LONGEST_WORD = 32


class Lexicon:
    """What is known of each atom, learnt as they come, and of the chunks between spaces.

    ``surface`` is the atom as it is shown, ``norm`` without apostrophes and elongation, ``stem`` its family.
    """

    def __init__(self) -> None:
        self.chunks = Chunks(lambda chunk: map(self._atom, _PIECE.findall(chunk)))
        self.clear()

    def clear(self) -> None:
        """Forgets everything, so that a stream of ever new words stays within bounds."""
        self.chunks.clear()
        self._atom_of: dict[str, int] = {}
        self.written = 0
        """Characters of the pieces that are remembered."""
        self.surface: list[str] = []
        self.name: list[int] = []
        """Of each atom, a number that atoms of the same surface share."""
        self._named: dict[str, int] = {}
        self.norm: list[str] = []
        self.stem: list[str] = []
        self.flags: list[int] = []
        self.hashes: list[int] = []
        self._kinds = array("b")
        self._instead = {kind: self._add(word, *self._word(meant)[1:]) for word, (kind, meant) in READ_AS.items()}
        """Kind of a word → the atom that is shown as this word and read as another."""

    def read(self, texts: Sequence[str]) -> Frame:
        """The atoms of each text."""
        frame = self.chunks.read(texts)
        level(frame, np.frombuffer(self._kinds, dtype=np.int8), self._instead)
        return frame

    def _atom(self, piece: str) -> int:
        known = self._atom_of.get(piece)
        if known is None:
            if piece[:4].lower() in _LINKS:
                # All links are one atom: that there is one is all that is read of it.
                piece = _LINKS[-1]
                if (known := self._atom_of.get(piece)) is not None:
                    return known
            known = self._atom_of[piece] = self._learn(piece)
            self.written += len(piece)
        return known

    def _learn(self, piece: str) -> int:
        first = piece[0]
        if first.isalnum() or (first in "@#_" and len(piece) > 1):
            return self._add(*self._word(piece))
        return self._add(*_sign(piece))

    def _add(self, surface: str, norm: str, flags: int) -> int:
        number = len(self.surface)
        self.surface.append(surface)
        self.name.append(self._named.setdefault(surface, number))
        self.norm.append(norm)
        self.stem.append(stem(norm) if flags & WORD else norm)
        self.flags.append(flags)
        self.hashes.append(crc32(norm.encode("utf-8", "replace")) if norm else 0)
        self._kinds.append(kind_of(norm, ends=flags & CLAUSE_END != 0))
        return number

    @staticmethod
    def _word(piece: str) -> tuple[str, str, int]:
        if piece[:4].lower() in _LINKS:
            return "", "<url>", MARK
        if piece[0] == "@":
            return piece[:_LONGEST_WORD], "<user>", MARK
        bare = piece.lstrip("#_")[:_LONGEST_WORD] or "#"
        lower = bare.lower()
        norm = lower.replace("'", "")
        flags = WORD
        if len(bare) > 1 and bare.isupper():
            flags |= CAPITALS
        if _HAS_RUN.search(norm):
            squeezed = _RUN.sub(r"\1", norm)
            # "sooo" is "so", "goood" is "good": two letters stay where English doubles them.
            norm = squeezed if squeezed in _SHORT else _RUN.sub(r"\1\1", norm) if _doubles(norm) else squeezed
            flags |= ELONGATED
        if norm[0].isdigit():
            digits = norm.rstrip("abcdefghijklmnopqrstuvwxyz")
            if digits.isdigit() and len(digits) > 1:
                norm = "0" * min(len(digits), 4) + norm[len(digits) :]
        else:
            flags |= LETTERS
        if norm in NEGATORS:
            flags |= NEGATOR
        if norm in CONTRASTS:
            flags |= CONTRAST
        if norm in INTENSIFIERS:
            flags |= INTENSIFIER
        if norm in TRANSPARENTS:
            flags |= TRANSPARENT
        if norm in WISHES:
            flags |= WISH
        if norm in LIFTING:
            flags |= LIFTS
        if norm in ASKING_WORDS:
            flags |= ASKING
        if norm in _WHY:
            flags |= WHY
        return lower, norm, flags


_SHORT = frozenset(
    "so no yes me to too hey hi ugh argh omg wow please help never love hate late bad sad mad fun cute".split()  # noqa: SIM905
)
_DOUBLED = frozenset("good too soon need been seen feel week see food cool book look full well still hello happy"  # noqa: SIM905
                     " really awful terrible horrible coffee all will call pissed boo keep free sleep feed speed"
                     " off".split())  # fmt: skip


def _doubles(norm: str) -> bool:
    return _RUN.sub(r"\1\1", norm) in _DOUBLED


def _sign(piece: str) -> tuple[str, str, int]:
    """Surface, norm and flags of a piece that is not a word."""
    first = piece[0]
    if first == "[" and len(piece) > 3 and piece[-1] == "]":
        return piece, "<user>" if piece == "[handle]" else f"<{piece[1:-1].lower()}>", MARK
    if set(piece) <= {".", "!", "?"}:
        flags = MARK | CLAUSE_END | SENTENCE_END
        if "?" in piece:
            heated = HEATED if len(piece) > 1 else 0
            return piece[:3], "?!" if "!" in piece else "?", flags | QUESTION | heated
        if "!" in piece:
            return piece[:3], "!" if len(piece) == 1 else "!!", flags | EXCLAMATION
        return piece[:3], "." if len(piece) == 1 else "...", flags
    if first in "<:;=8xX^-" and len(piece) > 1:
        if piece.startswith("<"):
            return piece, "<3" if piece[1] == "3" else "</3", EMOJI
        if first == "^":
            return piece, ":)", EMOJI
        if first == "-":
            return piece, "-_-", EMOJI
        mouth = piece[-1]
        if first in "xX8" and mouth not in "dDpP)(":
            return piece, piece.lower(), MARK
        return (
            piece,
            (":)" if mouth in _POSITIVE_FACES else ":/" if mouth in "/\\|" else ":o" if mouth in "oO" else ":("),
            EMOJI,
        )
    if piece == BREAK:
        return "", BREAK, MARK | CLAUSE_END | SENTENCE_END
    if piece in _CLAUSE_MARKS:
        return piece, piece, MARK | CLAUSE_END
    if first in _DROPPED or ord(first) in _SKIN_TONE or unicodedata.combining(first):
        return "", "", 0
    if ord(first) > 0x2190 and unicodedata.category(first) in ("So", "Sk", "Cn", "Co"):
        return piece, piece, EMOJI
    return piece, piece, MARK
