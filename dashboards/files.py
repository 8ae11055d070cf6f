"""Every generated file and what belongs into it."""

from __future__ import annotations

from pathlib import Path

from dashboards.table import table

DEPLOY = Path(__file__).parents[1] / "deploy"


def generated() -> dict[Path, str]:
    """Path → text."""
    return {DEPLOY / "metrics.md": table()}
