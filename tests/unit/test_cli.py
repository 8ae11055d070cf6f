"""The command line without a broker: help, results, and what goes wrong in one line and a number."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pydantic_settings
import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from groundswell.cli import app, failures, output
from groundswell.cli.exits import Exit
from schemas.scored import Scored
from streams.admin import BrokerUnreachable
from streams.broker import BrokerInUse, JarsMissing

Run = Callable[..., Result]

ROOT = Path(__file__).parents[2]
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command with clean settings and a data folder of its own."""
    for name in list(os.environ):
        if name.startswith("GROUNDSWELL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GROUNDSWELL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")

    def run(*arguments: str, stdin: str | bytes | None = None, **environment: str) -> Result:
        for name, value in environment.items():
            monkeypatch.setenv(f"GROUNDSWELL_{name}", value)
        return CliRunner().invoke(app, list(arguments), input=stdin, prog_name="groundswell")

    return run


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(get_command(app)))


def test_the_commands_are_those_of_the_readme() -> None:
    assert {" ".join(path) for path in COMMANDS} >= {
        "up", "worker", "send", "tail", "watch", "score", "replay", "backtest", "doctor", "schema", "topics create",
        "topics check", "topics list", "quarantine list", "quarantine show", "quarantine requeue", "silence list",
        "silence end", "ack",
        "routes check", "routes test",
    }  # fmt: skip


def test_a_command_is_imported_when_it_is_asked_for() -> None:
    code = (
        "import sys; from groundswell.cli import app; from typer.main import get_command;"
        "get_command(app).commands['score'];"
        "print(*sorted(name for name in sys.modules if name.startswith('groundswell.cli.')))"
    )
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "groundswell.cli.score" in imported
    assert not {"groundswell.cli.demo", "groundswell.cli.worker", "groundswell.cli.watch"} & set(imported)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_option_says_what_it_does(path: tuple[str, ...], run: Run) -> None:
    command = COMMANDS[path]
    assert command.help.split("\n\n")[0].strip().endswith("."), command.help
    for parameter in command.params:
        hidden = getattr(parameter, "hidden", False) or parameter.name in ("help", "install_completion")
        assert hidden or getattr(parameter, "help", None), parameter.name
    shown = run(*path, "--help")
    assert shown.exit_code == 0
    assert f"groundswell {' '.join(path)}" in shown.output


def test_the_exit_codes_are_told(run: Run) -> None:
    told = " ".join(run("--help").output.split())
    for code in Exit:
        assert f"{code.value} {code.meaning}" in told


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").output.startswith("groundswell ")


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "message"),
    [
        (["send", "no.jsonl", "--as", "posts"], {}, Exit.USAGE, "no.jsonl: No such file"),
        (["send", "no.jsonl", "--as", "letters"], {}, Exit.USAGE, "--as letters: there is no such source"),
        (["send", "no.jsonl", "--as", "posts", "--speed", "0"], {}, Exit.USAGE, "--speed 0: give a number above 0"),
        (["send", "no.jsonl", "--as", "posts", "--speed", "2", "--live"], {}, Exit.USAGE, "give one of them"),
        (["send", "no.jsonl", "--as", "posts", "--map", "brand"], {}, Exit.USAGE, "--map brand: write it as FIELD="),
        (["send", "no.csv", "--as", "posts", "--encoding", "x"], {}, Exit.USAGE, "--encoding x: there is no such"),
        (["send", "no.csv", "--as", "posts", "--format", "xml"], {}, Exit.USAGE, "--format xml"),
        (["tail", "nothing"], {}, Exit.USAGE, "no topic is called 'nothing'; there are: reviews"),
        (["tail", "alerts"], {"BROKER": NOWHERE}, Exit.UNREACHABLE, "No Kafka can be reached"),
        (["up"], {"BROKER": NOWHERE}, Exit.UNREACHABLE, "No Kafka can be reached"),
        (["worker"], {}, Exit.UNREACHABLE, "start one with: groundswell up"),
        (["topics", "check"], {}, Exit.UNREACHABLE, "start one with: groundswell up"),
        (["topics", "create"], {"BROKER": "host"}, Exit.USAGE, "GROUNDSWELL_BROKER: String should match"),
        (["topics", "list"], {"PARTITIONS": "many"}, Exit.USAGE, "GROUNDSWELL_PARTITIONS: Input should be"),
        (["topics", "list"], {"CATALOG": "{"}, Exit.USAGE, "catalog"),
        (["quarantine", "requeue"], {}, Exit.USAGE, "--reason REASON, or --all"),
        (["quarantine", "list"], {}, Exit.UNREACHABLE, "start one with: groundswell up"),
        (["quarantine", "list", "--reason", "ugly"], {"BROKER": NOWHERE}, Exit.USAGE, "no such reason; there are: "),
        (["schema", "nothing"], {}, Exit.USAGE, "no topic is called 'nothing'"),
        (["score", "no.jsonl"], {}, Exit.USAGE, "no.jsonl: No such file"),
        (["backtest", "no.jsonl", "--as", "posts"], {}, Exit.USAGE, "no.jsonl: No such file"),
        (["series", "no.csv"], {}, Exit.USAGE, "no.csv can't be read: No such file"),
        (["score", "-"], {"CATALOG": '["nothing"]'}, Exit.USAGE, "nothing"),
        (["tail", "alerts", "--limit", "0"], {}, Exit.USAGE, "--limit"),
        (["fly"], {}, Exit.USAGE, "No such command"),
        (["doctor"], {"BROKER": "127.0.0.1:1", "SASL_PASSWORD": "hush"}, Exit.UNREACHABLE, "SASL"),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_number(
    run: Run, arguments: list[str], environment: dict[str, str], code: Exit, message: str
) -> None:
    result = run(*arguments, **environment)
    assert result.exit_code == code, result.output
    assert message in result.output
    assert "Traceback" not in result.output and "hush" not in result.output
    if result.output.startswith("error: "):
        assert result.output.count("\n") == 1 and not result.stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BrokerInUse("it is in use"), Exit.IN_USE),
        (JarsMissing("no jars"), Exit.BROKER_FAILED),
        (BrokerUnreachable("gone"), Exit.UNREACHABLE),
        (ZeroDivisionError("oh"), Exit.BUG),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
