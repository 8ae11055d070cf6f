"""Runs over the recorded week, with alerts that a test makes up."""

from __future__ import annotations

from typing import Any

from streams.backtest import Run, Setup, Told
from streams.settings import Settings
from tests.support.records import BASE_MS, DAY, HOUR, MINUTE, catalogs


def alert(seen_ms: int, **fields: Any) -> Told:
    """An alert of an hour that ended then."""
    values: dict[str, Any] = {
        "fingerprint": "f", "brand": "Acme", "kind": "pain_point", "pain_point": "late_delivery", "title": "Late",
        "starts_ms": seen_ms - 10 * MINUTE, "detected_ms": seen_ms, "window_ms": HOUR, "observed": 20,
        "expected": 1.0, "ratio": 20.0, "ends_ms": seen_ms + 3 * HOUR, "voices": 30,
    }  # fmt: skip
    values |= fields
    values.setdefault("points", {values["pain_point"]} - {None})
    return Told(**values)


def run(*alerts: Told, brands: tuple[str, ...] = ("Acme",)) -> Run:
    """A run over the recorded week that gave these alerts."""
    it = Run(Setup("settings", Settings()), catalogs(), sorted(alerts, key=lambda alert: alert.detected_ms))
    it.first_ms, it.last_ms = BASE_MS, BASE_MS + 7 * DAY
    it.brands.update(dict.fromkeys(brands, 100))
    return it
