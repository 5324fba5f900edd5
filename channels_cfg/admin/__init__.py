"""The System Configurator: one file for each kind of record, plus what they share."""

from channels_cfg.admin import (  # noqa: F401  each registers its pages
    access_rights,
    api_clients,
    api_keys,
    channels,
    groups,
    messaging_services,
    planned_changes,
    queue_groups,
    queues,
    system_settings,
    users,
    versions,
)
