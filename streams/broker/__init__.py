"""The embedded broker: Apache Kafka itself, one node on this machine, with no Docker and no Java to install."""

from streams.broker.embedded import Broker, embedded, running
from streams.broker.errors import BrokerFailed, BrokerInUse, JarsMissing
from streams.broker.jars import Fetch

__all__ = ["Broker", "BrokerFailed", "BrokerInUse", "Fetch", "JarsMissing", "embedded", "running"]
