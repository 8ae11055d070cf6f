"""Everything that Apprise reaches: Slack, Teams, Matrix, mail, phones and about a hundred more, by its URLs."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from importlib.util import find_spec
from typing import Any, Literal

from pydantic import Field

from schemas.alerts import Alert
from streams.messages import message
from streams.receivers.contract import Again, Config, Receiver

MISSING = "a receiver of type apprise needs the package apprise: pip install 'groundswell[apprise]'"


class AppriseConfig(Config):
    """``type = "apprise"``; the address is one of Apprise's URLs, such as ``slack://…`` or ``mailtos://…``."""

    type: Literal["apprise"]
    format: Literal["markdown", "text"] = Field(
        "markdown", description="What we write; Apprise turns it into what the service shows."
    )

    def make(self, dashboard: str | None) -> Receiver:
        """See ``Config``."""
        if find_spec("apprise") is None:
            raise ValueError(MISSING)
        import apprise

        # Its log would show addresses, which hold tokens.
        for library in ("apprise", "urllib3"):
            logging.getLogger(library).setLevel(logging.CRITICAL + 1)
        service = apprise.Apprise()
        if not service.add(self.address):
            raise ValueError("Apprise does not know such an address; its forms: https://appriseit.com/services/")
        return Chat(service, self.format, self.timeout, dashboard)


class Chat:
    """Tells each change as a message. See ``Receiver``."""

    again_every: timedelta | None = None

    def __init__(
        self, service: Any, written: Literal["markdown", "text"], timeout: timedelta, dashboard: str | None
    ) -> None:
        self._service = service
        self._format = written
        self._seconds = timeout.total_seconds()
        self._dashboard = dashboard

    async def deliver(self, alert: Alert) -> None:
        """See ``Receiver``."""
        told = message(alert, self._dashboard)
        kind = "success" if alert.status == "resolved" else "failure" if alert.severity <= 2 else "warning"
        kind = "info" if alert.kind == "delight" and alert.status != "resolved" else kind
        async with asyncio.timeout(self._seconds):
            taken = await self._service.async_notify(
                title=told.title,
                body=told.markdown if self._format == "markdown" else told.text,
                notify_type=kind,
                body_format=self._format,
            )
        if not taken:  # It does not tell why: neither whether it was refused nor whether nobody was there.
            raise Again("Apprise could not deliver it")

    async def close(self) -> None:
        """See ``Receiver``; Apprise holds nothing."""
