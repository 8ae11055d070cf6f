"""One line of the worker's log a change: for everybody, whatever else is set."""

from __future__ import annotations

import logging

from schemas.alerts import Alert

log = logging.getLogger("groundswell.alerts")


class Log:
    """Can't be away, so it has neither a queue nor receipts."""

    name = "log"

    def tell(self, alert: Alert) -> None:
        """Write the line."""
        log.warning(
            "%s severity %d · %s · %s · %d voices, loudest %.0f %% · since %s · %s/%d",
            alert.status.upper(),
            alert.severity,
            alert.brand,
            alert.title,
            alert.voices,
            alert.top_voice_share * 100,
            alert.starts_at.strftime("%Y-%m-%d %H:%MZ"),
            alert.fingerprint,
            alert.revision,
        )
