"""Which language a text is in, well enough to know when not to read it.

English is read; for anything else the words are left alone and only emoji and ratings speak. Most texts are told by
their function words ("the", "der", "que"), a look-up that costs next to nothing; where those are few or disagree, and
for other scripts, a library is asked (ELD, n-grams in C), and believed where it is sure. A text without evidence (a
name, "ok", "👍") is taken for English, the language the model reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_FUNCTION_WORDS = {
    "en": "the a an and is are was were to of in it you i my your we they this that with for on have"
    " has had be been not but"
    " so at from as what when how who why would could should will can just get got am me he she his"
    " her their our there here"
    " do does did dont im its ive no yes please thanks thank after before about which them than then"
    " if or by up out all any"
    " still again never very too much more now good bad great love",
    "de": "der die das und ist nicht ich sie mit ein eine einen einem einer auf für von zu den dem"
    " des im auch aber wir ihr"
    " mein meine meinen noch immer wurde wird habe hat haben sind war bei nach sehr kein keine nur"
    " schon wenn dass wie kann"
    " mir mich uns euch seit danke bitte schlecht leider",
    "fr": "le la les et est pas je vous un une des du que qui pour dans sur avec mon ma mes votre"
    " très mais nous ce cette il"
    " elle ne sont été toujours plus encore merci c'est j'ai n'est au aux ont fait avez suis depuis"
    " bonjour jamais rien",
    "es": "el la los las y es no que de en un una por con para mi su muy pero se lo del al está han"
    " ha yo más ya como este"
    " esta todo nada siempre gracias me te he fue son cuando sin hola desde pedido",
    "it": "il la le gli e è non che di un una per con sono ho ha mio mia molto ma si del della nel"
    " anche ancora più questo"
    " questa come mai sempre grazie dal alla dei delle tutto niente stato",
    "pt": "o os as e é não que de um uma por com para meu minha muito mas se do da no na em está eu"
    " mais já como este esta"
    " tudo nada sempre obrigado foi são você pelo pela",
    "nl": "de het een en is niet ik van met voor op mijn zijn heb heeft maar nog ook er dat dit wat"
    " wij jullie geen zeer naar"
    " bij aan te al wel goed slecht bedankt wordt werd kan",
    "sv": "och är inte jag att det en ett som på med för av min mitt ni vi har har den till men"
    " mycket från bara också tack",
    "da": "og er ikke jeg at det en et som på med for af min mit vi har den til men meget fra kun også tak",
    "pl": "nie to jest się na w i z że do jak ale mi mój moja po od już tak bardzo co czy był była są",
    "tr": "ve bir bu için çok ama değil ne var yok ben siz gibi daha kadar sonra olarak ile mi",
    "id": "yang dan di ini itu tidak saya dengan untuk ada sudah belum kami anda dari ke juga bisa sangat",
    "ro": "și este nu că de în un o pe cu la am mai sunt pentru care foarte dar din",
    "cs": "je se na že to ale jsem není jak pro byl velmi také už děkuji",
}  # fmt: skip
LANGUAGES = tuple(_FUNCTION_WORDS)
_SCRIPTS = (
    ("ja", "\u3040-\u30ff"), ("zh", "\u3400-\u9fff"), ("ko", "\uac00-\ud7af\u1100-\u11ff"),
    ("ru", "\u0400-\u04ff"), ("ar", "\u0600-\u06ff"), ("el", "\u0370-\u03ff"), ("he", "\u0590-\u05ff"),
    ("th", "\u0e00-\u0e7f"), ("hi", "\u0900-\u097f"),
)  # fmt: skip
_LETTER = re.compile(r"[^\W\d_]")
_OTHER_SCRIPT = re.compile("[" + "".join(span for _, span in _SCRIPTS) + "]")
_OF_SCRIPT = tuple((language, re.compile(f"[{span}]")) for language, span in _SCRIPTS)
_LOOK_AT = 2_000

MASKS: dict[str, int] = {}
"""Norm → one bit a language, by the place in LANGUAGES."""
for _bit, _words in enumerate(_FUNCTION_WORDS.values()):
    for _word in _words.split():
        _norm = _word.replace("'", "")
        MASKS[_norm] = MASKS.get(_norm, 0) | 1 << _bit


SURE = 0.8
"""How sure the library must be of another language (its own scale, 0 to 1): English slang and names reach 0.78, short
sentences of other languages hardly ever less than 0.85."""
_NO_WORDS = re.compile(r"https?://\S*|www\.\S*|[@#]\w+|\[[a-z]{2,8}\]|\b(?:RT|via)\b|[\x00-\x1f\ud800-\udfff]|\d+")
_ASKED_ABOUT = 300
"""Characters that the library is shown."""
Ask = Callable[[str], tuple[str, float]]
"""A text → its language and how sure that is, 0 to 1."""


class Words(Protocol):
    """The atoms of many texts, flat, in order (`streams.scoring.tokens.Frame`)."""

    atoms: NDArray[np.int32]
    starts: NDArray[np.int64]

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where each text ends in ``atoms``."""


