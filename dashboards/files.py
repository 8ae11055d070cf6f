"""Every generated file and what belongs into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from dashboards import pipeline, voices
from dashboards.table import table

DEPLOY = Path(__file__).parents[1] / "deploy"


def generated() -> dict[Path, str]:
    """Path → text."""
    boards = {"voices": voices.build(), "pipeline": pipeline.build()}
    folder = DEPLOY / "grafana" / "dashboards"
    return {
        DEPLOY / "metrics.md": table(),
        **{folder / f"{name}.json": _json(it.build()) for name, it in boards.items()},
    }


def _json(board: Any) -> str:
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(board.to_json(), default=lambda part: part.to_json(), option=options).decode()
