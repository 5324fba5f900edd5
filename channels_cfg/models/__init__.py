"""What administrators decide, as rows."""

from channels_cfg.models.access_right import FOLDER_RIGHTS, PLACES, QUEUE_RIGHTS, AccessRight, Right
from channels_cfg.models.api_key import ApiClient, ApiKey
from channels_cfg.models.attached_key import AttachedKey, AttachedKeyAlias, KeyVerdict
from channels_cfg.models.channel import Channel
from channels_cfg.models.data_action import DataAction, DataActionConnection, DataActionCredential, DataActionDraft
from channels_cfg.models.extra_data import ExtraDataLists, KeyListField
from channels_cfg.models.form_submission import FormSubmission
from channels_cfg.models.integration import ECHO, Authentication, Integration, IntegrationQueue
from channels_cfg.models.ivr import IvrAddress, IvrDefinition, IvrStep
from channels_cfg.models.job import Job, JobQuerySet
from channels_cfg.models.mail_box import MailBox
from channels_cfg.models.membership import GroupMembership, QueueGroupMembership, RecordedGroup
from channels_cfg.models.messaging_service import MessagingService, WebhookSecret
from channels_cfg.models.metadata_destination import MetadataDestination
from channels_cfg.models.opening_hours import OpeningHours
from channels_cfg.models.pause import Pause, PauseQuerySet
from channels_cfg.models.pause_reason import PauseReason
from channels_cfg.models.queue import Queue, QueueAddress, QueueGroup
from channels_cfg.models.reply_template import ReplyTemplate, ReplyTemplateFolder
from channels_cfg.models.scheduled_change import ScheduledChange
from channels_cfg.models.second_factor import SecondFactor
from channels_cfg.models.settings_version import SettingsVersion
from channels_cfg.models.sign_in_event import SignInEvent
from channels_cfg.models.system_settings import Source, SystemSettings
from channels_cfg.models.user import User
from channels_cfg.models.waiting_upload import PlannedRecord, WaitingUpload
from channels_cfg.models.web_chat import WEB_CHAT

__all__ = [
    "ECHO",
    "FOLDER_RIGHTS",
    "PLACES",
    "QUEUE_RIGHTS",
    "WEB_CHAT",
    "AccessRight",
    "ApiClient",
    "ApiKey",
    "AttachedKey",
    "AttachedKeyAlias",
    "Authentication",
    "Channel",
    "DataAction",
    "DataActionConnection",
    "DataActionCredential",
    "DataActionDraft",
    "ExtraDataLists",
    "FormSubmission",
    "GroupMembership",
    "Integration",
    "IntegrationQueue",
    "IvrAddress",
    "IvrDefinition",
    "IvrStep",
    "Job",
    "JobQuerySet",
    "KeyListField",
    "KeyVerdict",
    "MailBox",
    "MessagingService",
    "MetadataDestination",
    "OpeningHours",
    "Pause",
    "PauseQuerySet",
    "PauseReason",
    "PlannedRecord",
    "Queue",
    "QueueAddress",
    "QueueGroup",
    "QueueGroupMembership",
    "RecordedGroup",
    "ReplyTemplate",
    "ReplyTemplateFolder",
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
