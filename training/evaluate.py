"""The figures of the model card on the development sets, beside TextBlob: ``python -m training.evaluate``.

Nothing here is trained on: TweetEval's validation splits, GoEmotions' dev split, the airline tweets.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from schemas.raw import Post
from schemas.scored import EMOTIONS
from streams.catalog import Catalogs
from streams.scoring import Event, Pseudonyms, Scorer
from streams.scoring.model import Model
from streams.scoring.normalise import normalise
from training.data import SENTIMENTS, airline, goemotions, tweeteval_emotion, tweeteval_sentiment
from training.figures import calibration_error, f1, macro_f1, macro_recall

console = Console()
NOW = datetime(2026, 2, 9, tzinfo=UTC)
_EKMAN = {
    "anger": "anger annoyance disapproval",
    "disgust": "disgust",
    "fear": "fear nervousness",
    "joy": "joy amusement approval excitement gratitude love optimism relief pride admiration desire caring",
    "sadness": "sadness disappointment embarrassment grief remorse",
    "surprise": "surprise realization confusion curiosity",
    "neutral": "neutral",
}
_GROUPS = {
    "positive": _EKMAN["joy"],
    "negative": " ".join(_EKMAN[name] for name in ("anger", "disgust", "fear", "sadness")),
    "ambiguous": _EKMAN["surprise"],
    "neutral": "neutral",
}


def events(texts: Sequence[str], brand: str = "Example") -> list[Event]:
    """Texts as posts in English."""
    return [
        (
            "posts",
            Post(id=str(at), brand=brand, text=text or " ", author=f"a{at}", created_at=NOW, language="en"),
            {"topic": "posts.v1", "partition": 0, "offset": at},
        )
        for at, text in enumerate(texts)
    ]


def scored(packs: Sequence[str], batch: list[Event]) -> list[dict[str, Any]]:
    """The events' records, in frames of 2,000."""
    scorer = Scorer(Catalogs.load(packs, {}), Pseudonyms(b"evaluation"))
    return [record for at in range(0, len(batch), 2_000) for record in scorer.score(batch[at : at + 2_000])]


def probabilities(texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sentiment (texts × 3) and emotions (texts × 28) of the model alone."""
    model, sentiment, emotions = Model(), [], []
    for at in range(0, len(texts), 2_000):
        part = [normalise(text) for text in texts[at : at + 2_000]]
        judged = model.judge(model.prepare(part), np.ones(len(part), dtype=np.bool_))
        logits = np.exp(judged.sentiment - judged.sentiment.max(axis=1, keepdims=True))
        sentiment.append(logits / logits.sum(axis=1, keepdims=True))
        emotions.append(judged.emotions)
    return np.concatenate(sentiment), np.concatenate(emotions)


def textblob(texts: Sequence[str]) -> NDArray[np.int64]:
    """TextBlob's labels, as its tier gives them."""
    from streams.scoring.textblob_tier import polarity

    return np.array([int(np.argmax(polarity(text))) for text in texts])


def grouped(labels: NDArray[np.bool_], groups: dict[str, str]) -> NDArray[np.bool_]:
    """Labels of 28 emotions joined into groups: any of a group's."""
    columns = [[EMOTIONS.index(name) for name in names.split()] for names in groups.values()]
    return np.stack([labels[:, column].any(axis=1) for column in columns], axis=1)


def reason_id(name: str) -> str:
    """The catalog's id of an airline label: lower case, apostrophes dropped, spaces to underscores."""
    return name.lower().replace("'", "").replace(" ", "_")


def reasons(root: Path, packs: Sequence[str]) -> tuple[float, float, list[tuple[str, str]]]:
    """Accuracy and macro-F1 of the main pain point over the tweets that have a reason."""
    posts, _, truth = airline(root)
    kept = [(post, reason_id(reason)) for post, reason in zip(posts, truth, strict=True) if reason]
    batch = events([post["text"] for post, _ in kept])
    said = [(record["pain_points"] or [{"id": ""}])[0]["id"] for record in scored(packs, batch)]
    pairs = list(zip([reason for _, reason in kept], said, strict=True))
    names = sorted({reason for reason, _ in pairs})
    scores = [f1(np.array([t == name for t, _ in pairs]), np.array([s == name for _, s in pairs])) for name in names]
    return float(np.mean([t == s for t, s in pairs])), float(np.mean(scores)), pairs


def speed(root: Path, packs: Sequence[str]) -> tuple[float, float]:
    """Texts a second of one core's time, everything on, median of three: airline tweets, and ten times as long."""
    texts = [post["text"] for post in airline(root)[0]]
    long = [" ".join(texts[at : at + 10]) for at in range(0, len(texts), 10)]
    rates = []
    for batch in (events(texts, "US Airways"), events(long, "US Airways")):
        scorer = Scorer(Catalogs.load(packs, {}), Pseudonyms(b"evaluation"))
        runs = []
        for _ in range(4):
            began = time.process_time()
            for at in range(0, len(batch), 2_000):
                scorer.score(batch[at : at + 2_000])
            runs.append(len(batch) / (time.process_time() - began))
        # The first run learns the words.
        rates.append(statistics.median(runs[1:]))
    return rates[0], rates[1]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="Folder of the data sets.")
    parser.add_argument("--confusions", action="store_true", help="Show which airline reasons are taken for which.")
    args = parser.parse_args()
    root: Path = args.data
    table = Table("data set", "figure", "fast", "TextBlob")

    def row(name: str, figure: str, fast: float, other: float | None = None) -> None:
        table.add_row(name, figure, f"{fast:.1f}", "" if other is None else f"{other:.1f}")

    _sentiment(root, row)
    _emotions(root, row)
    for packs in (["airline"], ["generic", "airline"]):
        accuracy, score, pairs = reasons(root, packs)
        row(f"airline reasons, packs {'+'.join(packs)}", "accuracy", 100 * accuracy)
        row("", "macro-F1", 100 * score)
        if args.confusions and packs == ["airline"]:
            for (truth, said), count in Counter(pair for pair in pairs if pair[0] != pair[1]).most_common(25):
                console.print(f"{count:5} {truth} → {said or '(none)'}")
    for packs in (["generic"], ["generic", "airline"]):
        short, long = speed(root, packs)
        row(f"speed, packs {'+'.join(packs)}", "texts/s, 100 characters", short)
        row("", "texts/s, 1,000 characters", long)
    console.print(table)


