"""The handoffs of one brand: which customers wait for a person, and which conversations have been answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streams.effects import Effects
from streams.feeds import Answer, Case, answer, concerns, needs_person
from streams.topics import HANDOFFS
from streams.windows.aggregate import Observation

OPEN_CASES = 1_000
"""Open handoffs a brand may have; the one that waits longest is let go when there are more."""

ANSWERS = 10_000
"""Conversations of a brand whose last answer is remembered."""


@dataclass(slots=True)
class Desk:
    """One brand's open cases. A conversation's messages may come in any order: times decide, not arrival."""

    brand: str
    cases: dict[str, Case] = field(default_factory=dict)
    """Conversation → the case that waits in it."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """Conversation → when somebody of the company wrote in it last."""

    def hear(self, seen: Observation, scored: dict[str, Any], effects: Effects) -> None:
        """Open, update or end the case of one scored record's conversation."""
        key = scored.get("conversation_id") or scored["id"]
        if not seen.customer:
            self._answered(key, seen.time_ms, effects)
            return
        found = concerns(scored)
        if not found:
            return
        answered = self.answers.get(key)
        case = self.cases.get(key)
        if case is None:
            case = self._open(key, seen.voice, scored["source"], effects)
            case.revision = answered.revision if answered is not None else 0
        effects.publish(HANDOFFS, key, needs_person(self.brand, case, found, scored, seen.quote))
        effects.keep(self.brand, "case", key, case)
        if answered is not None and answered.at_ms > case.quote["at"]:
            self._answered(key, answered.at_ms, effects)

    def _open(self, key: str, author: str, source: str, effects: Effects) -> Case:
        case = self.cases[key] = Case(key, author, source)
        if len(self.cases) > OPEN_CASES:
            others = (other for other in self.cases.values() if other is not case)
            oldest = min(others, key=lambda other: (other.waiting_ms, other.id)).id
            del self.cases[oldest]
            effects.keep(self.brand, "case", oldest, None)
            effects.counts["case_dropped"] += 1
        return case

    def _answered(self, key: str, at_ms: int, effects: Effects) -> None:
        """Somebody of the company wrote in this conversation: a case that waits in it is over."""
        known = self.answers.pop(key, None)
        answered = Answer(max(at_ms, known.at_ms), known.revision) if known is not None else Answer(at_ms)
        case = self.cases.get(key)
        if case is not None and case.quote["at"] <= answered.at_ms:
            del self.cases[key]
            effects.keep(self.brand, "case", key, None)
            effects.publish(HANDOFFS, key, answer(self.brand, case, answered.at_ms))
            answered.revision = case.revision
        self.answers[key] = answered
        effects.keep(self.brand, "answer", key, answered)
        if len(self.answers) > ANSWERS:
            oldest = min(self.answers, key=lambda other: (self.answers[other].at_ms, other))
            del self.answers[oldest]
            effects.keep(self.brand, "answer", oldest, None)

    def restore_case(self, key: str, state: Any) -> None:
        """Take in one stored case."""
        self.cases[key] = Case(*state)

    def restore_answer(self, key: str, state: Any) -> None:
        """Take in one stored answer."""
        self.answers[key] = Answer(*state)
