"""What hurts most now: ``python examples/worst_pains.py [pain-points|delights] [--follow]``.

Reads the whole topic, keeps the newest record of each key, as a compacted topic is meant to be read, and prints the
five with the highest priority. With ``--follow`` it stays and prints each change.
"""

import sys

from schemas.feeds import PainPoint
from streams import broker
from streams.client import subscribe
from streams.settings import Settings


def shown(point: PainPoint) -> str:
    """One pain point as a product lead would want it told."""
    trend = "" if point.trend is None else f", ×{point.trend:.1f} of a usual day"
    lines = [f"{point.brand}: {point.title} · {point.last_day.voices} people in 24 h{trend} · {point.priority_why}"]
    if point.candidate_cause is not None:
        lines.append(f"  look first: {point.candidate_cause.why}")
    lines += [f"  “{quote.text}”  {quote.channel}, {quote.event_id}" for quote in point.quotes[:2]]
    lines += [f"  {story.text}" for story in point.user_stories[:1]]
    return "\n".join(lines)


def main() -> None:
    """Read, rank, print."""
    settings = Settings()  # GROUNDSWELL_BROKER, GROUNDSWELL_TOPIC_PREFIX and the rest, as for the workers.
    address = settings.broker or broker.running(settings.data)
    if address is None:
        sys.exit("No broker: set GROUNDSWELL_BROKER=host:port, or start one with: groundswell up")
    topic = next((name for name in sys.argv[1:] if not name.startswith("-")), "pain-points")
    newest: dict[str | None, PainPoint] = {}
    for record in subscribe(topic, settings=settings, address=address, from_beginning=True, until_end=True):
        newest[record.key] = record.value
    for point in sorted(newest.values(), key=lambda point: -point.priority)[:5]:
        print(shown(point))
    if "--follow" in sys.argv:
        for record in subscribe(topic, settings=settings, address=address):
            print(shown(record.value), flush=True)


if __name__ == "__main__":
    main()
