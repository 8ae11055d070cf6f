"""The demo's week: the same every time, true to its incidents, and a pleasure to read."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from pydantic import BaseModel

from groundswell.demo.dice import Dice
from groundswell.demo.people import crowd
from groundswell.demo.records import BROKEN
from groundswell.demo.script import ENDS_AT, LOUD_VOICE, STARTS_AT, Line
from groundswell.demo.week import BRAND, INCIDENTS, NEIGHBOUR, Incident, RawRecord, told, week
from schemas.raw import Post, Review, Ticket
from streams.intake import SOURCES, Limits, Rejection, parse

MODELS: dict[str, type[BaseModel]] = {"reviews": Review, "posts": Post, "tickets": Ticket}
HOUR_MS = 3_600_000

Pair = tuple[RawRecord, Line]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [(raw, line) for raw, line in told() if line is not None]


def hour_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600


def voices(pairs: list[Pair], about: str, moods: tuple[str, ...]) -> dict[int, set[str]]:
    """Hour since 1970 → the distinct authors who spoke of it as customers."""
    heard: dict[int, set[str]] = defaultdict(set)
    for raw, line in pairs:
        if line.about == about and line.mood in moods and line.brand == BRAND:
            heard[raw.time_ms // HOUR_MS].add(orjson.loads(raw.value)["author"])
    return heard


def span(incident: Incident) -> range:
    return range(hour_of(incident.starts_at), hour_of(incident.ends_at))


def digest(records: list[RawRecord]) -> str:
    parts = hashlib.sha256()
    for raw in records:
        parts.update(f"{raw.source}|{raw.key}|{raw.time_ms}|".encode() + raw.value + b"\n")
    return parts.hexdigest()


def test_same_seed_same_bytes_in_another_process_with_other_hashes() -> None:
    code = (
        "import hashlib;from groundswell.demo.week import week;h=hashlib.sha256()\n"
        "for r in week(): h.update(f'{r.source}|{r.key}|{r.time_ms}|'.encode()+r.value+b'\\n')\n"
        "print(h.hexdigest())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "1234", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    other = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(week())


def test_another_seed_is_another_week() -> None:
    assert digest(week(8)) != digest(week(7))


def test_between_five_and_seven_thousand_records_in_time_order() -> None:
    records = week()
    assert 5_000 <= len(records) <= 7_000
    times = [raw.time_ms for raw in records]
    assert times == sorted(times)
    assert STARTS_AT.timestamp() * 1000 <= times[0] and times[-1] < ENDS_AT.timestamp() * 1000


def test_all_but_the_broken_keep_the_contract(pairs: list[Pair]) -> None:
    for raw, _ in pairs:
        event = MODELS[raw.source].model_validate_json(raw.value)
        assert event.id == raw.key  # type: ignore[attr-defined]
        assert event.text.strip()  # type: ignore[attr-defined]
        assert round(event.created_at.timestamp() * 1000) == raw.time_ms  # type: ignore[attr-defined]


def test_every_optional_field_is_used_somewhere(pairs: list[Pair]) -> None:
    used: dict[str, set[str]] = defaultdict(set)
    extra: set[str] = set()
    for raw, _ in pairs:
        model = MODELS[raw.source].model_validate_json(raw.value)
        used[raw.source] |= model.model_fields_set
        extra |= set(model.model_extra or {})
    common = {"product", "version", "region", "language"}
    assert used["reviews"] >= common | {"rating", "title", "url"}
    assert used["posts"] >= common | {"network", "reach", "url", "conversation_id"}
    assert used["tickets"] >= common | {"status", "priority", "direction", "csat", "conversation_id"}
    assert extra == {"verified_purchase", "helpful_votes", "likes", "queue", "device"}


def test_the_broken_are_broken_each_in_its_own_way() -> None:
    values = {raw.value for raw, line in told() if line is None}
    assert values == {value for *_, value in BROKEN}
    assert len(values) == 10
    limits = Limits(now_ms=int(ENDS_AT.timestamp() * 1000), future_ms=600_000)
    reasons: Counter[str] = Counter()
    for _, source, _, value in BROKEN:
        assert b"\n" not in value
        rejected = parse(SOURCES[source], value, limits)
        assert isinstance(rejected, Rejection)
        reasons[rejected.reason] += 1
    assert len(reasons) >= 9, reasons


def test_the_intake_takes_all_the_others(pairs: list[Pair]) -> None:
    for raw, _ in pairs:
        limits = Limits(now_ms=raw.time_ms, future_ms=600_000)
        assert not isinstance(parse(SOURCES[raw.source], raw.value, limits), Rejection)


def test_a_source_sends_a_few_records_twice() -> None:
    keys = Counter(raw.key for raw in week() if raw.key)
    assert 1 <= sum(count - 1 for count in keys.values()) <= 5


def test_a_usual_hour_has_few_voices_for_any_pain_or_delight_that_has_an_incident(pairs: list[Pair]) -> None:
    for about in ("late_delivery", "checkout", "refund", "personal_touch"):
        heard = voices(pairs, about, ("pain", "delight"))
        outside = [
            len(heard[hour])
            for hour in range(hour_of(STARTS_AT), hour_of(ENDS_AT))
            if not any(hour in span(i) for i in INCIDENTS if i.pain_point == about)
        ]
        assert max(outside) <= 4
        assert sum(outside) / len(outside) < 1


def test_no_other_topic_swells_by_chance(pairs: list[Pair]) -> None:
    struck = {incident.pain_point for incident in INCIDENTS}
    abouts = {line.about for _, line in pairs if line.mood == "pain"} - struck
    assert len(abouts) >= 12
    assert max(len(authors) for about in abouts for authors in voices(pairs, about, ("pain",)).values()) <= 4


@pytest.mark.parametrize("incident", [i for i in INCIDENTS if i.kind != "loud_voice"], ids=lambda i: i.id)
def test_an_incident_is_as_loud_as_it_says(pairs: list[Pair], incident: Incident) -> None:
    heard = voices(pairs, incident.pain_point, ("pain", "delight"))
    assert len(incident.voices) == len(span(incident))
    for hour, told_voices in zip(span(incident), incident.voices, strict=True):
        assert told_voices <= len(heard[hour]) <= told_voices + 4
    assert 12 <= incident.peak <= 40


def test_incidents_come_in_order_and_leave_two_quiet_days_before_and_one_after() -> None:
    starts = [incident.starts_at for incident in INCIDENTS]
    assert starts == sorted(starts)
    assert starts[0] >= STARTS_AT + timedelta(days=2)
    assert max(incident.ends_at for incident in INCIDENTS) <= ENDS_AT - timedelta(days=1)


def test_the_roasters_failure_is_told_in_every_channel_and_mostly_where_it_delivers(pairs: list[Pair]) -> None:
    incident = INCIDENTS[0]
    lines = [line for _, line in pairs if line.about == "late_delivery" and line.mood == "pain"]
    lines = [line for line in lines if incident.starts_at <= line.when < incident.ends_at]
    assert min(Counter(line.source for line in lines).values()) >= 40
    regions = Counter(line.author.region for line in lines)
    assert regions["NL"] + regions["BE"] + regions["DE"] > 0.7 * len(lines)
    recovered = [line for _, line in pairs if line.about == "late_delivery" and line.mood == "relief"]
    assert len(recovered) >= 40
    assert min(line.when for line in recovered) > datetime(2026, 2, 12, 6, tzinfo=UTC)


def test_the_checkout_burst_names_its_version(pairs: list[Pair]) -> None:
    incident = INCIDENTS[1]
    heard = [orjson.loads(raw.value) for raw, line in pairs if line.about == "checkout" and line.mood == "pain"]
    versions = Counter(
        event.get("version")
        for event in heard
        if incident.starts_at <= datetime.fromisoformat(event["created_at"]) < incident.ends_at
    )
    assert versions["4.2.0"] >= sum(incident.voices)
    assert versions["4.2.0"] > 0.9 * sum(versions.values())
    outside = [event for event in heard if event.get("version") == "4.2.0"]
    assert len(outside) == versions["4.2.0"]


def test_the_furious_author_posts_forty_times_and_hardly_anyone_else(pairs: list[Pair]) -> None:
    incident = INCIDENTS[2]
    loud = [(raw, line) for raw, line in pairs if line.author == LOUD_VOICE]
    assert len(loud) == 40
    assert {raw.source for raw, _ in loud} == {"posts"}
    assert {orjson.loads(raw.value)["author"] for raw, _ in loud} == {LOUD_VOICE.handle}
    assert all(incident.starts_at <= line.when < incident.ends_at for _, line in loud)
    assert len({line.text for _, line in loud}) == 40
    others = voices(pairs, "refund", ("pain",))
    assert max(len(others[hour]) for hour in span(incident)) <= 2


def test_day_and_night(pairs: list[Pair]) -> None:
    by_hour = Counter(line.when.hour for _, line in pairs if line.when.day in (9, 10) and line.brand == BRAND)
    assert max(by_hour[hour] for hour in range(1, 5)) * 2 < min(by_hour[hour] for hour in range(9, 20))


def test_the_neighbour_has_a_quiet_week(pairs: list[Pair]) -> None:
    hours = Counter(raw.time_ms // HOUR_MS for raw, line in pairs if line.brand == NEIGHBOUR)
    assert 150 <= sum(hours.values()) <= 300
    assert max(hours.values()) <= 2


def test_conversations_hold_third_letters_and_agents_answers(pairs: list[Pair]) -> None:
    talks: dict[str, list[dict[str, str]]] = defaultdict(list)
    for raw, _ in pairs:
        event = orjson.loads(raw.value)
        if raw.source == "tickets":
            talks[event["conversation_id"]].append(event)
    third = [
        talk
        for talk in talks.values()
        if sum(event.get("direction", "customer") == "customer" for event in talk) >= 3
        and len({event["author"] for event in talk if event.get("direction") != "agent"}) == 1
    ]
    assert len(third) >= 8
    answered = [talk for talk in talks.values() if any(event.get("direction") == "agent" for event in talk)]
    assert 0.3 < len(answered) / len(talks) < 0.7
    for talk in answered:  # Nobody answers before there is a question.
        assert talk[0].get("direction", "customer") == "customer"


def test_hardly_two_authors_write_the_same(pairs: list[Pair]) -> None:
    said: dict[str, set[str]] = defaultdict(set)
    for _, line in pairs:
        if line.mood != "agent":
            said[line.text].add(line.author.handle)
    repeats = sum(len(authors) - 1 for authors in said.values())
    assert repeats <= 0.03 * sum(len(authors) for authors in said.values())


def test_texts_are_finished(pairs: list[Pair]) -> None:
    for _, line in pairs:
        assert not set("{}[]|") & set(line.text), line.text
        assert "  " not in line.text, line.text


def test_personal_data_is_made_up(pairs: list[Pair]) -> None:
    text = "\n".join(line.text for _, line in pairs)
    mails = [word for word in text.split() if "@" in word and "." in word.partition("@")[2].rstrip(".,!?…")]
    assert len(mails) >= 30
    assert all("@example.com" in mail for mail in mails)
    assert text.count("BB-") >= 100
    assert "555-01" in text and "020 7946 0" in text


def test_some_customers_write_in_their_own_language(pairs: list[Pair]) -> None:
    languages = Counter(line.language for _, line in pairs)
    assert set(languages) == {"en", "de", "fr", "nl", "es", "it"}
    assert 20 <= sum(languages.values()) - languages["en"] <= 120


def test_handles_are_different() -> None:
    people = crowd(2_660, Dice(7, "people"))
    assert len({person.handle for person in people}) == len(people) == 2_660


def test_the_command_writes_three_files_with_every_byte(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "groundswell.demo.week", str(tmp_path / "out")], check=True)
    for source in MODELS:
        lines = (tmp_path / "out" / f"{source}.jsonl").read_bytes().splitlines()
        assert lines == [raw.value for raw in week() if raw.source == source]


def test_the_command_says_what_it_wants() -> None:
    ran = subprocess.run([sys.executable, "-m", "groundswell.demo.week"], capture_output=True, text=True)
    assert ran.returncode == 1
    assert "OUT_DIR" in ran.stderr