def test_every_failure_has_its_number(
    error: Exception, code: Exit, debug: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_DEBUG", "1" if debug else "0")
    try:
        raise error
    except Exception as raised:
        assert failures.told(raised) == code
    told = capsys.readouterr().err
    assert str(error) in told
    assert ("Traceback" in told) == debug


def test_every_expected_failure_exists() -> None:
    """The table names classes, so that nothing has to be imported: then the names must be right."""
    sources = [path for folder in ("streams", "groundswell") for path in (ROOT / folder).rglob("*.py")]
    ours = {name for path in sources for name in re.findall(r"^class (\w+)", path.read_text("utf-8"), re.MULTILINE)}
    assert failures.CODES.keys() - ours == {"SettingsError"}
    assert issubclass(pydantic_settings.SettingsError, Exception)


def guarded(command: Callable[[], None]) -> Result:
    group = typer.Typer(cls=failures.Guarded)
    group.callback()(lambda: None)
    group.command(name="go")(command)
    return CliRunner().invoke(group, ["go"])


def test_interrupts_and_broken_pipes_end_quietly() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    def broken() -> None:
        raise BrokenPipeError

    for command, code in ((interrupted, Exit.INTERRUPTED), (broken, Exit.OK)):
        result = guarded(command)
        assert (result.exit_code, result.output) == (code, "")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m groundswell schema"
    process = subprocess.Popen(command.split(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_customers_do_not_steer_the_terminal() -> None:
    assert output.clean("a\x1b[31mb\r\u202ec\n\tд👩‍👩‍👧é\u00a0\x9b") == "a�[31mb��c\n\tд👩‍👩‍👧é\u00a0�"


def test_schemas_are_printed_for_all_topics_or_one(run: Run) -> None:
    everything = orjson.loads(run("schema").stdout)
    assert list(everything) == [
        "reviews", "posts", "tickets", "changes",
        "scored", "metrics", "alerts", "pain-points", "delights", "handoffs", "candidates", "quarantine", "silences",
        "receipts",
    ]  # fmt: skip
    alerts = orjson.loads(run("schema", "groundswell.alerts.v1").stdout)
    assert alerts == everything["alerts"]
    assert alerts["properties"]["starts_at"]["type"] == "string"
    assert alerts["x-kafka"] == {
        "topic": "groundswell.alerts.v1", "key": "alert fingerprint", "cleanup.policy": "compact,delete",
    }  # fmt: skip


def test_topics_are_listed_under_their_prefix(run: Run) -> None:
    rows = [orjson.loads(line) for line in run("topics", "list", "--json", TOPIC_PREFIX="mine.").stdout.splitlines()]
    assert [row["topic"] for row in rows][:2] == ["mine.reviews.v1", "mine.posts.v1"]
    assert "mine.alerts.v1" in run("topics", "list").stdout


LINES = (
    b'{"text": "My parcel is two weeks late and nobody answers, I am furious!", "id": 7, "brand": "Acme"}\n'
    b"\n"
    b"{broken\n"
    b'{"text": "I love the new app, thank you so much!", "order": "A-1"}\n'
    b'{"id": "x"}\n'
)


def test_score_keeps_ids_and_order(run: Run) -> None:
    result = run("score", stdin=LINES)
    rows = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == Exit.PROBLEM
    assert [row["id"] for row in rows] == [7, 2, 3, "x"]
    assert rows[0]["sentiment"]["label"] == "negative" and rows[0]["pain_points"]
    assert rows[1]["error"]["reason"] == "invalid_json"
    assert rows[2]["sentiment"]["label"] == "positive" and isinstance(rows[2]["emotions"], list)
    assert rows[3]["error"]["reason"] == "missing_field"


def test_score_passes_over_what_is_too_long(run: Run) -> None:
    result = run("score", stdin=b"x" * 9_000_000 + b"\n" + LINES.splitlines()[0])
    long, fine = map(orjson.loads, result.stdout.splitlines())
    assert (long["id"], long["error"]["reason"]) == (1, "too_large")
    assert fine["id"] == 7


def test_score_explains_and_shows_all(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_bytes(LINES)
    explained = orjson.loads(run("score", str(file), "--explain").stdout.splitlines()[0])
    assert explained["words"] and explained["pain_points"][0]["words"]
    whole = [orjson.loads(line) for line in run("score", str(file), "--all", "--as", "reviews").stdout.splitlines()]
    assert whole[2]["extra"] == {"order": "A-1"} and whole[2]["source"] == "reviews"
    assert whole[0]["brand"] == "Acme"
    # What nobody said is not claimed.
    assert not {"brand", "author", "created_at", "origin"} & whole[2].keys()


def test_a_catalog_can_be_named_on_the_command_line(run: Run) -> None:
    line = b'{"text": "My flight was cancelled and nobody answers the phone.", "brand": "Acme"}'
    brands = '{"Acme": ["subscription-shop"]}'
    told = {
        packs: [
            mention["id"]
            for mention in orjson.loads(run("score", *packs, stdin=line, CATALOGS=brands).stdout)["pain_points"]
        ]
        for packs in ((), ("--catalog", "airline"), ("--catalog", "generic", "--catalog", "airline"))
    }
    alone, both = told["--catalog", "airline"], told["--catalog", "generic", "--catalog", "airline"]
    assert "cancelled_flight" not in told[()]
    assert alone[0] == both[0] == "cancelled_flight"
    assert set(alone) < set(both)
    refused = run("score", "--catalog", "airlines", stdin=line)
    assert refused.exit_code == Exit.USAGE and "airline, generic" in refused.output


def test_replay_writes_a_file_for_each_topic(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("who,text,at\nann,the app crashes,2026-02-01 10:00\nbob,,2026-02-01 10:01\n")
    to = tmp_path / "out"
    result = run(
        "replay", str(file), "--as", "posts", "--out", str(to), "--map", "author=who", "--map", "created_at=at",
        "--set", "brand=Acme", "--timezone", "UTC", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    counts = orjson.loads(result.stdout)["records"]
    assert (counts["scored"], counts["quarantine"]) == (1, 1)
    (line,) = (to / "scored.jsonl").read_bytes().splitlines()
    record = orjson.loads(line)
    assert record["key"] == "Acme"
    assert Scored.model_validate(record["value"]).text == "the app crashes"
    for name, count in counts.items():
        assert len((to / f"{name}.jsonl").read_bytes().splitlines()) == count


def test_doctor_says_what_to_do(run: Run) -> None:
    result = run("doctor", "--json")
    found = {finding["name"]: finding for finding in map(orjson.loads, result.stdout.splitlines())}
    assert result.exit_code == Exit.UNREACHABLE
    assert found["versions"]["ok"] and found["disk"]["ok"] and found["key"]["ok"]
    assert not found["broker"]["ok"] and "groundswell up" in found["broker"]["todo"]


def test_doctor_sees_a_key_that_others_can_read(run: Run, tmp_path: Path) -> None:
    key = tmp_path / "data" / "pseudonym.key"
    key.parent.mkdir()
    key.write_bytes(b"x" * 32)
    key.chmod(0o644)
    result = run("doctor")
    assert f"chmod 600 {key}" in result.stdout


def test_json_goes_to_standard_output_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    output.write_json({"a": 1})
    assert stream.getvalue() == '{"a":1}\n'
