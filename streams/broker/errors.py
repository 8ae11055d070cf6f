"""What can go wrong with the embedded broker; each message says what happened and what to do."""

from __future__ import annotations


class BrokerInUse(RuntimeError):  # noqa: N818 - the name says it all.
    """Another process runs a broker on that folder, or is starting or ending one."""


class BrokerFailed(RuntimeError):  # noqa: N818
    """The broker did not start; the message holds the last lines of its log and the log's path."""


class JarsMissing(BrokerFailed):
    """Kafka's jars are not in the cache, and they could not be fetched."""
