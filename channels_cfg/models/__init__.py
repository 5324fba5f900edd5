"""What administrators decide, as rows."""

from channels_cfg.models.access_right import AccessRight, Right
from channels_cfg.models.api_key import ApiClient, ApiKey
from channels_cfg.models.attached_key import AttachedKey, AttachedKeyAlias, KeyVerdict
from channels_cfg.models.channel import Channel
from channels_cfg.models.extra_data import ExtraDataLists, KeyListField
from channels_cfg.models.membership import GroupMembership, QueueGroupMembership, RecordedGroup
from channels_cfg.models.messaging_service import MessagingService, WebhookSecret
from channels_cfg.models.queue import Queue, QueueAddress, QueueGroup
from channels_cfg.models.scheduled_change import ScheduledChange
from channels_cfg.models.second_factor import SecondFactor
from channels_cfg.models.settings_version import SettingsVersion
from channels_cfg.models.sign_in_event import SignInEvent
from channels_cfg.models.system_settings import Source, SystemSettings
from channels_cfg.models.user import User
from channels_cfg.models.waiting_upload import PlannedRecord, WaitingUpload

__all__ = [
    "AccessRight",
    "ApiClient",
    "ApiKey",
    "AttachedKey",
    "AttachedKeyAlias",
    "Channel",
    "ExtraDataLists",
    "GroupMembership",
    "KeyListField",
    "KeyVerdict",
    "MessagingService",
    "PlannedRecord",
    "Queue",
    "QueueAddress",
    "QueueGroup",
    "QueueGroupMembership",
    "RecordedGroup",
    "Right",
    "ScheduledChange",
    "SecondFactor",
    "SettingsVersion",
    "SignInEvent",
    "Source",
    "SystemSettings",
    "User",
    "WaitingUpload",
    "WebhookSecret",
]
