"""Candidates: what unhappy customers begin to talk of, before anybody has written it into the catalog."""

from __future__ import annotations

import random
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from typer.testing import CliRunner

from groundswell.cli import app
from schemas.candidates import Candidate
from streams.effects import Effects
from streams.emerging import KNOWN, OPEN_HOURS, VOICES, Emerging, HourOfTerms
from streams.replay import replay
from streams.topics import CANDIDATES
from tests.golden.path import events
from tests.stories.telling import Story, at, story
from tests.support.partition import Partition
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE, catalogs, heard, mark, observed, progress, scored, told

USUAL = ("The parcel was left in the rain.", "Parcel without a receipt.", "Waited long for the parcel.")
MELTS = ("The lid of my kettle melts.", "My kettle: the lid melted!", "A melting lid, on a kettle?!")


def told_of(it: Story) -> list[Candidate]:
    return [Candidate.model_validate(value) for _, value in it.world.values(CANDIDATES) if value["brand"] == it.brand]


def usual_days(it: Story, days: int) -> Story:
    """Every hour two people grumble about their parcels."""
    for number in range(days * 24 * 2):
        it.say(after=f"{number * 30}m", author=f"regular {number % 40}", sentiment=-0.5, text=USUAL[number % 3])
    return it.silence(f"{days}d")


def grumble(it: Story, text: str, *, voices: int, each: int = 1, sentiment: float = -0.5, **said: object) -> Story:
    for number in range(voices * each):
        it.say(after=f"{number * 3}m", author=f"new {number % voices}", sentiment=sentiment, text=text, **said)
    return it


class TestWhatIsTold:
    def test_a_new_problem_within_hours(self) -> None:
        it = usual_days(story(), 3)
        for number in range(7):
            it.say(after=f"{number * 15}m", author=f"cook {number}", sentiment=-0.4, text=MELTS[number % 3])
        it.silence("4h")
        (first,) = told_of(it)
        assert first.term in ("lid kettl", "kettl lid", "lid melt", "melt lid", "kettl melt")
        assert {"lid", "melt"} <= {*first.term.split(), *first.related}
        assert (first.revision, first.expected, first.starts_at) == (1, 0.0, at("day 4 00:00"))
        assert at("day 4 00:00") < first.detected_at <= at("day 4 02:00")
        assert 5 <= first.voices <= 7
        assert len({quote.event_id for quote in first.quotes}) == 3
        assert all(quote.text in MELTS for quote in first.quotes)

    def test_a_text_that_many_accounts_paste_is_one_voice(self) -> None:
        pasted = "My new kettle has a lid that melts after three boils and the handle burns your fingers."
        it = usual_days(story(), 3)
        for number in range(40):
            it.say(after=f"{number * 4}m", author=f"account {number}", sentiment=-0.8, text=pasted)
        it.silence("4h")
        assert told_of(it) == []

    def test_twice_as_many_are_told_again(self) -> None:
        it = usual_days(story(), 2)
        grumble(it, MELTS[0], voices=5).silence("1h")
        grumble(it, MELTS[0], voices=19).silence("2h")
        assert [(one.revision, one.voices) for one in told_of(it)] == [(1, 5), (2, 19)]

    def test_without_a_baseline_nothing(self) -> None:
        assert told_of(grumble(usual_days(story(), 1), MELTS[0], voices=9).silence("3h")) == []
        assert told_of(grumble(story().silence("1h"), MELTS[0], voices=9).silence("5h")) == []

    def test_a_brand_of_which_nobody_complained_yet(self) -> None:
        (first,) = told_of(grumble(story().quiet(days=2), MELTS[0], voices=6).silence("2h"))
        assert first.expected == 0


