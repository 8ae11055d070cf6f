"""``groundswell eval``: its arithmetic, its judging, the command, and what the shipped model must keep to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner, Result

from groundswell.cli import app
from groundswell.cli.exits import Exit
from groundswell.evaluation import suites
from groundswell.evaluation.figures import calibration_error, class_f1, f1, macro_f1, macro_recall
from groundswell.evaluation.judging import faults
from groundswell.evaluation.own import Case, challenge, implicit
from groundswell.evaluation.public import grouped, reason_id
from groundswell.evaluation.readers import Product, Reading, TextBlob, Vader, events, frames
from groundswell.evaluation.split import share
from schemas.scored import EKMAN, EMOTIONS, GROUPS
from streams.catalog.catalog import load_pack, pack_names
from streams.reader import SLICE_RECORDS
from training.data import own_sentences

Run = Callable[..., Result]

FLOORS = {"challenge": ("all kinds", 84.0), "implicit": ("accuracy", 75.0)}
"""Per cent, about three below what the shipped model was measured at."""
FAIR = 0.05
"""Mean difference of the value that paired texts may show."""
NOT_YET_FAIR = {"strong dialect": 0.2}
"""Groups in which the shipped model misses that, and what it must not exceed until then: take out what is mended."""


def test_figures_are_those_computed_by_hand() -> None:
    truth, guess = np.array([0, 0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 1, 1, 0, 2, 2])
    assert macro_recall(truth, guess) == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
    assert f1(truth == 0, guess == 0) == pytest.approx(2 * 3 / (4 + 4))
    assert f1(truth == 7, guess == 7) == 0.0
    names = ["anger", "joy"]
    both = [[True, False], [True, True], [False, True], [False, False]]
    said = [[True, False], [False, True], [True, True], [False, False]]
    assert macro_f1(np.array(both), np.array(said)) == pytest.approx((1 / 2 + 1) / 2)
    # What is said but never right is no class of its own: it only costs the others.
    assert class_f1(["anger", "joy"], ["anger", "other"]) == pytest.approx((1 + 0) / 2)
    assert class_f1(names, names) == 1.0
    # Ten cases at 0.95, of which eight are right; ten at 0.55, of which five are.
    right = np.array([True] * 8 + [False] * 2 + [True] * 5 + [False] * 5)
    chances = np.array([0.95] * 10 + [0.55] * 10)
    assert calibration_error(right, chances) == pytest.approx(0.5 * 0.15 + 0.5 * 0.05)
    assert calibration_error(np.array([True, False]), np.array([1.0, 0.0])) == 0.0


def test_every_emotion_is_in_one_group_of_each_mapping() -> None:
    for groups in (EKMAN, GROUPS):
        assert sorted(name for names in groups.values() for name in names.split()) == sorted(EMOTIONS)
    labels = np.zeros((2, len(EMOTIONS)), dtype=np.bool_)
    labels[0, [EMOTIONS.index("annoyance"), EMOTIONS.index("grief")]] = True
    assert [name for name, there in zip(EKMAN, grouped(labels, EKMAN)[0], strict=True) if there] == ["anger", "sadness"]
    assert not grouped(labels, GROUPS)[1].any()
    assert reason_id("Can't Tell") == "cant_tell"


def case(**changed: Any) -> Case:
    return Case(**{"id": "x", "kind": "negation", "text": "x", "labels": frozenset(["negative"]), **changed})


def reading(**changed: Any) -> Reading:
    return Reading(**{"label": "negative", "value": -0.9, "strength": 0.6, **changed})


def test_a_case_is_right_only_if_everything_expected_holds() -> None:
    late = (frozenset(["late_delivery", "lost_parcel"]),)
    assert faults(case(), reading()) == []
    assert faults(case(), reading(label="positive")) == ["positive instead of negative"]
    assert faults(case(labels=frozenset(["negative", "neutral"])), reading(label="neutral")) == []
    assert faults(case(), reading(), reading(strength=0.5)) == []
    assert len(faults(case(), reading(), reading(strength=0.6))) == 1
    assert faults(case(pain_points=late), reading(pain_points=("refund", "lost_parcel"))) == []
    assert len(faults(case(pain_points=late, delights=late), reading(pain_points=(), delights=()))) == 2
    assert len(faults(case(pain_points=()), reading(pain_points=("price",)))) == 1
    # Nobody is blamed for what he does not claim to tell.
    assert faults(case(pain_points=late), reading()) == []
    # What is expected of no case is not asked.
    assert faults(case(), reading(pain_points=("price",), delights=("price",))) == []


def test_texts_go_through_the_scorer_in_frames() -> None:
    batch = events([f"text {at}" for at in range(SLICE_RECORDS + 1)])
    assert [len(frame) for frame in frames(batch)] == [SLICE_RECORDS, 1]
    texts = ["I love it, thank you so much!", "This is terrible, I hate it.", "", "🙃" * 40]
    told, every = Product("fast").read(texts), Product("fast", all_emotions=True)
    all_told = every.read(texts)
    assert [it.label for it in told[:2]] == ["positive", "negative"]
    assert set(all_told[0].emotions or ()) == set(EMOTIONS)
    limits = every.scorer.emotion_thresholds
    for some, both in zip(told, all_told, strict=True):
        assert some.emotions is not None
        assert both.emotions is not None
        assert some.emotions.items() <= both.emotions.items()
        # Below its threshold only the likeliest of a family is told, and only for the family's sake.
        for name in (name for name, chance in some.emotions.items() if chance < limits[name] - 0.001):
            kin = next(members.split() for members in EKMAN.values() if name in members.split())
            assert name == max(kin, key=lambda it: both.emotions[it] / limits[it])


def test_textblob_and_vader_read_as_their_packages_do() -> None:
    texts = ["This is great.", "This is terrible.", "This is a table."]
    for reader in (TextBlob(), Vader()):
        readings = reader.read(texts)
        assert [it.label for it in readings] == ["positive", "negative", "neutral"], reader.name
        assert readings[0].strength == abs(readings[0].value)
        assert readings[0].pain_points is None
    assert TextBlob().read(["This is great."])[0].value == pytest.approx(0.8)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in list(os.environ):
        if name.startswith("GROUNDSWELL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, ["eval", *arguments], prog_name="groundswell")


GOOD, BAD, PLAIN = "I love it, thank you so much!", "This is terrible, I hate it.", "What time do you open on Monday?"
FACT = "The office is on the second floor."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four texts a set: three labelled as they are, the last one as nobody would read it."""
    texts = [GOOD, BAD, PLAIN, GOOD]
    write(tmp_path / "tweeteval/sentiment/val_text.txt", "\n".join(texts) + "\n")
    write(tmp_path / "tweeteval/sentiment/val_labels.txt", "2\n0\n1\n0\n")
    for split in ("val", "train"):
        # A character that Python takes for a line end is none.
        write(tmp_path / f"tweeteval/emotion/{split}_text.txt", "I am so angry!\u2028\nWe are happy, what joy!\n")
        write(tmp_path / f"tweeteval/emotion/{split}_labels.txt", "0\n1\n")
    write(tmp_path / "goemotions/original/dev.tsv", f"{GOOD}\t15,18\tid1\nThanks!\t15\tid2\n{FACT}\t27\tid3\n")
    aside = [text for text in (f"{GOOD} {at}" for at in range(999)) if share(text) == "own-test"][:2]
    write(tmp_path / "goemotions/original/train.tsv", "".join(f"{text}\t15,18\tid\n" for text in [GOOD, *aside]))
    write(tmp_path / "semeval2017/train.tsv", "".join(f"positive\t{text}\n" for text in [BAD, *aside]))
    posts = [{"id": str(at), "text": text} for at, text in enumerate(texts)]
    sides = ["positive", "negative", "neutral", "negative"]
    reasons = [None, "Bad Flight", None, "Late Flight"]
    labels = [
        {"id": str(at), "sentiment": side, "pain_point": reason}
        for at, (side, reason) in enumerate(zip(sides, reasons, strict=True))
    ]
    write(tmp_path / "airline/dev.jsonl", "\n".join(orjson.dumps(row).decode() for row in posts))
    write(tmp_path / "airline/dev.labels.jsonl", "\n".join(orjson.dumps(row).decode() for row in labels))
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def figures(result: Result) -> dict[tuple[str, str], dict[str, float]]:
    assert result.exit_code == Exit.OK, result.output
    rows = [orjson.loads(line) for line in result.stdout.splitlines()]
    return {(row["dataset"], row["figure"]): row["values"] for row in rows if "figure" in row}


