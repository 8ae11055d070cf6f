"""Starting, finding and ending the embedded broker.

One folder, one broker: the folder's lock is held by the guard and by the JVM, which inherits it, so that it tells the
truth whoever of them is killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from streams.broker import guard as guard_module
from streams.broker import server
from streams.broker.errors import BrokerFailed, BrokerInUse
from streams.broker.jars import Fetch, ensure

START_SECONDS = 180
"""How long a start may take: after an unclean end Kafka reads its newest segments again."""
ATTEMPTS = 3
"""Starts that are tried when another process takes a port between the choice and its use."""
STATE = "broker.json"
LOG = "broker.log"


@dataclass(frozen=True)
class Broker:
    """A running embedded broker."""

    address: str
    """``127.0.0.1:port``."""
    data: Path
    """The folder that it works on."""
    pid: int
    """Process id of its JVM."""


@contextmanager
def embedded(data: Path, cache: Path, *, on_progress: Callable[[Fetch], None] | None = None) -> Iterator[Broker]:
    """Runs Apache Kafka on ``data`` for as long as the context lasts; it ends with this process, however that ends.

    Args:
        data: Folder of its records, kept for the next start: topics, records and offsets are there again.
        cache: Folder of Kafka's jars; they are fetched into it where they are missing.
        on_progress: Told how far that fetch has got.

    Raises:
        BrokerInUse: Another process has a broker on that folder.
        BrokerFailed: It did not start; JarsMissing, a kind of it: the jars could not be fetched.
    """
    data = data.expanduser().absolute()
    home = data / "kafka"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        home.chmod(0o700)
        lock = _lock(data)
    except OSError as error:
        raise BrokerFailed(f"{home} can't be used for the broker's data: {error.strerror or error}.") from error
    try:
        (data / STATE).unlink(missing_ok=True)
        jars = ensure(cache.expanduser().absolute(), on_progress)
        cluster = server.format_records(jars, home)
        process, broker = _start(data, jars, cluster, lock)
    finally:
        # From here on the guard and the JVM hold it. A forked child of ours must not keep it when they are gone.
        os.close(lock)
    try:
        yield broker
    finally:
        _stop(process, broker)


def running(data: Path) -> str | None:
    """The address of the live embedded broker on that folder, whichever process runs it; else None."""
    data = data.expanduser().absolute()
    state = _read(data / STATE)
    try:
        lock = os.open(_lock_path(data), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return state.get("address") if _held(lock) else None
    finally:
        os.close(lock)


def _start(data: Path, jars: list[Path], cluster: str, lock: int) -> tuple[subprocess.Popen[bytes], Broker]:
    home, log = data / "kafka", data / LOG
    for attempt in range(1, ATTEMPTS + 1):
        port, controller_port = _ports(home / "ports.json")
        (home / "server.properties").write_text(server.properties(port, controller_port), encoding="ascii")
        line = server.command(jars, home, "kafka.Kafka", "server.properties")
        begin = log.stat().st_size if log.exists() else 0
        with log.open("ab") as errors:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", guard_module.__file__, str(lock), str(log), str(data / STATE), *line],
                cwd=home,
                env=server.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=(lock,),
                start_new_session=True,
            )
        broker: Broker | None = None
        try:
            assert process.stdout is not None
            with process.stdout as first_line:
                pid = int(first_line.readline() or 0)
            broker = Broker(f"{server.HOST}:{port}", data, pid)
            if _answers(process, broker, cluster):
                _write(home / "ports.json", {"port": port, "controller_port": controller_port})
                _write(data / STATE, {"address": broker.address, "pid": pid, "owner": os.getpid()})
                return process, broker
            lines = _tail(log, begin)
            if attempt == ATTEMPTS or "Address already in use" not in lines:
                raise BrokerFailed(
                    f"Kafka did not start on {data} ({_ended(process)}). The end of its log, {log}:\n{lines}"
                )
        except BaseException:
            _stop(process, broker)
            raise
    raise AssertionError("unreachable")


def _ended(process: subprocess.Popen[bytes]) -> str:
    code = process.poll()
    return f"it gave no answer within {START_SECONDS} s" if code is None else f"it ended with exit code {code}"


def _answers(process: subprocess.Popen[bytes], broker: Broker, cluster: str) -> bool:
    """Waits until the broker answers as the one that we have formatted; False: it has ended, or time is up."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _cluster_at(broker.address) == cluster:
            return True
        time.sleep(0.03)
    return False


