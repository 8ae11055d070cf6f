"""The embedded broker's life: it keeps its data, has one owner, leaves nothing behind, and says what is wrong."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from streams.broker import Broker, BrokerFailed, BrokerInUse, embedded, running
from streams.broker import guard as guard_module
from streams.settings import Settings

CACHE = Settings().cache
PLACE = TopicPartition("kept", 0)


def send(address: str, *values: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    for value in values:
        producer.send("kept", value).get(timeout=30)
    producer.close()


def read(address: str, count: int) -> list[bytes]:
    """The next records of the group, whose offset is committed then."""
    consumer = KafkaConsumer(
        bootstrap_servers=address, group_id="readers", enable_auto_commit=False, auto_offset_reset="earliest"
    )
    consumer.assign([PLACE])
    values: list[bytes] = []
    while len(values) < count:
        for records in consumer.poll(timeout_ms=1_000, max_records=count - len(values)).values():
            values += [record.value for record in records]
    consumer.commit()
    consumer.close()
    return values


def create(address: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=address)
    admin.create_topics({"kept": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()


def alive(pid: int) -> bool:
    # A zombie has ended: it waits for its parent to ask how.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_what_was_written_is_there_at_the_next_start_and_at_the_same_address(tmp_path: Path) -> None:
    data = tmp_path / "mit Leerzeichen, Komma und Ü"
    # A start that was interrupted while it formatted leaves this.
    (data / "kafka" / "formatting").mkdir(parents=True)
    (data / "kafka" / "formatting" / "meta.properties").write_text("version=1\n")
    assert running(data) is None
    with embedded(data, CACHE) as first:
        assert running(data) == first.address
        assert stat.S_IMODE((data / "kafka").stat().st_mode) == 0o700
        create(first.address)
        send(first.address, b"one", b"two", b"three")
        assert read(first.address, 2) == [b"one", b"two"]
    assert running(data) is None
    assert not alive(first.pid)

    with embedded(data, CACHE) as second:
        assert second.address == first.address
        assert second.pid != first.pid
        assert read(second.address, 1) == [b"three"]


def test_a_killed_jvm_loses_nothing(tmp_path: Path) -> None:
    with embedded(tmp_path, CACHE) as first:
        create(first.address)
        send(first.address, b"one", b"two")
        os.kill(first.pid, signal.SIGKILL)
        assert eventually(lambda: running(tmp_path) is None)
    with embedded(tmp_path, CACHE) as second:
        assert read(second.address, 2) == [b"one", b"two"]


def test_a_second_start_is_refused_with_what_to_do(broker: Broker) -> None:
    with pytest.raises(BrokerInUse) as refused, embedded(broker.data, CACHE):
        pass
    for part in (str(os.getpid()), str(broker.pid), broker.address, str(broker.data), "GROUNDSWELL_BROKER="):
        assert part in str(refused.value)
    assert running(broker.data) == broker.address
    assert alive(broker.pid)


def test_another_process_sees_that_it_runs_and_stale_state_is_seen_through(broker: Broker, tmp_path: Path) -> None:
    code = "import sys, pathlib; from streams.broker import running; print(running(pathlib.Path(sys.argv[1])))"

    def ask(data: Path) -> str:
        return subprocess.run([sys.executable, "-c", code, str(data)], capture_output=True, text=True).stdout.strip()

    assert ask(broker.data) == broker.address
    (tmp_path / "kafka").mkdir()
    for file in ("broker.json", "kafka/.lock"):
        (tmp_path / file).write_bytes((broker.data / file).read_bytes())
    assert ask(tmp_path) == "None"


def test_a_killed_parent_leaves_no_jvm_and_a_free_folder(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from streams.broker import embedded\n"
        "with embedded(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])) as broker:\n"
        "    print(broker.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    line = [sys.executable, "-c", code, str(tmp_path), str(CACHE)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, start_new_session=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert running(tmp_path) is not None
        # Ctrl-C reaches the processes of a terminal's session: Kafka is in another one.
        assert os.getsid(pid) != os.getsid(parent.pid)
        parent.kill()
    # At once, while the guard is still ending it: the start waits for that.
    with embedded(tmp_path, CACHE) as again:
        assert not alive(pid)
        assert again.pid != pid


@pytest.mark.parametrize("told_by", ["the system", "its owner"])
def test_a_killed_guard_leaves_no_jvm(told_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if told_by == "its owner":
        # As on systems where a process is not told of its parent's death.
        source = Path(guard_module.__file__).read_text()
        assert 'sys.platform != "linux"' in source
        other = tmp_path / "guard.py"
        other.write_text(source.replace('sys.platform != "linux"', "True"))
        monkeypatch.setattr(guard_module, "__file__", str(other))
    with embedded(tmp_path / "data", CACHE) as broker:
        guard = int(subprocess.run(["ps", "-o", "ppid=", "-p", str(broker.pid)], capture_output=True).stdout)
        os.kill(guard, signal.SIGKILL)
    assert eventually(lambda: not alive(broker.pid))
    assert running(tmp_path / "data") is None


def test_a_failed_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    records = tmp_path / "kafka" / "records"
    records.mkdir(parents=True)
    (records / "meta.properties").write_text("version=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\nnode.id=7\n")
    with pytest.raises(BrokerFailed, match="Stored node id 7") as failed, embedded(tmp_path, CACHE):
        pass
    assert str(tmp_path / "broker.log") in str(failed.value)
    assert running(tmp_path) is None


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    records = tmp_path / "kafka" / "records"
    records.mkdir(parents=True)
    (records / "letters.txt").write_text("dear")
    with pytest.raises(BrokerFailed, match="move the folder away"), embedded(tmp_path, CACHE):
        pass
    assert [file.name for file in records.iterdir()] == ["letters.txt"]


def test_a_taken_port_is_not_fought_for(tmp_path: Path, broker: Broker) -> None:
    (tmp_path / "kafka").mkdir()
    port = int(broker.address.rpartition(":")[2])
    (tmp_path / "kafka" / "ports.json").write_text(f'{{"port": {port}, "controller_port": "nonsense"}}')
    with embedded(tmp_path, CACHE) as other:
        assert other.address != broker.address
        assert running(tmp_path) == other.address


def test_it_listens_on_this_machine_only(broker: Broker) -> None:
    settings = (broker.data / "kafka" / "server.properties").read_text()
    (listeners,) = (line for line in settings.splitlines() if line.startswith("listeners="))
    assert {listener.split("://")[1].split(":")[0] for listener in listeners.split(",")} == {"127.0.0.1"}
    assert broker.address.startswith("127.0.0.1:")
