"""Complete ordinary records; a test states only what matters to it."""

from tests.factories.channels_cfg import (
    ApiKeyFactory,
    AttachedKeyFactory,
    ChannelFactory,
    GroupFactory,
    MessagingServiceFactory,
    QueueFactory,
    QueueGroupFactory,
    UserFactory,
    WebhookSecretFactory,
    grant,
    user_with,
)
from tests.factories.conversations import (
    ConversationFactory,
    accepted_conversation,
    ended_conversation,
    queued_conversation,
)

__all__ = [
    "ApiKeyFactory",
    "AttachedKeyFactory",
    "ChannelFactory",
    "ConversationFactory",
    "GroupFactory",
    "MessagingServiceFactory",
    "QueueFactory",
    "QueueGroupFactory",
    "UserFactory",
    "WebhookSecretFactory",
    "accepted_conversation",
    "ended_conversation",
    "grant",
    "queued_conversation",
    "user_with",
]
