"""The Conversation API: callbacks are taken in at once and applied by a worker."""
