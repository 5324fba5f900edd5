"""The System Configurator: one file for each kind of record, rooms as in the application, and safeguards for all."""

from channels_cfg.admin import channels, opening_hours, pause_reasons, queue_groups, queues, system_settings
from channels_cfg.admin.data_actions import actions, connections
from channels_cfg.admin.history import planned_changes, versions
from channels_cfg.admin.integrations import integrations
from channels_cfg.admin.ivrs import definitions
from channels_cfg.admin.keys import attached_keys
from channels_cfg.admin.messaging import mail_boxes, messaging_services, reply_templates
from channels_cfg.admin.rights import access_rights, api_clients, api_keys, groups, sign_ins, users
from channels_cfg.admin.session_metadata import destinations

__all__ = [
    "access_rights",
    "actions",
    "api_clients",
    "api_keys",
    "attached_keys",
    "channels",
    "connections",
    "definitions",
    "destinations",
    "groups",
    "integrations",
    "mail_boxes",
    "messaging_services",
    "opening_hours",
    "pause_reasons",
    "planned_changes",
    "queue_groups",
    "queues",
    "reply_templates",
    "sign_ins",
    "system_settings",
    "users",
    "versions",
]
