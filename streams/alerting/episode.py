"""One alert's life. Each change is a full record with a revision; what did not change is not told again."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, Protocol

from schemas.alerts import Kind, Reason
from schemas.base import SCHEMA_VERSION, stamp
from streams.alerting.evidence import Evidence, drivers
from streams.alerting.severity import severity_of
from streams.windows.aggregate import Aggregate
from streams.windows.bounds import Bounds
from streams.windows.cells import MINUTE_MS
from streams.windows.names import bound_values, bound_voices
from streams.windows.quotes import choose_quotes, newest

HOUR_MS = 60 * MINUTE_MS
REMINDERS_MS = (30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS)
"""A firing alert reminds on a widening schedule after its detection, then daily."""

CALM_MS = 60 * MINUTE_MS
"""So long a series must stay calm before its alert is resolved."""

RETURN_MS = 18 * HOUR_MS
"""What returns so soon after its end, and no worse, is the same episode: nobody is called a second time."""

QUOTES_KEPT = 24


@dataclass(slots=True)
class Episode:
    """The state of one fingerprint. Voices and sums run from the onset."""

    brand: str
    kind: Kind
    pain_point: str | None
    title: str
    fingerprint: str
    revision: int = 0
    status: Literal["quiet", "firing", "resolved"] = "quiet"
    severity: int = 4
    severity_why: str = ""
    starts_ms: int = 0
    detected_ms: int = 0
    repeats: int = 0
    calm_ms: int | None = None
    """Since when the series has been calm."""
    ends_ms: int = 0
    """When the last episode was over; 0 before the first."""
    before: int | None = None
    """Mean sentiment of the day before the onset, in thousandths."""
    total: Aggregate = field(default_factory=Aggregate)
    quotes: list[dict[str, Any]] = field(default_factory=list)
    returned_ms: int = 0
    """When it went on last, after it had seemed to be over."""
    channel: str | None = None
    """The channel of a silence."""
    feeling: str | None = None
    """The emotion of a mood."""
    signal: str | None = None
    """What the detector fired on, see ``schemas.alerts.Alert.signal``."""
    severity_ms: int = 0
    """When the severity was reached."""
    told_ms: int = 0
    """When it was told last."""
    step: int = 0
    """Where it is on the schedule of reminders; those that were missed are skipped."""

    @property
    def firing(self) -> bool:
        """Whether it is going on."""
        return self.status == "firing"

    def begin(self, onset_ms: int, now_ms: int) -> None:
        """A new episode on this fingerprint."""
        self.status, self.severity = "firing", 4
        self.starts_ms, self.detected_ms = onset_ms, now_ms
        self.repeats, self.step, self.calm_ms = 0, 0, None
        self.total, self.quotes, self.before = Aggregate(), [], None

    def compare(self, day: Aggregate) -> None:
        """Note how the mood was in the day before the onset, once all since then is taken in.

        Args:
            day: The 24 hours that end now.
        """
        before = day.mentions - self.total.mentions
        self.before = round((day.sentiment - self.total.sentiment) / before) if before > 0 else None

    def returns(self, now_ms: int, ratio: float, voices: int) -> bool:
        """Whether a surge with these numbers is the last episode again, or a new one.

        Args:
            ratio: Observed over expected.
            voices: In an hour.
        """
        if self.status != "resolved" or now_ms - self.ends_ms >= RETURN_MS:
            return False
        return severity_of(self.kind, ratio, voices)[0] >= self.severity

    def go_on(self, now_ms: int) -> None:
        """The last episode is not over."""
        self.status, self.calm_ms, self.returned_ms = "firing", None, now_ms

    def take_in(self, aggregate: Aggregate, quotes: list[dict[str, Any]], bounds: Bounds) -> None:
        """Count what one minute of the episode held; it may last for days, and keeps no more names than a day does."""
        self.total.add(aggregate)
        bound_voices(self.total.voices, bounds.voices)
        for values in self.total.segments.values():
            bound_values(values, bounds.values)
        self.quotes.extend(quotes)
        if len(self.quotes) > 2 * QUOTES_KEPT:
            self.quotes = newest(self.quotes, QUOTES_KEPT)

    def to_state(self) -> list[Any]:
        """As JSON values."""
        state = [getattr(self, name) for name in self.__slots__]
        state[self.__slots__.index("total")] = self.total.to_state()
        return state

    @classmethod
    def from_state(cls, state: list[Any]) -> Episode:
        """The episode that ``to_state`` stored."""
        episode = cls(*state)
        episode.total = Aggregate.from_state(episode.total)  # type: ignore[arg-type]
        return episode


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict's numbers, as an alert shows them."""

    calm: bool
    """Whether the series is so low that the alert may come to its end."""
    observed: int
    expected: float
    ratio: float
    window_ms: int
    probability: float | None
    resolves_when: str
    of: int | None = None
    """Voices among which the observed ones are counted."""
    ends_ms: int | None = None
    """When it was over, where that is certain at once."""
    expired: bool = False
    """Whether it is over only because it has become usual."""


