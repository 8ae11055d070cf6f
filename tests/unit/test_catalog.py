"""Packs, merging, and the language of phrases."""

from __future__ import annotations

import numpy as np
import pytest

from streams.catalog import Catalog, CatalogError, Catalogs, load_pack, pack_names
from streams.catalog.catalog import Pack
from streams.catalog.index import NO_FIT, PhraseIndex
from streams.catalog.phrases import PhraseError, parse
from streams.catalog.stems import stem

WORDS = {"parcel": "order parcel box", "not": "not never hasnt"}
ENTRY = """
[{id}]
{more}
title = "T"
kind = "pain_point"
journey_stage = "use"
owner = "O"
says = [{says}]
matches = ["m"]
ignores = ["i"]
"""


def pack(name: str, id_: str = "late", says: str = '"late"', more: str = "") -> Pack:
    return Pack(name, ENTRY.format(id=id_, says=says, more=more))


def find(phrases: list[str], text: str) -> list[tuple[int, tuple[int, ...]]]:
    index = PhraseIndex([parse(phrase, WORDS) for phrase in phrases])
    fits = np.array([index.fit(word, stem(word)) for word in text.split()])
    places = np.flatnonzero(fits != NO_FIT)
    hits = index.find(fits[places], places)
    return [
        (number, tuple(places[found[: index.lengths[number]]].tolist()))
        for number, found in zip(hits.phrases.tolist(), hits.places, strict=True)
    ]


@pytest.mark.parametrize(("between", "found"), [(10, True), (100, False)])
def test_what_stands_at_one_position_is_passed_over_within_bounds(between: int, found: bool) -> None:
    """Words that pass for nothing stand where the one before does; looking through all of them would be quadratic."""
    index = PhraseIndex([parse(phrase, WORDS) for phrase in ("late refund", "quit*")])
    fits = np.array([index.fit(word, stem(word)) for word in ["late", *["quite"] * between, "refund"]])
    positions = np.array([1] * (between + 1) + [2])
    assert (0 in index.find(fits, positions).phrases.tolist()) == found


def test_every_pack_is_there_and_loads() -> None:
    assert pack_names() == ["airline", "generic", "mobile-app", "subscription-shop"]
    for name in pack_names():
        assert len(Catalog([load_pack(name)])) > 5


def test_the_airline_reasons_have_their_ids() -> None:
    reasons = [
        "Customer Service Issue", "Late Flight", "Can't Tell", "Cancelled Flight", "Lost Luggage", "Bad Flight",
        "Flight Booking Problems", "Flight Attendant Complaints", "longlines", "Damaged Luggage",
    ]  # fmt: skip
    ids = {reason.lower().replace("'", "").replace(" ", "_") for reason in reasons}
    catalog = Catalogs.load(["airline"], {}).for_brand("any")
    assert {entry.id for entry in catalog if entry.kind == "pain_point"} == ids


def test_an_unknown_pack_is_refused_with_the_list() -> None:
    with pytest.raises(CatalogError, match=r"'airlines'.*airline, generic, mobile-app, subscription-shop"):
        Catalogs.load(["airlines"], {})
    with pytest.raises(CatalogError, match="at least one pack"):
        Catalogs.load(["generic"], {"Brand": []})


def test_brands_may_have_their_own_packs() -> None:
    catalogs = Catalogs.load(["generic"], {"US Airways": ["generic", "airline"]})
    assert catalogs.for_brand("us airways").entry("late_flight").title == "Flights are late"
    with pytest.raises(KeyError, match="late_delivery"):
        catalogs.for_brand("Bean").entry("late_flight")


def test_a_later_pack_replaces_or_extends() -> None:
    first, second = pack("a", says='"late"'), pack("b", says='"slow"')
    assert len(Catalog([first, second]).phrases("late")["says"]) == 1
    extending = pack("b", says='"slow"', more="extends = true")
    both = Catalog([first, extending])
    assert [sorted(element.stems) for [element] in both.phrases("late")["says"]] == [["late"], ["slow"]]
    assert both.entry("late").pack == "b"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[late", "no valid TOML"),
        ("[late]\ntitle = 'x'", "'late'"),
        (ENTRY.format(id="late", says='"the late"', more=""), "see through"),
        (ENTRY.format(id="late", says='"{parcels} late"', more=""), "there are: "),
        (ENTRY.format(id="late", says='"late ~"', more=""), "begin and end"),
        (ENTRY.format(id="Late", says='"late"', more=""), "'Late'"),
        (ENTRY.format(id="late", says='"late"', more="colour = 1"), "colour"),
    ],
)
def test_a_broken_pack_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(CatalogError, match=problem):
        Pack("mine", text)


@pytest.mark.parametrize(
    ("phrase", "text", "places"),
    [
        ("late", "it is late", (2,)),
        ("delay", "two delays", (1,)),
        ("delay", "was delayed", (1,)),
        ("=late", "lately", None),
        ("overcharg*", "they overcharged", (1,)),
        ("{parcel} ~ {not} ~ arrive", "order from you has never quite arrived", (0, 4, 6)),
        ("{parcel} ~ arrive", "order a b c d arrived", None),
        ("{parcel} ~~ arrive", "order a b c d arrived", (0, 5)),
        ("on hold", "put on hold", (1, 2)),
        ("on hold", "hold on", None),
        ("hung|hang up", "they hung up", (1, 2)),
        ("{parcel}|tin late", "tin late", (0, 1)),
    ],
)
def test_phrases_find_what_they_say(phrase: str, text: str, places: tuple[int, ...] | None) -> None:
    assert find([phrase], text) == ([] if places is None else [(0, places)])


def test_phrases_are_told_apart() -> None:
    assert sorted(find(["late", "{parcel} late", "early"], "parcel late")) == [(0, (1,)), (1, (0, 1))]


def test_a_phrase_needs_words() -> None:
    for phrase in ("", "~", "~ late", "= late", "a|"):
        with pytest.raises(PhraseError):
            parse(phrase, WORDS)


@pytest.mark.parametrize(
    "family",
    ["cancel cancels cancelled canceled cancelling", "delay delays delayed delaying", "ship ships shipped shipping",
     "crash crashes crashed crashing", "try tries tried trying", "hate hates hated hating",
     "break broke broken breaking breaks",
     "refund refunds refunded", "arrive arrives arrived arriving", "charge charged charges charging",
     "miss missed misses missing",
     "reply replies replied replying", "freeze frozen froze freezes", "box boxes", "hope hoped hoping",
     "stop stopped stopping"],
)  # fmt: skip
def test_a_family_of_words_has_one_stem(family: str) -> None:
    assert len({stem(word) for word in family.split()}) == 1


def test_different_words_keep_different_stems() -> None:
    words = "late later hat hate plan bill ill order card care car bus need new lost less was this".split()  # noqa: SIM905
    assert len({stem(word) for word in words}) == len(words)
