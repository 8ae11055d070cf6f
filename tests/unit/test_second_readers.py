"""A second reader is asked about the texts that it wants, and what it thinks counts, whoever else is in the frame."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from schemas.raw import Post
from schemas.scored import EMOTIONS, Scored
from streams.catalog import Catalogs
from streams.scoring import Pseudonyms, Scorer
from streams.scoring.deep import DeepReader
from streams.scoring.opinions import Opinions, UnknownReaderError, second_reader
from streams.settings import Settings

TEXTS = [
    "The parcel came in time and the note inside made my day.",
    "Third parcel this month that went to my neighbour.",
    "hm",
    "Great, another update that logs me out 🙃 https://example.org/x?y=1 @shop",
    "",
    "Ich warte seit drei Wochen auf mein Paket und niemand antwortet.",
]


class Contrary:
    """Wants what the fast reader calls positive, and calls it furious."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def wants(self, chances: NDArray[np.float32]) -> NDArray[np.bool_]:
        out: NDArray[np.bool_] = chances.argmax(axis=1) == 2
        return out

    def read(self, texts: Sequence[str]) -> Opinions:
        self.asked += texts
        emotions = np.full((len(texts), len(EMOTIONS)), 0.01, dtype=np.float32)
        emotions[:, EMOTIONS.index("anger")] = 0.97
        families = np.tile(np.float32([0.97, 0, 0, 0, 0, 0, 0.01, 0.97]), (len(texts), 1))
        return Opinions(np.tile(np.float32([0.9, 0.08, 0.02]), (len(texts), 1)), emotions, families)


def contrary() -> Contrary:
    return Contrary()


def score(texts: Sequence[str], reader: str = "fast", **more: Any) -> list[dict[str, Any]]:
    scorer = Scorer(Catalogs.load(["generic"], {}), Pseudonyms(b"key"), reader, **more)
    when = datetime(2026, 2, 9, tzinfo=UTC)
    posts = [Post(id=str(n), brand="B", text=text, author="a", created_at=when) for n, text in enumerate(texts)]
    return scorer.score([("posts", post, {"topic": "t", "partition": 0, "offset": 0}) for post in posts])


def test_ones_own_reader_is_named_by_its_module_and_asked_for_what_it_wants() -> None:
    name = f"{__name__}:contrary"
    assert Settings(scorer=name).scoring["reader"] == name
    fast, asked = score(TEXTS), score(TEXTS, name)
    assert fast[0]["sentiment"]["label"] == "positive"
    assert asked[0]["sentiment"] == {"label": "negative", "value": -0.88, "confidence": 0.9}
    assert [it["label"] for it in asked[0]["emotions"]] == ["anger"]
    assert asked[0]["emotion_groups"]["negative"] == 0.97
    # What it did not want, and what is not English, is as it was.
    assert asked[1] == fast[1]
    assert asked[5] == fast[5]
    for record in asked:
        Scored.model_validate(record)


class Halfway(Contrary):
    """The same, as much as the fast reader."""

    def read(self, texts: Sequence[str]) -> Opinions:
        told = super().read(texts)
        told.share = 0.5
        return told


def halfway() -> Halfway:
    return Halfway()


def test_a_reader_may_count_beside_the_fast_one() -> None:
    fast, half, contrary = (
        score(TEXTS[:1], name)[0] for name in ("fast", f"{__name__}:halfway", f"{__name__}:contrary")
    )
    assert contrary["sentiment"]["value"] < half["sentiment"]["value"] < fast["sentiment"]["value"]
    negative = [it["emotion_groups"]["negative"] for it in (fast, half, contrary)]
    assert negative == sorted(negative)
    assert negative[0] < negative[1] < negative[2]
    Scored.model_validate(half)


@pytest.mark.parametrize("name", ["nowhere.at_all:thing", f"{__name__}:missing"])
def test_a_reader_that_cannot_be_loaded_says_so(name: str) -> None:
    with pytest.raises(UnknownReaderError, match=name):
        second_reader(name, 1.0)


@pytest.mark.parametrize("name", ["slow", "os.system", "a b:c", ":x", "x:"])
def test_what_names_no_reader_is_no_setting(name: str) -> None:
    with pytest.raises(ValidationError):
        Settings(scorer=name)


def test_deep_reads_each_text_by_itself_and_only_the_share_that_is_asked_for() -> None:
    together, alone = score(TEXTS, "deep"), [score([text], "deep")[0] for text in TEXTS]
    for one, other in zip(together, alone, strict=True):
        assert one["sentiment"] == other["sentiment"]
        assert one["emotions"] == other["emotions"]
        Scored.model_validate(one)
    assert score(TEXTS, "deep", deep_share=0.0) == score(TEXTS)
    margins = np.float32([[0.5, 0.5, 0.0], [0.9, 0.05, 0.05], [0.98, 0.01, 0.01]])
    assert [int(DeepReader(share).wants(margins).sum()) for share in (0.0, 1.0)] == [0, 3]
    some = DeepReader(0.3).wants(margins)
    assert some[0]
    assert not some[2]


def test_words_are_left_out_where_nobody_asks_for_them() -> None:
    told, untold = score(TEXTS[:1]), score(TEXTS[:1], explain=False)
    assert told[0]["words"]
    assert any(it["words"] for it in told[0]["emotions"])
    assert untold[0]["words"] == []
    assert all("words" not in it for it in untold[0]["emotions"])
    assert untold[0]["sentiment"] == told[0]["sentiment"]


def test_textblob_has_an_opinion_on_the_sentiment_alone() -> None:
    fast, blob = score(TEXTS), score(TEXTS, "textblob")
    assert [it["emotions"] for it in fast] == [it["emotions"] for it in blob]
    assert blob[4]["sentiment"]["label"] == "neutral"


def test_every_emotion_is_told_where_all_are_asked_for() -> None:
    for record in score(TEXTS[:2], all_emotions=True):
        assert {it["label"] for it in record["emotions"]} == set(EMOTIONS)