def test_all_gives_the_figures_of_every_set(run: Run, data: Path) -> None:
    told = figures(run("all", "--data", str(data), "--json"))
    assert {dataset for dataset, _ in told} == set(suites.DATASETS)
    for dataset in ("tweeteval-sentiment", "airline-sentiment"):
        assert told[dataset, "accuracy"] == {"fast": 75.0, "TextBlob": 75.0, "VADER": 75.0}
        assert told[dataset, "macro-recall"]["fast"] == pytest.approx(100 * (1 + 1 + 1 / 2) / 3)
        assert set(told[dataset, "ECE"]) == {"fast"}
    assert told["goemotions", "groups and neutral, macro-F1"]["fast"] == pytest.approx(50.0)
    assert told["tweeteval-emotion", "val, highest probability: macro-F1"]["fast"] == 100.0
    assert told["airline-reasons", "airline: accuracy"]["fast"] < 100.0


def test_tables_show_the_columns_and_what_went_wrong(run: Run, data: Path) -> None:
    result = run("tweeteval-sentiment", "--data", str(data), "--failures", "3")
    assert result.exit_code == Exit.OK
    assert "fast" in result.stdout
    assert "VADER" in result.stdout
    assert "75.0" in result.stdout
    assert f"3: {GOOD}" in result.stdout
    assert "positive instead of negative" in result.stdout


