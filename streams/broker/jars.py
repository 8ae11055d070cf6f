"""Kafka's jars: which they are (``jars.json``, locked with their hashes) and how they get into the cache.

The lock file makes the first start reproducible and its progress truthful: sizes and SHA-256 are known before the first
byte arrives. ``python -m streams.broker.lock`` writes it anew. A warm start only compares names and sizes.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from streams.broker.errors import JarsMissing

log = logging.getLogger(__name__)

LOCK_FILE = Path(__file__).with_name("jars.json")
THREADS = 4
ATTEMPTS = 3
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Jar:
    """One locked jar."""

    coordinate: str
    """``group:artifact:version``, as Maven writes it."""
    size: int
    """In bytes."""
    sha256: str

    @property
    def file(self) -> str:
        """Its file name."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


@dataclass(frozen=True)
class Fetch:
    """How far the first download has got."""

    files: int
    """Jars that are in the cache."""
    files_total: int
    bytes: int
    """Bytes in the cache or on their way into it."""
    bytes_total: int


Progress = Callable[[Fetch], None]


class _Stopped(Exception):  # noqa: N818
    """Another jar has failed, or the user has pressed Ctrl-C: this one is not worth finishing."""


class _Damaged(Exception):  # noqa: N818
    """What arrived is not what was locked."""


def locked() -> tuple[Jar, ...]:
    """The jars of the lock file, in class path order."""
    return tuple(Jar(**entry) for entry in orjson.loads(LOCK_FILE.read_bytes())["jars"])


def folder(cache: Path) -> Path:
    """Where the jars are kept: a folder of their version."""
    kafka = next(jar for jar in locked() if jar.coordinate.startswith("org.apache.kafka:kafka_"))
    return cache / f"kafka-{kafka.coordinate.rpartition(':')[2]}"


def ensure(cache: Path, on_progress: Progress | None = None) -> list[Path]:
    """The jars' paths, in class path order; those that are missing or have a wrong size are fetched first.

    Args:
        cache: Folder of what can be fetched again.
        on_progress: Called from several threads, one at a time, while something is fetched; never on a warm start.

    Raises:
        JarsMissing: They are not in the cache and could not be fetched.
    """
    return obtained(folder(cache), locked(), on_progress)


def obtained(home: Path, jars: tuple[Jar, ...], on_progress: Progress | None = None) -> list[Path]:
    """The same of any jars, kept in the folder ``home``."""
    if _missing(home, jars):
        try:
            home.mkdir(parents=True, exist_ok=True)
            with _alone(home):
                # Whoever held the lock before may have fetched them.
                if missing := _missing(home, jars):
                    _fetch(home, jars, missing, on_progress)
        except OSError as error:
            raise JarsMissing(f"The jars could not be written to {home}: {error.strerror or error}.") from error
    return [home / jar.file for jar in jars]


