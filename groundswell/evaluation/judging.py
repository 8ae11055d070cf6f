"""Is what was heard what should have been heard? One case, one reading."""

from __future__ import annotations

from groundswell.evaluation.own import Case, Wanted
from groundswell.evaluation.readers import Reading

ASPECTS = ("false_pain_points", "questions", "mixed_aspects")
"""Kinds in which more than a label is expected; who names no pain points is judged by the label alone."""


def faults(case: Case, reading: Reading, weaker: Reading | None = None) -> list[str]:
    """What is wrong with a reading, in words; nothing where everything that is expected holds."""
    wrong = []
    if reading.label not in case.labels:
        wrong.append(f"{reading.label} instead of {' or '.join(sorted(case.labels))}")
    if weaker is not None and reading.strength <= weaker.strength:
        wrong.append(f"not stronger ({reading.strength:.3f}) than what is weaker ({weaker.strength:.3f})")
    for name, wanted, told in (
        ("pain point", case.pain_points, reading.pain_points),
        ("delight", case.delights, reading.delights),
    ):
        if wanted is not None and told is not None:
            wrong += _missing(name, wanted, told)
    return wrong


def _missing(name: str, wanted: Wanted, told: tuple[str, ...]) -> list[str]:
    if not wanted:
        return [f"{name} {', '.join(told)} where there is none"] if told else []
    return [f"no {name} {' or '.join(sorted(ids))}" for ids in wanted if ids.isdisjoint(told)]
