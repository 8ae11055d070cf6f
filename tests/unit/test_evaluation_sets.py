"""The project's own evaluation sets are of the size and shape that is said of them."""

from __future__ import annotations

from collections import Counter

from groundswell.evaluation.own import KINDS, challenge, fairness, implicit
from streams.catalog import Catalogs

LABELS = {"negative", "neutral", "positive"}


def test_challenge_has_every_kind_and_no_text_twice() -> None:
    cases = challenge()
    counts = Counter(case.kind for case in cases)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 35
    assert len(cases) >= 420
    assert len({case.id for case in cases}) == len(cases)
    texts = [case.text.lower() for case in (*cases, *implicit())]
    assert len(set(texts)) == len(texts)


def test_challenge_expects_what_can_be_told() -> None:
    catalog = Catalogs.load(["generic"], {}).for_brand("any")
    kinds = {entry.id: entry.kind for entry in catalog}
    for case in challenge():
        assert case.labels <= LABELS, case.id
        assert case.labels, case.id
        assert (case.weaker is not None) == (case.kind == "intensity"), case.id
        for wanted, kind in ((case.pain_points, "pain_point"), (case.delights, "delight")):
            assert {kinds[name] for names in wanted or () for name in names} <= {kind}, case.id
        if case.kind == "false_pain_points":
            assert case.pain_points == (), case.id
        if case.kind == "mixed_aspects":
            assert case.pain_points or case.delights, case.id


def test_every_kind_has_lookalikes_of_another_label() -> None:
    """Or whoever always says negative would be right."""
    for kind in KINDS:
        labels = Counter(label for case in challenge() if case.kind == kind for label in case.labels)
        assert len(labels) >= 2, kind
    counts = Counter(case.kind for case in implicit())
    assert sum(counts.values()) >= 160
    assert set(counts) == LABELS
    assert min(counts.values()) >= 25


def test_fairness_pairs_differ_and_are_enough() -> None:
    pairs = fairness()
    assert len(pairs) >= 300
    assert min(Counter(pair.group for pair in pairs).values()) >= 25
    for pair in pairs:
        assert pair.texts[0] != pair.texts[1], pair
        assert "{" not in "".join(pair.texts), pair
