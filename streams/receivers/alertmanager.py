"""Prometheus' Alertmanager, by its API v2: it groups, routes and silences further, as it does for everything else.

Alertmanager forgets an alert when its ``endsAt`` has passed, so a firing one is sent again and again, each time with
an end that lies ahead; when it is resolved, with its true end. Labels are what an alert *is*, and never change in its
life; what changes (severity, numbers, quotes) is in the annotations.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, StringConstraints, field_validator

from schemas.alerts import Alert
from schemas.base import rfc3339
from streams.messages import dashboard_link, message
from streams.receivers.contract import Config, Duration, Receiver
from streams.receivers.http import Poster

PATH = "/api/v2/alerts"
MISSED = 4
"""So many times in a row it may not be sent again before Alertmanager calls it resolved; Prometheus takes as many."""
NAMES = {"surge": "GroundswellSurge", "volume": "GroundswellVolume", "pain_point": "GroundswellPainPoint"}

LabelName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=100)]
LabelValue = Annotated[str, StringConstraints(min_length=1, max_length=200)]

IDENTITY = ("alertname", "brand", "kind", "pain_point", "fingerprint")


class AlertmanagerConfig(Config):
    """``type = "alertmanager"``."""

    type: Literal["alertmanager"]
    resend: Duration = Field(
        timedelta(minutes=2),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="How often a firing alert is sent again.",
    )
    labels: dict[LabelName, LabelValue] = Field(
        default_factory=dict, description="Labels that every alert gets here, such as a team, to be routed by."
    )

    @field_validator("url")
    @classmethod
    def _http(cls, url: Any) -> Any:
        if url is not None and not url.get_secret_value().strip().startswith(("http://", "https://")):
            raise ValueError("Alertmanager's address begins with http:// or https://")
        return url

    @field_validator("labels")
    @classmethod
    def _no_identity(cls, labels: dict[str, str]) -> dict[str, str]:
        if taken := sorted(labels.keys() & set(IDENTITY)):
            raise ValueError(f"{', '.join(taken)}: Groundswell sets it")
        return labels

    def make(self, dashboard: str | None) -> Receiver:
        """See ``Config``."""
        url = self.address.rstrip("/")
        url = url if url.endswith(PATH) else url + PATH
        return Alertmanager(Poster(url, self.timeout), self.resend, self.labels, dashboard)


class Alertmanager:
    """Sends each change, and what fires again and again. See ``Receiver``."""

    def __init__(
        self,
        poster: Poster,
        resend: timedelta,
        labels: dict[str, str],
        dashboard: str | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.again_every: timedelta | None = resend
        self._poster = poster
        self._lasts = resend * MISSED
        self._labels = labels
        self._dashboard = dashboard
        self._clock = clock

    async def deliver(self, alert: Alert) -> None:
        """See ``Receiver``."""
        body = orjson.dumps([self.alert(alert)])
        await self._poster.post(body, {"content-type": "application/json"})

    def alert(self, alert: Alert) -> dict[str, Any]:
        """The alert as a ``postableAlert`` of the API."""
        told = message(alert, self._dashboard)
        name = NAMES.get(alert.kind) or "Groundswell" + alert.kind.title().replace("_", "")
        identity = {"brand": alert.brand, "kind": alert.kind, "fingerprint": alert.fingerprint}
        # A label without a value is no label to Alertmanager; what is worst in an incident changes while it lasts.
        if alert.pain_point and alert.kind != "incident":
            identity["pain_point"] = alert.pain_point
        ends_at = alert.ends_at if alert.status == "resolved" else None
        it = {
            "labels": {"alertname": name, **identity, **self._labels},
            "annotations": {
                "summary": told.title,
                "description": told.text,
                "severity": str(alert.severity),
                "revision": str(alert.revision),
                "voices": str(alert.observed),
                "expected": f"{alert.expected:.1f}",
                "resolves_when": alert.resolves_when,
            },
            "startsAt": rfc3339(alert.starts_at),
            "endsAt": rfc3339(ends_at or self._clock() + self._lasts),
        }
        if self._dashboard:
            it["generatorURL"] = dashboard_link(alert, self._dashboard)
        return it

    async def close(self) -> None:
        """See ``Receiver``."""
        await self._poster.close()
