"""What administrators see of conversations: the delivery log, and which keys came in."""

from conversations.admin import attached_keys, delivery_log, unknown_keys  # noqa: F401  each registers its pages
