"""What administrators see of conversations: the delivery log."""

from conversations.admin import delivery_log  # noqa: F401  registers its pages
