"""Telling receivers: each in its own time, nothing lost, nobody told of a fire after it is out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from schemas.alerts import Alert
from streams import delivery as delivering
from streams import waiting
from streams.outbox import partition_of
from streams.receivers import Again, RefusedError
from streams.telemetry import Telemetry
from tests.support.alerts import alert
from tests.support.telling import Clock, Phone, Receipts, delivery, everybody, until, working

PARTITIONS = 4


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(waiting, "LONGEST_PAUSE", 0.002)
    monkeypatch.setattr(delivering, "LOOK_SECONDS", 0.001)


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))


def later(revision: int, brand: str = "Acme", **changed: object) -> Alert:
    """A later record of the alert's life."""
    at = alert(brand).updated_at + timedelta(minutes=5 * revision)
    return alert(brand, revision=revision, updated_at=at, **changed)


def over(revision: int, brand: str = "Acme") -> Alert:
    return later(revision, brand, reason="recovered")


def test_each_change_is_told_once_in_order_and_has_its_receipt() -> None:
    async def story() -> None:
        phone, receipts = Phone(), Receipts(PARTITIONS)
        async with working(delivery({"care": phone}, receipts)) as it:
            for revision in (1, 2, 3):
                assert await it.accept(later(revision))
            assert await it.accept(later(2)), "a frame that is read again brings it a second time"
            await until(lambda: len(phone.told) == 3)
            await until(lambda: set(receipts.outcomes("care").values()) == {"delivered"})
        assert phone.told == [("Acme", 1), ("Acme", 2), ("Acme", 3)]
        assert phone.closed
        last = receipts.written[-1]
        assert (last.key, last.attempts, last.alert) == (f"{alert().fingerprint}|3|care", 1, None)

    run(story)


def test_what_is_accepted_stands_on_the_topic_before_anybody_is_told() -> None:
    async def story() -> None:
        phone, receipts = Phone(), Receipts(PARTITIONS)
        phone.failing = ConnectionError()
        async with working(delivery({"care": phone}, receipts)) as it:
            await it.accept(alert())
            assert receipts.written[0].outcome == "pending"
            assert receipts.written[0].alert == alert()

    run(story)


def test_a_dead_receiver_keeps_neither_the_stage_nor_another_one_waiting() -> None:
    async def story() -> None:
        dead, alive, receipts = Phone(), Phone(), Receipts(PARTITIONS)
        dead.failing = ConnectionError("https://secret")
        async with working(delivery({"dead": dead, "alive": alive}, receipts)) as it:
            for number in range(20):
                await it.accept(alert(f"Brand {number}"))
            await until(lambda: len(alive.told) == 20)
            await until(lambda: dead.tries > 25)
        assert dead.told == []
        assert set(receipts.outcomes("dead").values()) <= {"pending", "retrying"}
        assert all("secret" not in written.why for written in receipts.written)
        assert {written.why for written in receipts.written if written.outcome == "retrying"} == {"ConnectionError"}

    run(story)


def test_after_it_came_back_a_receiver_hears_the_newest_of_each_alert() -> None:
    async def story() -> None:
        phone, receipts, telemetry = Phone(), Receipts(PARTITIONS), Telemetry()
        phone.failing = Again("the receiver answered 503")
        async with working(delivery({"care": phone}, receipts, telemetry=telemetry)) as it:
            await it.accept(later(1))
            await until(lambda: receipts.outcomes("care") == {("Acme", 1): "retrying"})
            for change in (later(2), over(3), later(1, "Other")):
                await it.accept(change)
            it.observe()
            waits = telemetry.registry.get_sample_value("groundswell_deliveries_waiting", {"receiver": "care"})
            assert waits == 2
            phone.failing = None
            await until(lambda: len(phone.told) == 2)
            await until(lambda: set(receipts.outcomes("care").values()) == {"superseded", "delivered"})
        assert sorted(phone.told) == [("Acme", 3), ("Other", 1)]
        outcomes = receipts.outcomes("care")
        assert outcomes == {
            ("Acme", 1): "superseded", ("Acme", 2): "superseded", ("Acme", 3): "delivered", ("Other", 1): "delivered",
        }  # fmt: skip
        counted = telemetry.registry.get_sample_value(
            "groundswell_deliveries_total", {"receiver": "care", "result": "superseded"}
        )
        assert counted == 2

    run(story)