def _cluster_at(address: str) -> str | None:
    """The id of the cluster that answers there, once it has a broker that clients can use."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return None
    # Imported here, for it takes a while that the JVM needs to start anyway.
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        client: Any = KafkaAdminClient(bootstrap_servers=address, bootstrap_timeout_ms=3_000, request_timeout_ms=3_000)
        with contextlib.closing(client):
            answer = client.describe_cluster()
    except (KafkaError, OSError):
        return None
    return str(answer["cluster_id"]) if answer["brokers"] else None


def _stop(process: subprocess.Popen[bytes], broker: Broker | None) -> None:
    """Closes the guard's pipe and waits; where the guard is gone already, ends the JVM that it has left."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(guard_module.GRACE_SECONDS + 10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if broker is None:
        return
    # The lock is the JVM's as well: while it is held, the process id is still its own.
    for ending in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + guard_module.GRACE_SECONDS
        with contextlib.suppress(OSError), _reading(_lock_path(broker.data)) as lock:
            if not _held(lock) or _read_owner(lock) != os.getpid():
                break
            os.kill(broker.pid, ending)
            while _held(lock) and time.monotonic() < deadline:
                time.sleep(0.1)


def _lock_path(data: Path) -> Path:
    return data / "kafka" / ".lock"


def _lock(data: Path) -> int:
    """Takes the folder's lock and writes our process id into it.

    A holder whose owner has died is being ended by its guard: that is waited for.
    """
    lock = os.open(_lock_path(data), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    begin = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _read_owner(lock)
            # Half a second even with a living owner: running() holds the lock for an instant.
            patience = 0.5 if owner and _alive(owner) else guard_module.GRACE_SECONDS + 10
            if time.monotonic() - begin < patience:
                time.sleep(0.05)
                continue
            os.close(lock)
            raise BrokerInUse(_in_use(data, owner)) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock


def _in_use(data: Path, owner: int) -> str:
    state = _read(data / STATE)
    who = f"process {owner}" if owner else "another process"
    if address := state.get("address"):
        return (
            f"{who} runs the embedded Kafka on {data} already, at {address} (its JVM is process {state.get('pid')})."
            f" Use that one with GROUNDSWELL_BROKER={address}, stop it first, or name another folder with"
            " GROUNDSWELL_DATA."
        )
    return (
        f"{who} is starting or ending the embedded Kafka on {data} just now. Try again in a moment, or name another"
        " folder with GROUNDSWELL_DATA."
    )


@contextmanager
def _reading(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _held(lock: int) -> bool:
    """Whether another open file has the lock; it is let go again at once."""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(lock, fcntl.LOCK_UN)
    return False


def _read_owner(lock: int) -> int:
    text = os.pread(lock, 20, 0)
    return int(text) if text.isdigit() else 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _ports(former: Path) -> tuple[int, int]:
    """Two ports: those of the last start where they are still free, so that clients find the broker again."""
    known = _read(former)
    with contextlib.ExitStack() as both:
        sockets = [both.enter_context(_bound(known.get(name, 0))) for name in ("port", "controller_port")]
        first, second = (each.getsockname()[1] for each in sockets)
    return first, second


def _bound(port: int) -> socket.socket:
    for candidate in (port, 0):
        listener = socket.socket()
        # As Java does: a port whose old connections are only waiting to be forgotten is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((server.HOST, candidate))
            listener.listen()
        except (OSError, OverflowError, TypeError):
            listener.close()
        else:
            return listener
    raise BrokerFailed(f"No port is free on {server.HOST}.")


def _tail(log: Path, begin: int, lines: int = 15) -> str:
    try:
        with log.open("rb") as file:
            file.seek(begin if log.stat().st_size >= begin else 0)
            text = file.read()[-20_000:].decode("utf-8", "replace")
    except OSError:
        return "(it could not be read)"
    return "\n".join(text.splitlines()[-lines:]) or "(it is empty)"


def _read(path: Path) -> dict[str, Any]:
    """A small JSON object; empty where there is none that can be read."""
    try:
        value = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _write(path: Path, value: dict[str, Any]) -> None:
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(orjson.dumps(value))
    beside.replace(path)
