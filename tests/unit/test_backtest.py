"""``groundswell backtest`` over a week whose truth is known: what it finds, prints, writes and refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from groundswell.cli import app
from groundswell.cli.exits import Exit
from schemas.base import stamp
from streams.backtest import judge, read_labels
from streams.backtest.page import page
from streams.topics import ALERTS
from tests.support.recordings import TROUBLE_MS, labels, lines, week
from tests.support.records import BASE_MS, DAY, HOUR
from tests.support.runs import alert, run

Backtest = Callable[..., Result]

HOSTILE = "Parcel late \"'></script <img src=x onerror=a()"  # Nine words: forty copies of ten are one voice.
"""Its tags are left open: what looks like whole ones is taken out of texts when they are read."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the week, its labels, and clean settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROUNDSWELL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TERM", "dumb")
    (tmp_path / "week.jsonl").write_bytes(lines(week()))
    (tmp_path / "labels.json").write_bytes(orjson.dumps(labels()))
    return tmp_path


@pytest.fixture
def backtest(folder: Path) -> Backtest:
    return lambda *arguments: CliRunner().invoke(app, ["backtest", *arguments], prog_name="groundswell")


WEEK = ("week.jsonl", "--as", "posts")
LABELLED = (*WEEK, "--labels", "labels.json")


def test_the_truth_is_found(backtest: Backtest) -> None:
    result = backtest(*LABELLED, "--json")
    assert result.exit_code == 0, result.output
    told = orjson.loads(result.stdout)
    assert told["recording"]["brands"] == {"Acme": len(week())}
    assert told["recording"]["first"] == stamp(BASE_MS)
    (of,) = told["configurations"]
    (alert,) = of["alerts"]
    assert (alert["pain_point"], alert["standing"], alert["incidents"]) == ("late_delivery", "must", ["trouble"])
    assert alert["voices"] >= 40 and alert["severity"] <= 2
    (incident,) = of["incidents"]
    assert incident["told"] and 0 < incident["delay_minutes"] <= 60
    figures = of["figures"]
    assert (figures["precision"], figures["recall"]) == (1.0, 1.0)
    assert figures["alerts"] == {"all": 1, "must": 1, "may": 0, "false": 0, "loud": 0, "again": 0}
    assert of["notes"] == []
    silences = {(it["series"], it["reason"]): it for it in of["silences"]}
    assert silences["late_delivery", "one_voice"]["judgements"] > 0
    assert silences["late_delivery", "no_baseline"]["nearest"][0]["expected"] is None


def test_it_is_the_same_to_the_byte_and_reads_in_any_order(backtest: Backtest, folder: Path) -> None:
    runs = []
    (folder / "mixed.jsonl").write_bytes(lines(week()[::-1]))
    for name in ("week.jsonl", "week.jsonl", "mixed.jsonl"):
        arguments = (name, "--as", "posts", "--labels", "labels.json", "--plot", "page.html")
        runs.append((backtest(*arguments, "--json").stdout, backtest(*arguments).stdout))
        runs[-1] += ((folder / "page.html").read_text(),)
    assert runs[0] == runs[1] == runs[2]


def test_people_read_tables(backtest: Backtest) -> None:
    shown = backtest(*LABELLED).stdout
    lines_of = shown.splitlines()
    assert any("late_delivery" in line and "must: trouble" in line for line in lines_of)
    assert any(line.startswith("trouble") and "late_delivery" in line for line in lines_of)
    assert re.search(r"precision +1\.00 \(1 of 1\)", shown)
    assert re.search(r"alerts a week, Acme +1\.00", shown)
    assert "one_voice" in shown and "no_baseline" in shown
    unlabelled = backtest(*WEEK).stdout
    assert "late_delivery" in unlabelled and "precision" not in unlabelled and "trouble" not in unlabelled


def test_two_configurations_stand_side_by_side(backtest: Backtest, folder: Path) -> None:
    (folder / "usual.toml").write_text("early_warning = true")
    (folder / "deaf.toml").write_text('catalog = ["generic"]\n[parameters]\nminimum = 1000\n')
    result = backtest(*LABELLED, "--config", "usual.toml", "--config", "deaf.toml", "--plot", "page.html", "--json")
    assert result.exit_code == 0, result.output
    usual, deaf = orjson.loads(result.stdout)["configurations"]
    assert (usual["name"], deaf["name"]) == ("usual", "deaf")
    assert (usual["figures"]["recall"], deaf["figures"]["recall"]) == (1.0, 0.0)
    assert deaf["figures"]["precision"] is None and deaf["alerts"] == []
    warnings = usual["warnings"]
    assert warnings["alerts"] == 1 and warnings["all"] == len(warnings["list"]) and deaf["warnings"] is None
    (missed,) = deaf["incidents"]
    why = {silence["series"]: silence for silence in missed["why_silent"]}
    assert why["late_delivery"]["reason"] == "below_minimum"
    assert why["late_delivery"]["nearest"][0]["observed"] >= 40
    shown = backtest(*LABELLED, "--config", "usual.toml", "--config", "deaf.toml").stdout
    assert re.search(r"recall of what must be told +1\.00 \(1 of 1\) +0\.00 \(0 of 1\)", shown)
    assert re.search(r"alerts that were warned of +[01] of 1 +–", shown)
    assert "Alerts with deaf: none" in shown
    text = (folder / "page.html").read_text()
    assert "With usual" in text and "With deaf" in text