def test_an_alert_that_is_refused_or_always_fails_does_not_block_the_others() -> None:
    async def story() -> None:
        phone, receipts = Phone(), Receipts(PARTITIONS)
        phone.refuses = {"Refused": RefusedError("the receiver answered 400"), "Poison": Again("answered 500")}
        async with working(delivery({"care": phone}, receipts)) as it:
            for brand in ("Refused", "Poison", "A", "B"):
                await it.accept(alert(brand))
            await until(lambda: sorted(phone.told) == [("A", 1), ("B", 1)])
            await until(lambda: receipts.outcomes("care")["Poison", 1] == "retrying")
        assert receipts.outcomes("care")["Refused", 1] == "failed"
        assert next(it.why for it in receipts.written if it.outcome == "failed") == "the receiver answered 400"

    run(story)


def test_another_worker_tells_what_the_first_could_not_and_nothing_twice() -> None:
    async def story() -> None:
        receipts, dead, phone = Receipts(PARTITIONS), Phone(), Phone()
        dead.refuses = {"Acme": ConnectionError()}
        async with working(delivery({"care": dead}, receipts)) as first:
            await first.accept(alert("Other"))
            await first.accept(alert("Acme"))
            await until(lambda: receipts.outcomes("care") == {("Other", 1): "delivered", ("Acme", 1): "retrying"})
        async with working(delivery({"care": phone}, receipts)) as second:
            for brand in ("Other", "Acme"):  # Their frame was not committed, and comes again.
                await second.accept(alert(brand))
            await until(lambda: receipts.outcomes("care") == {("Other", 1): "delivered", ("Acme", 1): "delivered"})
        assert dead.told == [("Other", 1)] and phone.told == [("Acme", 1)]

    run(story)


def test_who_has_lost_the_partition_tells_nothing_more_of_it() -> None:
    async def story() -> None:
        receipts, phone = Receipts(PARTITIONS), Phone()
        mine = partition_of(alert().fingerprint.encode(), PARTITIONS)
        phone.failing = ConnectionError()
        async with working(delivery({"care": phone}, receipts)) as it:
            await it.accept(alert())
            await until(lambda: phone.tries > 0)
            it.assigned({(mine + 1) % PARTITIONS})
            written = len(receipts.written)
            assert not await it.accept(later(2))
            await asyncio.sleep(0.02)  # What is on its way at that moment is not called back.
            phone.failing = None
            await asyncio.sleep(0.02)
            assert phone.told == [] and len(receipts.written) == written
            it.assigned({mine})
            await until(lambda: phone.told == [("Acme", 1)])

    run(story)


def test_it_is_given_up_after_its_time_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        receipts, phone, clock, telemetry = Receipts(PARTITIONS), Phone(), Clock(), Telemetry()
        phone.failing = Again("the receiver answered 503")
        async with working(delivery({"care": phone}, receipts, clock=clock, telemetry=telemetry)) as it:
            await it.accept(alert())
            await until(lambda: phone.tries > 1)
            clock.now += timedelta(hours=23)
            it.observe()
            delay = telemetry.registry.get_sample_value("groundswell_delivery_delay_seconds", {"receiver": "care"})
            assert delay == 23 * 3600
            clock.now += timedelta(hours=2)
            await until(lambda: receipts.outcomes("care")["Acme", 1] == "failed")
        assert "given up after" in receipts.written[-1].why
        assert "did not reach care" in caplog.text

    run(story)


