"""The demo's week, backtested: exactly what its script holds is told, and nothing of the furious author."""

from __future__ import annotations

from datetime import timedelta

import orjson

from groundswell.cli.demo import CATALOG
from groundswell.demo.week import BRAND, INCIDENTS, week
from streams.backtest import Labels, Setup, judge, read_labels, run
from streams.recorded import RecordedEvent
from streams.settings import Settings


def script() -> Labels:
    """The script in the form of labels."""
    told = [
        {
            "id": it.id,
            "brand": BRAND,
            "pain_points": [it.pain_point],
            "sentiment_filter": "nonneg" if it.kind == "delight" else "negative",
            "start": it.starts_at.isoformat(),
            "end": it.ends_at.isoformat(),
            "class": "must",
        }
        for it in INCIDENTS
        if it.kind != "loud_voice"
    ]
    loud = [
        {"brand": BRAND, "hour": (it.starts_at + timedelta(hours=hour)).isoformat()}
        for it in INCIDENTS
        if it.kind == "loud_voice"
        for hour in range(len(it.voices))
    ]
    return read_labels(orjson.dumps({"incidents": told, "loud_voices": loud}), "the script")


def test_exactly_what_the_script_holds_is_told() -> None:
    records = week()
    events = [(record.source, RecordedEvent(record.key, record.value, record.time_ms)) for record in records]
    it = run(Setup("demo", Settings(catalog=CATALOG)), events, now_ms=records[-1].time_ms)
    judgement = judge(it, script())
    assert [judged.standing for judged in judgement.judged] == ["must"] * len(judgement.wanted)
    assert (judgement.precision, judgement.recall) == (1.0, 1.0)
    assert len(judgement.loud) == 2 and judgement.notes == []
    furious = [silence for silence in it.trace.silences(brand=BRAND) if silence.series == "refund"]
    assert "one_voice" in {silence.reason for silence in furious}
