"""Events from an iterable that may block, such as a pipe, without holding up the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Final

from schemas.raw import Source
from streams.recorded import RecordedEvent

AHEAD: Final = 20_000
"""Events that are read ahead at most."""

Available = list[tuple[Source, RecordedEvent]]


async def ahead(events: Iterable[tuple[Source, RecordedEvent]], chunk: int, seconds: float) -> AsyncIterator[Available]:
    """What is there, at most ``chunk`` at once; an empty list after ``seconds`` of silence.

    The events are read in a daemon thread, because nobody can interrupt a read that waits. What they raise is raised
    here, after all that came before it.
    """
    loop = asyncio.get_running_loop()
    read: deque[tuple[Source, RecordedEvent]] = deque()
    news, room = asyncio.Event(), threading.Semaphore(AHEAD)
    failure: list[BaseException] = []
    ended = threading.Event()

    def pump() -> None:
        try:
            for event in events:
                room.acquire()
                if ended.is_set():
                    return
                read.append(event)
                if len(read) == 1:
                    loop.call_soon_threadsafe(news.set)
        except BaseException as error:
            failure.append(error)
        finally:
            ended.set()
            if not loop.is_closed():
                loop.call_soon_threadsafe(news.set)

    threading.Thread(target=pump, name="readahead", daemon=True).start()
    try:
        while True:
            # Looked at in this order: what was read before the end is never lost.
            over = ended.is_set()
            news.clear()
            available = [read.popleft() for _ in range(min(chunk, len(read)))]
            if available:
                room.release(len(available))
                yield available
            elif over:
                if failure:
                    raise failure[0]
                return
            else:
                try:
                    await asyncio.wait_for(news.wait(), seconds)
                except TimeoutError:
                    yield []
    finally:
        ended.set()
        room.release()
