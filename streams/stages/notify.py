"""The last stage: changes of alerts reach people, unless somebody has silenced or acknowledged them."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from schemas.alerts import Alert
from streams.delivery import Delivery
from streams.outbox import partition_of
from streams.receivers import Log
from streams.settings import Settings
from streams.silence_log import SilenceLog
from streams.silencing import Decision
from streams.stages.arrived import Arrived
from streams.telemetry import Telemetry

if TYPE_CHECKING:
    from streams.tracing import Tracing

log = logging.getLogger(__name__)


class NotifyStage:
    """alerts → people, but for what is silenced or acknowledged."""

    def __init__(
        self,
        settings: Settings,
        delivery: Delivery,
        silences: SilenceLog,
        telemetry: Telemetry,
        tracing: Tracing | None = None,
    ) -> None:
        self._tracing = tracing
        self._log = Log()
        self._delivery = delivery
        self._silences = silences
        self._telemetry = telemetry
        self._partitions = settings.partitions
        self._each_alert = settings.notify == "alerts"
        self._owned: set[int] = set()
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._releasing = asyncio.Lock()
        self._closed = False
        for result in ("delivered", "silenced", "acknowledged", "grouped", "over_budget"):
            telemetry.deliveries.labels(self._log.name, result)

    async def close(self) -> None:
        """Tell nothing more, and give back what the receivers hold."""
        self._closed = True
        async with self._releasing:
            await self._delivery.close()

    def assigned(self, partitions: set[int]) -> None:
        """These partitions of ``alerts`` are this worker's now."""
        self._owned = set(partitions)
        self._delivery.assigned(partitions)

    async def handle(self, frame: Arrived) -> None:
        """Have each change of an alert told to whom it concerns, unless it is muted.

        Nobody is waited for but the broker: whoever is to be told has a queue of its own.
        """
        # What was silenced before we came here counts, and what others had muted who had the partition before us.
        await self._silences.catch_up()
        async with self._turns[frame.partition]:
            for record in frame.records:
                with nullcontext() if self._tracing is None else self._tracing.told(record):
                    await self._tell(record)

    async def _tell(self, record: Any) -> None:
        try:
            alert = Alert.model_validate_json(record.value or b"")
        except ValidationError as error:
            log.warning("A record of alerts can't be read and is not told: %s", error)
            return
        if (why := self._left_out(alert)) is not None:
            log.info("Alert %s/%d is not told by itself (%s)", alert.fingerprint, alert.revision, why)
            self._telemetry.deliveries.labels(self._log.name, why).inc()
            return
        await self._carry_out(alert, self._silences.silences.decide(alert, datetime.now(UTC)))

    async def release(self) -> None:
        """Tell the newest states of those alerts whose silence is over; call it again and again."""
        if not self._silences.silences.muted:
            return
        await self._silences.catch_up()
        async with self._releasing:
            for fingerprint in self._silences.silences.muted:
                partition = partition_of(fingerprint.encode(), self._partitions)
                async with self._turns[partition]:
                    if self._closed or partition not in self._owned:
                        continue
                    released = self._silences.silences.release(fingerprint, datetime.now(UTC))
                    if released is not None:
                        await self._carry_out(*released)

    def _left_out(self, alert: Alert) -> str | None:
        """Why nobody is told of an alert at all: its incident tells it, or it is beyond the budget."""
        grouped = alert.kind == "incident" if self._each_alert else alert.incident is not None
        return "grouped" if grouped else alert.held

    async def _carry_out(self, alert: Alert, decision: Decision) -> None:
        result = decision.why_not or "delivered"
        if decision.why_not is None:
            if not await self._delivery.accept(alert):
                return  # Whoever has the partition now reads it again.
            self._log.tell(alert)
        else:
            log.info("Alert %s/%d is %s (%s): nobody is told", alert.fingerprint, alert.revision, decision.why_not,
                     decision.by)  # fmt: skip
            if alert.status == "resolved":
                await self._delivery.over(alert)
            for receiver in self._delivery.names(alert):
                self._telemetry.deliveries.labels(receiver, result).inc()
        self._telemetry.deliveries.labels(self._log.name, result).inc()
        await self._silences.carry_out(decision)
