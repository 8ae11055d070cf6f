"""detect: scored records become metrics, alerts, feeds and handoffs."""

from collections.abc import AsyncIterable
from typing import Any

from streams.frames import Frame


async def detect(frames: Any) -> None:
    """scored (key: brand) → metrics · alerts · pain-points · delights · handoffs (keys: see streams/topics.py)."""
    stream: AsyncIterable[Frame] = frames
    async for frame in stream:
        await frames.app.detect(frame)
