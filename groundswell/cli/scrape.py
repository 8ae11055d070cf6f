"""One ``/metrics`` for all workers of this machine: each one's own, with the label ``worker``, under one address.

Counters are each worker's own and begin anew with it, as Prometheus expects: sum over ``worker`` after ``rate``.
"""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from groundswell.cli.crew import Crew
from groundswell.cli.failures import ProblemError
from streams.settings import Settings

TIMEOUT: Final = 5.0
"""Seconds that a worker may take for an answer; the others don't wait for it."""


@contextmanager
def serving(settings: Settings, crew: Crew) -> Iterator[str]:
    """Listen on GROUNDSWELL_METRICS_PORT, else on a free one; gives the address.

    Raises:
        ProblemError: Somebody else listens there.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            registry = CollectorRegistry()
            registry.register(Workers(crew.numbered))
            body = generate_latest(registry)
            self.send_response(HTTPStatus.OK)
            self.send_header("content-type", CONTENT_TYPE_LATEST)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a scrape is no news."""

    try:
        server = ThreadingHTTPServer((settings.metrics_host, settings.metrics_port), Handler)
    except OSError as error:
        where = f"{settings.metrics_host}:{settings.metrics_port}"
        raise ProblemError(
            f"the metrics can't be shown on {where}: {error.strerror}; see GROUNDSWELL_METRICS_PORT"
        ) from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield f"http://{settings.metrics_host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Workers(Collector):
    """What the workers show now.

    Args:
        addresses: Worker → its /metrics.
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses

    def describe(self) -> list[Metric]:
        """Nothing is known before they are asked."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Each metric once, with every worker's samples; a worker that does not answer is left out, and told."""
        up = GaugeMetricFamily("groundswell_worker_up", "Whether a worker of this machine answers.", labels=["worker"])
        together: dict[str, Metric] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(self._addresses))) as pool:
            for worker, text in zip(self._addresses, pool.map(_fetched, self._addresses.values()), strict=True):
                up.add_metric([worker], float(text is not None))
                for metric in text_string_to_metric_families(text or ""):
                    into = together.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                    for sample in metric.samples:
                        into.samples.append(sample._replace(labels={**sample.labels, "worker": worker}))
        yield up
        yield from together.values()


def _fetched(address: str) -> str | None:
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:  # noqa: S310 - our own workers' addresses.
            return str(answer.read().decode("utf-8"))
    except (OSError, ValueError):
        return None
