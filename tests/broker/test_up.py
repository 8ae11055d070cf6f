"""``groundswell up`` as a process: ready, watched, and gone with everything it started."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from groundswell.cli.exits import Exit
from streams.broker import Broker
from streams.settings import Settings


class Up:
    """A running ``groundswell up --json``."""

    def __init__(self, settings: Settings, data: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDSWELL_")}
        environment |= {
            "GROUNDSWELL_BROKER": str(settings.broker),
            "GROUNDSWELL_TOPIC_PREFIX": settings.topic_prefix,
            "GROUNDSWELL_GROUP": settings.group,
            "GROUNDSWELL_PARTITIONS": str(settings.partitions),
            "GROUNDSWELL_DATA": str(data),
        }
        self.told: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "groundswell", "up", "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.process.stdout is not None
        self.ready = orjson.loads(self.process.stdout.readline() or "null")
        assert self.ready, self.told

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.told.extend(self.process.stderr)

    def tells(self, what: str) -> bool:
        return any(what in line for line in self.told)


def eventually(what: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.1)
    return what()


def alive(pid: int) -> bool:
    try:
        # A zombie has ended, though its parent has not asked yet.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def up(settings: Settings, tmp_path: Path) -> Iterator[Up]:
    started = Up(settings, tmp_path / "data")
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.process.wait(60)


def test_a_worker_that_dies_is_started_again(up: Up, settings: Settings) -> None:
    assert up.ready["broker"] == settings.broker
    (metrics,), (worker,) = up.ready["metrics"], up.ready["workers"]
    with urllib.request.urlopen(metrics) as answer:
        assert answer.status == 200 and b"groundswell" in answer.read()
    with urllib.request.urlopen(up.ready["scrape"]) as answer:
        assert b'groundswell_worker_up{worker="1"} 1.0' in answer.read()
    os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: up.tells("worker 1 ended (SIGKILL); it starts again in 1 s")), up.told
    assert eventually(lambda: up.tells("worker 1 has started again")), up.told
    (line,) = [line for line in up.told if "has started again" in line]
    port = int(line.rsplit(maxsplit=1)[1])

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    assert eventually(ready), up.told
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    assert not ready()


def test_ctrl_c_ends_it_in_order(up: Up) -> None:
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert not any(alive(worker) for worker in up.ready["workers"])
    assert not up.tells("is killed") and not up.tells("Traceback")


def test_workers_do_not_outlive_it(up: Up) -> None:
    up.process.kill()
    up.process.wait(10)
    assert eventually(lambda: not any(alive(worker) for worker in up.ready["workers"]))


def test_a_folder_in_use_is_refused_and_its_broker_used_by_others(broker: Broker) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDSWELL_")}
    environment["GROUNDSWELL_TOPIC_PREFIX"] = "elsewhere."

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "groundswell", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    refused = run("up", "--data", str(broker.data))
    assert refused.returncode == Exit.IN_USE
    assert broker.address in refused.stderr and "Traceback" not in refused.stderr
    environment["GROUNDSWELL_DATA"] = str(broker.data)
    assert run("topics", "create").returncode == 0
    followed = run("tail", "alerts", "--from-beginning", "--until-end", "--json")
    assert (followed.returncode, followed.stdout, followed.stderr) == (0, "", "")
