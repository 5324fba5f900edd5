"""What administrators see of conversations: the delivery log, how messaging services fare, and which keys came in."""

from conversations.admin import (  # noqa: F401  each registers its pages
    attached_keys,
    delivery_log,
    messaging_services,
    settings_versions,
    unknown_keys,
)
