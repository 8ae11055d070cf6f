"""``groundswell backtest --from-broker``: what stands on the raw topics, judged like a recording."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

from groundswell.cli import app
from groundswell.cli.exits import Exit
from schemas.raw import Source
from streams import admin
from streams.recorded import RecordedEvent
from streams.send import send
from streams.settings import Settings
from streams.topics import POSTS
from tests.support.recordings import COMPLAINT, TROUBLE_MS, labels, lines, post, week
from tests.support.records import BASE_MS, MINUTE


@pytest.fixture
def topics(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of topics that exist, also in the environment, with the labels of the week beside."""
    assert settings.broker is not None
    admin.create(settings, settings.broker)
    for name in ("broker", "topic_prefix", "partitions", "group"):
        monkeypatch.setenv(f"GROUNDSWELL_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("GROUNDSWELL_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.json").write_bytes(orjson.dumps(labels()))
    return settings


def sent(settings: Settings, source: Source, events: list[dict[str, Any]]) -> None:
    assert settings.broker is not None
    # In the order of their arrival the events are in no order of time.
    pairs = [(source, RecordedEvent(event["id"], orjson.dumps(event), TROUBLE_MS)) for event in events[::-1]]
    asyncio.run(send(pairs, settings=settings, address=settings.broker, replay=None, sources=(source,)))


def backtest(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["backtest", *arguments], prog_name="groundswell")


def test_topics_are_judged_like_a_file(topics: Settings, tmp_path: Path) -> None:
    sent(topics, "posts", week())
    (tmp_path / "week.jsonl").write_bytes(lines(week()))
    of_file = backtest("week.jsonl", "--as", "posts", "--labels", "labels.json", "--json")
    of_topic = backtest("--from-broker", "--labels", "labels.json", "--json")
    assert of_topic.exit_code == 0, of_topic.output
    assert of_topic.stdout == of_file.stdout
    assert orjson.loads(of_topic.stdout)["configurations"][0]["figures"]["recall"] == 1.0


def test_all_sources_are_heard_together_or_one_of_them(topics: Settings) -> None:
    events = week(voices=0)
    calls = [post(TROUBLE_MS + n * MINUTE, f"caller {n}", f"{COMPLAINT} {n}") for n in range(30)]
    sent(topics, "posts", events)
    sent(topics, "tickets", calls)
    together = orjson.loads(backtest("--from-broker", "--json").stdout)
    assert together["recording"]["records"] == len(events) + len(calls)
    # Thirty voices in a channel that nobody used before are news of the brand as a whole, too.
    told = [alert["pain_point"] for alert in together["configurations"][0]["alerts"]]
    assert [point for point in told if point] == ["late_delivery"]
    alone = orjson.loads(backtest("--from-broker", "--as", "posts", "--json").stdout)
    assert alone["recording"]["records"] == len(events)
    assert alone["configurations"][0]["alerts"] == []


def test_what_is_no_event_is_left_out_and_said(topics: Settings) -> None:
    pretty = orjson.dumps(post(BASE_MS, "ann", "A late\nparcel."), option=orjson.OPT_INDENT_2)
    producer = KafkaProducer(bootstrap_servers=topics.broker)
    for value in (b"{", pretty, b"[]"):
        producer.send(POSTS.full_name(topics.topic_prefix), value, partition=0)
    producer.close()
    result = backtest("--from-broker", "--json")
    assert result.exit_code == Exit.PROBLEM
    assert orjson.loads(result.stdout)["recording"]["records"] == 1
    assert "2 records of posts are not what the topic should hold" in " ".join(result.stderr.split())


def test_topics_without_events_are_said(topics: Settings) -> None:
    result = backtest("--from-broker")
    assert result.exit_code == Exit.PROBLEM
    assert "there are no events in the raw topics" in result.stderr
