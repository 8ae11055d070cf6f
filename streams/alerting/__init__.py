"""Alerts with a life: firing → updated → resolved, with the evidence that a person on call needs."""

from streams.alerting.episode import CALM_MS, Episode, Judged, advance, fingerprint_of
from streams.alerting.evidence import Evidence
from streams.alerting.severity import severity_of

__all__ = ["CALM_MS", "Episode", "Evidence", "Judged", "advance", "fingerprint_of", "severity_of"]
