"""Which of others' words has to be told again, where ours came too late."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streams.stages.overtaken import others_word


@pytest.mark.parametrize(
    ("log", "ours", "again"),
    [
        ("closed open", "open", "closed"),
        ("closed amended open1 open2", "open1 open2", "amended"),
        ("closed open2", "open1 open2", "closed"),
        ("open", "open", None),
        ("open closed", "open", None),
        ("closed closed", "closed", None),
        ("fired resolved fired", "fired", "resolved"),
        ("open1 open2", "open1 open2", None),
        ("", "open", None),
        ("closed", "", None),
    ],
)
def test_the_others_keep_the_last_word(log: str, ours: str, again: str | None) -> None:
    records = [SimpleNamespace(value=value.encode()) for value in log.split()]
    word = others_word(records, [value.encode() for value in ours.split()])
    assert (word and word.value.decode()) == again
