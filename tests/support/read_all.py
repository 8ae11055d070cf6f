"""Run by test_native.py with another library of C: reads the lines of its input, and prints a digest of all it told."""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime

import numpy as np
import orjson

from schemas.raw import Post
from streams.catalog import Catalogs
from streams.native import load
from streams.scoring import Pseudonyms, Scorer
from streams.scoring.model import Model

ODD = [
    *(" ", "\x00", "¶", "order", "call me Al", "#" * 99, "x" * 5_000, "e\u0301" * 500, "😡" * 500),
    *(word * 2_000 for word in ("quite ", "1 ", "A-", " but ", " not ", "\n", "@a ", "order 1234567 ", "late? ")),
]


def main() -> None:
    if not load()._name.startswith(sys.argv[1]):
        raise SystemExit(f"{load()._name} isn't below {sys.argv[1]}")
    lines = [line for line in sys.stdin.read().splitlines() if line]
    texts = [*ODD, *lines, *(" ".join(lines[at : at + 9]) for at in range(0, len(lines), 9))]
    told = hashlib.sha256()
    model = Model()
    prepared = model.prepare(texts)
    judged = model.judge(prepared, np.ones(len(texts), dtype=np.bool_))
    clauses = np.arange(len(prepared.around.clause_starts))
    for one in (
        *(judged.sentiment, judged.emotions, judged.hidden, judged.weight, model.parts(prepared, judged)),
        *(model.clauses(prepared, judged, clauses), model.alone(prepared, judged, clauses)),
    ):
        told.update(np.ascontiguousarray(one).tobytes())
    scorer = Scorer(Catalogs.load(["generic", "airline"], {}), Pseudonyms(b"k"))
    when = datetime(2026, 11, 1, tzinfo=UTC)
    events = [Post(id=str(at), brand="B", text=text, author="a", created_at=when) for at, text in enumerate(texts)]
    for size in (300, 7):
        for at in range(0, len(events), size):
            for record in scorer.score([("posts", event, {}) for event in events[at : at + size]]):
                told.update(orjson.dumps(record))
    print(len(texts), told.hexdigest())


if __name__ == "__main__":
    main()
