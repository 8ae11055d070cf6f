"""What every receiver owes, and what is set for each of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Protocol, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from schemas.alerts import Alert

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: Any) -> Any:
    """``90s``, ``2m``, ``24h``, ``7d``, beside ISO 8601."""
    if isinstance(value, str) and (parts := re.fullmatch(r"(\d{1,6})([smhd])", value.strip())):
        return timedelta(**{UNITS[parts[2]]: int(parts[1])})
    if isinstance(value, str):
        return value
    raise ValueError('write a duration as "30s", "2m", "24h" or "7d"')


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class RefusedError(Exception):
    """The receiver does not want this alert, now or ever; its text is safe to be shown."""


class Again(Exception):  # noqa: N818 - it is an answer, not a fault of ours.
    """The receiver can't take it now; its text is safe to be shown.

    Args:
        after: Seconds that the receiver asks for, where it does.
    """

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Receiver(Protocol):
    """Somewhere that alerts are told to."""

    again_every: timedelta | None
    """How often a firing alert is told again; None where once is enough."""

    async def deliver(self, alert: Alert) -> None:
        """Tell one change of an alert, or the same once more.

        Raises:
            RefusedError: It will never be taken.
            Exception: It did not arrive; it will be tried again. What it says is not shown, for it may hold a secret,
                unless it is ``Again``.
        """
        ...

    async def close(self) -> None:
        """Give back what it holds."""
        ...


class Config(BaseModel):
    """What is set for a receiver of any kind. The address is a secret: it may hold a token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr | None = Field(None, description="The address; better in url_file or url_env, for it is a secret.")
    timeout: Duration = Field(timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=5))
    give_up_after: Duration = Field(
        timedelta(hours=24),
        gt=timedelta(0),
        le=timedelta(days=30),
        description="How long a change that was not taken is tried again.",
    )

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.url is None or not self.url.get_secret_value().strip():
            raise ValueError("the address is missing: give one of url, url_env, url_file")
        return self

    @property
    def address(self) -> str:
        """The address itself; not to be shown."""
        assert self.url is not None
        return self.url.get_secret_value().strip()

    def make(self, dashboard: str | None) -> Receiver:
        """The receiver; it connects with its first delivery.

        Args:
            dashboard: Where Grafana is, for links.

        Raises:
            ValueError: It can't be used as it is set.
        """
        raise NotImplementedError
