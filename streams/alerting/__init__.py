"""Alerts with a life: firing → updated → resolved, with the evidence that a person on call needs."""

from streams.alerting.episode import CALM_MS, Episode, Judged, advance, fingerprint_of, shown
from streams.alerting.evidence import Counts, Evidence
from streams.alerting.incident import GROUPS, Incident, incident_of
from streams.alerting.severity import severity_of

__all__ = [
    "CALM_MS",
    "GROUPS",
    "Counts",
    "Episode",
    "Evidence",
    "Incident",
    "Judged",
    "advance",
    "fingerprint_of",
    "incident_of",
    "severity_of",
    "shown",
]
