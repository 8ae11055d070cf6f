"""``receipts``: what became of telling one change of an alert to one receiver."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.alerts import Alert
from schemas.base import Timestamp, Wire

ReceiverName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
"""Small letters, digits, ``-`` and ``_``: it is part of a key and a label."""

Outcome = Literal["pending", "retrying", "delivered", "superseded", "failed"]


class Receipt(Wire):
    """The newest state of one delivery. Key on the topic: fingerprint|revision|receiver.

    Moments are of the wall clock. Who reads it can't tell whether people have read the alert, only that the receiver
    took it.
    """

    fingerprint: str
    revision: int = Field(ge=1)
    receiver: ReceiverName
    outcome: Outcome = Field(
        description="pending: to be told; retrying: it was tried in vain and is tried again; delivered: the receiver "
        "took it; superseded: a newer state of the alert was told instead; failed: the receiver refused it, or it was "
        "given up."
    )
    attempts: int = Field(0, ge=0, description="Tries so far, by the worker that has it now.")
    accepted_at: Timestamp = Field(description="When it was to be told first.")
    updated_at: Timestamp
    why: str = Field("", max_length=200, description="What went wrong with the last try; never an address.")
    brand: str
    title: str = Field(max_length=1_000)
    severity: int = Field(ge=1, le=4)
    status: Literal["firing", "updated", "resolved"] = Field(description="Of the alert.")
    alert_at: Timestamp = Field(description="updated_at of the alert: tells episodes apart where revisions begin anew.")
    alert: Alert | None = Field(
        None, description="The alert, while it is still to be told, or told again and again until it is resolved."
    )

    @property
    def key(self) -> str:
        """The record's key."""
        return key_of(self.fingerprint, self.revision, self.receiver)


def key_of(fingerprint: str, revision: int, receiver: str) -> str:
    """Names one delivery."""
    return f"{fingerprint}|{revision}|{receiver}"
