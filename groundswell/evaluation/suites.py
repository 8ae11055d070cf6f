"""The data sets by name, and how each is judged: ours in the chosen tier, beside TextBlob and VADER where they can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundswell.evaluation import own, public
from groundswell.evaluation.figures import calibration_error, class_f1, f1, macro_f1, macro_recall
from groundswell.evaluation.judging import ASPECTS, faults
from groundswell.evaluation.own import Case
from groundswell.evaluation.public import FOUR, SENTIMENTS
from groundswell.evaluation.readers import Product, Reader, Reading, others
from groundswell.evaluation.report import Failure, Report, Row
from groundswell.evaluation.split import share
from schemas.scored import EKMAN, EMOTIONS, GROUPS


@dataclass(frozen=True)
class Setup:
    """What is judged, and on what."""

    tier: str
    data: Path
    """Folder of the public data sets."""

    def readers(self) -> list[Reader]:
        """Ours first."""
        return [_product(self.tier), *others()]


@cache
def _product(tier: str, packs: tuple[str, ...] = ("generic",), *, all_emotions: bool = False) -> Product:
    # A scorer learns words as it reads; several data sets share what it has learned, as days of a worker do.
    return Product(tier, packs, all_emotions=all_emotions)


def challenge(setup: Setup) -> Report:
    """The challenge set by kind."""
    cases, report = own.challenge(), Report()
    weaker = [case for case in cases if case.weaker is not None]
    right: dict[str, list[bool]] = {}
    alone: list[bool] = []
    for at, reader in enumerate(setup.readers()):
        readings = reader.read([case.text for case in cases])
        milder = reader.read([case.weaker or "" for case in weaker])
        beside = dict(zip((case.id for case in weaker), milder, strict=True))
        wrong = [faults(case, it, beside.get(case.id)) for case, it in zip(cases, readings, strict=True)]
        right[reader.name] = [not it for it in wrong]
        if not at:
            alone = [it.label in case.labels for case, it in zip(cases, readings, strict=True)]
            report.failures = _told_wrong("challenge", cases, wrong)
    kinds = np.array([case.kind for case in cases])
    for kind in own.KINDS:
        mine = kinds == kind
        name = kind.replace("_", " ") + ("*" if kind in ASPECTS else "")
        report.rows.append(Row("challenge", name, int(mine.sum()), _shares(right, mine)))
    every = np.ones(len(cases), dtype=np.bool_)
    report.rows.append(Row("challenge", "all kinds", len(cases), _shares(right, every)))
    report.rows.append(Row("challenge", "all kinds, label alone", len(cases), _shares({setup.tier: alone}, every)))
    report.notes.append(
        "* Pain points or delights are expected too; TextBlob and VADER, which name none, are judged by the label."
    )
    return report


def implicit(setup: Setup) -> Report:
    """Implicit sentiment: accuracy, and the share that was recognised of each label."""
    cases, report = own.implicit(), Report()
    right: dict[str, list[bool]] = {}
    for at, reader in enumerate(setup.readers()):
        wrong = [faults(*it) for it in zip(cases, reader.read([case.text for case in cases]), strict=True)]
        right[reader.name] = [not it for it in wrong]
        if not at:
            report.failures = _told_wrong("implicit", cases, wrong)
    kinds = np.array([case.kind for case in cases])
    every = np.ones(len(cases), dtype=np.bool_)
    report.rows.append(Row("implicit", "accuracy", len(cases), _shares(right, every)))
    for label in SENTIMENTS:
        mine = kinds == label
        report.rows.append(Row("implicit", f"recall, {label}", int(mine.sum()), _shares(right, mine)))
    return report


def fairness(setup: Setup) -> Report:
    """How far apart the sentiment values of paired texts are."""
    pairs, report = own.fairness(), Report()
    gaps: dict[str, NDArray[np.float64]] = {}
    split: dict[str, list[bool]] = {}
    for reader in setup.readers():
        readings = reader.read([text for pair in pairs for text in pair.texts])
        split[reader.name] = [
            one.label != other.label for one, other in zip(readings[::2], readings[1::2], strict=True)
        ]
        values = np.array([it.value for it in readings]).reshape(-1, 2)
        gaps[reader.name] = values[:, 1] - values[:, 0]
    groups = np.array([pair.group for pair in pairs])
    ours = gaps[setup.tier]
    for group, _ in groupby(groups):
        mine = groups == group
        count, name = int(mine.sum()), group.replace("_", " ")
        means = {reader: float(np.abs(gap[mine]).mean()) for reader, gap in gaps.items()}
        leans = {reader: float(gap[mine].mean()) for reader, gap in gaps.items()}
        worst = {reader: float(np.abs(gap[mine]).max()) for reader, gap in gaps.items()}
        report.rows.append(Row("fairness", f"{name}, mean difference", count, means, ""))
        report.rows.append(Row("fairness", f"{name}, second less first", count, leans, ""))
        report.rows.append(Row("fairness", f"{name}, largest", count, worst, ""))
        report.rows.append(Row("fairness", f"{name}, labels differ, per cent", count, _shares(split, mine)))
    report.failures = [
        Failure("fairness", pairs[at].template, " / ".join(pairs[at].texts), f"{ours[at]:+.3f}")
        for at in np.argsort(-np.abs(ours), kind="stable").tolist()
        if ours[at]
    ]
    report.notes.append("Differences of the sentiment value, which goes from -1 to 1.")
    return report


def tweeteval_sentiment(setup: Setup) -> Report:
    """TweetEval's sentiment, validation split."""
    val = public.tweeteval(setup.data, "sentiment", "val")
    return _sentiment("tweeteval-sentiment", setup, val.texts, val.labels)


