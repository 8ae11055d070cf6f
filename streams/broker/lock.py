"""Writes ``jars.json`` anew: resolves Kafka's coordinates with jgo, fetches every jar once and notes size and SHA-256.

Run it as ``python -m streams.broker.lock`` after changing ``COORDINATES``, and commit what it wrote.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import orjson

from streams.broker.jars import LOCK_FILE, TIMEOUT_SECONDS

COORDINATES = (
    "org.apache.kafka:kafka_2.13:4.1.0",
    # Named as well, or a much older version that some dependency asks for is resolved.
    "org.apache.kafka:kafka-clients:4.1.0",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3",
)


def resolve(coordinates: tuple[str, ...], repository: Path) -> list[dict[str, str | int]]:
    """Every jar that the coordinates need at run time: coordinate, size in bytes and SHA-256, in class path order."""
    from jgo.maven import MavenContext

    maven: Any = MavenContext(repo_cache=repository, timeout=TIMEOUT_SECONDS)
    wanted = [maven.create_dependency(coordinate) for coordinate in coordinates]
    for dependency in wanted:
        dependency.scope = "compile"
    inputs, transitive = maven.resolver.resolve(wanted)
    entries: list[dict[str, str | int]] = []
    for dependency in (*inputs, *(d for d in transitive if d.scope in {"compile", "runtime"})):
        artifact = dependency.artifact
        data = Path(artifact.resolve()).read_bytes()
        entries.append(
            {
                "coordinate": f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}",
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        )
    return entries


def main() -> None:
    """Writes the lock file."""
    with tempfile.TemporaryDirectory() as repository:
        lock = {"coordinates": COORDINATES, "jars": resolve(COORDINATES, Path(repository))}
    LOCK_FILE.write_bytes(orjson.dumps(lock, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main()
