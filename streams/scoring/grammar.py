"""Englishes whose grammar gives a common word another meaning: it is read as what it means there.

Fairness by construction, as in `streams.scoring.alike`, where it hangs on a word's neighbours:

- the habitual "be" of African American English, "She be so kind": *always*; its "done" before a past form, "The app
  done crashed": *has* (Green, "African American English", 2002, chapters 2 and 3);
- "mad" and "well" before a word that has degrees, "the line is mad long", "the room is well small": *very* (Green 2002;
  Stenström, "It's enough funny, man", 2000, on London's teenagers);
- the "doubt" that one has in Indian English, "I am having a doubt": *question* (Nihalani et al., "Indian and British
  English", 2004).

Where the standard's reading is possible as well, the word stays: "let it be", "once you are done, related items …".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.scoring.chunks import Frame

(_OTHER, _EDGE, _SUBJECT, _OWNER, _HAVE, _IS, _ONE, _GRADED, _PAST, _OPENER, _BE, _DONE, _DOUBT, _MAD, _WELL) = range(
    15
)
"""What an atom may be here; from ``_BE`` on, a word that may be read otherwise."""
READ_AS: Final = {
    "be": (_BE, "always"),
    "done": (_DONE, "has"),
    "doubt": (_DOUBT, "question"),
    "mad": (_MAD, "very"),
    "well": (_WELL, "very"),
}
"""Word → its kind, and the word that it may be read as."""
_KINDS = {
    _SUBJECT: "i he she it they we you yall youse yinz dey",
    _OWNER: "the my your our his her their this that these those yalls",
    _HAVE: "have has had having ive",
    _IS: "is are was were be been being am im its hes shes theyre youre were thats ais looks look feels felt",
    _ONE: "a one",
    _GRADED: "long slow late small big large tiny huge cheap expensive dear pricey dirty clean cold hot warm loud noisy"
    " quiet busy rude nice kind good bad great funny fast quick easy hard difficult heavy light thin thick old weird"
    " strange annoying annoyed boring awkward confusing disappointing disappointed impressed impressive happy pleased"
    " chuffed excited helpful friendly polite grumpy dodgy tasty salty sweet bland fresh soft rough sharp smart stupid"
    " short high low close far early poor pretty ugly cool sick tight comfy uncomfortable overpriced crowded cramped"
    " smelly stale sketchy shady reliable unreliable useful useless",
    _PAST: "been gone went broke broken lost sent took taken paid left came come got gotten made gave given kept told"
    " said saw seen sold bought thrown threw fell fallen did tore torn wore worn ate eaten hid spoke spoken hung froze"
    " frozen quit cut put shut hit",
    _OPENER: "and but cause cuz coz cos because when how so then now man bro yo lol ok okay yeah yes honestly still",
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_KIND_OF |= {word: kind for word, (kind, _) in READ_AS.items()}
_LEAST_PAST = 5
"""Letters of a past form by its ending: "need" is none, "asked" is one."""
_OPENS = (_EDGE, _OPENER)


def kind_of(norm: str, *, ends: bool) -> int:
    """What an atom may be, by its norm and by whether it ends a clause."""
    if ends:
        return _EDGE
    kind = _KIND_OF.get(norm, _OTHER)
    return _PAST if kind == _OTHER and norm.endswith("ed") and len(norm) >= _LEAST_PAST else kind


def level(frame: Frame, kind_of_atom: NDArray[np.int8], instead: Mapping[int, int]) -> None:
    """Puts other atoms in a frame's place where a word means another one than it does by itself.

    Args:
        frame: Its atoms are changed.
        kind_of_atom: Of each atom, its kind.
        instead: Kind → the atom that stands for what it may be read as.
    """
    kinds, text_of = kind_of_atom[frame.atoms], frame.text_of

    def near(place: int, text: int) -> int:
        return int(kinds[place]) if 0 <= place < len(kinds) and text_of[place] == text else _EDGE

    for place in np.flatnonzero(kinds >= _BE).tolist():
        text, kind = text_of[place], int(kinds[place])
        two, before, after = (near(other, text) for other in (place - 2, place - 1, place + 1))
        subject = before == _SUBJECT and two in _OPENS
        if (
            (kind == _BE and subject and after != _EDGE)
            or (kind == _DONE and after == _PAST and (subject or (two == _OWNER and before == _OTHER)))
            or (kind == _DOUBT and before == _ONE and two == _HAVE)
            or (kind == _MAD and after == _GRADED)
            or (kind == _WELL and after == _GRADED and before == _IS)
        ):
            frame.atoms[place] = instead[kind]
