"""What administrators see of conversations: the delivery log, how messaging services fare, and which keys came in."""

from conversations.admin import (  # noqa: F401  each registers its pages
    attached_keys,
    consents,
    data_actions,
    delivery_log,
    integration_runs,
    integrations,
    mail_readings,
    media_fetches,
    messaging_services,
    outbound_messages,
    settings_versions,
    unknown_keys,
)
