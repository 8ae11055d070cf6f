"""Posting JSON, and what an answer means for trying again."""

from __future__ import annotations

import math
from datetime import timedelta

import aiohttp

from streams.receivers.contract import Again, RefusedError

TRANSIENT = {408, 425, 429}
"""Answers of the 400s that speak of now and not of the alert (RFC 9110, 8470, 6585)."""
LONGEST_WISH = 300.0
"""Seconds that a receiver may ask for with ``Retry-After``."""


class Poster:
    """One address, one connection at a time."""

    def __init__(self, url: str, timeout: timedelta) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes, headers: dict[str, str]) -> None:
        """Post; returns when the receiver has said that it took it.

        Raises:
            RefusedError: The answer says that it is of no use to try again.
            Again: It says that it may be.
            aiohttp.ClientError, TimeoutError: There was no answer.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        # A redirect would carry the alert, and a signature, to somewhere that nobody has set.
        async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
            status = answer.status
            if 200 <= status < 300:
                return
            if status >= 500 or status in TRANSIENT:
                raise Again(f"the receiver answered {status}", _wish(answer.headers.get("retry-after")))
            raise RefusedError(f"the receiver answered {status}")

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()


def _wish(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:
        return None  # Its other form is a date, which a clock of ours would have to be compared with.
    return min(seconds, LONGEST_WISH) if math.isfinite(seconds) and seconds >= 0 else None
