"""``silence`` and ``ack`` without a broker: what makes no sense, and what is found on topics that are given here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from groundswell.cli import app, show
from groundswell.cli.exits import Exit
from schemas.alerts import Alert, IncidentPart
from schemas.silences import Matchers, Muted, Silence, SilenceRecord
from streams import client, silence_log
from streams.topics import ALERTS, SILENCES, Topic
from tests.support.alerts import alert, later

Run = Callable[..., Result]


class Topics:
    """What the two topics hold."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.silences: list[Any] = []

    def subscribe(self, topic: Topic, **_: Any) -> Iterator[Any]:
        values = {ALERTS: self.alerts, SILENCES: [SilenceRecord(it) for it in self.silences]}[topic]
        return (client.Received(None, value, 0, n, 0, b"") for n, value in enumerate(values))

    async def publish(self, record: Any, **_: Any) -> None:
        self.silences.append(SilenceRecord.model_validate_json(record.model_dump_json()).root)


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    it = Topics()
    monkeypatch.setattr(client, "subscribe", it.subscribe)
    monkeypatch.setattr(silence_log, "publish", it.publish)
    return it


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("GROUNDSWELL_BROKER", "127.0.0.1:1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LOGNAME", "ana")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), prog_name="groundswell")

    return run


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--for", "2h"], Exit.USAGE, "say which alerts: --brand"),
        (["--brand", "Acme"], Exit.USAGE, "one of --for 2h and --until"),
        (["--brand", "Acme", "--for", "2h", "--until", "2036-01-01T00:00Z"], Exit.USAGE, "one of --for"),
        (["--brand", "Acme", "--for", "2"], Exit.USAGE, "--for 2: write it as 30m, 2h, 1d or 1d12h"),
        (["--brand", "Acme", "--for", ""], Exit.USAGE, "write it as"),
        (["--brand", "Acme", "--for", "-2h"], Exit.USAGE, "write it as"),
        (["--brand", "Acme", "--for", "9" * 99 + "h"], Exit.USAGE, "write it as"),
        (["--brand", "Acme", "--for", "99999w"], Exit.USAGE, "more than 30 days"),
        (["--brand", "Acme", "--for", "0h"], Exit.USAGE, "--for 0h: it would end before it begins"),
        (["--brand", "Acme", "--for", "30d1m"], Exit.USAGE, "--for 30d1m: that is more than 30 days"),
        (["--brand", "Acme", "--until", "tomorrow"], Exit.USAGE, "--until tomorrow: write it with an offset"),
        (["--brand", "Acme", "--until", "2036-01-01T00:00"], Exit.USAGE, "write it with an offset"),
        (["--brand", "Acme", "--until", "2016-01-01T00:00Z"], Exit.USAGE, "it would end before it begins"),
        (
            ["--brand", "Acme", "--from", "2016-01-01T00:00Z", "--until", "2016-01-02T00:00Z"],
            Exit.USAGE,
            "that is over already",
        ),
        (["--brand", "Acme", "--from", "2199-01-01T00:00Z", "--for", "1h"], Exit.USAGE, "more than 30 days ahead"),
        (["--brand", "Acme", "--from", "2199-01-01T00:00Z", "--until", "2198-01-01T00:00Z"], Exit.USAGE, "days ahead"),
        (["--brand", "Acme", "--until", "0001-01-01T00:00+14:00"], Exit.USAGE, "write it with an offset"),
        (["--brand", "Acme", "--from", "9999-12-31T23:59Z", "--for", "2h"], Exit.USAGE, "days ahead"),
        (["--brand", " ", "--for", "2h"], Exit.USAGE, "--brand: String should have at least 1 character"),
        (["--brand", "A\nB", "--for", "2h"], Exit.USAGE, "--brand: String should match"),
        (["--kind", "flood", "--for", "2h"], Exit.USAGE, "--kind: Input should be 'surge', 'pain_point'"),
        (["--severity", "5", "--for", "2h"], Exit.USAGE, "--severity"),
        (["--brand", "Acme", "--for", "2h", "--why", "x" * 1_001], Exit.USAGE, "--why: String should have at most"),
        (["--brand", "Acme", "--for", "2h", "--by", ""], Exit.USAGE, "--by: String should have at least"),
        (["--fingerprint", "not hex", "--for", "2h"], Exit.USAGE, "fingerprint 'not hex': give up to 16 hex digits"),
        (["--fingerprint", "0", "--for", "2h"], Exit.PROBLEM, "no alert that fires begins with 0; none fires now"),
        (["--brand", "Acme", "list"], Exit.USAGE, "options for a new silence make no sense with list"),
        (["end", "abc"], Exit.PROBLEM, "there is no 'abc'; see: groundswell silence list"),
        (["end", ""], Exit.PROBLEM, "there is no"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(
    run: Run, topics: Topics, arguments: list[str], code: Exit, message: str
) -> None:
    result = run("silence", *arguments)
    assert result.exit_code == code, result.output
    assert message in result.output
    assert "Traceback" not in result.output
    assert topics.silences == []


def test_without_a_word_it_shows_its_help_which_explains_every_option(run: Run) -> None:
    command: Any = get_command(app).commands["silence"]  # type: ignore[attr-defined]
    assert all(parameter.help for parameter in command.params if parameter.name != "help")
    assert "it stays on its topic" in " ".join(run("silence").output.split()).lower()


def test_a_silence_says_what_it_mutes_now_and_how_to_end_it(run: Run, topics: Topics) -> None:
    topics.alerts = [alert(), alert("Other"), alert(pain_point="app_crash", revision=2, reason="recovered")]
    result = run("silence", "--brand", "Acme", "--severity", "2", "--for", "1d2h", "--why", "deploy")
    assert result.exit_code == 0, result.output
    (made,) = topics.silences
    assert made.matchers == Matchers(brand="Acme", severity_at_most=2)
    assert made.ends_at - made.starts_at == timedelta(hours=26)
    assert (made.created_by, made.comment) == ("ana", "deploy")
    assert f"active  {made.id} silence of brand Acme, severity at most 2" in result.stdout
    assert f"matches what fires now: {alert().fingerprint} (Acme: " in result.stdout
    assert "Other" not in result.stdout and "app_crash" not in result.stdout
    assert f"groundswell silence end {made.id}" in result.stdout


def test_a_fingerprint_may_be_cut_short_while_it_fires(run: Run, topics: Topics) -> None:
    topics.alerts = [alert(), alert("Other")]
    assert run("silence", "--fingerprint", alert().fingerprint[:6], "--for", "1h").exit_code == 0
    assert run("silence", "--fingerprint", "0123456789abcdef", "--for", "1h").exit_code == 0
    assert [it.matchers.fingerprint for it in topics.silences] == [alert().fingerprint, "0123456789abcdef"]
    assert all(it.matchers.brand is None for it in topics.silences)


def test_list_shows_what_holds_and_with_all_what_held(run: Run, topics: Topics) -> None:
    topics.alerts = [alert(), alert("Other")]
    run("silence", "--brand", "Acme", "--for", "1h")
    run("silence", "--brand", "Later", "--from", (datetime.now(UTC) + timedelta(days=1)).isoformat(), "--for", "1h")
    run("silence", "--brand", "Over", "--for", "1h")
    run("silence", "end", topics.silences[-1].id[:8], "--by", "ben")
    run("ack", alert("Other").fingerprint)
    topics.silences.append(Muted(alert=alert(), silenced_by=topics.silences[0].id, known=False, news=True))
    states = [(line["type"], line["state"]) for line in map(orjson.loads, _lines(run("silence", "list", "--json")))]
    assert states == [("silence", "active"), ("silence", "pending"), ("acknowledgement", "active")]
    listed = [orjson.loads(line) for line in _lines(run("silence", "list", "--json", "--all"))]
    assert sorted(line["state"] for line in listed) == ["active", "active", "expired", "pending"]
    (over,) = [line for line in listed if line["state"] == "expired"]
    assert (over["ended_by"], over["alerts"]) == ("ben", [])
    text = run("silence", "list", "--all").stdout
    assert re.search(r"^expired \w{12} silence of brand Over, .* · ended by ben, ", text, re.MULTILINE)
    topics.silences = []
    assert "Nothing is silenced" in run("silence", "list").stdout


def _lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_end_wants_to_know_which_one(run: Run, topics: Topics) -> None:
    now = datetime.now(UTC)
    for number in (1, 2):
        topics.silences.append(
            Silence(
                id=f"abc{number:09x}",
                matchers=Matchers(brand="Acme"),
                starts_at=now,
                ends_at=now + timedelta(hours=1),
                created_at=now,
                created_by="ana",
            )
        )
    ambiguous = run("silence", "end", "abc")
    assert ambiguous.exit_code == Exit.USAGE
    assert "abc is the beginning of abc000000001, abc000000002; give more of it" in ambiguous.output
    assert "is ended" in run("silence", "end", "abc000000001").output
    again = run("silence", "end", "abc000000001")
    assert again.exit_code == Exit.PROBLEM and "silence abc000000001 is over already" in again.output


class TestAck:
    def test_of_an_alert_that_fires_by_the_beginning_of_its_fingerprint(self, run: Run, topics: Topics) -> None:
        topics.alerts = [alert(), alert(revision=2)]
        result = run("ack", alert().fingerprint[:4].upper(), "--why", "on it")
        assert result.exit_code == 0, result.output
        (made,) = topics.silences
        assert (made.fingerprint, made.starts_at, made.created_by) == (alert().fingerprint, alert().starts_at, "ana")
        assert made.title.startswith("Acme: ")
        assert f"{made.id} acknowledgement of {alert().fingerprint}" in result.stdout and "on it" in result.stdout

    def test_once_is_enough_until_it_is_taken_back_or_begins_anew(self, run: Run, topics: Topics) -> None:
        topics.alerts = [alert()]
        run("ack", alert().fingerprint)
        assert "acknowledged already" in run("ack", alert().fingerprint, "--by", "ben").stdout
        assert [it.created_by for it in topics.silences] == ["ana"]
        taken = run("silence", "end", topics.silences[0].id)
        assert "is taken back" in taken.stdout and topics.silences[-1].ended_by == "ana"
        assert run("ack", alert().fingerprint, "--by", "ben").exit_code == 0
        assert (topics.silences[-1].created_by, topics.silences[-1].ended_at) == ("ben", None)
        topics.alerts = [alert(revision=9, reason="first", starts_at=later(alert(), days=1))]
        run("ack", alert().fingerprint)
        assert len({it.id for it in topics.silences}) == 2

    def test_of_a_part_it_says_what_becomes_of_the_incident(self, run: Run, topics: Topics) -> None:
        late, checkout = alert(), alert(pain_point="checkout_fails")
        page = {"fingerprint": "e" * 16, "kind": "incident", "pain_point": None, "revision": 2, "reason": "joined"}
        parts = [
            IncidentPart(**{name: getattr(it, name) for name in IncidentPart.model_fields}) for it in (late, checkout)
        ]
        it = {"incident": "e" * 16}
        topics.alerts = [late.model_copy(update=it), checkout.model_copy(update=it), alert(parts=parts, **page)]
        said = run("ack", late.fingerprint).stdout
        assert (
            f"Its incident still reminds, of checkout_fails; to acknowledge all of it: groundswell ack {'e' * 16}"
            in said
        )
        assert f"Its incident {'e' * 16} reminds no more either" in run("ack", checkout.fingerprint).stdout
        assert "incident" not in run("ack", "e" * 16).stdout

    @pytest.mark.parametrize(
        ("wanted", "code", "message"),
        [
            ("xyz", Exit.USAGE, "fingerprint 'xyz': give up to 16 hex digits, as alerts show them"),
            ("0" * 17, Exit.USAGE, "give up to 16 hex digits"),
            ("", Exit.USAGE, "give up to 16 hex digits"),
            ("b" * 16, Exit.PROBLEM, "no alert that fires begins with bbbbbbbbbbbbbbbb; these fire: aaaa"),
            ("aaaa", Exit.USAGE, "aaaa is the beginning of 2 alerts; give more of it: aaaa000000000000 (Acme: "),
            ("ffff", Exit.PROBLEM, "alert ffff000000000000 does not fire: it is over since 2026-03-02 03:00Z"),
        ],
    )
    def test_what_is_not_one_alert_is_said(
        self, run: Run, topics: Topics, wanted: str, code: Exit, message: str
    ) -> None:
        topics.alerts = [
            alert(fingerprint="aaaa000000000000"),
            alert(fingerprint="aaaa111111111111"),
            alert(fingerprint="ffff000000000000", revision=5, reason="recovered"),
        ]
        result = run("ack", wanted)
        assert result.exit_code == code, result.output
        assert message in result.output
        assert topics.silences == []


def test_every_record_of_the_topic_can_be_read_aloud(run: Run, topics: Topics) -> None:
    topics.alerts = [alert(brand="A\x1b[31m")]
    run("silence", "--brand", "Acme", "--for", "1h", "--why", "\x1b[31m deploy")
    run("ack", topics.alerts[0].fingerprint)
    topics.silences.append(Muted(alert=topics.alerts[0], silenced_by="0" * 12, known=False, news=True))
    shown = [show.lines(SilenceRecord(it)).plain for it in topics.silences]
    assert ["silence of brand Acme" in shown[0], "acknowledgement of" in shown[1], "mutes A" in shown[2]] == [True] * 3
    assert not any("\x1b" in line for line in shown)
