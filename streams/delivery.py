"""Telling receivers, each in its own time: what is to be told stands on ``receipts`` first, so nothing gets lost.

A receiver that is away, slow or broken keeps only its own queue waiting. Whoever has an alert's partition tells it:
after a restart or a rebalance, what is left is found by reading the partition's receipts.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Never, Protocol

from schemas.alerts import Alert
from schemas.receipts import Outcome, Receipt
from streams.outbox import partition_of
from streams.receivers import Again, Receiver, RefusedError
from streams.routes_file import Routes
from streams.routing import receivers_of
from streams.telemetry import Telemetry
from streams.waiting import MOST_WAITING, Change, Waiting

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""How often it is seen whether something is due to be told again, or to be fetched from the topic."""
RESULTS: Final = ("delivered", "failed", "superseded", "silenced", "acknowledged")


class Receipts(Protocol):
    """The topic; see ``streams.receipt_log``."""

    async def read(self, partition: int, take: Callable[[Receipt], None]) -> None: ...  # noqa: D102
    async def write(self, receipts: Iterable[Receipt]) -> None: ...  # noqa: D102


class Delivery:
    """Every receiver's queue, and who works on it.

    Args:
        routes: Receivers and routes.
        receivers: The receivers themselves, by name.
        partitions: Of ``alerts``.
        now: The wall clock.
    """

    def __init__(
        self,
        routes: Routes,
        receivers: Mapping[str, Receiver],
        receipts: Receipts,
        telemetry: Telemetry,
        partitions: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._routes = routes
        self._receivers = receivers
        self._receipts = receipts
        self._telemetry = telemetry
        self._partitions = partitions
        self._now = now
        self._waiting = {name: Waiting() for name in receivers}
        self._news = {name: asyncio.Event() for name in receivers}
        self._told_again: dict[str, datetime] = {}
        self._owned: set[int] = set()
        self._ready: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._to_read: asyncio.Queue[int] = asyncio.Queue()
        for name in receivers:
            for result in RESULTS:
                telemetry.deliveries.labels(name, result)  # From zero on, so that the first failure is a rise.

    # What the stage asks for.

    def assigned(self, partitions: Collection[int]) -> None:
        """These partitions of ``alerts`` are this worker's now; what their receipts say is read by ``run``."""
        self._owned = set(partitions)
        for waiting in self._waiting.values():
            # Others may have told in between what we remember as waiting.
            waiting.drop(lambda _: True)
        for partition in self._ready.keys() - self._owned:
            self._ready[partition].set()  # Who waits there needs to know that it is in vain.
        for partition in sorted(partitions):
            self._ready[partition].clear()
            self._to_read.put_nowait(partition)

    def names(self, alert: Alert) -> tuple[str, ...]:
        """Who is told of this alert."""
        return receivers_of(self._routes.routes, alert)

    async def accept(self, alert: Alert) -> bool:
        """Take a change in: it then stands on the topic, and whatever happens it will be told.

        Returns:
            Whether it was taken; not where another worker has the alert's partition by now.
        """
        names, partition = self.names(alert), self._partition(alert)
        if not names:
            return True
        while partition in self._owned and not self._ready[partition].is_set():
            await self._ready[partition].wait()
        if partition not in self._owned:
            return False
        changes = {name: Change(alert, self._now()) for name in names if not self._waiting[name].known(alert)}
        await self._receipts.write(self._receipt(name, it, "pending") for name, it in changes.items())
        for name, change in changes.items():
            await self._give_way(name, self._waiting[name].add(change))
            self._news[name].set()
        return True

    async def over(self, alert: Alert) -> None:
        """It is resolved, and nobody is to be told: what was told again and again until now isn't any more."""
        for name, waiting in self._waiting.items():
            if (held := waiting.let_go(alert.fingerprint)) is not None:
                await self._receipts.write([self._receipt(name, held, "superseded", "it is over, and silenced")])

    # The work.

    async def run(self) -> Never:
        """Tell receivers until this is cancelled.

        Raises:
            aiokafka.errors.KafkaError: The broker refuses: nobody knows any more what was told.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._look())
            for name in self._receivers:
                group.create_task(self._tell(name))
        raise AssertionError("none of them returns")

    async def close(self) -> None:
        """Give back what the receivers hold."""
        for receiver in self._receivers.values():
            await receiver.close()

    def observe(self) -> None:
        """Bring the gauges up to date."""
        now = self._now()
        for name, waiting in self._waiting.items():
            oldest = waiting.oldest()
            self._telemetry.deliveries_waiting.labels(name).set(len(waiting))
            self._telemetry.delivery_delay.labels(name).set(
                0 if oldest is None else max(0.0, (now - oldest).total_seconds())
            )

    async def _read(self) -> Never:
        while True:
            partition = await self._to_read.get()
            if partition not in self._owned or not self._receivers:
                self._ready[partition].set()
                continue
            newest: dict[str, Receipt] = {}

            def take(receipt: Receipt, newest: dict[str, Receipt] = newest) -> None:
                newest.pop(receipt.key, None)
                newest[receipt.key] = receipt

            owned = self._owned
            await self._receipts.read(partition, take)
            if owned is self._owned:  # Else there was a rebalance, which has asked for it anew.
                await self._restore(newest.values())
                self._ready[partition].set()

    async def _restore(self, receipts: Iterable[Receipt]) -> None:
        """Take up what a partition's receipts say is to be done."""
        held: dict[tuple[str, str], Receipt] = {}
        open_: list[Receipt] = []
        for it in receipts:
            waiting = self._waiting.get(it.receiver)
            if waiting is None:
                continue  # Nobody has set it any more; whoever sets it again within the topic's time hears of it.
            if it.outcome in ("pending", "retrying"):
                open_.append(it)
                continue
            waiting.note(it.fingerprint, (it.revision, it.alert_at))
            if it.outcome == "delivered" and it.alert is not None:
                before = held.get((it.receiver, it.fingerprint))
                if before is None or before.alert_at <= it.alert_at:
                    held[it.receiver, it.fingerprint] = it
            elif (before := held.get((it.receiver, it.fingerprint))) and before.alert_at <= it.alert_at:
                del held[it.receiver, it.fingerprint]
        for it in held.values():
            assert it.alert is not None
            self._waiting[it.receiver].hold(Change(it.alert, it.accepted_at))
        for it in sorted(open_, key=lambda it: (it.accepted_at, it.alert_at, it.revision)):
            waiting = self._waiting[it.receiver]
            if it.alert is not None and not waiting.known(it.alert):
                await self._give_way(it.receiver, waiting.add(Change(it.alert, it.accepted_at, it.attempts)))
                self._news[it.receiver].set()

    async def _look(self) -> Never:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._now()
            for name, receiver in self._receivers.items():
                waiting = self._waiting[name]
                if receiver.again_every is not None and waiting.held:
                    due = self._told_again.get(name, datetime.min.replace(tzinfo=UTC)) + receiver.again_every
                    if now >= due:
                        self._news[name].set()
                if waiting.overflowed and len(waiting) < MOST_WAITING // 2:
                    # What is on the topic alone has room now. What is known is passed over.
                    waiting.overflowed = False
                    for partition in sorted(self._owned):
                        self._to_read.put_nowait(partition)

    async def _tell(self, name: str) -> Never:
        """One receiver's turn after turn."""
        waiting, news = self._waiting[name], self._news[name]
        while True:
            change = waiting.next()
            if change is None:
                await self._tell_again(name)
                if waiting.next() is None:
                    await news.wait()
                    news.clear()
                continue
            after = await self._try(name, change)
            await self._tell_again(name)
            if waiting.failures:
                # News wakes nobody here: a receiver that is away is not knocked at more often for having more to hear.
                await asyncio.sleep(max(waiting.pause(), after))

    async def _try(self, name: str, change: Change) -> float:
        """Tell one change; gives the seconds that the receiver asks to be left alone for."""
        waiting, receiver = self._waiting[name], self._receivers[name]
        after = 0.0
        change.attempts += 1
        try:
            await receiver.deliver(change.alert)
        except RefusedError as error:
            waiting.failures = 0  # It is there.
            await self._give_up(name, change, str(error))
        except Exception as error:
            why, after = (str(error), error.after or 0.0) if isinstance(error, Again) else (type(error).__name__, 0.0)
            self._telemetry.delivery_attempts.labels(name, "failed").inc()
            log.warning("%s did not take alert %s/%d (%s), try %d", name, change.alert.fingerprint,
                        change.alert.revision, why, change.attempts)  # fmt: skip
            await self._give_way(name, waiting.failed(change))
            if not waiting.holds(change):
                return after  # It gave way while it was on its way, or is another worker's.
            if self._now() - change.accepted_at > self._routes.receivers[name].give_up_after:
                await self._give_up(name, change, f"given up after {change.attempts} tries: {why}")
            else:
                await self._receipts.write([self._receipt(name, change, "retrying", why)])
        else:
            waiting.failures = 0
            self._telemetry.delivery_attempts.labels(name, "taken").inc()
            self._telemetry.deliveries.labels(name, "delivered").inc()
            waiting.settled(change)
            await self._delivered(name, change)
        return after

    async def _delivered(self, name: str, change: Change) -> None:
        """Note it; and where it is to be told again, that it is, in the place of what was before."""
        if not self._mine(change):
            return  # Its new owner may tell it a second time, and writes what becomes of that.
        holds = self._receivers[name].again_every is not None
        receipts = [self._receipt(name, change, "delivered", held=holds and change.alert.status != "resolved")]
        if holds:
            before = self._waiting[name].hold(change)
            if before is not None and before.place != change.place:
                receipts.append(self._receipt(name, before, "delivered"))
        await self._receipts.write(receipts)

    async def _tell_again(self, name: str) -> None:
        """Tell what still fires once more, where it is time; a failure is made good by the next time."""
        receiver, waiting, now = self._receivers[name], self._waiting[name], self._now()
        last, changes = self._told_again.get(name), waiting.again()
        if receiver.again_every is None or not changes or (last is not None and now - last < receiver.again_every):
            return
        self._told_again[name] = now
        for change in changes:
            try:
                await receiver.deliver(change.alert)
            except Exception as error:
                why = str(error) if isinstance(error, Again | RefusedError) else type(error).__name__
                log.warning("%s did not take alert %s again (%s)", name, change.alert.fingerprint, why)
                self._telemetry.delivery_attempts.labels(name, "failed").inc()
                # Soon again, but not at once; the others would fail too.
                self._told_again[name] = now - receiver.again_every + min(receiver.again_every, timedelta(seconds=15))
                return
            self._telemetry.delivery_attempts.labels(name, "taken").inc()

    async def _give_up(self, name: str, change: Change, why: str) -> None:
        log.error("Alert %s/%d did not reach %s: %s", change.alert.fingerprint, change.alert.revision, name, why)
        self._telemetry.deliveries.labels(name, "failed").inc()
        self._waiting[name].settled(change)
        if self._mine(change):
            await self._receipts.write([self._receipt(name, change, "failed", why)])

    async def _give_way(self, name: str, changes: Iterable[Change]) -> None:
        receipts = [self._receipt(name, change, "superseded") for change in changes]
        self._telemetry.deliveries.labels(name, "superseded").inc(len(receipts))
        if receipts:
            await self._receipts.write(receipts)

    def _receipt(self, name: str, change: Change, outcome: Outcome, why: str = "", *, held: bool = False) -> Receipt:
        alert = change.alert
        return Receipt(
            fingerprint=alert.fingerprint,
            revision=alert.revision,
            receiver=name,
            outcome=outcome,
            attempts=change.attempts,
            accepted_at=change.accepted_at,
            updated_at=self._now(),
            why=why[:200],
            brand=alert.brand,
            title=alert.title[:1_000],
            severity=alert.severity,
            status=alert.status,
            alert_at=alert.updated_at,
            alert=alert if held or outcome in ("pending", "retrying") else None,
        )

    def _partition(self, alert: Alert) -> int:
        return partition_of(alert.fingerprint.encode(), self._partitions)

    def _mine(self, change: Change) -> bool:
        return self._partition(change.alert) in self._owned
