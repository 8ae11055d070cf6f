"""A webhook: each change as it stands on the topic, signed so that the receiver knows who sent it and when."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from schemas.alerts import Alert
from streams.receivers.contract import Config, Receiver
from streams.receivers.http import Poster

TIMESTAMP = "groundswell-timestamp"
"""Header: when it was sent, in seconds since 1970. It is signed too, so a request can't be played again later."""
SIGNATURE = "groundswell-signature"
"""Header: ``v1=`` and the HMAC-SHA256 of timestamp, full stop and body under the secret, in hex."""
IDEMPOTENCY = "idempotency-key"
"""Header: fingerprint:revision; a change that comes twice has the same."""
SECRET_BYTES = 16


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """The value of the header ``groundswell-signature``."""
    return "v1=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class WebhookConfig(Config):
    """``type = "webhook"``."""

    type: Literal["webhook"]
    secret: Annotated[
        SecretStr | None,
        Field(description="Signs each request; 16 characters at least. Better in secret_file or secret_env."),
    ] = None

    @field_validator("url")
    @classmethod
    def _http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().strip().startswith(("http://", "https://")):
            raise ValueError("a webhook's address begins with http:// or https://")
        return url

    @field_validator("secret")
    @classmethod
    def _long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} characters at least: openssl rand -hex 32 makes one")
        return secret

    def make(self, dashboard: str | None) -> Receiver:
        """See ``Config``."""
        secret = self.secret.get_secret_value().encode() if self.secret else None
        return Webhook(Poster(self.address, self.timeout), secret)


class Webhook:
    """Posts each change as JSON. See ``Receiver``."""

    again_every: timedelta | None = None

    def __init__(self, poster: Poster, secret: bytes | None, clock: Callable[[], float] = time.time) -> None:
        self._poster = poster
        self._secret = secret
        self._clock = clock

    async def deliver(self, alert: Alert) -> None:
        """See ``Receiver``."""
        body = alert.model_dump_json().encode()
        headers = {"content-type": "application/json", IDEMPOTENCY: f"{alert.fingerprint}:{alert.revision}"}
        if self._secret is not None:
            timestamp = str(int(self._clock()))
            headers |= {TIMESTAMP: timestamp, SIGNATURE: signature(self._secret, timestamp, body)}
        await self._poster.post(body, headers)

    async def close(self) -> None:
        """See ``Receiver``."""
        await self._poster.close()