@lru_cache(maxsize=1)
def library() -> Ask | None:
    """ELD, loaded when the first text needs it; None where there is no wheel of it, and function words must do."""
    try:
        import eldc
    except ImportError:
        return None
    eldc.init()
    eldc.set_scores(1)

    def ask(text: str) -> tuple[str, float]:
        found = eldc.detect_details(text)
        return found.language, max(found.scores.values(), default=0.0)

    return ask


class Tongues:
    """Tells the languages of frames; keeps which atoms are function words of what."""

    def __init__(self, ask: Callable[[], Ask | None] = library) -> None:
        """Takes what gives the library."""
        self._ask = ask
        self._masks = np.zeros(0, dtype=np.int32)
        """Of each atom, a bit for each language of which it is a function word."""

    def clear(self) -> None:
        """The atoms' numbers begin anew."""
        self._masks = self._masks[:0]

    def of(self, frame: Words, norms: Sequence[str], texts: Sequence[str]) -> list[str]:
        """The language of each text.

        Args:
            frame: The texts as atoms.
            norms: Of every atom so far, its word in small letters without apostrophes.
            texts: As they are read.
        """
        begin = len(self._masks)
        if begin < len(norms):
            new = np.array([MASKS.get(norm, 0) for norm in norms[begin:]], dtype=np.int32)
            self._masks = np.concatenate([self._masks, new])
        masks = self._masks[frame.atoms]
        english = np.add.reduceat((masks & 1) != 0, frame.starts, dtype=np.int32)
        only = np.add.reduceat(masks == 1, frame.starts, dtype=np.int32)
        foreign = np.add.reduceat(masks > 1, frame.starts, dtype=np.int32)
        languages = ["en"] * len(texts)
        # Two English words that no other language has, and no more that one has: nobody needs to be asked.
        sure = (only >= 2) & (foreign <= english)
        ends = frame.ends
        for at in np.flatnonzero(~sure).tolist():
            own = masks[frame.starts[at] : ends[at]]
            counts = ((own[:, None] >> np.arange(len(LANGUAGES))) & 1).sum(axis=0).tolist()
            languages[at] = self._of(texts[at], counts, len(own), int(only[at]))
        for at, (text, plain) in enumerate(zip(texts, sure.tolist(), strict=True)):
            if plain and not text.isascii() and other_script(text):
                languages[at] = self._of(text, [0] * len(LANGUAGES), 1, 0)
        return languages

    def _of(self, text: str, counts: list[int], words: int, only_english: int) -> str:
        """The language of a text that is not plainly English."""
        script = other_script(text)
        ask = self._ask()
        if ask is None:
            return script or of_latin(counts, words)
        told, sure = ask(_NO_WORDS.sub(" ", text[:_ASKED_ABOUT]))
        if script:
            return told if sure >= SURE and told != "en" else script
        # A word that only English has weighs against one guess of a text with a few others: "merci for the quick fix".
        if told in ("en", "und") or sure < SURE or only_english * 4 > words:
            return "en"
        # Indonesian is not among the languages that it knows; Malay, its nearest, is.
        return "id" if told == "ms" and counts[LANGUAGES.index("id")] else told


def other_script(text: str) -> str | None:
    """The language of a text whose letters are mostly not Latin; None for Latin ones."""
    text = text[:_LOOK_AT]
    if text.isascii() or not (others := len(_OTHER_SCRIPT.findall(text))):
        return None
    if others * 2 < len(_LETTER.findall(text)):
        return None
    counts = {language: len(pattern.findall(text)) for language, pattern in _OF_SCRIPT}
    # Japanese mixes Chinese characters with its own.
    if counts["ja"] * 8 > counts["zh"]:
        counts["zh"] = 0
    return max(counts, key=counts.__getitem__)


def of_latin(counts: list[int], words: int) -> str:
    """The language by how many function words of each were seen.

    Args:
        counts: One number a language, in the order of LANGUAGES.
        words: Words in the text.
    """
    english = counts[0]
    best = max(range(1, len(counts)), key=counts.__getitem__)
    seen = counts[best]
    # Two words of evidence at least, and clearly more of it than for English.
    if seen >= 2 and seen > 1.5 * english and seen * 6 >= words:
        return LANGUAGES[best]
    return "en"
