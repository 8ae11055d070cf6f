"""Alerts with a life: firing → updated → resolved, with the evidence that a person on call needs."""

from streams.alerting.episode import Episode, Judged, advance, fingerprint_of
from streams.alerting.evidence import Evidence

__all__ = ["Episode", "Evidence", "Judged", "advance", "fingerprint_of"]
