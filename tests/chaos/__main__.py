"""``make chaos``: rounds of seeded faults on a real broker, each judged by the replay of the same records."""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import statistics
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

import tests.conftest  # noqa: F401 - No setting of the machine that runs it gets in.
from tests.chaos.round import Played, Round
from tests.chaos.schedule import KINDS, MEANINGS, schedule


@dataclass(slots=True)
class Summary:
    """What all rounds come to."""

    played: list[Played] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    """Seed → where everything of a round that failed is kept."""

    def figures(self) -> dict[str, Any]:
        """For programs."""
        costs = [cost for it in self.played for cost in it.measures.costs]
        events = sum(it.events for it in self.played)
        repeated = Counter[str]()
        for cost in costs:
            repeated[cost.struck.fault.kind if cost.struck.fault else "ended by itself"] += cost.repeated
        kills = [cost for cost in costs if cost.struck.fault and cost.struck.fault.kind == "kill"]
        recoveries = sorted(cost.recovery for cost in kills if cost.recovery is not None)
        return {
            "rounds": len(self.played)
            + sum(seed not in {it.schedule.seed for it in self.played} for seed in self.failed),
            "failed": self.failed,
            "seeds": sorted({it.schedule.seed for it in self.played} | self.failed.keys()),
            "events": events,
            "faults": Counter(struck.fault.kind for it in self.played for struck in it.struck if struck.fault),
            "lost": sum(it.judgement.lost for it in self.played),
            "doubled": sum(it.judgement.doubled for it in self.played),
            "repeated": {
                "records": repeated.total(),
                "share": round(repeated.total() / events, 5) if events else 0.0,
                "by_kind": repeated,
                "unexplained": sum(it.measures.unexplained for it in self.played),
                "per_kill": _spread([cost.repeated for cost in kills]),
                "seconds_worth_per_kill": _spread([cost.seconds_worth for cost in kills if cost.repeated]),
            },
            "too_slow": sum(len(it.slow) for it in self.played),
            "recovery_seconds": _spread(recoveries),
            "round_seconds": _spread([it.seconds for it in self.played]),
        }


def _spread(values: Iterable[float]) -> dict[str, float | int | None]:
    ordered = sorted(values)
    middle = round(statistics.median(ordered), 2) if ordered else None
    return {"of": len(ordered), "p50": middle, "max": round(ordered[-1], 2) if ordered else None}


def main() -> int:
    """Play the rounds that were asked for; gives the exit code."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="the first seed")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, each with the next seed")
    parser.add_argument("--brands", type=int, default=2, help="shops, each with a week of its own")
    parser.add_argument("--crowd", type=int, default=1, help="by how many times its people each week is told")
    parser.add_argument("--json", action="store_true", help="the summary as JSON on standard output")
    parser.add_argument("--keep", action="store_true", help="keep the folders of rounds that went well, too")
    asked = parser.parse_args()
    # The clients of this process say at length that the broker is away; who it was that killed it, we know.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    say = sys.stderr.write if asked.json else sys.stdout.write
    summary = Summary()
    for seed in range(asked.seed, asked.seed + asked.rounds):
        folder = Path(tempfile.mkdtemp(prefix=f"groundswell-chaos-{seed}-"))
        plan = schedule(seed)
        say(f"{plan}\n")
        try:
            played = Round(plan, folder, brands=asked.brands, crowd=asked.crowd).play()
        except Exception:
            summary.failed[seed] = str(folder)
            say(f"  FAILED before it could be judged; everything is in {folder}\n{traceback.format_exc()}")
            continue
        summary.played.append(played)
        say(told(played))
        if played.judgement.problems:
            summary.failed[seed] = str(folder)
            difference = folder / "difference.json"
            difference.write_bytes(orjson.dumps(played.judgement.differences, option=orjson.OPT_INDENT_2, default=str))
            say(f"  FAILED; logs, data and every difference are in {folder}; again: make chaos SEED={seed} ROUNDS=1\n")
        elif not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()
    figures = summary.figures()
    if asked.json:
        sys.stdout.buffer.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n")
    else:
        say(_for_people(figures))
    return 1 if summary.failed else 0


def told(played: Played) -> str:
    """A round in lines."""
    lines = [
        f"  struck at {struck.after:.1f} s, with {struck.waiting:,} records waiting:"
        f" {struck.fault.kind if struck.fault else 'a worker ended by itself'}"
        for struck in played.struck
    ]
    for cost in played.measures.costs:
        kind = cost.struck.fault.kind if cost.struck.fault else "ended by itself"
        again = f"{cost.repeated:,} records read again ({cost.repeated / played.events:.2%} of all"
        again += f", {cost.seconds_worth:.2f} s' worth)" if cost.repeated else ")"
        lines.append(f"  {kind}: {again}" + (f"; flowing after {cost.recovery:.1f} s" if cost.recovery else ""))
    lines += [f"  worker {number} was so slow that the group went on without it" for number in played.slow]
    if played.measures.unexplained:
        lines.append(f"  {played.measures.unexplained:,} records read again for no fault of the schedule")
    verdict = "nothing lost, nothing doubled" if not played.judgement.problems else "WRONG"
    lines.append(f"  {played.events:,} records, {played.seconds:.0f} s: {verdict}")
    lines += [f"  ! {problem}" for problem in played.judgement.problems]
    return "\n".join(lines) + "\n"


def _for_people(figures: dict[str, Any]) -> str:
    repeated = figures["repeated"]
    lines = [
        f"{figures['rounds']} rounds (seeds {figures['seeds'][0]} to {figures['seeds'][-1]}), {figures['events']:,}"
        f" records: {figures['lost']} lost, {figures['doubled']} doubled, {len(figures['failed'])} rounds failed",
        *(f"  {figures['faults'].get(kind, 0):4d} × {MEANINGS[kind]}" for kind in KINDS),
        f"  read again: {repeated['records']:,} ({repeated['share']:.2%}); per killed worker p50"
        f" {repeated['per_kill']['p50']}, most {repeated['per_kill']['max']} records; seconds' worth p50"
        f" {repeated['seconds_worth_per_kill']['p50']}, most {repeated['seconds_worth_per_kill']['max']}",
        f"  flowing again after kill -9: p50 {figures['recovery_seconds']['p50']} s,"
        f" most {figures['recovery_seconds']['max']} s",
        *(f"  failed: seed {seed}, see {folder}" for seed, folder in figures["failed"].items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
