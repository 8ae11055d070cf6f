"""Fits a brand's own head (`streams/scoring/heads.py`) on labelled examples, and says what it gains on others.

Features that tell the ids apart count for more: each is scaled by how far the ids of the examples that have it are from
those of all (the root of their Kullback-Leibler divergence, smoothed). Beside them stands what a text's words mean
together. A softmax regression with an L2 penalty is fitted by Nesterov's accelerated gradient. Rare ids weigh a little
more than frequent ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from schemas.raw import Post
from streams.catalog import Catalog, Catalogs
from streams.scoring.head_features import NONE, Evidence, Featurer, Features
from streams.scoring.heads import Head, Heads
from streams.scoring.pseudonyms import Pseudonyms
from streams.scoring.scorer import Event, Scorer
from streams.scoring.weights import shared_weights

PENALTY = 1e-3
STEPS = 60
SCALES = np.array([1.0, 0.8, 0.3, 0.7, 1.0, 1.5, 1.0], dtype=np.float32)
"""What a feature of each kind (`streams.scoring.head_features`, in its order) counts for, before it is known how much
it tells."""
SMOOTHING = 3.0
"""Examples by which a feature's ids are drawn towards those of all."""
LEAST_SCALE = 0.05
BALANCE, OF_NONE = 0.6, 0.4
"""Exponent by which rare ids weigh more: 0 not at all, 1 so much that all weigh alike; of texts that name none less, or
the head would be less often silent."""
LEAST_EXAMPLES = 5
"""Examples that an id needs."""
LEAST_SEEN = 2
"""Examples that a feature needs: what one customer alone wrote teaches nothing."""
HELD_OUT = 0.2
AT_ONCE = 500

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


class TooFewExamplesError(ValueError):
    """There is not enough to learn from; the message says what is needed."""


@dataclass(frozen=True)
class Score:
    """How well main pain points were told, over the examples that have one."""

    accuracy: float
    macro_f1: float
    f1: dict[str, float]
    false_alarms: float | None
    """Share of the examples without a pain point of which one was told; None where there are none."""


@dataclass(frozen=True)
class Fitted:
    """A head, fitted on everything, and what its like gained on the part that was held out."""

    head: Head
    learned_from: int
    held_out: int
    keywords: Score
    with_head: Score
    counts: dict[str, int]
    """Examples of each id."""
    left_out: dict[str, int]
    """Ids with too few examples, which stay with the phrases."""


@dataclass
class Example:
    """One labelled text."""

    text: str
    id: str
    """Of its main pain point; `NONE` where it has none."""


def fit(examples: Sequence[Example], catalog: Catalog, *, share: float = HELD_OUT) -> Fitted:
    """Learns from the examples, the last of which are held out first to see what it gains.

    Args:
        examples: In order of time, where that is known: then what is held out is the future.
        catalog: Whose pain points they are.
        share: Of the examples that is held out.

    Raises:
        TooFewExamplesError: Fewer than two ids have enough of them.
    """
    counts = Counter(example.id for example in examples)
    few = {id_: count for id_, count in counts.items() if count < LEAST_EXAMPLES and id_ != NONE}
    if len(counts.keys() - few.keys() - {NONE}) < 2:
        raise TooFewExamplesError(
            f"at least two pain points need {LEAST_EXAMPLES} examples each; there are:"
            f" {', '.join(f'{id_} {count}' for id_, count in counts.most_common() if id_) or 'none'}"
        )
    catalogs = Catalogs(catalog, {})
    features, keywords = _seen(examples, catalogs)
    labels = [example.id for example in examples]
    cut = len(examples) - max(1, round(share * len(examples)))
    trial = _learn(features, labels, range(cut), catalog)
    truth = labels[cut:]
    with_head = _mains(examples[cut:], catalogs, Heads(trial)) if trial else keywords[cut:]
    head = _learn(features, labels, range(len(examples)), catalog)
    if head is None:
        raise TooFewExamplesError("the examples have nothing in common that tells them apart")
    return Fitted(
        head,
        cut,
        len(examples) - cut,
        score(truth, keywords[cut:]),
        score(truth, with_head),
        {id_: counts[id_] for id_ in sorted(counts.keys() - few.keys() - {NONE})},
        few,
    )


