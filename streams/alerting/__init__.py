"""Alerts with a life: firing → updated → resolved, with the evidence that a person on call needs."""

from streams.alerting.episode import CALM_MS, Episode, Judged, advance, fingerprint_of
from streams.alerting.evidence import Evidence

__all__ = ["CALM_MS", "Episode", "Evidence", "Judged", "advance", "fingerprint_of"]
