"""The handoffs of one brand: which customers wait for a person, and which conversations have been answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streams.effects import Effects
from streams.feeds import Answer, Case, answer, concerns, needs_person
from streams.topics import HANDOFFS
from streams.windows.ages import Ages
from streams.windows.observation import Observation

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
    _waiting: Ages[Case] = field(init=False)
    _answered_at: Ages[Answer] = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = Ages(self.cases, lambda case: case.waiting_ms)
        self._answered_at = Ages(self.answers, lambda answered: answered.at_ms)

    def hear(self, seen: Observation, effects: Effects) -> None:
        """Open, update or end the case of one scored record's conversation."""
        if not seen.customer:
            self._answered(_conversation(seen), seen.time_ms, effects)
            return
        found = concerns(seen.said)
        if not found:
            return
        key = _conversation(seen)
        answered = self.answers.get(key)
        case = self.cases.get(key)
        if case is None:
            case = self._open(key, seen.said.author, seen.said.source, effects)
            case.revision = answered.revision if answered is not None else 0
        effects.publish(HANDOFFS, key, needs_person(self.brand, case, found, seen))
        effects.keep(self.brand, "case", key, case)
        self._waiting.note(key)
        if answered is not None and answered.at_ms > case.quote["at"]:
            self._answered(key, answered.at_ms, effects)

    def _open(self, key: str, author: str, source: str, effects: Effects) -> Case:
        if len(self.cases) >= OPEN_CASES:
            oldest = self._waiting.oldest()
            assert oldest is not None, "every case was noted"
            del self.cases[oldest]
            effects.keep(self.brand, "case", oldest, None)
            effects.counts["case_dropped"] += 1
        case = self.cases[key] = Case(key, author, source)
        return case

    def _answered(self, key: str, at_ms: int, effects: Effects) -> None:
        """Somebody of the company wrote in this conversation: a case that waits in it is over."""
        known = self.answers.get(key)
        answered = Answer(max(at_ms, known.at_ms), known.revision) if known is not None else Answer(at_ms)
        case = self.cases.get(key)
        if case is not None and case.quote["at"] <= answered.at_ms:
            del self.cases[key]
            effects.keep(self.brand, "case", key, None)
            effects.publish(HANDOFFS, key, answer(self.brand, case, answered.at_ms))
            answered.revision = case.revision
        self.answers[key] = answered
        effects.keep(self.brand, "answer", key, answered)
        self._answered_at.note(key)
        if len(self.answers) > ANSWERS:
            oldest = self._answered_at.oldest()
            assert oldest is not None, "every answer was noted"
            del self.answers[oldest]
            effects.keep(self.brand, "answer", oldest, None)

    def restore_case(self, key: str, state: Any) -> None:
        """Take in one stored case."""
        self.cases[key] = Case(*state)
        self._waiting.note(key)

    def restore_answer(self, key: str, state: Any) -> None:
        """Take in one stored answer."""
        self.answers[key] = Answer(*state)
        self._answered_at.note(key)


def _conversation(seen: Observation) -> str:
    return seen.said.conversation_id or seen.said.id
