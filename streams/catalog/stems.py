"""Words of one family share a stem, so that "delayed", "delays" and "delaying" are one pattern in the catalog.

A light suffix stripper for English: plural, -ed, -ing, doubled consonants and a short list of irregular verbs. It only
has to treat the pattern's word and the customer's word alike, so stems need not be words.
"""

from __future__ import annotations

from functools import lru_cache

_IRREGULAR = {
    form: base
    for base, forms in {
        "break": "broke broken", "take": "took taken", "come": "came", "pay": "paid", "send": "sent",
        "get": "got gotten",
        "freeze": "froze frozen", "tear": "torn tore", "steal": "stole stolen", "forget": "forgot forgotten",
        "speak": "spoke spoken", "tell": "told", "keep": "kept", "lose": "loses losing", "hang": "hung",
        "give": "gave given",
        "write": "wrote written", "go": "went gone goes", "buy": "bought", "make": "made", "hear": "heard",
        "throw": "threw thrown",
        "choose": "chose chosen", "feel": "felt", "find": "found", "sell": "sold", "lie": "lied lies lying",
        "do": "did done does",
        "have": "had has", "know": "knew known", "spend": "spent", "begin": "began begun", "fall": "fell fallen",
        "think": "thought", "hold": "held", "wear": "wore worn", "stick": "stuck", "charge": "charged charging charges",
        "child": "children", "person": "people persons", "fly": "flew flown flies",
    }.items()
    for form in forms.split()
}  # fmt: skip
_VOWELS = frozenset("aeiouy")
_KEEP_S = ("ss", "us", "is")


def _undouble(word: str) -> str:
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in _VOWELS:
        return word[:-1]
    return word


def _strip(word: str, suffix: str) -> str | None:
    """The word without the suffix, if a word is left."""
    left = word[: -len(suffix)]
    if len(left) < 3 or not any(sign in _VOWELS for sign in left):
        return None
    if left[-1] == left[-2] and left[-1] not in _VOWELS:
        return left
    # "hoped" → "hope": a short consonant-vowel-consonant has lost its e; "stopped" would show a doubled consonant.
    if (
        len(left) == 3
        and left[-1] not in _VOWELS
        and left[-1] not in "wx"
        and left[-2] in _VOWELS
        and left[0] not in _VOWELS
    ):
        return left + "e"
    return left


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of a word in lower case."""
    if len(word) <= 3:
        return _IRREGULAR.get(word, word)
    if word in _IRREGULAR:
        return _end(_IRREGULAR[word])
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith(("sses", "xes", "ches", "shes", "zes")):
        word = word[:-2]
    elif word[-1] == "s" and not word.endswith(_KEEP_S):
        word = word[:-1]
    if word.endswith("ied") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("ed") and not word.endswith("eed"):
        word = _strip(word, "ed") or word
    elif word.endswith("ing"):
        word = _strip(word, "ing") or word
    return _end(word)


def _end(word: str) -> str:
    word = _undouble(word)
    if len(word) >= 5 and word[-1] == "e":
        word = word[:-1]
    return word
