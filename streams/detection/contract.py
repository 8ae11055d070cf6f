"""What every detector is given and gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from schemas.metrics import Silence
from streams.detection.baseline import HOUR_MS, Baseline


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one moment: what was heard in the hour that ends there."""

    end_ms: int
    """End of the hour, in event time; a multiple of five minutes."""
    past_ms: int
    """Hours that were over by then are the past. It is the hour's begin, or an episode's onset while it goes on: what
    is unusual now must not become usual while it lasts."""
    free_ms: int
    """What was heard before this belongs to an episode that is over: it is no news."""
    voices: int
    """Distinct authors in the hour."""
    mentions: int
    top_voice_share: float
    """The loudest author's share of the mentions, 0 to 1."""

    @property
    def lasts(self) -> bool:
        """Whether an episode goes on, whose alert shows all numbers; of what is quiet nobody asks for them."""
        return self.past_ms < self.end_ms - HOUR_MS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a detector thinks of a sample, with its numbers."""

    reason: Silence
    """``fired``, or why it stays silent."""
    observed: int
    expected: float | None
    """Voices that the baseline expects in the same time; None without a baseline."""
    probability: float | None
    """How likely the baseline makes at least that many."""
    window_ms: int = 3_600_000
    """Length of what was judged: the hour, or a longer horizon that ends with it."""
    of: int | None = None
    """Voices among which the observed ones are counted; None where their number itself is judged."""

    @property
    def fired(self) -> bool:
        """Whether this is more than chance."""
        return self.reason == "fired"

    @property
    def ratio(self) -> float:
        """Observed over expected."""
        return round(self.observed / max(self.expected or 0.0, 0.1), 2)

    @property
    def hourly(self) -> int:
        """Observed voices an hour."""
        return self.observed * 3_600_000 // self.window_ms

    def published(self) -> dict[str, Any]:
        """As ``schemas.metrics.Decision`` in wire form."""
        return {
            "reason": self.reason,
            "observed": self.observed,
            "expected": self.expected,
            "probability": self.probability,
        }


@dataclass(frozen=True, slots=True)
class PartSample:
    """A part of a brand's voices at one moment, beside all of them: who names a pain point, who is unhappy."""

    end_ms: int
    """As in ``Sample``, and so are the next two."""
    past_ms: int
    free_ms: int
    voices: int
    """Distinct authors of the part in the hour."""
    of: int
    """All distinct authors in the hour."""
    of_expected: float | None
    """How many of these are usual; None without a baseline."""
    repeats: int
    """Records in the hour beyond the first of each author: the most that loud voices can have added."""

    @property
    def lasts(self) -> bool:
        """As in ``Sample``."""
        return self.past_ms < self.end_ms - HOUR_MS


class Detector(Protocol):
    """Judges one series from its past; pure, so that the same records give the same verdicts at any speed."""

    def judge(self, sample: Sample, past: Baseline) -> Verdict:
        """The verdict on the sample, from the hours that were over when its hour began."""
        ...

    def calm_below(self, verdict: Verdict) -> float:
        """Voices in an hour below which an alert on this series may come to its end (hysteresis)."""
        ...


class PartDetector(Protocol):
    """Judges the share of a brand's voices that say something, from the past of both; pure likewise."""

    def judge(self, sample: PartSample, part: Baseline, whole: Baseline) -> Verdict:
        """The verdict on the sample."""
        ...

    def is_calm(self, sample: PartSample, verdict: Verdict) -> bool:
        """Whether an alert on this part may come to its end (hysteresis)."""
        ...