def airline_sentiment(setup: Setup) -> Report:
    """Sentiment of the airline tweets."""
    tweets = public.airline(setup.data)
    return _sentiment("airline-sentiment", setup, tweets.texts, tweets.labels)


def airline_reasons(setup: Setup) -> Report:
    """The main pain point of airline tweets that have a reason, by the catalog alone."""
    tweets, report = public.airline(setup.data), Report()
    kept = [(text, reason) for text, reason in zip(tweets.texts, tweets.reasons, strict=True) if reason]
    truth = [reason for _, reason in kept]
    for packs in (("airline",), ("generic", "airline")):
        readings = _product(setup.tier, packs).read([text for text, _ in kept])
        said = [(it.pain_points or ("none",))[0] for it in readings]
        name = "+".join(packs)
        hits = float(np.mean([one == other for one, other in zip(truth, said, strict=True)]))
        report.rows.append(Row("airline-reasons", f"{name}: accuracy", len(kept), {setup.tier: 100 * hits}))
        report.rows.append(
            Row("airline-reasons", f"{name}: macro-F1", len(kept), {setup.tier: 100 * class_f1(truth, said)})
        )
        if len(packs) == 1:
            report.failures = [
                Failure("airline-reasons", str(at), text, f"{guess} instead of {reason}")
                for at, ((text, reason), guess) in enumerate(zip(kept, said, strict=True))
                if guess != reason
            ]
            mixed = Counter((reason, guess) for reason, guess in zip(truth, said, strict=True) if reason != guess)
            told = "; ".join(f"{reason} → {guess} {count}" for (reason, guess), count in mixed.most_common(5))
            report.notes.append(f"Most often taken for another (pack airline): {told}.")
    return report


def goemotions(setup: Setup) -> Report:
    """GoEmotions' dev split: the emotions that are told, and the probabilities of all."""
    return _emotions("goemotions", setup, *public.goemotions(setup.data, "dev"))


def held_out(setup: Setup) -> Report:
    """The share of the training sets that nothing was ever trained or tuned on (``groundswell.evaluation.split``)."""
    tweets = public.semeval(setup.data)
    kept = [at for at, text in enumerate(tweets.texts) if share(text) == "own-test"]
    report = _sentiment("held-out", setup, [tweets.texts[at] for at in kept], tweets.labels[kept])
    comments, truth = public.goemotions(setup.data, "train")
    mine = [at for at, text in enumerate(comments) if share(text) == "own-test"]
    other = _emotions("held-out", setup, [comments[at] for at in mine], truth[mine])
    report.rows += other.rows
    report.notes += other.notes
    return report


def _emotions(name: str, setup: Setup, texts: Sequence[str], truth: NDArray[np.bool_]) -> Report:
    readings = _product(setup.tier).read(texts)
    told = np.array([[label in (it.emotions or {}) for label in EMOTIONS] for it in readings])
    chances = _chances(_product(setup.tier, all_emotions=True).read(texts))
    report, count = Report(), len(texts)

    def row(figure: str, share: float) -> None:
        report.rows.append(Row(name, figure, count, {setup.tier: 100 * share}))

    row("28 labels, macro-F1", macro_f1(truth, told))
    row("Ekman's six and neutral, macro-F1", macro_f1(public.grouped(truth, EKMAN), public.grouped(told, EKMAN)))
    row("groups and neutral, macro-F1", macro_f1(public.grouped(truth, GROUPS), public.grouped(told, GROUPS)))
    row("ECE of all 28 probabilities", calibration_error(truth.ravel(), chances.ravel()))
    row("texts with no emotion told", float(np.mean(~told.any(axis=1))))
    each = ((label, f1(truth[:, at], told[:, at])) for at, label in enumerate(EMOTIONS))
    report.notes.append("F1 " + ", ".join(f"{label} {100 * score:.0f}" for label, score in each) + ".")
    report.failures = [
        Failure(name, str(at), text, f"{_names(told[at])} instead of {_names(truth[at])}")
        for at, text in enumerate(texts)
        if (told[at] != truth[at]).any()
    ]
    return report


