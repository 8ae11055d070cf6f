"""Writes streams/catalog/frequencies.txt: how often common words are, per million, in the training data."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from streams.catalog.index import FREQUENCIES
from streams.scoring.tokens import WORD, Lexicon
from training.data import goemotions, semeval

KEPT = 4_000


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="Folder of the data sets.")
    root = parser.parse_args().data
    lexicon = Lexicon()
    frame = lexicon.read(goemotions(root, "train").texts + semeval(root).texts)
    counts = Counter(lexicon.norm[atom] for atom in frame.atoms.tolist() if lexicon.flags[atom] & WORD)
    total = sum(counts.values())
    lines = [f"{word} {max(1, round(count * 1e6 / total))}" for word, count in counts.most_common(KEPT)]
    FREQUENCIES.write_text("\n".join(sorted(lines)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
