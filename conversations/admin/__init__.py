"""What administrators see of conversations: the delivery log, how messaging services fare."""

from conversations.admin import delivery_log, messaging_services  # noqa: F401  each registers its pages