def _sentiment(root: Path, row: Callable[..., None]) -> None:
    posts, truth, _ = airline(root)
    sets = (
        ("TweetEval sentiment (val)", *tweeteval_sentiment(root)),
        ("airline sentiment (dev)", [post["text"] for post in posts], truth),
    )
    for name, texts, labels in sets:
        chances, _ = probabilities(texts)
        guess = chances.argmax(axis=1)
        row(name, "macro-recall", 100 * macro_recall(labels, guess), 100 * macro_recall(labels, textblob(texts)))
        row("", "ECE", 100 * calibration_error(guess == labels, chances.max(axis=1)))
        recalls = " ".join(
            f"{label} {100 * np.mean(guess[labels == at] == at):.0f}" for at, label in enumerate(SENTIMENTS)
        )
        console.print(f"{name}: recall {recalls}")


def _emotions(root: Path, row: Callable[..., None]) -> None:
    thresholds = Model().weights.thresholds
    dev = goemotions(root, "dev")
    _, chances = probabilities(dev.texts)
    truth, guess = dev.emotions == 1, chances >= thresholds
    row("GoEmotions (dev), 28", "macro-F1", 100 * macro_f1(truth, guess))
    row("GoEmotions (dev), Ekman", "macro-F1", 100 * macro_f1(grouped(truth, _EKMAN), grouped(guess, _EKMAN)))
    row("GoEmotions (dev), groups", "macro-F1", 100 * macro_f1(grouped(truth, _GROUPS), grouped(guess, _GROUPS)))
    row("", "ECE", 100 * calibration_error(truth.ravel(), chances.ravel()))
    texts, labels = tweeteval_emotion(root)
    _, chances = probabilities(texts)
    four = [EMOTIONS.index(name) for name in ("anger", "joy", "optimism", "sadness")]
    # Zero-shot: of the four names the one that stands highest above its own threshold.
    margin = chances[:, four] / thresholds[four]
    said = np.eye(4, dtype=bool)[margin.argmax(axis=1)]
    row("TweetEval emotion (val), zero-shot", "macro-F1", 100 * macro_f1(np.eye(4, dtype=bool)[labels], said))


if __name__ == "__main__":
    main()
