"""A worker's HTTP: /metrics for Prometheus, /healthz (it runs), /readyz (it has its partitions and their state)."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST


async def serve(
    host: str,
    port: int,
    registry: CollectorRegistry,
    ready: Callable[[], str | None],
    before_scrape: Callable[[], None],
) -> tuple[web.AppRunner, int]:
    """Listen; gives the runner (to be cleaned up) and the port that was taken.

    Args:
        ready: Why the worker isn't ready, or None when it is.
        before_scrape: Called before the metrics are read, to bring gauges up to date.
    """

    async def metrics(_: web.Request) -> web.Response:
        before_scrape()
        return web.Response(body=generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        why = ready()
        return web.Response(text=f"{why or 'ready'}\n", status=503 if why else 200)

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner, int(runner.addresses[0][1])
