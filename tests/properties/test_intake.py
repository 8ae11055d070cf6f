"""Whatever comes in becomes one scored record or one in quarantine, and nothing raises."""

from __future__ import annotations

import random
from collections import Counter

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.quarantine import Quarantined
from schemas.scored import Scored
from streams.catalog import Catalogs
from streams.intake import SOURCES, Limits, Rejection, parse
from streams.listener import Incoming
from streams.reader import Raw, Reader
from streams.scoring import Pseudonyms, Scorer
from streams.topics import QUARANTINE, RAW, SCORED
from tests.properties.mutations import HUGE, mutated, valid
from tests.support.examples import FACTOR, examples
from tests.support.partition import Partition
from tests.support.records import BASE_MS, DAY

NOW_MS = BASE_MS + 60 * DAY
LIMITS = Limits(NOW_MS, 600_000)
MUTATED = 100_000
FRAME = 2_000

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@examples(300)
@given(source=st.sampled_from(sorted(SOURCES)), value=st.none() | st.binary(max_size=300))
def test_no_bytes_raise(source: str, value: bytes | None) -> None:
    assert isinstance(parse(SOURCES[source], value, LIMITS), Rejection)


@examples(300)
@given(
    source=st.sampled_from(sorted(SOURCES)),
    fields=st.dictionaries(
        st.sampled_from([*SOURCES["tickets"].model_fields, "rating", "reach", "title", "network", "other"]), JSON
    ),
)
def test_no_fields_raise(source: str, fields: dict[str, object]) -> None:
    event = valid(random.Random(1), 1) | fields
    try:
        value = orjson.dumps(event)
    except TypeError:
        value = str(event).encode("utf-8", "surrogatepass")
    parsed = parse(SOURCES[source], value, LIMITS)
    if not isinstance(parsed, Rejection):
        assert parsed.text.strip()
        orjson.dumps(parsed.model_dump(mode="json"))


@pytest.mark.timeout(600)
def test_a_hundred_thousand_broken_records_all_arrive_somewhere() -> None:
    reader = Reader(Scorer(Catalogs.load(["generic"]), Pseudonyms(b"a key of the tests")), LIMITS.future_ms)
    partition = Partition()
    rng = random.Random(20_260_302)
    reasons: Counter[str] = Counter()
    for frame in range(MUTATED * FACTOR // FRAME):
        source, topic = list(RAW.items())[frame % len(RAW)]
        raws = [
            Raw(topic.name, 0, frame * FRAME + number, NOW_MS, rng.choice((None, b"", b"key", b"\xff")), value)
            for number, value in enumerate(mutated(rng, frame * FRAME + number) for number in range(FRAME))
        ]
        if frame < 3:
            raws[7] = Raw(topic.name, 0, raws[7].offset, NOW_MS, None, orjson.dumps({"id": "x", "text": "x" * HUGE}))
        effects = reader.read(source, raws)
        arrived = set()
        log = []
        for where, _, value in effects.records:
            encoded = orjson.dumps(value)
            if where is SCORED:
                arrived.add(Scored.model_validate_json(encoded).origin.offset)
                log.append(Incoming(encoded, progress=False))
                reasons["scored"] += 1
            else:
                assert where is QUARANTINE
                told = Quarantined.model_validate_json(encoded)
                assert told.value == raws[told.origin.offset - raws[0].offset].value, "the bytes can be put back"
                assert told.detail
                arrived.add(told.origin.offset)
                reasons[told.reason] += 1
        assert arrived == {raw.offset for raw in raws}
        assert len(effects.records) == len(raws)
        assert effects.counts["scored"] + effects.counts["quarantined"] == len(raws)
        # What was scored can be heard: a worker does not die from it one stage later either.
        assert partition.listener.hear(log).counts["unreadable"] == 0
    print(f"\n{sum(reasons.values()):,} records: {dict(reasons.most_common())}")
    assert sum(reasons.values()) == MUTATED * FACTOR
    assert reasons["scored"] > 10_000
    expected = {"empty_record", "too_large", "invalid_utf8", "invalid_json", "not_a_number", "nested_too_deep"}
    expected |= {"not_an_object", "newer_schema", "missing_field", "invalid_field", "empty_text", "text_too_long"}
    assert expected | {"absurd_date", "scored"} == set(reasons)