def advance(episode: Episode, judged: Judged, evidence: Evidence, now_ms: int) -> dict[str, Any] | None:
    """Move a firing episode to ``now_ms``; gives the alert's new state where something changed, in wire form."""
    severity, why = severity_of(episode.kind, judged.ratio, judged.observed * HOUR_MS // judged.window_ms)
    reason: Reason | None = None
    ends_ms: int | None = None
    if episode.detected_ms == now_ms:
        reason = "first"
    elif episode.returned_ms == now_ms:
        reason = "returned"
    if judged.ends_ms is not None:
        reason, ends_ms = "expired" if judged.expired else "recovered", judged.ends_ms
        episode.status, episode.ends_ms = "resolved", ends_ms
    elif judged.calm:
        episode.calm_ms = now_ms if episode.calm_ms is None else episode.calm_ms
        if now_ms - episode.calm_ms >= CALM_MS:
            reason, ends_ms = "recovered", episode.calm_ms
            episode.status, episode.ends_ms = "resolved", ends_ms
    else:
        episode.calm_ms = None
        if reason is None and severity < episode.severity:
            reason = "severity_rose"
    # While it dies down nobody needs reminding: either it is over soon, or it rises again.
    if reason is None and episode.calm_ms is None and reminds(episode, now_ms):
        reason = "reminder"
        episode.repeats += 1
    if reason is None:
        return None
    while now_ms - episode.detected_ms >= reminder(episode.step):
        episode.step += 1
    if reason in ("first", "returned"):
        episode.signal = _signal(episode, judged)
    if reason == "first" or severity < episode.severity:
        episode.severity, episode.severity_why, episode.severity_ms = severity, why, now_ms
    episode.revision += 1
    episode.told_ms = now_ms
    return shown(episode, judged, evidence, now_ms, reason, ends_ms)


def shown(
    episode: Episode,
    judged: Judged,
    evidence: Evidence,
    now_ms: int,
    reason: Reason,
    ends_ms: int | None = None,
) -> dict[str, Any]:
    """The alert's whole state at this moment, in wire form.

    Args:
        reason: Why it is told.
        ends_ms: When it was over.
    """
    status = {"first": "firing", "recovered": "resolved", "expired": "resolved"}.get(reason, "updated")
    total = episode.total
    why = episode.severity_why
    if episode.severity_ms != now_ms:
        why = f"at its worst, {stamp(episode.severity_ms)[:16].replace('T', ' ')}Z: {why}"
    news = _news(episode.kind, judged)
    if ends_ms is not None:
        lasted = duration(ends_ms - episode.starts_ms)
        news = f"no longer expected after {lasted}" if judged.expired else f"back to normal after {lasted}"
    return {
        "schema_version": SCHEMA_VERSION,
        "fingerprint": episode.fingerprint,
        "revision": episode.revision,
        "status": status,
        "reason": reason,
        "brand": episode.brand,
        "kind": episode.kind,
        "pain_point": episode.pain_point,
        "channel": episode.channel,
        "feeling": episode.feeling,
        "title": f"{episode.title}: {news}",
        "severity": episode.severity,
        "severity_why": why,
        "starts_at": stamp(episode.starts_ms),
        "detected_at": stamp(episode.detected_ms),
        "updated_at": stamp(now_ms),
        "ends_at": None if ends_ms is None else stamp(ends_ms),
        "recovery_seconds": (ends_ms - episode.starts_ms) / 1000 if ends_ms is not None else None,
        "window_seconds": judged.window_ms // 1000,
        "observed": judged.observed,
        "observed_of": judged.of,
        "expected": judged.expected,
        "ratio": judged.ratio,
        "probability": judged.probability if judged.probability is not None else 1.0,
        "voices": len(total.voices),
        "mentions": total.mentions,
        "top_voice_share": total.top_voice_share,
        "copied": total.copied,
        "sentiment": total.mean_sentiment,
        "sentiment_before": None if episode.before is None else episode.before / 1000,
        "emotions": total.mean_emotions(),
        "drivers": drivers(evidence) if status != "resolved" else [],
        "pain_points": evidence.pain_points,
        "quotes": choose_quotes(episode.quotes),
        "repeats": episode.repeats,
        "resolves_when": judged.resolves_when,
        "signal": episode.signal,
    }


def fingerprint_of(brand: str, kind: str, pain_point: str | None) -> str:
    """The identity of an alert: 16 hex digits of its labels, the same for every episode on every machine."""
    labels = "\x1f".join((brand, kind, pain_point or ""))
    return blake2b(labels.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _signal(episode: Episode, judged: Judged) -> str:
    if episode.kind == "mood":
        return "unhappy" if episode.feeling is None else "emotion"
    if episode.kind in ("share", "silence"):
        return "share" if episode.kind == "share" else "gap"
    return "burst" if judged.window_ms <= HOUR_MS else "swell"


def _news(kind: Kind, judged: Judged) -> str:
    """What is unusual, in words."""
    lasted = duration(judged.window_ms)
    if kind == "silence":
        return f"nobody in {lasted}, {judged.expected:.1f} voices expected"
    if judged.of:
        share, usual = judged.observed / judged.of, judged.expected / judged.of
        return f"{share:.0%} of {judged.of} voices in {lasted}, usually {usual:.0%}"
    return f"{judged.observed} voices in {lasted}, {judged.expected:.1f} expected"


class Reminding(Protocol):
    """What reminds on a schedule."""

    detected_ms: int
    told_ms: int
    step: int


def reminds(it: Reminding, now_ms: int) -> bool:
    """Whether a reminder is due: by the schedule, and not right behind something else that was told."""
    due = now_ms - it.detected_ms >= reminder(it.step)
    return due and now_ms - it.told_ms >= REMINDERS_MS[0]


def reminder(step: int) -> int:
    """How long after its detection an alert reminds at this step of the schedule, in milliseconds."""
    if step < len(REMINDERS_MS):
        return REMINDERS_MS[step]
    return REMINDERS_MS[-1] * (step - len(REMINDERS_MS) + 2)


def duration(milliseconds: int) -> str:
    """A length of time in words: 2 h 5 min."""
    hours, minutes = divmod(max(milliseconds, 0) // MINUTE_MS, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes or not hours else ""]
    return " ".join(part for part in parts if part)
