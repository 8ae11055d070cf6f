"""``python -m bench.detection [SECTION…]``: NAB's tweets, series made here, forecasts, speed; as Markdown.

The data of others lie in ``../shared/data``, or where GROUNDSWELL_BENCH_DATA says. NAB's score is worked out by
``nab/nabscore.py`` there, from what ``groundswell series`` writes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.detection import hourly
from bench.detection.coverage import coverage
from bench.detection.sensitivity import sensitivity
from bench.detection.synthetic import LASTS, RATES, SIZES, STEP_S, WANTED, every
from bench.detection.truth import Tally, alerts_in
from bench.detection.warning import warning
from streams.detection import DETECTORS
from streams.detection.series import SeriesDetector
from streams.detection.surge import Surge

SHARED = Path(os.environ.get("GROUNDSWELL_BENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
NAB = SHARED / "nab"
SEEDS = 3
POINTS = 200_000


def nab() -> Iterator[str]:
    """The score of each series, at the detector's own threshold."""
    files = sorted(NAB.glob("*.csv"))
    if not files:
        yield f"No series in {NAB}."
        return
    with tempfile.TemporaryDirectory() as folder:
        # The scorer takes a series by the name of its folder, and these have none.
        series = [sys.executable, "-m", "groundswell", "series", *map(str, files), "--out", folder, "--json"]
        began = os.times()
        subprocess.run(series, check=True, capture_output=True)
        ended = os.times()
        seconds = ended.children_user - began.children_user + ended.children_system - began.children_system
        score = [sys.executable, str(NAB / "nabscore.py"), f"{folder}/", "--windows", str(NAB / "windows.json")]
        ran = subprocess.run([*score, "--threshold", "0.5", "--per-series"], check=True, capture_output=True, text=True)
    yield "```"
    yield ran.stdout.strip()
    yield "```"
    rows = sum(len(file.read_bytes().splitlines()) - 1 for file in files)
    yield f"{rows:,} rows read, judged and written in {seconds:.2f} s of processor time, the command's start included."


def synthetic() -> Iterator[str]:
    """What is found in the series made here, by kind and size."""
    tallies: dict[tuple[str, float], Tally] = defaultdict(Tally)
    by_rate: dict[float, Tally] = defaultdict(Tally)
    for series in every(SEEDS):
        alerts = alerts_in(series)
        tallies[series.kind, series.size].count(series, alerts)
        by_rate[series.rate].count(series, alerts)
    yield f"{SEEDS} series of 8 weeks for each kind, size and mean count a row of {', '.join(map(str, RATES))}."
    yield ""
    yield "| kind | lasts | times usual | happened | recall | precision | delay, median | told again | false a week |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for kind, sizes in SIZES.items():
        hours = f"{LASTS[kind] * STEP_S / 3600:g} h" if kind in WANTED or kind in ("holiday", "gap") else ""
        for size in sizes:
            yield _line(kind, "stays" if kind == "shift" else hours, f"{size:g}", tallies[kind, size])
    yield ""
    yield "| mean count a row | happened | recall | precision | delay, median | told again | false a week |"
    yield "|---|---|---|---|---|---|---|"
    for rate, tally in by_rate.items():
        yield _line(f"{rate:g}", tally)


def product() -> Iterator[str]:
    """What the product's detectors find in made series of voices an hour."""
    sizes = ", ".join(f"×{size:g}" for size in hourly.SIZES if size)
    yield f"{SEEDS} series of 4 weeks for each mean and size; recall of {sizes}."
    yield ""
    yield "| detector | voices an hour | recall | false a week |"
    yield "|---|---|---|---|"
    tried = {name: make() for name, make in DETECTORS.items()}
    for name, detector in (*tried.items(), ("surge without habit", Surge(strangeness=0.0))):
        for rate in hourly.RATES:
            found = [hourly.judged(detector, rate, size, SEEDS) for size in hourly.SIZES]
            recall = " ".join(f"{it.found / it.happened:.2f}" for it in found if it.happened)
            false = sum(it.false for it in found) / sum(it.weeks for it in found)
            yield f"| {name} | {rate:g} | {recall} | {false:.2f} |"


def speed() -> Iterator[str]:
    """Points a second of processor time, of the detector alone."""
    detector = SeriesDetector()
    began = time.process_time()
    for row in range(POINTS):
        detector.feed(300.0 * row, 20.0 + row % 7)
    yield f"{POINTS / (time.process_time() - began):,.0f} points a second of processor time, the detector alone."


def _line(*names: str | Tally) -> str:
    tally = names[-1]
    assert isinstance(tally, Tally)
    delay = tally.delay_minutes
    cells = [
        *names[:-1],
        str(tally.happened or ""),
        "" if tally.recall is None else f"{tally.recall:.2f}",
        "" if tally.precision is None or not tally.happened else f"{tally.precision:.2f}",
        "" if delay is None else f"{delay:.0f} min",
        str(tally.repeated or ""),
        f"{tally.false / tally.weeks:.3f}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


SECTIONS: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "nab": ("NAB realTweets, dev", nab),
    "synthetic": ("Series made here", synthetic),
    "product": ("Voices an hour", product),
    "coverage": ("Forecasts that were right", lambda: coverage(SHARED, SEEDS)),
    "speed": ("Speed", speed),
    "warning": ("Early warnings", lambda: warning(NAB)),
    "sensitivity": ("One parameter a quarter smaller or larger", lambda: sensitivity(NAB)),
}


SLOW = ("sensitivity", "warning")
"""Sections that are only run when they are named: minutes of a core."""


def main() -> None:
    """Print the sections that are named, or all but the slow ones."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    names = parser.parse_args().sections or [name for name in SECTIONS if name not in SLOW]
    for name in names:
        if name not in SECTIONS:
            parser.error(f"there is no section {name}; there are: {', '.join(SECTIONS)}")
    for name in names:
        title, lines = SECTIONS[name]
        print(f"## {title}\n", flush=True)
        for line in lines():
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
