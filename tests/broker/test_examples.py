"""The examples for subscribers, run as they stand on the topics of a whole week."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.topics import ALERTS, DELIGHTS, HANDOFFS, PAIN_POINTS, Topic
from tests.broker.pipeline import Pipeline

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDSWELL_")}
    return subprocess.run(
        command, env=inherited | environment, cwd=EXAMPLES, capture_output=True, text=True, timeout=120
    )


def printed(week: Pipeline, *command: str) -> str:
    ours = {"GROUNDSWELL_BROKER": week.address, "GROUNDSWELL_TOPIC_PREFIX": week.settings.topic_prefix}
    done = run(ours, *command)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def needs(program: str, how: str) -> str:
    return shutil.which(program) or pytest.skip(f"{program} is not installed: {how}")


def newest(week: Pipeline, topic: Topic) -> dict[str | None, Any]:
    return dict(week.held(topic))


@pytest.mark.parametrize("topic", [PAIN_POINTS, DELIGHTS], ids=lambda topic: topic.short_name)
def test_what_hurts_most_and_delights_most_in_python(week_done: Pipeline, topic: Topic) -> None:
    told = printed(week_done, sys.executable, "worst_pains.py", topic.short_name)
    worst = sorted(newest(week_done, topic).values(), key=lambda point: -point["priority"])[:5]
    heads = [f"{point['brand']}: {point['title']} · {point['last_day']['voices']} people in 24 h" for point in worst]
    assert [line.partition(",")[0] for line in told.splitlines() if " people in 24 h" in line] == [
        head.partition(",")[0] for head in heads
    ]
    assert all(point["quotes"][0]["text"] in told for point in worst)


def test_who_waits_by_kcat(week_done: Pipeline) -> None:
    for program in ("kcat", "jq"):
        needs(program, "apt-get install kcat jq")
    told = printed(week_done, "sh", "who_waits.sh")
    cases = {case["id"]: case for case in newest(week_done, HANDOFFS).values()}
    waiting = sorted(
        (case for case in cases.values() if case["status"] == "open"), key=lambda case: case["waiting_since"]
    )
    lines = [line for line in told.splitlines() if re.match(r"2026-02-\d\dT", line)]
    assert len(lines) == len(waiting) < len(cases)
    assert [line[:24] for line in lines] == [case["waiting_since"] for case in waiting]
    assert {line.partition(": ")[0].rpartition(" ")[2] for line in (it.partition(", ")[2] for it in lines)} == {
        case["id"] for case in waiting
    }
    assert all(case["quote"]["text"] in told for case in waiting)


def test_alerts_in_javascript(week_done: Pipeline) -> None:
    node = needs("node", "version 20 or newer")
    if not (EXAMPLES / "node_modules" / "@platformatic" / "kafka").is_dir():
        pytest.skip("the packages of the examples are not installed: npm ci --prefix examples")
    told = printed(week_done, node, "on_alert.mjs", "--until-end")
    pages = {
        (alert["fingerprint"], alert["revision"]): alert
        for _, alert in week_done.held(ALERTS)
        if alert["reason"] != "reminder" and alert["incident"] is None
    }
    assert sorted(re.findall(r"^  groundswell\.alerts\.v1 (\S+)$", told, re.MULTILINE)) == sorted(
        f"{fingerprint}:{revision}" for fingerprint, revision in pages
    )
    for alert in pages.values():
        assert f"{alert['status']} {alert['brand']}: {alert['title']} (severity {alert['severity']}, " in told


def test_without_a_broker_each_says_what_is_missing(tmp_path: Path) -> None:
    commands = [(sys.executable, "worst_pains.py"), ("sh", "who_waits.sh")]
    if shutil.which("node") and (EXAMPLES / "node_modules").is_dir():
        commands.append(("node", "on_alert.mjs"))
    for command in commands:
        done = run({"GROUNDSWELL_DATA": str(tmp_path)}, *command)
        assert done.returncode != 0
        assert "GROUNDSWELL_BROKER" in done.stderr and "Traceback" not in done.stderr


def test_the_lock_file_names_no_registry() -> None:
    packages = orjson.loads((EXAMPLES / "package-lock.json").read_bytes())["packages"]
    assert len(packages) > 10
    assert not [name for name, it in packages.items() if "resolved" in it]
    assert all("integrity" in it for name, it in packages.items() if name)
