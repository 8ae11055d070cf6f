"""Signals of effort, leaving, urgency, need and stage, measured on labelled examples (tests/data/signals*.txt)."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.raw import Review, Ticket
from streams.catalog import Catalogs
from streams.scoring import Pseudonyms, Scorer
from streams.scoring.scorer import Event

DATA = Path(__file__).parents[1] / "data"
FROM = 0.4
"""Strength from which effort, churn risk and urgency count as told; a field alone may tell less, see FIELDS_FROM."""
FIELDS_FROM = 0.2
SIGNALS = ("effort", "repeat", "churn", "urgency", "need")
FILES = {"signals.txt": (0.9, 0.9, 0.75), "signals.fresh.txt": (0.65, 0.3, 0.6)}
"""File → precision and recall of each signal, and share of stages, that are kept. What is measured: pytest -s."""


@dataclass
class Case:
    text: str
    signals: set[str]
    stage: str | None
    fields: dict[str, Any] = field(default_factory=dict)


def cases(name: str) -> list[Case]:
    found = []
    for line in (DATA / name).read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        signals, stage, text = line.split(" | ", 2)
        fields: dict[str, Any] = {}
        if match := re.search(r" \{(\w+)=(\w+)\}$", text):
            text = text[: match.start()]
            fields = {match[1]: float(match[2]) if match[2].isdigit() else match[2]}
        found.append(Case(text, set(signals.split()) - {"-"}, None if stage == "-" else stage, fields))
    return found


def event(at: int, case: Case) -> Event:
    kind = Ticket if case.fields.keys() & {"priority", "status", "csat"} else Review
    given = {"id": str(at), "brand": "Example", "author": "a", "created_at": datetime(2026, 2, 9, tzinfo=UTC)}
    read = kind.model_validate({**given, **case.fields, "text": case.text, "language": "en"})
    source: Any = "tickets" if kind is Ticket else "reviews"
    return source, read, {"topic": "t", "partition": 0, "offset": at}


def told(record: dict[str, Any], case: Case) -> set[str]:
    signals = record["signals"]
    least = FIELDS_FROM if case.fields else FROM
    names = {"effort": "effort", "churn_risk": "churn", "urgency": "urgency"}
    found = {short for name, short in names.items() if signals[name] >= least}
    found |= {"repeat"} if signals.get("repeat_contact") else set()
    return found | ({"need"} if signals.get("need") else set())


Heard = list[tuple[Case, dict[str, Any]]]


@pytest.fixture(scope="module")
def heard() -> dict[str, Heard]:
    scorer = Scorer(Catalogs.load(["generic"]), Pseudonyms(b"k"))
    read = {name: cases(name) for name in FILES}
    return {
        name: list(zip(mine, scorer.score([event(at, case) for at, case in enumerate(mine)]), strict=True))
        for name, mine in read.items()
    }


@pytest.mark.parametrize("file", FILES)
def test_each_signal_is_heard_where_it_is_told(file: str, heard: dict[str, Heard]) -> None:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    wrong = []
    for case, record in heard[file]:
        found = told(record, case)
        for name in SIGNALS:
            counts[name][0] += name in case.signals & found
            counts[name][1] += name in found
            counts[name][2] += name in case.signals
        if found != case.signals:
            missed, false = sorted(case.signals - found), sorted(found - case.signals)
            wrong.append(f"missed {missed} false {false}: {case.text} {record['signals']}")
    lines = [
        f"{name:8} precision {right / max(said, 1):.2f} recall {right / true:.2f} ({true} examples)"
        for name, (right, said, true) in counts.items()
    ]
    print("\n".join(lines))
    for right, said, true in counts.values():
        least_precision, least_recall, _ = FILES[file]
        assert right >= least_precision * said and right >= least_recall * true, "\n".join([*lines, *wrong])


@pytest.mark.parametrize("file", FILES)
def test_the_stage_of_the_journey(file: str, heard: dict[str, Heard]) -> None:
    wrong = [
        f"{record.get('journey_stage')} for {case.stage}: {case.text}"
        for case, record in heard[file]
        if record.get("journey_stage") != case.stage
    ]
    right = 1 - len(wrong) / len(heard[file])
    print(f"stages: {right:.2f} of {len(heard[file])} right")
    assert right >= FILES[file][2], "\n".join([f"{right:.2f}", *wrong])


def test_every_signal_shows_its_words(heard: dict[str, Heard]) -> None:
    for case, record in [pair for mine in heard.values() for pair in mine]:
        signals = record["signals"]
        for name in ("effort", "churn_risk", "urgency", "repeat_contact"):
            if signals.get(name):
                words = signals["words"][name]
                text = case.text.lower()
                assert words and all(word in text or word.split()[0] in case.fields for word in words), (case, words)
