"""The sections of the file, in the order in which one needs the other."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.configuration_file.authentications import AuthenticationsEntry
from channels_cfg.configuration_file.entries import (
    LinksEntry,
    PermissionsEntry,
    RowsEntry,
    SecretsEntry,
    Values,
)
from channels_cfg.configuration_file.parts import POSITION, PartsEntry
from channels_cfg.configuration_file.section import Section, entries_of
from channels_cfg.models import (
    PLACES,
    AccessRight,
    AttachedKey,
    AttachedKeyAlias,
    Authentication,
    Channel,
    DataAction,
    DataActionConnection,
    DataActionCredential,
    DataActionDraft,
    Integration,
    IvrAddress,
    IvrDefinition,
    IvrStep,
    MailBox,
    MessagingService,
    MetadataDestination,
    OpeningHours,
    PauseReason,
    Queue,
    QueueAddress,
    QueueGroup,
    ReplyTemplate,
    ReplyTemplateFolder,
    Right,
    SystemSettings,
    User,
    WebhookSecret,
)

FOLDER = "reply_template_folder"


def _right_in_words(values: Values) -> str:
    place = (
        (_("queue “%(name)s”") % {"name": values["queue"]} if values.get("queue") else "")
        or (_("all queues of “%(group)s”") % {"group": values["queue_group"]} if values.get("queue_group") else "")
        or (_("templates in “%(folder)s”") % {"folder": folder} if (folder := values.get(FOLDER)) else "")
        or _("direct conversations of “%(group)s”") % {"group": values.get("direct_conversations_of") or ""}
    )
    if values.get("user"):
        holder = _("user “%(name)s”") % {"name": values["user"]}
    else:
        holder = _("group “%(name)s”") % {"name": values.get("group") or ""}
    right = dict(Right.choices).get(str(values.get("right")), values.get("right") or "?")
    return _("%(holder)s: %(right)s on %(place)s") % {"holder": holder, "right": right, "place": place}


_PASSWORDS = ("password", "last_login", "date_joined")
_OF_RIGHTS = {
    "user": "users",
    "group": "groups",
    "queue": "queues",
    "queue_group": "queue_groups",
    "direct_conversations_of": "groups",
    FOLDER: "reply_template_folders",
}
_MEMBERS: type[models.Model] = User.groups.through
_GROUPED: type[models.Model] = Queue.groups.through

_DESTINATIONS = {"metadata_destinations": "metadata_destinations"}
_OUTGOING = ("allowed_hosts",)
"""System settings that have a section of their own."""
_ANSWERED: type[models.Model] = Integration.queues.through

SYSTEM = Section(
    "system_settings",
    SystemSettings,
    tuple(entries_of(SystemSettings, without=_OUTGOING, links=_DESTINATIONS)),
    identity=(),
    not_in_file=frozenset({"id", *_OUTGOING}),
    noun=gettext_lazy("the system settings"),
    any_noun=gettext_lazy("the system settings"),
)
OUTGOING = Section(
    "outgoing",
    SystemSettings,
    tuple(entry for entry in entries_of(SystemSettings, links=_DESTINATIONS) if entry.name in _OUTGOING),
    identity=(),
    not_in_file=frozenset(field.name for field in SystemSettings._meta.concrete_fields).difference(_OUTGOING),
    noun=gettext_lazy("the settings of outgoing calls"),
    any_noun=gettext_lazy("the settings of outgoing calls"),
)
KEYS = Section(
    "keys",
    AttachedKey,
    (
        *entries_of(AttachedKey),
        RowsEntry(
            "aliases",
            gettext_lazy("Other names"),
            hint=gettext_lazy("Other names under which the key comes in. Example: custmerType, customer_type"),
            model=AttachedKeyAlias,
            owner="key",
            column="name",
        ),
    ),
    noun=gettext_lazy("key"),
    any_noun=gettext_lazy("a key"),
)
CHANNELS = Section(
    "channels",
    Channel,
    tuple(entries_of(Channel, links=_DESTINATIONS)),
    noun=gettext_lazy("channel"),
    any_noun=gettext_lazy("a channel"),
)
OPENING_HOURS = Section(
    "opening_hours",
    OpeningHours,
    tuple(entries_of(OpeningHours)),
    noun=gettext_lazy("opening hours"),
    any_noun=gettext_lazy("opening hours"),
)
PAUSE_REASONS = Section(
    "pause_reasons",
    PauseReason,
    tuple(entries_of(PauseReason)),
    noun=gettext_lazy("pause reason"),
    any_noun=gettext_lazy("a pause reason"),
)
QUEUE_GROUPS = Section(
    "queue_groups",
    QueueGroup,
    tuple(entries_of(QueueGroup)),
    noun=gettext_lazy("queue group"),
    any_noun=gettext_lazy("a queue group"),
)
QUEUES = Section(
    "queues",
    Queue,
    (
        *entries_of(Queue, links={"channel": "channels", "opening_hours": "opening_hours"} | _DESTINATIONS),
        LinksEntry(
            "groups",
            gettext_lazy("Queue groups"),
            hint=gettext_lazy("A right on the group is a right on this queue. Example: Nordic sales"),
            section="queue_groups",
            through=_GROUPED,
            owner="queue",
            other="queuegroup",
        ),
        RowsEntry(
            "addresses",
            gettext_lazy("Addresses"),
            hint=gettext_lazy("Where customers reach the queue. Example: +358401234567, sales@example.com"),
            model=QueueAddress,
            owner="queue",
            column="address",
        ),
    ),
    noun=gettext_lazy("queue"),
    any_noun=gettext_lazy("a queue"),
)
IVRS = Section(
    "ivrs",
    IvrDefinition,
    (
        *entries_of(IvrDefinition, links={"channel": "channels"}),
        RowsEntry(
            "addresses",
            gettext_lazy("Addresses"),
            hint=gettext_lazy("The numbers that it answers. Example: +358401234567"),
            model=IvrAddress,
            owner="definition",
            column="address",
        ),
        PartsEntry(
            "steps",
            gettext_lazy("Steps"),
            hint=gettext_lazy("In their order: a call begins with the first."),
            model=IvrStep,
            owner="definition",
            entries=tuple(
                sorted(
                    entries_of(
                        IvrStep,
                        without=["definition", POSITION],
                        links={"queue": "queues", "opening_hours": "opening_hours"},
                    ),
                    key=lambda entry: entry.name != "name",
                )
            ),
            any_noun=gettext_lazy("a step"),
        ),
    ),
    noun=gettext_lazy("IVR"),
    any_noun=gettext_lazy("an IVR"),
)
GROUPS = Section(
    "groups",
    Group,
    (
        *entries_of(Group),
        PermissionsEntry(
            "permissions", gettext_lazy("Pages of the System Configurator"), hint="channels_cfg.change_queue"
        ),
    ),
    noun=gettext_lazy("group"),
    any_noun=gettext_lazy("a group"),
)
USERS = Section(
    "users",
    User,
    (
        *entries_of(User, without=_PASSWORDS),
        LinksEntry(
            "groups",
            gettext_lazy("Groups"),
            hint=gettext_lazy("Every right of the group is a right of the user. Example: Agent"),
            section="groups",
            through=_MEMBERS,
            owner="user",
            other="group",
        ),
    ),
    identity=("username",),
    not_in_file=frozenset({"id", *_PASSWORDS}),
    noun=gettext_lazy("user"),
    any_noun=gettext_lazy("a user"),
)
FOLDERS = Section(
    "reply_template_folders",
    ReplyTemplateFolder,
    tuple(entries_of(ReplyTemplateFolder)),
    noun=gettext_lazy("reply-template folder"),
    any_noun=gettext_lazy("a reply-template folder"),
)
TEMPLATES = Section(
    "reply_templates",
    ReplyTemplate,
    tuple(entries_of(ReplyTemplate, links={"folder": "reply_template_folders"})),
    noun=gettext_lazy("reply template"),
    any_noun=gettext_lazy("a reply template"),
)
ACCESS_RIGHTS = Section(
    "access_rights",
    AccessRight,
    tuple(entries_of(AccessRight, links=_OF_RIGHTS)),
    identity=("user", "group", "right", *PLACES),
    noun=gettext_lazy("access right"),
    any_noun=gettext_lazy("an access right"),
    title=_right_in_words,
)
SERVICES = Section(
    "messaging_services",
    MessagingService,
    (
        *entries_of(MessagingService, without=["key_secret"], links={"queue": "queues"}),
        SecretsEntry(
            "key_secret",
            gettext_lazy("Access key secret"),
            several=False,
            field=MessagingService._meta.get_field("key_secret"),
        ),
        SecretsEntry(
            "webhook_secrets",
            gettext_lazy("Webhook secrets"),
            field=WebhookSecret._meta.get_field("secret"),
        ),
    ),
    noun=gettext_lazy("messaging service"),
    any_noun=gettext_lazy("a messaging service"),
)
MAIL_BOXES = Section(
    "mail_boxes",
    MailBox,
    (
        *entries_of(MailBox, without=["password"], links={"queue": "queues"}),
        SecretsEntry("password", gettext_lazy("Password"), several=False, field=MailBox._meta.get_field("password")),
    ),
    noun=gettext_lazy("mail box"),
    any_noun=gettext_lazy("a mail box"),
)
METADATA_DESTINATIONS = Section(
    "metadata_destinations",
    MetadataDestination,
    (
        *entries_of(MetadataDestination, without=["secret"]),
        SecretsEntry(
            "secret", gettext_lazy("Secret"), several=False, field=MetadataDestination._meta.get_field("secret")
        ),
    ),
    noun=gettext_lazy("metadata destination"),
    any_noun=gettext_lazy("a metadata destination"),
)

INTEGRATIONS = Section(
    "integrations",
    Integration,
    (
        *entries_of(Integration),
        LinksEntry(
            "queues",
            gettext_lazy("Queues"),
            hint=gettext_lazy("Or all_queues: true. Example: Chat sales"),
            section="queues",
            through=_ANSWERED,
            owner="integration",
            other="queue",
        ),
        AuthenticationsEntry(
            "authentications",
            gettext_lazy("Authentications"),
            field=Authentication._meta.get_field("secret"),
        ),
    ),
    noun=gettext_lazy("integration"),
    any_noun=gettext_lazy("an integration"),
)
CONNECTIONS = Section(
    "data_action_connections",
    DataActionConnection,
    (
        *entries_of(DataActionConnection),
        SecretsEntry(
            "credentials",
            gettext_lazy("Credentials"),
            field=DataActionCredential._meta.get_field("secret"),
            label_field=DataActionCredential._meta.get_field("name"),
        ),
    ),
    noun=gettext_lazy("data action connection"),
    any_noun=gettext_lazy("a data action connection"),
)
DATA_ACTIONS = Section(
    "data_actions",
    DataAction,
    tuple(entries_of(DataAction, links={"connection": "data_action_connections"})),
    noun=gettext_lazy("data action"),
    any_noun=gettext_lazy("a data action"),
)
DATA_ACTION_DRAFTS = Section(
    "data_action_drafts",
    DataActionDraft,
    tuple(entries_of(DataActionDraft, links={"action": "data_actions"})),
    identity=("action",),
    noun=gettext_lazy("draft of data action"),
    any_noun=gettext_lazy("a draft of a data action"),
)

SECTIONS = (
    SYSTEM,
    OUTGOING,
    METADATA_DESTINATIONS,
    KEYS,
    CHANNELS,
    PAUSE_REASONS,
    OPENING_HOURS,
    QUEUE_GROUPS,
    QUEUES,
    IVRS,
    GROUPS,
    USERS,
    FOLDERS,
    TEMPLATES,
    ACCESS_RIGHTS,
    SERVICES,
    INTEGRATIONS,
    CONNECTIONS,
    DATA_ACTIONS,
    DATA_ACTION_DRAFTS,
    MAIL_BOXES,
)
BY_NAME = {section.name: section for section in SECTIONS}
