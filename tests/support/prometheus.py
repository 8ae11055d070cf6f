"""Prometheus and Alertmanager themselves, as Debian packages them; without one, its test is skipped."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

PACKAGES = "prometheus prometheus-alertmanager"


def program(*names: str, package: str = PACKAGES) -> str:
    """The path of the first of these programs that is installed."""
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.skip(f"{names[0]} is not installed: apt-get install {package}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def asked(url: str, **parameters: str) -> Any:
    """What a JSON API answers."""
    query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
    with urllib.request.urlopen(url + query, timeout=10) as answer:
        return orjson.loads(answer.read())


@contextmanager
def running(command: Sequence[str], ready: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from its readiness to the end of the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(ready, timeout=2).close()
                break
            except (OSError, urllib.error.URLError):
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def alertmanager(folder: Path, config: dict[str, Any]) -> Iterator[str]:
    """Its address."""
    binary = program("prometheus-alertmanager", "alertmanager")
    (folder / "alertmanager.yml").write_bytes(orjson.dumps(config))  # JSON is YAML.
    address = f"127.0.0.1:{free_port()}"
    command = [
        binary, "--config.file=alertmanager.yml", "--storage.path=alertmanager", f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    with running(command, f"http://{address}/-/ready", folder / "alertmanager.log"):
        yield f"http://{address}"


@contextmanager
def prometheus(folder: Path, config: dict[str, Any], *arguments: str) -> Iterator[str]:
    """Its address."""
    binary = program("prometheus")
    (folder / "prometheus.yml").write_bytes(orjson.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    command = [
        binary, "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus", f"--web.listen-address={address}",
        *arguments,
    ]  # fmt: skip
    with running(command, f"http://{address}/-/ready", folder / "prometheus.log"):
        yield f"http://{address}"
