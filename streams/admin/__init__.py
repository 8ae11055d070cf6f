"""Questions and orders to the broker about topics: their layout, and how far everybody is."""

from streams.admin.client import BrokerUnreachable, BrokerUntrusted, TopicRefused
from streams.admin.layout import Change, Difference, check, create
from streams.admin.offsets import Lag, end_offsets, lag, newest_ms

__all__ = [
    "BrokerUnreachable",
    "BrokerUntrusted",
    "Change",
    "Difference",
    "Lag",
    "TopicRefused",
    "check",
    "create",
    "end_offsets",
    "lag",
    "newest_ms",
]
