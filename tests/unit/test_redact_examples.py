"""The redaction over hand-written examples, kind by kind: floors, so that no rule loses another's ground."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundswell.evaluation.redaction import Score, evaluate, examples

DATA = Path(__file__).parents[1] / "data"
KINDS = {"address", "card", "code", "dob", "email", "handle", "iban", "id", "ip", "name", "phone", "query"}


def scores(name: str, **how: object) -> dict[str, Score]:
    return evaluate(examples((DATA / name).read_text(encoding="utf-8").splitlines()), **how)  # type: ignore[arg-type]


def test_every_kind_is_found_and_nothing_else() -> None:
    some = list(examples((DATA / "redaction.txt").read_text(encoding="utf-8").splitlines()))
    assert len(some) >= 320 and sum(not example.spans for example in some) >= 120
    found = evaluate(some)
    assert found.keys() == KINDS | {"all"}
    for kind, score in found.items():
        assert score.recall >= 0.97, (kind, score.missed)
        assert score.precision >= 0.97, (kind, score.wrong)


def test_what_was_not_written_for_the_rules_goes_too() -> None:
    found = scores("redaction-fresh.txt")["all"]
    assert found.recall >= 0.85, found.missed
    assert found.precision >= 0.97, found.wrong


def test_the_measure_sees_what_is_left_and_what_is_too_much() -> None:
    nothing = scores("redaction.txt", redacting=lambda text: text)
    assert nothing["all"].recall == 0.0 and nothing["all"].precision == 1.0
    everything = scores("redaction.txt", redacting=lambda text: "[name]")
    assert everything["all"].recall == 1.0 and everything["all"].precision < 0.2


def test_a_half_replaced_span_is_a_miss() -> None:
    some = list(examples(["call ⟦phone:0171 555 0123⟧ now"]))
    assert evaluate(some, lambda text: text.replace("0171 555", "[phone]"))["phone"].recall == 0.0
    over = evaluate(some, lambda text: text.replace("0171 555 0123 now", "[phone]"))["phone"]
    assert (over.recall, over.precision) == (1.0, 0.0)


def test_what_is_no_placeholder_is_found_out() -> None:
    with pytest.raises(ValueError, match="placeholders"):
        evaluate(examples(["call me"]), lambda text: "call you")