def test_two_files_of_one_name_are_told_apart(backtest: Backtest, folder: Path) -> None:
    for number in (1, 2):
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / "a.toml").write_text("")
    told = orjson.loads(backtest(*WEEK, "--config", "1/a.toml", "--config", "2/a.toml", "--json").stdout)
    assert [of["name"] for of in told["configurations"]] == ["1/a.toml", "2/a.toml"]


def test_labels_of_a_brand_that_nobody_wrote_to_are_said(backtest: Backtest, folder: Path) -> None:
    (folder / "other.json").write_bytes(orjson.dumps(labels("Beta")))
    result = backtest(*WEEK, "--labels", "other.json")
    assert result.exit_code == 0
    assert "nobody wrote to 'Beta'" in " ".join(result.stderr.split())
    assert "the recording has: Acme" in " ".join(result.stderr.split())


def test_what_can_not_be_read_is_counted(backtest: Backtest, folder: Path) -> None:
    with (folder / "week.jsonl").open("ab") as file:
        file.write(b'{"broken\n' + lines([{"id": "x", "created_at": stamp(BASE_MS)}]))
    told = orjson.loads(backtest(*WEEK, "--json").stdout)
    assert told["recording"]["quarantined"] == {"invalid_json": 1, "missing_field": 1}
    assert "not to be read: 2 (invalid_json 1, missing_field 1)" in backtest(*WEEK).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), Exit.USAGE, "give recorded events: files, - for a pipe, or --from-broker"),
        (("week.jsonl",), Exit.USAGE, "--as is missing"),
        (("no.jsonl", "--as", "posts"), Exit.USAGE, "no.jsonl: No such file"),
        (("week.jsonl", "--as", "letters"), Exit.USAGE, "--as letters: there is no such source"),
        ((*WEEK, "--labels", "no.json"), Exit.USAGE, "no.json: No such file"),
        ((*WEEK, "--labels", "week.jsonl"), Exit.USAGE, "week.jsonl is no JSON"),
        ((*WEEK, "--labels", "wrong.json"), Exit.USAGE, "incidents.0.start: field required"),
        ((*WEEK, "--config", "no.toml"), Exit.USAGE, "no.toml: No such file"),
        (
            (*WEEK, "--config", "key.toml"),
            Exit.USAGE,
            "key: there is no key 'topics'; there are: alert_budget, catalog",
        ),
        ((*WEEK, "--config", "latin.toml"), Exit.USAGE, "latin.toml is not UTF-8"),
        ((*WEEK, "--config", "detector.toml"), Exit.USAGE, "no detector is called 'oracle'; there are: "),
        ((*WEEK, "--config", "catalog.toml"), Exit.USAGE, "no-such-pack"),
        ((*WEEK, "--config", "key.toml", "--config", "key.toml"), Exit.USAGE, "there is no key 'topics'"),
        ((*WEEK, "--config", "good.toml", "--config", "good.toml"), Exit.USAGE, "the same file is given twice"),
        (("-", "--as", "posts", "--config", "good.toml", "--config", "fine.toml"), Exit.USAGE, "read only once"),
        ((*WEEK, "--from-broker"), Exit.USAGE, "give no files and no columns"),
        (("--from-broker", "--set", "brand=Acme"), Exit.USAGE, "give no files and no columns"),
        (("--from-broker",), Exit.UNREACHABLE, "start one with: groundswell up"),
        (("empty.jsonl", "--as", "posts"), Exit.PROBLEM, "there are no events in empty.jsonl"),
        (("-", "--as", "posts", "--format", "jsonl"), Exit.PROBLEM, "there are no events in standard input"),
        (
            ("broken.jsonl", "--as", "posts"),
            Exit.PROBLEM,
            "none of the 2 records can be read as an event (invalid_json 2)",
        ),
        ((*WEEK, "--plot", "no/page.html"), Exit.PROBLEM, "no/page.html can't be written: No such file"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    backtest: Backtest, folder: Path, arguments: tuple[str, ...], code: Exit, message: str
) -> None:
    (folder / "wrong.json").write_text(
        '{"incidents": [{"id": "a", "brand": "b", "class": "may", "end": "2026-01-01T00:00Z"}]}'
    )
    (folder / "key.toml").write_text("topics = 3\n")
    (folder / "good.toml").write_text("")
    (folder / "fine.toml").write_text("")
    (folder / "latin.toml").write_bytes(b'detector = "s\xfcrge"')
    (folder / "detector.toml").write_text('detector = "oracle"')
    (folder / "catalog.toml").write_text('catalog = ["no-such-pack"]')
    (folder / "empty.jsonl").write_bytes(b"\n")
    (folder / "broken.jsonl").write_bytes(b"{\n}\n")
    result = backtest(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert result.stderr.count("\n") == 1 and not result.stdout


class Page(HTMLParser):
    """What of a page could load, run or be seen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[tuple[str, str | None]] = []
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._script = tag == "script"
        self.references += [(name, value) for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts.append(data)


def test_the_page_stands_alone_and_strangers_words_stay_words(backtest: Backtest, folder: Path) -> None:
    brand = "<b onclick=alert(2)>Acme"
    (folder / "hostile.jsonl").write_bytes(lines(week(brand, quote=HOSTILE)))
    (folder / "hostile.json").write_bytes(orjson.dumps(labels(brand, what="</text><script>alert(3)</script>")))
    result = backtest("hostile.jsonl", "--as", "posts", "--labels", "hostile.json", "--plot", "page.html")
    assert result.exit_code == 0, result.output
    text = (folder / "page.html").read_text()
    shown = Page(text)
    assert not shown.references and not shown.handlers
    assert not {"img", "link", "iframe", "object", "base", "form"} & set(shown.tags)
    assert shown.tags.count("script") == 2
    data = orjson.loads(shown.scripts[0])
    assert any(HOSTILE in quote for alert in data["alerts"] for quote in alert["quotes"])
    assert "url(" not in text and "@import" not in text
    assert "default-src 'none'" in text


def test_quotes_and_titles_end_no_script(folder: Path) -> None:
    said = "</script><img src=x onerror=alert(1)>\u2028<!--<script>"
    it = run(alert(TROUBLE_MS, title=said, quotes={"1": {"text": said, "created_at": "", "event_id": "1"}}))
    shown = Page(page([it], [judge(it, read_labels(orjson.dumps(labels(id=said, brand="Acme")), "x"))]))
    assert not shown.references and not shown.handlers and shown.tags.count("script") == 2
    (told,) = orjson.loads(shown.scripts[0])["alerts"]
    assert (told["title"], told["quotes"]) == (said, [said])


def test_the_page_draws_what_was_heard(backtest: Backtest, folder: Path) -> None:
    assert backtest(*LABELLED, "--plot", "page.html").exit_code == 0
    text = (folder / "page.html").read_text()
    data = orjson.loads(Page(text).scripts[0])
    hour = (TROUBLE_MS - data["begin"]) // data["step"]
    assert data["step"] == HOUR and data["begin"] == BASE_MS
    assert len(data["charts"]) == 3
    assert all(len(points) == 7 * 24 for points in data["charts"])
    assert max(points[hour][0] for points in data["charts"]) >= 40
    assert [len(alert["quotes"]) > 2 for alert in data["alerts"]] == [True]
    assert text.count('class="alert pain must"') == 1
    assert text.count('class="label must"') == 1 and text.count('class="label loud"') == 1
    assert "prefers-color-scheme: dark" in text


def test_a_long_recording_is_drawn_in_fewer_steps(folder: Path, backtest: Backtest) -> None:
    far: list[dict[str, Any]] = [
        event | {"id": f"far {n}", "created_at": stamp(BASE_MS - 300 * DAY + n * HOUR)}
        for n, event in enumerate(week()[:30])
    ]
    (folder / "long.jsonl").write_bytes(lines(far + week()))
    assert backtest("long.jsonl", "--as", "posts", "--plot", "page.html").exit_code == 0
    data = orjson.loads(Page((folder / "page.html").read_text()).scripts[0])
    assert data["step"] == 5 * HOUR
    assert max(point[0] for points in data["charts"] for point in points if point) >= 40
    assert all(len(points) <= 1_500 for points in data["charts"])


def test_alerts_are_those_of_a_replay(folder: Path, backtest: Backtest) -> None:
    told = orjson.loads(backtest(*WEEK, "--json").stdout)["configurations"][0]["alerts"]
    assert CliRunner().invoke(app, ["replay", *WEEK, "--out", "out"]).exit_code == 0
    published = [orjson.loads(line)["value"] for line in (folder / "out" / f"{ALERTS.short_name}.jsonl").open("rb")]
    incidents = [alert for alert in published if alert["kind"] == "incident"]
    published = [alert for alert in published if alert["kind"] != "incident"]
    assert {alert["incident"] for alert in published} == {alert["fingerprint"] for alert in incidents}
    assert {(alert["fingerprint"], alert["detected_at"]) for alert in published} == {
        (alert["fingerprint"], alert["detected_at"]) for alert in told
    }
    assert sum(alert["records"] for alert in told) == len(published)
