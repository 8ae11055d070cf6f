"""score: raw events become scored records, or go to quarantine with the reason."""

from collections.abc import AsyncIterable
from typing import Any

from streams.frames import Frame


async def score(frames: Any) -> None:
    """reviews, posts, tickets (key: event id) → scored (key: brand) · quarantine (key: origin)."""
    stream: AsyncIterable[Frame] = frames
    async for frame in stream:
        await frames.app.score(frame)