class TestToldAgain:
    """What a receiver like Alertmanager is told until it is over."""

    EVERY = timedelta(minutes=2)

    def test_while_it_fires_and_no_longer(self) -> None:
        async def story() -> None:
            phone, receipts, clock = Phone(self.EVERY), Receipts(PARTITIONS), Clock()
            async with working(delivery({"am": phone}, receipts, clock=clock)) as it:
                await it.accept(later(1))
                await it.accept(later(2))
                await until(lambda: ("Acme", 2) in phone.told)
                await asyncio.sleep(0.02)
                before = len(phone.told)
                for times in (1, 2):
                    clock.now += self.EVERY
                    await until(lambda times=times: len(phone.told) == before + times)  # type: ignore[misc]
                assert phone.told[before:] == [("Acme", 2)] * 2
                await it.accept(over(3))
                await until(lambda: phone.told[-1] == ("Acme", 3))
                clock.now += self.EVERY
                await asyncio.sleep(0.02)
                assert phone.told[-1] == ("Acme", 3)
            kept = {it.revision for it in {it.key: it for it in receipts.written}.values() if it.alert is not None}
            assert kept == set(), "what is over needs no copy of the alert"

        run(story)

    def test_by_whoever_has_the_partition(self) -> None:
        async def story() -> None:
            receipts, second = Receipts(PARTITIONS), Phone(self.EVERY)
            async with working(delivery({"am": Phone(self.EVERY)}, receipts)) as it:
                await it.accept(later(1))
                await it.accept(later(2))
                await it.accept(over(1, "Gone"))
                await until(lambda: set(receipts.outcomes("am").values()) == {"delivered"})
            async with working(delivery({"am": second}, receipts)):
                await until(lambda: second.told == [("Acme", 2)])

        run(story)

    def test_a_failure_is_made_good_and_silenced_ends_are_not_called_fire(self) -> None:
        async def story() -> None:
            phone, receipts, clock = Phone(self.EVERY), Receipts(PARTITIONS), Clock()
            async with working(delivery({"am": phone}, receipts, clock=clock)) as it:
                await it.accept(later(1))
                await until(lambda: ("Acme", 1) in phone.told)
                await asyncio.sleep(0.02)
                told = len(phone.told)
                phone.failing = ConnectionError()
                clock.now += self.EVERY
                tries = phone.tries
                await until(lambda: phone.tries > tries)
                phone.failing = None
                clock.now += timedelta(seconds=20)
                await until(lambda: len(phone.told) > told)
                await it.over(over(2))
                told = len(phone.told)
                clock.now += 5 * self.EVERY
                await asyncio.sleep(0.02)
                assert len(phone.told) == told
            second = Phone(self.EVERY)
            async with working(delivery({"am": second}, receipts)):
                await asyncio.sleep(0.02)
            assert second.told == []

        run(story)


def test_more_than_fits_waits_on_the_topic_and_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITING", 5)
    monkeypatch.setattr(delivering, "MOST_WAITING", 5)

    async def story() -> None:
        phone, receipts = Phone(), Receipts(PARTITIONS)
        phone.failing = ConnectionError()
        async with working(delivery({"care": phone}, receipts)) as it:
            for number in range(12):
                await it.accept(alert(f"Brand {number}"))
            assert len(it._waiting["care"]) == 5
            phone.failing = None
            await until(lambda: len(phone.told) >= 12)
            await until(lambda: set(receipts.outcomes("care").values()) == {"delivered"})
        assert sorted(phone.told) == sorted((f"Brand {number}", 1) for number in range(12))

    run(story)


def test_revisions_that_begin_anew_are_no_repetition() -> None:
    async def story() -> None:
        phone, receipts = Phone(), Receipts(PARTITIONS)
        async with working(delivery({"care": phone}, receipts)) as it:
            await it.accept(over(7))
            await until(lambda: len(phone.told) == 1)
            anew = alert(updated_at=over(7).updated_at + timedelta(days=2))
            await it.accept(anew)
            await until(lambda: phone.told == [("Acme", 7), ("Acme", 1)])

    run(story)


def test_where_nobody_is_set_nothing_is_written() -> None:
    async def story() -> None:
        receipts = Receipts(PARTITIONS)
        async with working(delivery({}, receipts, routes=everybody())) as it:
            assert await it.accept(alert())
        assert receipts.written == []

    run(story)


def test_pauses_grow_to_a_minute_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    shortest, longest = ([waiting.pause(n, chance) for n in range(1, 30)] for chance in (0.0, 1.0))
    assert longest[:4] == [0.5, 1.0, 2.0, 4.0] and max(longest) == waiting.LONGEST_PAUSE
    assert all(2 * short == long for short, long in zip(shortest, longest, strict=True))
