"""Every kind of record has lines that people can read."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from groundswell.cli import app, show
from streams.topics import ALL, DERIVED, named

SAID = (
    "My order never arrived, this is the third time I write! I am furious and I will cancel.",
    "I love the new app, checkout is so easy now. Thank you!",
    "The app crashes at checkout, I can't pay.\x1b[31m",
)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the topics hold after two hours of a shop whose customers say three things."""
    folder = tmp_path_factory.mktemp("replayed")
    events = [
        {
            "id": str(n), "brand": "Bean & Co", "text": SAID[n % 3], "author": f"author {n % 40}",
            "created_at": f"2026-02-01T{10 + n // 60:02d}:{n % 60:02d}:00Z", "conversation_id": str(n % 9),
        }
        for n in range(120)
    ]  # fmt: skip
    file = folder / "tickets.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, events)) + b"\n{broken\n")
    result = CliRunner().invoke(
        app, ["replay", str(file), "--as", "tickets", "--out", str(folder)], env={"GROUNDSWELL_DATA": str(folder)}
    )
    assert result.exit_code == 0, result.output
    # Candidates take days to show: those of the golden records are read instead.
    golden = Path(__file__).parents[1] / "golden/wire/0.1.0/candidates.jsonl"
    (folder / "candidates.jsonl").write_bytes(golden.read_bytes().replace(b"Acme", b"Bean & Co"))
    return folder


@pytest.mark.parametrize("topic", [t.short_name for t in DERIVED if t.short_name != "alerts"])
def test_every_topics_records_can_be_read_aloud(replayed: Path, topic: str) -> None:
    lines = (replayed / f"{topic}.jsonl").read_bytes().splitlines()
    assert lines, "the replay must reach every topic"
    for line in lines:
        value = named(topic).value.model_validate(orjson.loads(line)["value"])
        text = show.lines(value).plain
        assert "\x1b" not in text and not text.startswith("{") and not text.endswith("\n")
        assert topic == "quarantine" or "Bean & Co" in text


def test_a_line_says_what_matters(replayed: Path) -> None:
    first = orjson.loads((replayed / "scored.jsonl").read_bytes().splitlines()[0])["value"]
    line = show.lines(named("scored").value.model_validate(first)).plain
    assert line.startswith("2026-02-01 10:00 -0.") and "My order never arrived" in line
    assert all(f"[{mention['id']}]" in line for mention in first["pain_points"]) and first["pain_points"]
    (bad,) = (replayed / "quarantine.jsonl").read_bytes().splitlines()
    assert "invalid_json" in show.lines(named("quarantine").value.model_validate(orjson.loads(bad)["value"])).plain


def test_no_topic_is_shown_as_bare_json() -> None:
    shown = tuple(kind for kind, _ in show._SHOWN)
    assert all(issubclass(topic.value, shown) for topic in ALL)
