"""A brand's own head: what it learns, when it is asked, and what it is refused for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from groundswell.cli import app
from groundswell.cli.exits import Exit
from schemas.raw import Post
from streams.catalog import Catalogs
from streams.scoring import Head, HeadError, Heads, Pseudonyms, Scorer
from streams.scoring.head_features import Evidence, Featurer
from streams.scoring.head_fit import Example, Fitted, TooFewExamplesError, fit, score
from streams.scoring.heads import Teller

AIRLINE = Catalogs.load(["airline"])
# A brand's own way to say it, which no phrase of the pack knows.
OWN = {
    "lost_luggage": "{} the magenta roller is in Oslo now, how sad",
    "late_flight": "{} the great hourglass of gate nine, we are sad",
    "": "{} what a bright morning in the terminal today",
}
OPENINGS = ["Well", "Look", "Sigh", "Ugh", "Friends", "Today", "Honestly", "Listen", "My dears", "Hm", "Oh", "Okay"]


def examples() -> list[Example]:
    return [Example(text.format(opening), id_) for opening in OPENINGS for id_, text in OWN.items()]


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return fit(examples(), AIRLINE.default)


def tell(text: str, heads: Heads | None, brand: str = "Acme", catalogs: Catalogs = AIRLINE) -> list[dict[str, object]]:
    post = Post(id="1", brand=brand, text=text, author="a", created_at=datetime(2026, 2, 9, tzinfo=UTC), language="en")
    scorer = Scorer(catalogs, Pseudonyms(b"k"), heads=heads)
    [record] = scorer.score([("posts", post, {"topic": "t", "partition": 0, "offset": 0})])
    told: list[dict[str, object]] = record["pain_points"]
    return told


def test_it_hears_what_no_phrase_knows_and_says_by_which_words(fitted: Fitted) -> None:
    text = "So sad, I hear that the magenta roller is in Oslo"
    assert tell(text, None)[0]["id"] == "cant_tell"
    first = tell(text, Heads(fitted.head))[0]
    assert first["id"] == "lost_luggage"
    assert set(map(str, first["words"])) & {"magenta", "roller", "oslo"}  # type: ignore[call-overload]


def test_a_word_that_no_label_has_shown_stands_near_those_that_it_is_like() -> None:
    shown = {"lost_luggage": "puppy kitten hamster dog rabbit sheep duck goat cow",
             "late_flight": "Monday Tuesday Wednesday Thursday Friday January February July October"}  # fmt: skip
    unseen = {"lost_luggage": "cat horse parrot bird fish turtle", "late_flight": "Saturday Sunday April June March"}
    labelled = [
        Example(f"{opening}, so sad about the {word}", id_)
        for opening in OPENINGS[:4]
        for id_, words in shown.items()
        for word in words.split()
    ]
    heads = Heads(fit(labelled, AIRLINE.default).head)
    for id_, words in unseen.items():
        for word in words.split():
            told = tell(f"Well, so sad about the {word}", heads)[0]
            assert (told["id"], word.lower() in str(told["words"])) == (id_, True), word


def test_it_says_what_it_gained_on_what_it_had_not_seen(fitted: Fitted) -> None:
    assert (fitted.learned_from, fitted.held_out) == (29, 7)
    assert fitted.with_head.accuracy == 1.0 > fitted.keywords.accuracy
    assert fitted.with_head.false_alarms == 0.0


@pytest.mark.parametrize(
    "text",
    ["The magenta roller is in Oslo now, I love it, thank you so much!", "What a bright morning in the terminal today"],
)
def test_the_gate_stays(fitted: Fitted, text: str) -> None:
    assert tell(text, Heads(fitted.head)) == []


def test_without_examples_of_nothing_it_tells_only_of_what_feels_bad() -> None:
    head = fit([example for example in examples() if example.id], AIRLINE.default).head
    assert not head.knows_none
    assert tell("The magenta roller is in Oslo", Heads(head)) == []
    assert tell("The magenta roller is in Oslo, so sad and so bad", Heads(head))[0]["id"] == "lost_luggage"


def test_a_reader_to_whom_words_mean_something_else_is_refused(fitted: Fitted) -> None:
    with pytest.raises(HeadError, match=r"another version of the reader.*catalog learn again"):
        Scorer(AIRLINE, Pseudonyms(b"k"), heads=Heads(replace(fitted.head, reader=fitted.head.reader + 1)))


def test_what_phrases_hear_stays_behind_what_it_tells(fitted: Fitted) -> None:
    text = "Nobody answers the phone, and the magenta roller is in Oslo now, how sad"
    told = [mention["id"] for mention in tell(text, Heads(fitted.head))]
    assert told[0] == "lost_luggage" and "customer_service_issue" in told


def test_each_brand_has_its_own(fitted: Fitted) -> None:
    heads = Heads(None, {"Acme": fitted.head})
    text = "So sad, the magenta roller is in Oslo"
    assert tell(text, heads, "acme")[0]["id"] == "lost_luggage"
    assert tell(text, heads, "Other")[0]["id"] == "cant_tell"


def test_one_for_all_does_not_serve_brands_of_another_business(fitted: Fitted) -> None:
    catalogs = Catalogs.load(["airline"], {"Beans": ["generic"]})
    ids = {mention["id"] for mention in tell("So sad, the magenta roller", Heads(fitted.head), "Beans", catalogs)}
    assert "lost_luggage" not in ids
    with pytest.raises(HeadError, match=r"late_flight, lost_luggage.*beside airline"):
        Scorer(Catalogs.load(["generic"]), Pseudonyms(b"k"), heads=Heads(fitted.head))


def test_at_work_it_sums_what_it_was_fitted_on(fitted: Fitted) -> None:
    """The folded tables of a teller give the logits of the features one by one."""
    seen: list[tuple[Featurer, Evidence]] = []

    def witness(featurer: Featurer, evidence: Evidence) -> None:
        seen.append((featurer, evidence))

    post = Post(
        id="1",
        brand="b",
        text="Ugh, the magenta roller, late!!",
        author="a",
        created_at=datetime(2026, 2, 9, tzinfo=UTC),
    )
    scorer = Scorer(AIRLINE, Pseudonyms(b"k"), witness=witness)
    scorer.score([("posts", post, {"topic": "t", "partition": 0, "offset": 0})])
    [(featurer, evidence)] = seen
    features = featurer.features(evidence)
    rows = fitted.head.rows(features.keys).sum(axis=0)
    wanted = rows[:-1] / np.sqrt(rows[-1]) + features.meanings[0] @ fitted.head.towards + fitted.head.shift
    told: list[np.ndarray] = []
    teller = Teller(fitted.head, featurer)
    lets: Callable[..., object] = teller._lets
    teller._lets = lambda of, logits: (told.append(logits), lets(of, logits))[1]  # type: ignore[method-assign,func-returns-value,assignment]
    teller.tell(evidence)
    np.testing.assert_allclose(told[0][0], wanted, rtol=1e-4)


def test_it_survives_its_file(fitted: Fitted, tmp_path: Path) -> None:
    fitted.head.save(tmp_path / "a.head")
    again = Head.load(tmp_path / "a.head")
    assert (again.ids, again.packs) == (fitted.head.ids, ("airline",))
    for name in ("parts", "towards", "shift"):
        np.testing.assert_allclose(getattr(again, name), getattr(fitted.head, name), atol=1e-2)
    assert again.reader == fitted.head.reader
    # A file of a brand's customers' words would be personal data.
    assert b"magenta" not in (tmp_path / "a.head").read_bytes()


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"PK\x03\x04 cut off"])
def test_what_is_no_head_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.head"
    with pytest.raises(HeadError, match="no such head"):
        Head.load(file)
    file.write_bytes(content)
    with pytest.raises(HeadError, match="no head"):
        Head.load(file)


def test_it_needs_examples() -> None:
    few = [Example("lost", "lost_luggage")] * 30 + [Example("late", "late_flight")] * 4
    with pytest.raises(TooFewExamplesError, match="lost_luggage 30, late_flight 4"):
        fit(few, AIRLINE.default)


def test_the_same_examples_make_the_same_head(fitted: Fitted) -> None:
    again = fit(examples(), AIRLINE.default).head
    assert np.array_equal(again.parts, fitted.head.parts) and np.array_equal(again.keys, fitted.head.keys)


def test_figures_are_over_texts_that_have_a_pain_point() -> None:
    told = score(["a", "a", "b", ""], ["a", "", "b", "b"])
    assert (told.accuracy, told.false_alarms) == (2 / 3, 1.0)
    assert told.f1 == {"a": 2 / 3, "b": 1.0}


def test_learn_and_score_on_the_command_line(tmp_path: Path) -> None:
    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments), input=stdin, prog_name="groundswell")
        return result.exit_code, result.stdout, result.stderr

    names = {"lost_luggage": "Lost Luggage", "late_flight": "late_flight", "": None}
    labels, events, head = tmp_path / "labels.jsonl", tmp_path / "events.jsonl", tmp_path / "own.head"
    with labels.open("wb") as of_labels, events.open("wb") as of_events:
        for at, example in enumerate(examples()):
            of_labels.write(orjson.dumps({"id": at, "pain_point": names[example.id]}) + b"\n")
            of_events.write(orjson.dumps({"id": str(at), "text": example.text, "brand": "Acme"}) + b"\n")
    code, out, _ = run("catalog", "learn", str(labels), "--events", str(events), "--catalog", "airline", "--json",
                       "--out", str(head), "--brand", "acme")  # fmt: skip
    told = orjson.loads(out)
    assert code == 0 and told["examples"] == {"late_flight": 12, "lost_luggage": 12}
    assert told["with_head"]["accuracy"] > told["keywords"]["accuracy"]
    line = '{"text": "So sad, the magenta roller is in Oslo"}'
    code, out, _ = run("score", "--catalog", "airline", "--head", str(head), "--explain", stdin=line)
    assert code == 0 and orjson.loads(out)["pain_points"][0]["id"] == "lost_luggage"

    for arguments, wanted in (
        (("catalog", "learn", str(labels), "--events", str(events)), "in the pack airline: --catalog airline"),
        (("catalog", "learn", str(labels), "--catalog", "airline"), "no labelled text"),
        (("catalog", "learn", str(tmp_path / "none"), "--catalog", "airline"), "No such file"),
        (("score", "--head", str(head)), "beside airline"),
    ):
        code, _, said = run(*arguments, stdin=line)
        assert code == Exit.USAGE and wanted in said, said
    with labels.open("ab") as file:
        file.write(b'{"id": 99, "pain_point": null}\n[1]\n')
    code, out, said = run("catalog", "learn", str(labels), "--events", str(events), "--catalog", "airline",
                          "--out", str(head))  # fmt: skip
    assert code == Exit.PROBLEM and "has no event with the id 99" in said and ":38: no JSON object" in said
    assert "accuracy" in out and "own.head" in out
