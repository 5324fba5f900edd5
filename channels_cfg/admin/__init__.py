"""The System Configurator: one file for each kind of record, rooms as in the application, and safeguards for all."""

from channels_cfg.admin import channels, queue_groups, queues, system_settings
from channels_cfg.admin.history import planned_changes, versions
from channels_cfg.admin.keys import attached_keys
from channels_cfg.admin.messaging import messaging_services
from channels_cfg.admin.rights import access_rights, api_clients, api_keys, groups, sign_ins, users

__all__ = [
    "access_rights",
    "api_clients",
    "api_keys",
    "attached_keys",
    "channels",
    "groups",
    "messaging_services",
    "planned_changes",
    "queue_groups",
    "queues",
    "sign_ins",
    "system_settings",
    "users",
    "versions",
]
