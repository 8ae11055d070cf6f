"""``groundswell doctor``: is everything as it should be, and if not, what to do."""

from __future__ import annotations

import platform
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import typer
from rich.text import Text

from groundswell.cli import broker, options
from groundswell.cli.exits import Exit
from groundswell.cli.output import say, write_json
from streams.settings import Settings

LEAST_FREE: Final = 2 * 1024**3
"""Bytes that should be free on the data folder's disk: Kafka stops when there is nothing left."""
MOVING_SECONDS: Final = 6.0
"""How long a lag may stand still before it counts as standing: workers commit more often than that."""
CLOCK_MS: Final = 10_000
"""How far apart clocks may be."""
PACKAGES: Final = ("groundswell", "faust-streaming", "aiokafka", "kafka-python", "pydantic", "numpy")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    what: str
    todo: str = ""
    """What to do; empty where all is well."""


def doctor(data: options.Data = None, as_json: options.AsJson = False) -> None:
    """Look at the broker, the topics, the workers' lag, the disk, the key, the clock, the versions and the C library.

    Each problem comes with what to do about it; exits with 1 if there is any, with 3 if no broker answers.
    """
    settings = options.settings(data)
    findings = []
    for finding in examine(settings):
        findings.append(finding)
        if as_json:
            write_json(asdict(finding))
        else:
            text = Text("ok " if finding.ok else "!! ", style="green" if finding.ok else "bold red")
            text.append(f"{finding.name:<9} ", style="bold").append(finding.what)
            say(text.append(f"\n             → {finding.todo}", style="yellow") if finding.todo else text)
    bad = {finding.name for finding in findings if not finding.ok}
    if bad:
        raise typer.Exit(Exit.UNREACHABLE if "broker" in bad else Exit.PROBLEM)


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything that is looked at, as it is found."""
    yield _versions()
    yield library()
    yield disk(settings.data)
    yield key(settings)
    yield from _broker(settings)


def _versions() -> Finding:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return Finding("versions", True, f"Python {platform.python_version()}, {packages}")


def library() -> Finding:
    """Whether the library of C is there, and made from the sources beside it."""
    from streams.native import load
    from streams.native.build import LIBRARY, NativeError

    try:
        load()
    except NativeError as problem:
        return Finding(
            "library", False, str(problem), "Install Groundswell again; a C compiler is fetched if none is there."
        )
    return Finding("library", True, f"{LIBRARY} is made from the sources beside it")


def disk(data: Path) -> Finding:
    """Whether the data folder has room."""
    folder = data
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    used = sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) if data.is_dir() else 0
    what = f"{usage.free / 1024**3:,.1f} GiB free, {used / 1024**2:,.0f} MiB used in {data}"
    if usage.free >= LEAST_FREE:
        return Finding("disk", True, what)
    return Finding("disk", False, what, "Make room, or name a folder on another disk with GROUNDSWELL_DATA.")


def key(settings: Settings) -> Finding:
    """Whether authors' pseudonyms have a key that is kept secret."""
    from streams import pseudonym_key

    if settings.pseudonym_key is not None:
        return Finding("key", True, "the pseudonym key is set by GROUNDSWELL_PSEUDONYM_KEY")
    file = pseudonym_key.path(settings)
    if not file.exists():
        return Finding("key", True, f"no pseudonym key yet; the first worker makes {file}")
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("key", False, f"others can read the pseudonym key {file}", f"Run: chmod 600 {file}")
    try:
        pseudonym_key.load(settings)
    except pseudonym_key.PseudonymKeyError as error:
        return Finding("key", False, "the pseudonym key can't be used", str(error))
    return Finding("key", True, f"the pseudonym key is {file}; other machines' workers need the same one")


def _broker(settings: Settings) -> Iterator[Finding]:
    from streams import admin
    from streams.connection import BadConnectionSettings

    address = broker.found(settings)
    if address is None:
        what = f"none is configured, and none runs on {settings.data}"
        yield Finding("broker", False, what, "Run: groundswell up, or set GROUNDSWELL_BROKER=host:port.")
        return
    try:
        differences = admin.check(settings, address)
        yield Finding("broker", True, f"{address} answers")
        for difference in differences:
            what = f"{difference.topic}: {difference.what} is {difference.actual}, expected {difference.expected}"
            yield Finding("topics", False, what, difference.todo)
        if not differences:
            yield Finding("topics", True, "all are as they should be")
        yield _lag(settings, address)
        yield _clock(settings, address)
    except (admin.BrokerUnreachable, BadConnectionSettings) as error:
        yield Finding("broker", False, f"{address} does not answer", str(error))
    except admin.TopicRefused as error:
        yield Finding("broker", False, f"{address} refuses", str(error))


def _lag(settings: Settings, address: str) -> Finding:
    from streams import admin

    first = admin.lag(settings, address)
    behind = sum(each.records for each in first)
    if not behind:
        return Finding("lag", True, f"group {settings.group} has read everything")
    worst = max(first, key=lambda each: each.records)
    what = f"group {settings.group} is {behind:,} records behind, most in {worst.topic}:{worst.partition}"
    deadline = time.monotonic() + MOVING_SECONDS
    before = [each.committed for each in first]
    while time.monotonic() < deadline:
        time.sleep(0.5)
        if [each.committed for each in admin.lag(settings, address)] != before:
            return Finding("lag", True, f"{what}, and catching up")
    todo = "No worker is getting on: run groundswell up or groundswell worker, or read the log of the one that runs."
    return Finding("lag", False, f"{what}, and standing still", todo)


def _clock(settings: Settings, address: str) -> Finding:
    from streams import admin

    newest = admin.newest_ms(settings, address)
    now = time.time_ns() // 1_000_000
    if newest is not None and newest > now + CLOCK_MS:
        what = f"the newest record is {(newest - now) / 1000:,.0f} s ahead of this machine's clock"
        return Finding("clock", False, what, "Set the clocks by NTP: live alerts resolve by them.")
    return Finding("clock", True, "no record on the broker is ahead of it")
