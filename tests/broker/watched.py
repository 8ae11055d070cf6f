"""What a real Prometheus saw of a running pipeline: every panel of the dashboards and every rule, asked."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.prometheus import asked, free_port, prometheus
from tests.unit.test_dashboards import expressions
from tests.unit.test_deploy import rules, selectors

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yml"
SHOWN = (("$__rate_interval", "10s"), ("$brand", ".*"), ("$pain_point", ".*"))
"""What Grafana puts in the place of its variables, where all brands are chosen."""


@dataclass
class Watched:
    """Answers that stay when Prometheus and the worker are gone."""

    address: str
    port: int
    """Where the worker has to show its metrics."""
    began: float = field(default_factory=time.time)
    panels: dict[str, list[Any] | str] = field(default_factory=dict)
    """``dashboard: panel, expression`` → the series that it shows, or what Prometheus says against it."""
    read: dict[str, int] = field(default_factory=dict)
    """What a rule selects → how many series that are."""
    rules: list[dict[str, Any]] = field(default_factory=list)
    """As Prometheus has evaluated them."""

    def has(self, expression: str) -> bool:
        """Whether there is anything now."""
        return bool(asked(f"{self.address}/api/v1/query", query=expression)["data"]["result"])

    def ask(self) -> None:
        """Ask everything of the whole time, as the panels would."""
        self.panels = {f"{where}, {expression}": self._series(expression) for where, expression in expressions()}
        for name, braces in {found for rule in rules() for found in selectors(rule["expr"])}:
            selector = f"{name}{{{braces}}}"
            self.read[selector] = len(self._series(selector))
        groups = asked(f"{self.address}/api/v1/rules")["data"]["groups"]
        self.rules = [rule for group in groups for rule in group["rules"]]

    def _series(self, expression: str) -> list[Any] | str:
        for variable, value in SHOWN:
            expression = expression.replace(variable, value)
        span = {"start": str(self.began), "end": str(time.time()), "step": "0.5"}
        try:
            answer = asked(f"{self.address}/api/v1/query_range", query=expression, **span)
        except urllib.error.HTTPError as error:
            return error.read().decode()
        return [it for it in answer["data"]["result"] if any(value != "NaN" for _, value in it["values"])]


@contextmanager
def watching(folder: Path) -> Iterator[Watched]:
    """A Prometheus that looks at one worker each second, and has the rules."""
    port = free_port()
    scrape = {
        "job_name": "groundswell", "scrape_interval": "1s", "scrape_timeout": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }  # fmt: skip
    config = {"scrape_configs": [scrape], "rule_files": [str(RULES)], "global": {"evaluation_interval": "1s"}}
    with prometheus(folder, config) as address:
        yield Watched(address, port)
