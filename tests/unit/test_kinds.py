"""What judges shares, moods and silences: the contract that each keeps, and odd pasts."""

from __future__ import annotations

import doctest
import inspect
import random

import pytest

from streams.detection import KINDS, Baseline, Feelings, Hush, Mood, MoodSample, PartSample, Share
from streams.detection.baseline import HOUR_MS

DAYS_10 = 240


def sample(voices: int, of: int, *, expected: float | None = 40.0, repeats: int = 0, free: int = 0) -> PartSample:
    return PartSample(DAYS_10 * HOUR_MS, (DAYS_10 - 1) * HOUR_MS, free, voices, of, expected, repeats)


def constant(voices: int, hours: int = DAYS_10) -> Baseline:
    return Baseline(0, {hour: voices for hour in range(hours) if voices})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_says_what_it_is_and_shows_it(kind: str) -> None:
    it = KINDS[kind]  # type: ignore[index]
    assert inspect.getdoc(type(it))
    tests = doctest.DocTestFinder().find(type(it), globs=dict(vars(inspect.getmodule(type(it)))))
    ran = [doctest.DocTestRunner().run(test) for test in tests]
    assert sum(result.attempted for result in ran) > 0
    assert sum(result.failed for result in ran) == 0


@pytest.mark.parametrize("usual", [0, 1, 4, 20, 36, 40])
def test_a_share_that_is_always_so_stays_silent(usual: int) -> None:
    for voices in range(usual + 1):
        verdict = Share().judge(sample(voices, 40), constant(usual), constant(40))
        assert not verdict.fired
        assert verdict.probability is None or 0 <= verdict.probability <= 1


def test_more_who_say_it_are_never_less_of_a_shift_and_never_calmer() -> None:
    rng = random.Random(1)
    pasts = [constant(2), constant(10), Baseline(0, {hour: rng.randrange(20) for hour in range(DAYS_10)})]
    for part in pasts:
        verdicts = [Share().judge(sample(voices, 45), part, constant(40)) for voices in range(46)]
        fired = [verdict.fired for verdict in verdicts]
        assert fired == sorted(fired)
        calm = [Share().is_calm(sample(voices, 45), verdicts[voices]) for voices in range(46)]
        assert calm == sorted(calm, reverse=True)
        assert not any(is_calm and has for is_calm, has in zip(calm, fired, strict=True))


def test_shares_that_stray_by_themselves_need_a_bigger_shift() -> None:
    bursty = Baseline(0, {hour: 20 if hour % 7 in (0, 1) else 0 for hour in range(DAYS_10)})
    assert Share().judge(sample(21, 40), constant(6), constant(40)).fired
    assert not Share().judge(sample(21, 40), bursty, constant(40)).fired


@pytest.mark.parametrize(("hours", "voices"), [(0, 40), (23, 40), (DAYS_10, 0)])
def test_without_a_past_no_share_has_a_baseline(hours: int, voices: int) -> None:
    whole = Baseline((DAYS_10 - 1 - hours) * HOUR_MS, dict.fromkeys(range(DAYS_10 - 1 - hours, DAYS_10), voices))
    assert Share().judge(sample(30, 40), Baseline(0), whole).reason == "no_baseline"


def test_an_episode_that_is_just_over_is_no_slow_shift() -> None:
    part = Baseline(0, {hour: 30 if hour >= DAYS_10 - 6 else 4 for hour in range(DAYS_10 - 1)})
    slow = Share().judge(sample(12, 40), part, constant(40))
    assert (slow.reason, slow.window_ms) == ("fired", 6 * HOUR_MS)
    assert not Share().judge(sample(12, 40, free=(DAYS_10 - 2) * HOUR_MS), part, constant(40)).fired


def feelings(anger: float, hours: int = 100, voices: int = 40) -> Feelings:
    known = Feelings()
    for _ in range(hours):
        known.learn(voices, {"anger": round(anger * voices * 1000)})
    return known


def test_feelings_survive_being_stored() -> None:
    known = feelings(0.21, hours=37, voices=13)
    assert Feelings.from_state(known.to_state()) == known
    assert known.level("anger") == pytest.approx(0.21, abs=0.001)
    assert known.level("joy") == 0.0


def test_a_mood_has_no_baseline_before_it_has_a_past() -> None:
    hour = MoodSample(sample(10, 40), {"anger": 39_000})
    assert Mood().judge_emotion("anger", hour, Feelings()).reason == "no_baseline"
    assert Mood().judge_emotion("anger", hour, feelings(0.05)).fired


def test_an_emotion_that_is_always_there_is_no_news() -> None:
    hour = MoodSample(sample(10, 40), {"anger": 36_000})
    assert not Mood().judge_emotion("anger", hour, feelings(0.9)).fired


def test_one_angry_hour_does_not_make_deaf() -> None:
    known = feelings(0.05)
    known.learn(40, {"anger": 39_000})
    assert Mood().judge_emotion("anger", MoodSample(sample(10, 40), {"anger": 32_000}), known).fired


def test_what_is_due_is_when_it_fires() -> None:
    rng = random.Random(5)
    hush = Hush()
    pasts = [
        constant(3, 120),
        Baseline(0, {hour: 2 for hour in range(200) if 6 <= hour % 24 < 20}),
        Baseline(0, {hour: 1 + rng.randrange(9) for hour in range(200) if rng.random() < 0.7}),
        Baseline(0, dict.fromkeys(range(0, 320, 5), 1)),
    ]
    for past in pasts:
        last = max(past.hours)
        due = hush.due(past)
        fired = [hour for hour in range(last + 1, last + 160) if hush.judge(hour, past).fired]
        assert fired[:1] == ([] if due is None else [due])
        assert fired == list(range(fired[0], last + 160)) if fired else due is None


def test_a_channel_of_hours_or_of_a_few_posts_is_not_missed() -> None:
    for past in (constant(9, 60), Baseline(0, dict.fromkeys(range(0, 200, 20), 1)), Baseline(0)):
        assert Hush().due(past) is None
        assert Hush().judge(10_000, past).reason == "no_baseline"