class TestWhatIsNot:
    def test_a_word_that_is_merely_frequent(self) -> None:
        assert told_of(usual_days(story(), 4)) == []

    def test_one_voice(self) -> None:
        assert told_of(grumble(usual_days(story(), 2), MELTS[0], voices=1, each=40).silence("3h")) == []

    def test_what_a_pain_point_names(self) -> None:
        """In the text, by its own hearing; or by a phrase of the catalog, though the text was not heard."""
        named = grumble(usual_days(story(), 2), MELTS[0], voices=9, points=["late_delivery"])
        covered = grumble(usual_days(story(), 2), "Late parcel... checkout fails", voices=9)
        assert told_of(named.silence("3h")) == told_of(covered.silence("3h")) == []

    def test_the_happy_the_company_and_the_brands_own_name(self) -> None:
        happy = grumble(usual_days(story(), 2), "Lovely lid, melts my heart", voices=9, sentiment=0.6)
        own = grumble(usual_days(story(), 2), "We replace every kettle lid.", voices=9, direction="agent")
        name = grumble(usual_days(story("Kettle Lid"), 2), "Kettle Lid", voices=9)
        words = grumble(usual_days(story(), 2), "@acmecare this is the worst, never again!", voices=9)
        assert [told_of(it.silence("3h")) for it in (happy, own, name, words)] == [[], [], [], []]


class TestOrderAndMemory:
    def log(self) -> list[dict[str, object]]:
        records = [
            scored(f"u{n}", BASE_MS + n * 20 * MINUTE, author=f"regular {n % 40}", sentiment=-0.5, text=USUAL[n % 3])
            for n in range(36 * 3)
        ]
        start = BASE_MS + 36 * HOUR
        records += [
            scored(
                f"m{n}", start + n * 7 * MINUTE, author=f"cook {n % 9}", sentiment=-0.1 * (n % 5 + 1), text=MELTS[n % 3]
            )
            for n in range(24)
        ]
        return [
            record | {"origin": {"topic": "posts.v1", "partition": 0, "offset": n, "replay": "r"}}
            for n, record in enumerate(records)
        ]

    def heard_in(self, seed: int | None, *, restarts: bool) -> list[tuple[str, dict[str, object]]]:
        log = self.log()
        if seed is not None:
            # Within ten minutes of lateness nothing may depend on the order; offsets follow it.
            dice = random.Random(seed)
            log.sort(key=lambda record: (str(record["created_at"])[:15], dice.random()))
            log = [
                record | {"origin": {"topic": "posts.v1", "partition": 0, "offset": n, "replay": "r"}}
                for n, record in enumerate(log)
            ]
        partition = Partition()
        for n, record in enumerate(log):
            now_ms = int(datetime.fromisoformat(str(record["created_at"])).timestamp() * 1000) - 10 * MINUTE
            partition.hear([heard(record), told(progress(marks={"posts.v1:0": mark("r", now_ms)}))])
            if restarts and n % 5 == 0:
                partition.restart()
        partition.hear([told(progress(marks={"posts.v1:0": mark("r", BASE_MS + 3 * DAY)}))])
        return [(key, value) for topic, key, value in partition.published if topic is CANDIDATES]

    def test_neither_order_nor_restarts_matter(self) -> None:
        expected = self.heard_in(None, restarts=False)
        assert [key for key, _ in expected] != []
        for seed in (1, 2, 3):
            assert self.heard_in(seed, restarts=False) == expected
        assert self.heard_in(4, restarts=True) == expected

    def test_an_hour_keeps_the_same_voices_in_any_order(self) -> None:
        log = [
            observed(scored(f"e{n}", BASE_MS, author=f"{n * 7919 % 1000:04}", sentiment=-0.5, text=f"word{n}x lid"))
            for n in range(1_000)
        ]
        samples = []
        for seed in (1, 2):
            random.Random(seed).shuffle(log)
            hour = HourOfTerms()
            for seen in log:
                hour.hear(seen)
            assert len(hour.voices) <= 2 * VOICES
            assert hour.quotes.keys() == hour.voices.keys()
            samples.append(hour.sample())
        assert samples[0] == samples[1]
        assert sorted(samples[0]) == [f"{n:04}" for n in range(VOICES)]

    def test_sources_that_are_days_apart_are_told_of_alike(self) -> None:
        """Where a week is read in a go, one partition may be days ahead of another, and minutes close for neither."""
        week = range(24 * 7)
        ahead = [(hour, f"a{hour}", "The parcel was soaked.") for hour in week]
        behind = [(hour, f"b{hour}", "The parcel was soaked.") for hour in week]
        behind += [(150, f"cook {number}", MELTS[number % 3]) for number in range(7)]

        def told(said: list[tuple[int, str, str]]) -> list[tuple[Any, ...]]:
            emerging, effects = Emerging("Acme", catalogs().for_brand("Acme")), Effects()
            for hour, author, text in said:
                event = scored(f"{hour} {author}", BASE_MS + hour * HOUR, author=author, sentiment=-0.5, text=text)
                emerging.hear(observed(event), effects)
            for hour in week:
                emerging.look(BASE_MS + (hour + 1) * HOUR, BASE_MS, effects)
            return effects.records

        together = told(sorted([*ahead, *behind]))
        assert [value["brand"] for _, _, value in together] == ["Acme"]
        assert told([*ahead, *behind]) == told([*behind, *ahead]) == together

    def test_memory_is_bounded(self) -> None:
        emerging = Emerging("Acme", catalogs().for_brand("Acme"))
        effects = Effects()
        for hour in range(24 * 8):
            for n in range(30):
                text = f"thing{hour}x{n % 5}" if hour > 30 else "parcel"
                seen = observed(
                    scored(f"{hour} {n}", BASE_MS + hour * HOUR, author=f"{n} {hour}", sentiment=-0.5, text=text)
                )
                emerging.hear(seen, effects)
            emerging.look(BASE_MS + (hour + 1) * HOUR, BASE_MS, effects)
        assert len(emerging.known) == KNOWN
        assert len(emerging.hours) <= emerging.trend.hours
        for n in range(2 * OPEN_HOURS):
            emerging.hear(observed(scored(f"far {n}", BASE_MS + (300 + n) * HOUR, sentiment=-0.5, text="lid")), effects)
        assert len(emerging.hours) <= OPEN_HOURS