def test_the_tier_is_chosen(run: Run) -> None:
    told = figures(run("implicit", "--tier", "textblob", "--json"))
    assert set(told["implicit", "accuracy"]) == {"textblob", "TextBlob", "VADER"}
    assert run("implicit", "--tier", "nix").exit_code == Exit.USAGE


def test_speed_measures_each_length_the_start_and_memory(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundswell.evaluation.speed.ROUNDS", 1)
    told = figures(run("speed", "--data", str(data), "--json"))
    assert len(told) == 12
    assert all(value > 0 for values in told.values() for value in values.values())


def test_what_is_missing_or_broken_is_said_with_what_to_do(run: Run, data: Path, tmp_path: Path) -> None:
    result = run("goemotions", "--data", str(tmp_path / "nowhere"))
    assert result.exit_code == Exit.USAGE
    assert "--data names the folder" in result.stderr
    assert run("nonsense").exit_code == Exit.USAGE
    write(data / "tweeteval/sentiment/val_labels.txt", "2\n0\n")
    result = run("tweeteval-sentiment", "--data", str(data))
    assert result.exit_code == Exit.USAGE
    assert "2 labels for 4 texts" in result.stderr
    write(data / "goemotions/original/dev.tsv", "no tabs\n")
    assert run("goemotions", "--data", str(data)).exit_code == Exit.USAGE
    (data / "airline/dev.jsonl").write_bytes(b"\xff\n")
    assert run("airline-sentiment", "--data", str(data)).exit_code == Exit.USAGE


@pytest.mark.parametrize("dataset", FLOORS)
def test_the_shipped_model_keeps_its_floor(dataset: str, tmp_path: Path) -> None:
    figure, floor = FLOORS[dataset]
    report = suites.DATASETS[dataset](suites.Setup("fast", tmp_path))
    (share,) = (row.values["fast"] for row in report.rows if row.figure == figure)
    assert share >= floor


def test_paired_texts_are_read_alike(tmp_path: Path) -> None:
    report = suites.fairness(suites.Setup("fast", tmp_path))
    means = {
        group: row.values["fast"] for row in report.rows for group, _, of in [row.figure.partition(", mean ")] if of
    }
    assert set(means) >= set(NOT_YET_FAIR)
    assert {group: mean for group, mean in means.items() if mean > NOT_YET_FAIR.get(group, FAIR)} == {}


def test_score_all_lists_every_emotion(tmp_path: Path) -> None:
    def scored(*options: str) -> dict[str, Any]:
        line = orjson.dumps({"text": GOOD})
        result = CliRunner().invoke(app, ["score", *options], input=line, prog_name="groundswell")
        return dict(orjson.loads(result.stdout))

    emotions = scored("--all")["emotions"]
    assert {emotion["label"] for emotion in emotions} == set(EMOTIONS)
    assert [it["probability"] for it in emotions] == sorted((it["probability"] for it in emotions), reverse=True)
    assert 0 < len(scored()["emotions"]) < len(EMOTIONS)
    assert "words" not in scored()
    assert scored("--explain")["words"]


def test_nothing_of_the_sets_is_taught_or_an_example_of_the_catalog() -> None:
    def words(text: str) -> str:
        return " ".join(re.findall(r"[^\W_]+", text.lower()))

    packs = [load_pack(name) for name in pack_names()]
    examples = [text for pack in packs for entry in pack.entries.values() for text in (*entry.matches, *entry.ignores)]
    known = {words(text) for text in (*own_sentences().texts, *examples)} - {""}
    assert [it.text for it in (*challenge(), *implicit()) if words(it.text) in known] == []
