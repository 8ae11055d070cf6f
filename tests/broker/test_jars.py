"""Fetching jars: from a small Maven repository on this machine, which can be made to misbehave."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.broker import Fetch, JarsMissing, jars

CONTENT = {
    "org.apache.kafka:kafka_2.13:0.0": b"kafka " * 10_000,
    "org.example:one:1.0": b"one " * 20_000,
    "org.example:two:2.0": b"two",
}
LOCKED = tuple(jars.Jar(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items())
ONE, TWO = LOCKED[1], LOCKED[2]


class Repository(ThreadingHTTPServer):
    """Serves CONTENT at Maven's paths; notes what was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.cut: set[str] = set()
        """Files of which only the first half arrives."""
        self.cut_once: set[str] = set()
        """Those of them that arrive whole the next time."""
        self.forged: set[str] = set()
        """Files that are something else, with a fitting SHA-1 beside them."""
        self.files = {}
        for jar in LOCKED:
            group, artifact, version = jar.coordinate.split(":")
            path = f"/{group.replace('.', '/')}/{artifact}/{version}/{jar.file}"
            self.files[path] = (jar.file, CONTENT[jar.coordinate])


class _Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        name, data = self.server.files[self.path.removesuffix(".sha1")]
        data = data[::-1] if name in self.server.forged else data
        body, half = hashlib.sha1(data).hexdigest().encode(), False
        if not self.path.endswith(".sha1"):
            self.server.asked.append(name)
            body, half = data, name in self.server.cut
            self.server.cut -= self.server.cut_once & {name}
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Repository]:
    with Repository() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # jgo's own configuration names mirrors.
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\nhere = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        monkeypatch.setattr(jars, "locked", lambda: LOCKED)
        monkeypatch.setattr(jars, "ATTEMPTS", 1)
        yield server
        server.shutdown()


def test_the_first_start_fetches_and_tells_how_far_it_is(repository: Repository, tmp_path: Path) -> None:
    told: list[Fetch] = []
    paths = jars.ensure(tmp_path / "cache", told.append)
    assert [path.read_bytes() for path in paths] == list(CONTENT.values())
    total = sum(jar.size for jar in LOCKED)
    assert told[0] == Fetch(0, 3, 0, total)
    assert told[-1] == Fetch(3, 3, total, total)
    assert [fetch.bytes for fetch in told] == sorted(fetch.bytes for fetch in told)
    assert {path.name for path in (tmp_path / "cache" / "kafka-0.0").iterdir()} == {j.file for j in LOCKED} | {".lock"}


def test_a_warm_start_asks_nobody(repository: Repository, tmp_path: Path) -> None:
    jars.ensure(tmp_path)
    repository.asked.clear()
    told: list[Fetch] = []
    jars.ensure(tmp_path, told.append)
    assert (repository.asked, told) == ([], [])


def test_only_what_is_missing_or_short_is_fetched_again(repository: Repository, tmp_path: Path) -> None:
    _, one, two = jars.ensure(tmp_path)
    one.write_bytes(b"half")
    two.unlink()
    repository.asked.clear()
    jars.ensure(tmp_path)
    assert sorted(repository.asked) == [ONE.file, TWO.file]
    assert one.read_bytes() == CONTENT[ONE.coordinate]


def test_an_interrupted_fetch_keeps_what_is_whole_and_goes_on(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "THREADS", 1)
    repository.cut.add(TWO.file)
    with pytest.raises(JarsMissing, match=rf"1 more jars .* {TWO.file}"):
        jars.ensure(tmp_path)
    home = jars.folder(tmp_path)
    assert not (home / TWO.file).exists()
    # As a killed process would leave it.
    (home / ".staging" / "half").mkdir(parents=True)

    repository.cut.clear()
    repository.asked.clear()
    jars.ensure(tmp_path)
    assert repository.asked == [TWO.file]
    assert not (home / ".staging").exists()


def test_a_failed_attempt_is_tried_again(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "ATTEMPTS", 2)
    repository.cut.add(ONE.file)
    repository.cut_once.add(ONE.file)
    told: list[Fetch] = []
    paths = jars.ensure(tmp_path, told.append)
    assert paths[1].read_bytes() == CONTENT[ONE.coordinate]
    assert repository.asked.count(ONE.file) == 2
    assert told[-1] == Fetch(3, 3, told[0].bytes_total, told[0].bytes_total)


def test_a_forged_jar_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.forged.add(ONE.file)
    with pytest.raises(JarsMissing, match="SHA-256"):
        jars.ensure(tmp_path)
    assert not (jars.folder(tmp_path) / ONE.file).exists()


def test_without_a_network_the_message_says_what_to_do(repository: Repository, tmp_path: Path) -> None:
    repository.shutdown()
    repository.server_close()
    with pytest.raises(JarsMissing) as told:
        jars.ensure(tmp_path)
    for part in ("3 more jars", "can't be reached", str(jars.folder(tmp_path)), "GROUNDSWELL_BROKER"):
        assert part in str(told.value)


def test_the_lock_file_is_whole() -> None:
    found = jars.locked()
    assert {"org.apache.kafka:kafka_2.13", "org.apache.kafka:kafka-clients"} <= {
        jar.coordinate.rpartition(":")[0] for jar in found
    }
    assert len({jar.file for jar in found}) == len(found)
    assert all(jar.size > 0 and len(jar.sha256) == 64 for jar in found)