def tweeteval_emotion(setup: Setup) -> Report:
    """TweetEval's emotions, zero-shot by the labels of the same name. Train is as unseen as val, and larger."""
    product, report = _product(setup.tier, all_emotions=True), Report()
    limits = np.array([product.scorer.emotion_thresholds[name] for name in FOUR])
    columns = [EMOTIONS.index(name) for name in FOUR]
    for split in ("val", "train"):
        given = public.tweeteval(setup.data, "emotion", split)
        truth = [FOUR[label] for label in given.labels.tolist()]
        chances = _chances(product.read(given.texts))[:, columns]
        for way, weighed in (("highest probability", chances), ("highest above its threshold", chances / limits)):
            said = [FOUR[at] for at in weighed.argmax(axis=1).tolist()]
            score = 100 * class_f1(truth, said)
            report.rows.append(Row("tweeteval-emotion", f"{split}, {way}: macro-F1", len(truth), {setup.tier: score}))
            each = (f1(np.array(truth, dtype=object) == name, np.array(said, dtype=object) == name) for name in FOUR)
            scores = ", ".join(f"{name} {100 * one:.0f}" for name, one in zip(FOUR, each, strict=True))
            report.notes.append(f"F1, {split}, {way}: {scores}.")
            if split == "val" and weighed is chances:
                report.failures = [
                    Failure("tweeteval-emotion", str(at), text, f"{guess} instead of {right}")
                    for at, (text, right, guess) in enumerate(zip(given.texts, truth, said, strict=True))
                    if guess != right
                ]
    return report


DATASETS: dict[str, Callable[[Setup], Report]] = {
    "challenge": challenge,
    "implicit": implicit,
    "fairness": fairness,
    "tweeteval-sentiment": tweeteval_sentiment,
    "tweeteval-emotion": tweeteval_emotion,
    "goemotions": goemotions,
    "held-out": held_out,
    "airline-sentiment": airline_sentiment,
    "airline-reasons": airline_reasons,
}
"""Name → how it is judged, those first that need no data from outside."""


def _sentiment(name: str, setup: Setup, texts: list[str], truth: NDArray[np.int64]) -> Report:
    report, figures = Report(), dict[str, dict[str, float]]()
    for at, reader in enumerate(setup.readers()):
        readings = reader.read(texts)
        guess = np.array([SENTIMENTS.index(it.label) for it in readings])
        right = guess == truth

        def note(figure: str, share: float, column: str = reader.name) -> None:
            figures.setdefault(figure, {})[column] = 100 * share

        note("macro-recall", macro_recall(truth, guess))
        note("macro-F1", macro_f1(_one_hot(truth), _one_hot(guess)))
        note("accuracy", float(np.mean(right)))
        for label, side in enumerate(SENTIMENTS):
            if (truth == label).any():
                note(f"recall, {side}", float(np.mean(right[truth == label])))
        confidence = [it.confidence for it in readings if it.confidence is not None]
        if len(confidence) == len(readings):
            note("ECE", calibration_error(right, np.array(confidence)))
        if not at:
            report.failures = [
                Failure(name, str(one), texts[one], f"{SENTIMENTS[guess[one]]} instead of {SENTIMENTS[truth[one]]}")
                for one in np.flatnonzero(~right).tolist()
            ]
    report.rows = [Row(name, figure, len(texts), values) for figure, values in figures.items()]
    return report


def _one_hot(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    out: NDArray[np.bool_] = labels[:, None] == np.arange(len(SENTIMENTS))
    return out


def _chances(readings: Sequence[Reading]) -> NDArray[np.float64]:
    """Texts × 28; what could not be read has no emotion."""
    return np.array([[(it.emotions or {}).get(name, 0.0) for name in EMOTIONS] for it in readings])


def _names(row: NDArray[np.bool_]) -> str:
    return ", ".join(name for name, there in zip(EMOTIONS, row.tolist(), strict=True) if there) or "nothing"


def _shares(right: dict[str, list[bool]], which: NDArray[np.bool_]) -> dict[str, float]:
    return {reader: 100 * float(np.mean(np.array(ones)[which])) for reader, ones in right.items()}


def _told_wrong(dataset: str, cases: Sequence[Case], wrong: Sequence[list[str]]) -> list[Failure]:
    return [
        Failure(dataset, case.id, case.text, "; ".join(what)) for case, what in zip(cases, wrong, strict=True) if what
    ]