def _missing(home: Path, jars: tuple[Jar, ...]) -> list[Jar]:
    def present(jar: Jar) -> bool:
        try:
            return (home / jar.file).stat().st_size == jar.size
        except OSError:
            return False

    return [jar for jar in jars if not present(jar)]


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One process fetches; another one that comes meanwhile waits. The system frees the lock of a dead process."""
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(home: Path, jars: tuple[Jar, ...], missing: list[Jar], on_progress: Progress | None) -> None:
    staging = home / ".staging"
    shutil.rmtree(staging, ignore_errors=True)  # An interrupted download leaves its half files here, and only here.
    count = _Count(jars, missing, on_progress)
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="jars")
    try:
        for future in [pool.submit(_fetch_one, home, staging, jar, count) for jar in missing]:
            future.result()
    except _Stopped:
        raise count.failure or AssertionError("stopped without a failure") from None
    finally:
        count.stop.set()
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(staging, ignore_errors=True)


def _fetch_one(home: Path, staging: Path, jar: Jar, count: _Count) -> None:
    """Fetches one jar beside its place, compares its hash and renames it: what has its name is whole."""
    for attempt in range(1, ATTEMPTS + 1):
        place = staging / f"{jar.file}.{attempt}"
        with count.attempt(jar.size) as update:
            try:
                arrived = _download(jar, place, update)
                if hashlib.sha256(arrived.read_bytes()).hexdigest() != jar.sha256:
                    raise _Damaged("what arrived has another SHA-256 than the locked one")
                arrived.replace(home / jar.file)
            except _Stopped:
                raise
            # jgo raises AssertionError and RuntimeError, requests a family of IOErrors: all of them mean another try.
            except Exception as error:
                log.debug("%s: attempt %d failed", jar.coordinate, attempt, exc_info=True)
                count.give_back()
                if attempt == ATTEMPTS:
                    count.fail(_explain(home, jar, error))
                    raise _Stopped from None
            else:
                count.done()
                return
        if count.stop.wait(attempt):
            raise _Stopped


def _download(jar: Jar, place: Path, update: Callable[[int], None]) -> Path:
    """Has jgo fetch the jar into a repository of its own below ``place``."""
    # Imported here, for a warm start does without it.
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext, PythonResolver

    @contextmanager
    def progress(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield update

    # A mirror that the user has named in jgo's own configuration goes first; the hash makes it as good as any.
    repositories: dict[str, str] = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
    maven: Any = MavenContext(
        resolver=PythonResolver(progress_callback=progress),
        repo_cache=place,
        remote_repos=repositories,
        timeout=TIMEOUT_SECONDS,
    )
    group, artifact, version = jar.coordinate.split(":")
    return Path(maven.project(group, artifact).at_version(version).artifact().resolve())


def _explain(home: Path, jar: Jar, error: Exception) -> JarsMissing:
    missing = _missing(home, locked())
    megabytes = sum(other.size for other in missing) / 1e6
    offline = type(error).__name__ in {"ConnectionError", "ConnectTimeout", "ReadTimeout", "SSLError", "ProxyError"}
    # Not an unknown error's text: it may hold a mirror's address with a password in it.
    ours = isinstance(error, _Damaged) or getattr(error, "errno", None)
    told = str(error) if ours else type(error).__name__
    reason = "the Maven repository can't be reached" if offline else told
    return JarsMissing(
        f"The embedded Kafka needs {len(missing)} more jars ({megabytes:.0f} MB) in {home}, and {jar.file} could not be"
        f" fetched: {reason}. Connect to the network and start again (what has arrived is kept), or copy that folder"
        " from a machine that has it, or use a Kafka that runs already: GROUNDSWELL_BROKER=host:port."
    )


class _Count:
    """What has arrived, over all threads."""

    def __init__(self, jars: tuple[Jar, ...], missing: list[Jar], on_progress: Progress | None) -> None:
        self.stop = threading.Event()
        self.failure: JarsMissing | None = None
        self._guard = threading.Lock()
        self._tell = on_progress
        self._files = len(jars) - len(missing)
        self._files_total = len(jars)
        self._bytes_total = sum(jar.size for jar in jars)
        self._bytes = self._bytes_total - sum(jar.size for jar in missing)
        self._told = 0.0
        self._mine = threading.local()
        self._report(always=True)

    @contextmanager
    def attempt(self, size: int) -> Iterator[Callable[[int], None]]:
        """Counts what one attempt brings; never more than the jar's size."""
        self._mine.bytes = 0

        def update(arrived: int) -> None:
            if self.stop.is_set():
                raise _Stopped
            with self._guard:
                arrived = min(arrived, size - self._mine.bytes)
                self._mine.bytes += arrived
                self._bytes += arrived
                self._report()

        yield update

    def give_back(self) -> None:
        """Takes a failed attempt's bytes away again."""
        with self._guard:
            self._bytes -= self._mine.bytes
            self._mine.bytes = 0
            self._report(always=True)

    def done(self) -> None:
        """One more jar is in its place."""
        with self._guard:
            self._files += 1
            self._report(always=True)

    def fail(self, failure: JarsMissing) -> None:
        """Keeps the first failure and stops the others."""
        with self._guard:
            self.failure = self.failure or failure
        self.stop.set()

    def _report(self, *, always: bool = False) -> None:
        # Ten times a second is enough for a bar.
        if self._tell and (always or time.monotonic() - self._told > 0.1):
            self._told = time.monotonic()
            self._tell(Fetch(self._files, self._files_total, self._bytes, self._bytes_total))