def test_a_candidate_is_printed_as_a_block_that_the_catalog_takes(tmp_path: Path) -> None:
    from streams.catalog import Catalogs
    from streams.catalog.catalog import Pack
    from streams.detection import detector
    from streams.scoring import Pseudonyms, Scorer

    packs = Catalogs.load(["generic"])
    scorer = Scorer(packs, Pseudonyms(b"a key of the tests"))
    file = tmp_path / "candidates.jsonl"
    with file.open("wb") as lines:
        for topic, key, value in replay(
            events(), scorer=scorer, catalogs=packs, detector=detector("surge"), lateness_ms=10 * MINUTE,
            future_ms=10 * MINUTE, now_ms=int(datetime(2027, 1, 1, tzinfo=UTC).timestamp() * 1000),
        ):  # fmt: skip
            if topic is CANDIDATES:
                lines.write(orjson.dumps({"key": key, "value": value}) + b"\n")
    result = CliRunner().invoke(app, ["catalog", "candidates", "--from", str(file)])
    assert result.exit_code == 0, result.output
    block = tomllib.loads(result.stdout)
    (id_,) = block
    assert set(id_.split("_")) <= {"kettle", "lid", "melts", "melted", "melting"}
    pack = Pack("pasted", result.stdout)
    assert pack.entries[id_].matches
    assert "voices in 6 h, 0 expected" in result.stdout
    none = CliRunner().invoke(app, ["catalog", "candidates", "--from", str(file), "--brand", "Nobody"])
    assert "No candidates" in none.stdout
    as_json = CliRunner().invoke(app, ["catalog", "candidates", "--from", str(file), "--json"])
    assert orjson.loads(as_json.stdout)["brand"] == "Acme"
    file.write_bytes(b"nonsense\n" + file.read_bytes())
    again = CliRunner().invoke(app, ["catalog", "candidates", "--from", str(file)])
    assert "line 1 is no record" in again.stderr
    assert tomllib.loads(again.stdout) == block
    assert CliRunner().invoke(app, ["catalog", "candidates", "--from", str(tmp_path / "no")]).exit_code == 2
