"""What product and care teams read: pain points, delights, and customers whom a person should see."""

from streams.feeds.days import Days
from streams.feeds.handoffs import Answer, Case, answer, concerns, needs_person
from streams.feeds.points import Known, point_feed

__all__ = ["Answer", "Case", "Days", "Known", "answer", "concerns", "needs_person", "point_feed"]
