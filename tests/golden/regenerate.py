"""``python -m tests.golden.regenerate``: writes the files of the version that is worked on, the AsyncAPI document, and
what the Helm chart takes from the code.

Files of released versions are never written again: they are what others have on their disks. Nor is a schema that
turns instead of growing: whoever really means it deletes the recorded one first, and the diff shows it.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import orjson

from groundswell.asyncapi import document
from streams.settings import Settings
from streams.topics import ALL, INPUTS, named
from tests.golden.growth import turned
from tests.golden.path import ASYNCAPI, CHART, SCHEMAS, WIRE, produced, schema


def no_growth() -> list[str]:
    """In words, where today's schemas turn from a recorded one."""
    return [
        f"{path.parent.name}/{path.stem}{what}"
        for path in sorted(SCHEMAS.glob("*/*.json"))
        for what in turned(
            orjson.loads(path.read_bytes()), schema(named(path.stem)), published=named(path.stem) not in INPUTS
        )
    ]


def main() -> None:
    """Write wire files and schemas.

    Raises:
        SystemExit: A schema turns; nothing is written.
    """
    if wrong := no_growth():
        sys.exit("Fields only grow, and nothing was written:\n  " + "\n  ".join(wrong))
    name = version("groundswell")
    for folder in (WIRE / name, SCHEMAS / name):
        folder.mkdir(parents=True, exist_ok=True)
    for topic, records in produced().items():
        lines = b"".join(orjson.dumps(record, option=orjson.OPT_SORT_KEYS) + b"\n" for record in records)
        (WIRE / name / f"{topic}.jsonl").write_bytes(lines)
    for topic in ALL:
        text = orjson.dumps(schema(topic), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
        (SCHEMAS / name / f"{topic.short_name}.json").write_bytes(text)
    ASYNCAPI.write_bytes(orjson.dumps(document(Settings()), option=orjson.OPT_INDENT_2) + b"\n")
    for path, content in CHART.items():
        path.write_bytes(orjson.dumps(content(), option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
