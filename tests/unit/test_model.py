"""The model by itself: pairs of words, and letters that are felt sentence by sentence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.scored import EMOTIONS
from streams.scoring.model import LETTER, Model
from streams.scoring.pairs import UNKNOWN, PairIndex, pair_keys, word_keys
from streams.scoring.weights import EMOTION, FELT_UNITS, MOOD_UNITS, SENTIMENT

CALM = "We came on Tuesday and stayed for two nights in a room that looks out on the road to the station. "
FURIOUS = "I am absolutely furious and I want my money back!"


@pytest.fixture(scope="module")
def model() -> Model:
    return Model()


def anger(model: Model, text: str) -> float:
    judged = model.judge(model.prepare([text]), np.ones(1, dtype=np.bool_))
    return float(judged.emotions[0, EMOTIONS.index("anger")])


def keys(*words: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """The key of each word with the one before it, none before the first."""
    here = word_keys(words)
    return pair_keys(here, np.append(np.uint64(0), here[:-1]))


def test_only_pairs_that_were_met_have_rows() -> None:
    known = np.sort(keys("third", "time", "this"))
    rows = PairIndex(known).rows(keys("third", "time", "lucky"))
    assert rows[2] == UNKNOWN
    assert set(rows[:2]) <= {1, 2, 3}
    assert rows[0] != rows[1]


def test_the_order_of_a_pair_counts() -> None:
    assert keys("not", "good")[1] != keys("good", "not")[1]


def test_words_that_are_alike_stand_in_the_same_pairs() -> None:
    assert keys("colour", "is")[1] == keys("color", "is")[1]
    assert keys("colour", "is")[1] != keys("collar", "is")[1]


def test_a_letter_is_as_moved_as_its_most_moved_sentence(model: Model) -> None:
    letter = CALM * 4 + FURIOUS
    assert len(model.prepare([letter]).frame.atoms) > LETTER
    assert anger(model, letter) > 3 * anger(model, CALM * 4)
    assert anger(model, letter) == pytest.approx(anger(model, FURIOUS), rel=0.3)


def test_a_post_is_felt_as_one(model: Model) -> None:
    assert len(model.prepare([CALM + FURIOUS]).frame.atoms) < LETTER
    assert anger(model, CALM) < anger(model, CALM + FURIOUS) < anger(model, FURIOUS)


numbers = st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 70_000), st.sampled_from([0, 2**16, 2**32 - 1]))


@given(st.sets(numbers, min_size=1, max_size=60), st.lists(numbers, max_size=60))
def test_an_index_of_pairs_finds_what_a_search_does(known: set[int], others: list[int]) -> None:
    rows, keys = (np.array(some, dtype=np.uint32) for some in (sorted(known), [*known, *others]))
    placed = {key: row for row, key in enumerate(rows.tolist(), 1)}
    assert PairIndex(rows).rows(keys).tolist() == [placed.get(key, UNKNOWN) for key in keys.tolist()]


def test_the_words_parts_add_up_to_the_score(model: Model) -> None:
    prepared = model.prepare([CALM + FURIOUS])
    judged = model.judge(prepared, np.ones(1, dtype=np.bool_))
    weights, (on, _) = model.weights, judged.moved
    assert on.any()
    # What no word adds: the outputs' own, and that of the units which are on.
    alone = weights.bias[SENTIMENT] + (np.where(on[0], weights.bias[MOOD_UNITS], 0) @ weights.mood_units)
    score = judged.sentiment[0] / weights.sentiment_slope
    told = model.parts(prepared, judged).sum() + alone[2] - alone[0]
    assert told == pytest.approx(score[2] - score[0], abs=1e-3)


def test_the_words_parts_in_an_emotion_add_up_to_its_score(model: Model) -> None:
    prepared = model.prepare([CALM, FURIOUS])
    judged = model.judge(prepared, np.ones(2, dtype=np.bool_))
    weights, (_, on), anger = model.weights, judged.moved, EMOTIONS.index("anger")
    assert on[1].any()
    parts = model.parts_of(prepared, judged, np.array([1]), np.array([anger])) / judged.mass[1, 1]
    alone = np.where(on[1], weights.bias[FELT_UNITS], 0) @ weights.felt_units[:, anger]
    score = parts.sum() + weights.bias[EMOTION][anger] + alone
    logit = score * weights.felt_slope[anger] + weights.felt_shift[anger]
    assert judged.emotions[1, anger] == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-5)


def test_what_is_read_hangs_on_its_text_alone(model: Model) -> None:
    words = (CALM + FURIOUS).split()
    texts = [" ".join(words[begin:end]) for begin in range(0, 20, 3) for end in range(begin + 1, len(words), 2)]
    texts += [CALM * 3 + FURIOUS, CALM * 5]
    prepared = model.prepare(texts)
    judged = model.judge(prepared, np.ones(len(texts), dtype=np.bool_))
    parts = model.parts(prepared, judged)
    for at, text in enumerate(texts):
        one = model.prepare([text])
        alone = model.judge(one, np.ones(1, dtype=np.bool_))
        assert alone.sentiment[0].tolist() == judged.sentiment[at].tolist(), text
        assert alone.emotions[0].tolist() == judged.emotions[at].tolist(), text
        here = slice(prepared.frame.starts[at], prepared.frame.ends[at])
        assert model.parts(one, alone).tolist() == parts[here].tolist(), text
