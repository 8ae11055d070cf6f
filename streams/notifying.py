"""Tells alerts to people: a log line for everyone, and each sink that is configured."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import aiohttp

from schemas.alerts import Alert
from streams.settings import Settings

log = logging.getLogger("groundswell.alerts")

TRIES = 3
TIMEOUT_SECONDS = 3.0
BACKOFF_SECONDS = 0.5


class Sink(Protocol):
    """Somewhere that alerts are told to."""

    name: str

    async def deliver(self, alert: Alert) -> None:
        """Tell one change of an alert.

        Raises:
            Exception: It did not arrive; it will be tried again.
        """
        ...

    async def close(self) -> None:
        """Give back what it holds."""
        ...


class Log:
    """One line a change."""

    name = "log"

    async def deliver(self, alert: Alert) -> None:
        """See ``Sink``."""
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

    async def close(self) -> None:
        """See ``Sink``."""


class Webhook:
    """Posts each change as JSON; the idempotency key is fingerprint:revision, so a repeat can be told."""

    name = "webhook"

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, alert: Alert) -> None:
        """See ``Sink``."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        headers = {"content-type": "application/json", "idempotency-key": f"{alert.fingerprint}:{alert.revision}"}
        async with self._session.post(self._url, data=alert.model_dump_json(), headers=headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"the receiver answered {answer.status}")

    async def close(self) -> None:
        """See ``Sink``."""
        if self._session is not None:
            await self._session.close()


SINKS: dict[str, Callable[[Settings], Sink | None]] = {
    "log": lambda settings: Log(),
    "webhook": lambda settings: Webhook(settings.webhook_url.get_secret_value()) if settings.webhook_url else None,
}
"""To add a sink: its class, and its line here, which gives None where it isn't configured."""


def sinks(settings: Settings) -> list[Sink]:
    """The sinks that the settings ask for."""
    return [sink for make in SINKS.values() if (sink := make(settings)) is not None]


async def tell(receivers: Sequence[Sink], alert: Alert) -> list[tuple[str, bool]]:
    """Tell an alert to every sink at once; gives (sink, arrived). A dead receiver costs seconds, never the others."""
    return list(await asyncio.gather(*(_tell(sink, alert) for sink in receivers)))


async def _tell(sink: Sink, alert: Alert) -> tuple[str, bool]:
    for attempt in range(1, TRIES + 1):
        try:
            await sink.deliver(alert)
        except Exception as error:
            # The address may hold a token: the kind of error is told, its text is not.
            log.warning(
                "%s did not take alert %s/%d (%s), try %d of %d",
                sink.name, alert.fingerprint, alert.revision, type(error).__name__, attempt, TRIES,
            )  # fmt: skip
            if attempt < TRIES:
                await asyncio.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))
        else:
            return sink.name, True
    log.error("Alert %s/%d did not reach %s; it stays on the topic.", alert.fingerprint, alert.revision, sink.name)
    return sink.name, False