def score(truth: Sequence[str], told: Sequence[str]) -> Score:
    """Accuracy and macro-F1 over the examples that have a pain point; and how often one is told of the others."""
    pairs = [(wanted, got) for wanted, got in zip(truth, told, strict=True) if wanted != NONE]
    others = [got for wanted, got in zip(truth, told, strict=True) if wanted == NONE]
    f1 = {}
    for id_ in sorted({wanted for wanted, _ in pairs}):
        right = sum(wanted == got == id_ for wanted, got in pairs)
        said = sum((wanted == id_) + (got == id_) for wanted, got in pairs)
        f1[id_] = 2 * right / said
    return Score(
        sum(wanted == got for wanted, got in pairs) / len(pairs) if pairs else 0.0,
        sum(f1.values()) / len(f1) if f1 else 0.0,
        f1,
        sum(got != NONE for got in others) / len(others) if others else None,
    )


def _events(examples: Sequence[Example]) -> list[Event]:
    moment = datetime(2000, 1, 1, tzinfo=UTC)
    return [
        (
            "posts",
            Post(id=str(at), brand="-", author="-", created_at=moment, text=example.text or " "),
            {"topic": "-", "partition": 0, "offset": at},
        )
        for at, example in enumerate(examples)
    ]


def _seen(examples: Sequence[Example], catalogs: Catalogs) -> tuple[Features, list[str]]:
    """What a head is offered of the examples, and their main pain points by phrases alone."""
    parts: list[Features] = []
    begin = 0

    def witness(featurer: Featurer, evidence: Evidence) -> None:
        nonlocal begin
        found = featurer.features(evidence)
        parts.append(found._replace(texts=found.texts + begin))
        begin += len(evidence.prepared.frame.starts)

    scorer = Scorer(catalogs, Pseudonyms(b"-"), witness=witness)
    mains = _told(scorer, examples)
    return Features(*map(np.concatenate, zip(*parts, strict=True))), mains


def _mains(examples: Sequence[Example], catalogs: Catalogs, heads: Heads) -> list[str]:
    return _told(Scorer(catalogs, Pseudonyms(b"-"), heads=heads), examples)


def _told(scorer: Scorer, examples: Sequence[Example]) -> list[str]:
    events = _events(examples)
    return [
        record["pain_points"][0]["id"] if record["pain_points"] else NONE
        for at in range(0, len(events), AT_ONCE)
        for record in scorer.score(events[at : at + AT_ONCE])
    ]


class _Examples:
    """The features of some examples as a sparse matrix, by rows and by columns, and what they mean as a full one."""

    def __init__(self, rows: Numbers, columns: Numbers, values: Floats, meanings: Floats) -> None:
        count = len(meanings)
        order = np.argsort(rows, kind="stable")
        self._rows, self._columns, values = rows[order], columns[order], values[order]
        squares = np.bincount(self._rows, weights=values.astype(np.float64) ** 2, minlength=count)
        self._values: Floats = (values / np.sqrt(np.maximum(squares, 1e-6))[self._rows]).astype(np.float32)
        self._begins = np.flatnonzero(np.diff(self._rows, prepend=-1))
        self._some = self._rows[self._begins]
        by_column = np.argsort(self._columns, kind="stable")
        self._rows_by, self._values_by = self._rows[by_column], self._values[by_column]
        self._begins_by = np.flatnonzero(np.diff(self._columns[by_column], prepend=-1))
        self.sparse = len(self._begins_by)
        """Features; the dimensions of what is meant stand behind them."""
        self.width = self.sparse + meanings.shape[1]
        self._meanings = meanings

    def logits(self, weights: Floats) -> Floats:
        """Ids × examples, of weights: ids × width."""
        out: Floats = weights[:, self.sparse :] @ self._meanings.T
        terms = np.take(weights, self._columns, axis=1) * self._values
        out[:, self._some] += np.add.reduceat(terms, self._begins, axis=1)
        return out

    def slopes(self, errors: Floats) -> Floats:
        """Ids × width, of errors: ids × examples."""
        terms = np.take(errors, self._rows_by, axis=1) * self._values_by
        out: Floats = np.concatenate(
            [np.add.reduceat(terms, self._begins_by, axis=1), errors @ self._meanings], axis=1, dtype=np.float32
        )
        return out


