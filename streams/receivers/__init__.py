"""Where alerts are told to: a file a kind of receiver. A new one is a new file, and its line in ``TYPES``."""

from streams.receivers.alertmanager import AlertmanagerConfig
from streams.receivers.apprise_receiver import AppriseConfig
from streams.receivers.contract import Again, Config, Receiver, RefusedError
from streams.receivers.log import Log
from streams.receivers.webhook import WebhookConfig

TYPES: dict[str, type[Config]] = {
    "alertmanager": AlertmanagerConfig,
    "apprise": AppriseConfig,
    "webhook": WebhookConfig,
}
"""``type`` in the routes file → its settings, which make the receiver."""

__all__ = ["TYPES", "Again", "Config", "Log", "Receiver", "RefusedError"]
