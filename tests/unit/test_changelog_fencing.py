"""The changelog: state comes back as it was written, and of two owners only the newer one's word counts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.changelog import CLAIM_KEY, Changelog, FencedError
from tests.support.examples import examples
from tests.support.log import MS_A_RECORD, FakeLog, owner


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


async def owning(log: FakeLog) -> Changelog:
    changelog = owner(log)
    await changelog.recover()
    return changelog


async def state(log: FakeLog) -> dict[str, bytes]:
    return await owner(log).recover()


def test_an_empty_log_is_an_empty_state() -> None:
    assert run(state(FakeLog())) == {}


def test_what_was_written_comes_back() -> None:
    async def story() -> None:
        log = FakeLog()
        changelog = await owning(log)
        await changelog.write({f"key{n}": b"%d" % n for n in range(10)})
        await changelog.write({"key1": None, "key2": b"new", "\ud800": b"odd"})
        await changelog.write({})
        for _ in range(3):
            found = await state(log)
            assert found == {f"key{n}": b"%d" % n for n in range(10) if n not in (1, 2)} | {
                "key2": b"new",
                "\ud800": b"odd",
            }
            log.compact()

    run(story())


def test_whoever_was_replaced_finds_out_at_the_next_write_and_changes_nothing() -> None:
    async def story() -> None:
        log = FakeLog()
        first = await owning(log)
        await first.write({"a": b"1", "b": b"1"})
        second = await owning(log)
        with pytest.raises(FencedError, match="somebody else wrote"):
            await first.write({"a": b"stale"})
        assert await state(log) == {"a": b"1", "b": b"1"}
        with pytest.raises(FencedError, match="another worker's now"):
            await owner(log).recover(former=first.epoch)
        assert second.epoch == first.epoch + 1

    run(story())


def test_a_proof_changes_nothing_and_fails_whoever_was_replaced() -> None:
    async def story() -> None:
        log = FakeLog()
        first = await owning(log)
        await first.write({"a": b"1"})
        await first.prove()
        second = await owning(log)
        with pytest.raises(FencedError, match="somebody else wrote"):
            await first.prove()
        with pytest.raises(FencedError, match="somebody else wrote"):
            await second.prove()  # The stale proof stands between: who knows what else does.
        assert await state(log) == {"a": b"1"}

    run(story())


def test_it_is_known_when_others_claimed_it_first() -> None:
    async def story() -> None:
        log = FakeLog()
        first = await owning(log)
        await first.write({"a": b"1"})
        assert await first.claimed_ms() is None
        await first.write({"a": b"2", "b": b"2"})
        claimed = log.end
        second = await owning(log)
        await second.write({"a": b"3"})
        await owning(log)
        assert await first.claimed_ms() == claimed * MS_A_RECORD
        with pytest.raises(FencedError):
            await first.write({"a": b"stale"})
        assert await first.claimed_ms() == claimed * MS_A_RECORD, "a write that came too late moves nothing"

    run(story())


def test_an_owner_whose_log_was_written_over_reads_it_again_and_goes_on() -> None:
    async def story() -> None:
        log = FakeLog()
        first = await owning(log)
        await first.write({"a": b"1"})
        second = await owning(log)
        await second.write({"a": b"2"})
        with pytest.raises(FencedError):
            await first.write({"a": b"stale", "c": b"stale"})
        with pytest.raises(FencedError):
            await second.write({"b": b"2"})  # It stands behind the stale record: who knows what else was written.
        third = owner(log)
        assert await third.recover(former=second.epoch) == {"a": b"2", "b": b"2"}
        await third.write({"d": b"3"})
        # Compaction must not make the stale record the last word.
        log.compact()
        assert await state(log) == {"a": b"2", "b": b"2", "d": b"3"}

    run(story())


def test_of_two_claims_at_the_same_time_the_first_counts() -> None:
    class Racing(FakeLog):
        """Another worker's claim arrives just before ours, made from the same view of the log."""

        rival: bytes | None = None

        async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
            if self.rival is not None:
                other, self.rival = self.create_batch(), None
                other.append(key=CLAIM_KEY.encode(), value=b'{"epoch":1,"owner":"rival"}', timestamp=None, headers=[])
                await (await super().send_batch(other, topic, partition=partition))
            return await super().send_batch(batch, topic, partition=partition)

    async def story() -> None:
        log = Racing()
        log.rival = b"now"
        with pytest.raises(FencedError, match="at the same time"):
            await owning(log)
        assert (await owning(log)).epoch == 2

    run(story())


def test_nothing_is_written_before_the_log_was_read_nor_after_it_was_lost() -> None:
    async def story() -> None:
        log = FakeLog()
        first = owner(log)
        with pytest.raises(FencedError, match="before it is written"):
            await first.write({"a": b"1"})
        await first.recover()
        await owning(log)
        for _ in range(2):
            with pytest.raises(FencedError):
                await first.write({"a": b"stale"})
        assert await state(log) == {}

    run(story())


def test_untouched_says_whether_the_state_in_memory_is_still_the_state() -> None:
    async def story() -> None:
        log = FakeLog()
        changelog = owner(log)
        assert not await changelog.untouched()
        await changelog.recover()
        assert await changelog.untouched()
        await changelog.write({"a": b"1"})
        assert await changelog.untouched()
        await owning(log)
        assert not await changelog.untouched()

    run(story())


@examples(100)
@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(0, 30))
def test_however_owners_and_ghosts_write_only_the_newest_owners_words_count(seed: int, size: int, steps: int) -> None:
    """Workers claim, write, stop and wake up again in any order; a plain dictionary knows what should be there."""

    async def story() -> None:
        rng, log = random.Random(seed), FakeLog(batch_size=size)
        expected: dict[str, bytes] = {}
        owners: list[Changelog] = [await owning(log)]
        for step in range(steps):
            choice = rng.random()
            if choice < 0.2:
                newest = owner(log)
                assert await newest.recover() == expected
                owners.append(newest)
            elif choice < 0.3:
                # The broker compacts only what is an hour old: by then the owner has mended what a ghost wrote.
                owners.append(newest := await owning(log))
                log.compact()
                owners.append(newest := owner(log))
                assert await newest.recover() == expected
            else:
                changelog = rng.choice(owners)
                values = {f"k{rng.randrange(6)}": rng.choice([None, b"%d" % step]) for _ in range(rng.randint(1, size))}
                try:
                    await changelog.write(values)
                except FencedError:
                    if changelog is owners[-1]:
                        # Its words stand in the log all the same, and it reads the log again.
                        owners.append(again := owner(log))
                        found = await again.recover(former=changelog.epoch)
                        expected = _written(expected, values)
                        assert found == expected
                    else:
                        owners.remove(changelog)
                else:
                    assert changelog is owners[-1], "whoever was replaced is told so"
                    expected = _written(expected, values)
        assert await state(log) == expected

    run(story())


def _written(before: dict[str, bytes], values: dict[str, bytes | None]) -> dict[str, bytes]:
    after = before | {key: value for key, value in values.items() if value is not None}
    return {key: value for key, value in after.items() if values.get(key, b"") is not None}