def _learn(features: Features, labels: Sequence[str], which: range, catalog: Catalog) -> Head | None:
    """A head from some of the examples; None where they have too little in common."""
    counts = Counter(labels[at] for at in which)
    ids = sorted(id_ for id_, count in counts.items() if count >= LEAST_EXAMPLES)
    number = {id_: at for at, id_ in enumerate(ids)}
    kept = [at for at in which if labels[at] in number]
    if len(ids) < 2 or ids == [NONE]:
        return None
    rows_of = np.full(len(labels), -1, dtype=np.int64)
    rows_of[kept] = np.arange(len(kept))
    targets = np.array([number[labels[at]] for at in kept])
    mine = rows_of[features.texts] >= 0
    rows, kinds = rows_of[features.texts[mine]], features.kinds[mine]
    keys, columns = np.unique(features.keys[mine], return_inverse=True)
    seen = np.unique(columns * len(kept) + rows) // len(kept)
    often = np.bincount(seen, minlength=len(keys)) >= LEAST_SEEN
    if not often.any():
        return None
    fits = often[columns]
    rows, kinds, columns = rows[fits], kinds[fits], (np.cumsum(often) - 1)[columns[fits]]
    keys = keys[often]
    scales = _scales(rows, columns, kinds, targets, len(ids))
    meanings = features.meanings[kept]
    usual = meanings.mean(axis=0)
    matrix = _Examples(rows, columns, scales[columns], meanings - usual)
    balance = np.array([OF_NONE if id_ == NONE else BALANCE for id_ in ids])
    weights = _softmax(matrix, targets, balance)
    parts, towards = weights[:, : matrix.sparse] * scales, weights[:, matrix.sparse :]
    reader = shared_weights().fingerprint()
    return Head(tuple(ids), keys, parts.T.copy(), scales**2, towards.T.copy(), -towards @ usual, reader, catalog.packs)


def _scales(rows: Numbers, columns: Numbers, kinds: NDArray[np.int8], targets: Numbers, ids: int) -> Floats:
    """What each feature counts for: how much it tells of the ids, by its kind."""
    width = int(columns.max()) + 1
    table = np.bincount(columns * ids + targets[rows], minlength=width * ids).reshape(width, ids).astype(np.float64)
    usual = np.bincount(targets, minlength=ids) / len(targets)
    shares = (table + SMOOTHING * usual) / (table.sum(axis=1, keepdims=True) + SMOOTHING)
    divergence = (shares * np.log(shares / usual)).sum(axis=1)
    kind = np.zeros(width, dtype=np.int64)
    kind[columns] = kinds
    scales: Floats = (SCALES[kind] * (LEAST_SCALE + np.sqrt(np.maximum(divergence, 0.0)))).astype(np.float32)
    return scales


def _softmax(matrix: _Examples, targets: Numbers, balance: NDArray[np.float64]) -> Floats:
    """Ids × features: the weights (Nesterov's accelerated gradient; the step from the largest singular value)."""
    count, ids = len(targets), len(balance)
    each = np.bincount(targets, minlength=ids)
    importance = ((each / each.mean()) ** -balance)[targets]
    importance = (importance / importance.mean()).astype(np.float32)
    wanted = np.zeros((ids, count), dtype=np.float32)
    wanted[targets, np.arange(count)] = 1.0
    vector = np.ones((1, matrix.width), dtype=np.float32)
    norm = 1.0
    for _ in range(8):
        vector = matrix.slopes(matrix.logits(vector) * importance)
        norm = float(np.linalg.norm(vector))
        vector /= norm
    step = np.float32(1.0 / (norm / count * 0.5 + PENALTY))
    weights = np.zeros((ids, matrix.width), dtype=np.float32)
    ahead, pace = weights.copy(), 1.0
    for _ in range(STEPS):
        logits: Floats = matrix.logits(ahead)
        chances = np.exp(logits - logits.max(axis=0))
        chances /= chances.sum(axis=0)
        slopes = matrix.slopes((chances - wanted) * importance / np.float32(count)) + np.float32(PENALTY) * ahead
        moved: Floats = (ahead - step * slopes).astype(np.float32)
        faster = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
        ahead = moved + np.float32((pace - 1) / faster) * (moved - weights)
        weights, pace = moved, faster
    return weights
