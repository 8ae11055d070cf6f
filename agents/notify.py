"""notify: alerts reach people."""

from collections.abc import AsyncIterable
from typing import Any

from streams.frames import Frame


async def notify(frames: Any) -> None:
    """alerts (key: fingerprint) → log, receivers; receipts (key: fingerprint|revision|receiver)."""
    stream: AsyncIterable[Frame] = frames
    async for frame in stream:
        await frames.app.notify(frame)
