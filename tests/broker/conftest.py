"""One embedded broker for all tests here: the launcher that users have, on a folder of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from streams.broker import Broker, embedded
from streams.settings import Settings

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    # The cache is the user's own, so that the jars are fetched once and not by each run.
    with embedded(tmp_path_factory.mktemp("broker"), Settings().cache) as started:
        yield started


@pytest.fixture
def settings(broker: Broker) -> Settings:
    """Settings whose topics and group no other test has."""
    name = f"test{next(_numbers)}"
    return Settings(broker=broker.address, topic_prefix=f"{name}.", group=name, partitions=2)
