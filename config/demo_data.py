"""The demonstration: which records it made, what stands in the way of removing them, and removing them whole.

The settings history knows which command made a record, so what an administrator made is never taken for the
demonstration's, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from shutil import rmtree
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.demo import made
from channels_cfg.history.change_reason import changing_settings
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS
from channels_cfg.models import (
    AccessRight,
    ApiKey,
    AttachedKey,
    Channel,
    DataAction,
    DataActionConnection,
    Integration,
    IvrDefinition,
    IvrStep,
    MailBox,
    MessagingService,
    Queue,
    QueueAddress,
    QueueGroup,
    ReplyTemplate,
    ReplyTemplateFolder,
    SystemSettings,
    User,
    WebhookSecret,
)
from channels_cfg.models.versioned import lock_settings
from conversations.models import (
    Consent,
    Contact,
    Conversation,
    DeliveryStatus,
    Event,
    ExternalReference,
    InboundDelivery,
    KeyUsage,
    Leg,
    Message,
    SeenKey,
)
from reporting.contact_log.files import remove as remove_file
from reporting.models import ReportFile, SavedReport

NAMED_AT_MOST = 20


def demo_file() -> Path:
    """The demonstration's keys and secrets, ready for whoever tries the doors."""
    return Path(settings.VAR_DIR) / "demo.json"


def maildir() -> Path:
    """Where the demonstration's mail arrives."""
    return Path(settings.VAR_DIR).resolve() / "demo_mail"


def is_loaded() -> bool:
    return any(made(model).exists() for model in (Channel, Queue, MessagingService))


class _Demo:
    """What the demonstration made, as it is at this moment. Whoever removes it stays."""

    def __init__(self, remover: User) -> None:
        self.channels, self.queues, self.queue_groups = made(Channel), made(Queue), made(QueueGroup)
        self.ivrs, self.integrations = made(IvrDefinition), made(Integration)
        self.actions, self.connections = made(DataAction), made(DataActionConnection)
        self.services, self.rights = made(MessagingService), made(AccessRight)
        self.mail_boxes = made(MailBox)
        self.templates, self.folders = made(ReplyTemplate), made(ReplyTemplateFolder)
        self.users, self.teams = made(User).exclude(pk=remover.pk), made(Group)
        self.conversations = Conversation.objects.filter(channel__in=self.channels)
        self.keys = made(AttachedKey).exclude(name__in=set(_keys_of_own_lists()))


def _keys_of_own_lists() -> Iterator[str]:
    """The keys that the system, or channels and queues of the administrator's own, list."""
    for own in (
        SystemSettings.objects.all(),
        Channel.objects.exclude(pk__in=made(Channel).values("pk")),
        Queue.objects.exclude(pk__in=made(Queue).values("pk")),
    ):
        for lists in own.values_list(*EXTRA_DATA_LISTS):
            yield from chain.from_iterable(lists)


@dataclass(frozen=True)
class Removal:
    """In words: what removing takes away of the demonstration's and of what was added to it, and what hinders it."""

    takes: list[str]
    takes_of_yours: list[str]
    obstacles: list[str]


def removal(*, by: User) -> Removal:
    demo = _Demo(by)
    named = (
        demo.channels, demo.ivrs, demo.queues, demo.queue_groups, demo.services, demo.integrations, demo.actions,
        demo.connections, demo.mail_boxes, demo.templates, demo.folders, demo.keys, demo.users, demo.teams,
    )  # fmt: skip
    # How many conversations there are is told to those who may view them only.
    happened = _("Every conversation on these channels, with its messages, its data and its row in the Contact Log")
    return Removal(
        takes=[*(_names(records) for records in named if records.exists()), _number(demo.rights), happened],
        takes_of_yours=[_number(records) for records in _added_to(demo) if records.exists()],
        obstacles=list(_obstacles(demo)),
    )


def _names(records: QuerySet[Any]) -> str:
    shown = [str(record) for record in records[:NAMED_AT_MOST]]
    return f"{capfirst(str(records.model._meta.verbose_name_plural))}: {', '.join(shown)}"


def _number(records: QuerySet[Any]) -> str:
    return f"{capfirst(str(records.model._meta.verbose_name_plural))}: {records.count()}"


def _added_to(demo: _Demo) -> Iterator[QuerySet[Any]]:
    """What an administrator added to records of the demonstration, and what goes with them."""
    rights = AccessRight.objects.exclude(pk__in=demo.rights.values("pk"))
    yield (
        rights.filter(queue__in=demo.queues)
        | rights.filter(queue_group__in=demo.queue_groups)
        | rights.filter(user__in=demo.users)
        | rights.filter(reply_template_folder__in=demo.folders)
    )
    yield QueueAddress.objects.filter(queue__in=demo.queues).exclude(pk__in=made(QueueAddress).values("pk"))
    yield WebhookSecret.objects.filter(service__in=demo.services).exclude(pk__in=made(WebhookSecret).values("pk"))
    yield ApiKey.objects.filter(user__in=demo.users).exclude(pk__in=made(ApiKey).values("pk"))
    yield SavedReport.objects.filter(owner__in=demo.users)


def _obstacles(demo: _Demo) -> Iterator[str]:
    own_queues = Queue.objects.filter(channel__in=demo.channels).exclude(pk__in=demo.queues.values("pk"))
    for queue in own_queues.select_related("channel")[:NAMED_AT_MOST]:
        words = _("Your queue “%(queue)s” belongs to the channel “%(channel)s”. Delete the queue first.")
        yield words % {"queue": queue, "channel": queue.channel}
    own_services = MessagingService.objects.filter(queue__in=demo.queues).exclude(pk__in=demo.services.values("pk"))
    for service in own_services.select_related("queue")[:NAMED_AT_MOST]:
        words = _("Your messaging service “%(service)s” leads to the queue “%(queue)s”. Choose another queue first.")
        yield words % {"service": service, "queue": service.queue}
    own_boxes = MailBox.objects.filter(queue__in=demo.queues).exclude(pk__in=demo.mail_boxes.values("pk"))
    for box in own_boxes.select_related("queue")[:NAMED_AT_MOST]:
        words = _("Your mail box “%(box)s” leads to the queue “%(queue)s”. Choose another queue first.")
        yield words % {"box": box, "queue": box.queue}
    own_steps = IvrStep.objects.filter(queue__in=demo.queues).exclude(definition__in=demo.ivrs.values("pk"))
    for step in own_steps.select_related("definition", "queue")[:NAMED_AT_MOST]:
        words = _("Your IVR “%(ivr)s” leads to the queue “%(queue)s”. Let it lead elsewhere first.")
        yield words % {"ivr": step.definition, "queue": step.queue}
    own_ivrs = IvrDefinition.objects.filter(channel__in=demo.channels).exclude(pk__in=demo.ivrs.values("pk"))
    for ivr in own_ivrs.exclude(steps__queue__in=demo.queues).select_related("channel")[:NAMED_AT_MOST]:
        words = _("Your IVR “%(ivr)s” belongs to the channel “%(channel)s”. Choose another channel first.")
        yield words % {"ivr": ivr, "channel": ivr.channel}
    own_templates = ReplyTemplate.objects.filter(folder__in=demo.folders).exclude(pk__in=demo.templates.values("pk"))
    for template in own_templates.select_related("folder")[:NAMED_AT_MOST]:
        words = _("Your reply template “%(template)s” is in the folder “%(folder)s”. Choose another folder first.")
        yield words % {"template": template, "folder": template.folder}
    elsewhere = Conversation.objects.exclude(channel__in=demo.channels)
    took_part = demo.users.filter(
        Exists(elsewhere.filter(agent=OuterRef("pk")))
        | Exists(Leg.objects.filter(agent=OuterRef("pk"), conversation__in=elsewhere))
        | Exists(Event.objects.filter(actor=OuterRef("pk"), conversation__in=elsewhere))
    )
    if people := [str(user) for user in took_part[:NAMED_AT_MOST]]:
        yield ngettext(
            "%(people)s took part in a conversation on a channel of yours, which needs the name.",
            "%(people)s took part in conversations on channels of yours, which need their names.",
            len(people),
        ) % {"people": get_text_list(people, _("and"))}


class Obstructed(Exception):
    """Something of the administrator's own needs the demonstration; nothing was removed."""


@transaction.atomic
def remove_demo_data(*, by: User, why: str = "") -> None:
    """Remove all that the demonstration made, except ``by``, and what was added to it. Raises ``Obstructed``."""
    lock_settings()
    demo = _Demo(by)
    if any(_obstacles(demo)):
        raise Obstructed
    files = [file.path for file in ReportFile.objects.filter(owner__in=demo.users)]
    _remove_conversations(demo)
    with changing_settings(by=by, why=why):
        for records in (
            demo.rights, demo.services, demo.integrations, demo.actions, demo.connections, demo.mail_boxes, demo.ivrs,
            demo.queues, demo.queue_groups, demo.channels, demo.templates, demo.folders, demo.keys, demo.users,
            demo.teams,
        ):  # fmt: skip
            records.model._base_manager.filter(pk__in=list(records.values_list("pk", flat=True))).delete()
    SeenKey.objects.filter(~Exists(KeyUsage.objects.filter(key=OuterRef("name")))).delete()
    transaction.on_commit(lambda: _remove_files(files))


def _remove_conversations(demo: _Demo) -> None:
    """What happened on the channels and came in through the services, that which belongs to others last."""
    own = ExternalReference.objects.filter(service=None, conversations__in=demo.conversations)
    without_service = list(own.values_list("pk", flat=True))
    for happened in (
        Message.objects.filter(reference__service__in=demo.services),
        demo.conversations,
        ExternalReference.objects.filter(pk__in=without_service),
        ExternalReference.objects.filter(service__in=demo.services),
        Contact.objects.filter(service__in=demo.services),
        Consent.objects.filter(service__in=demo.services),
        DeliveryStatus.objects.filter(service__in=demo.services),
        InboundDelivery.objects.filter(
            Q(service__in=demo.services) | Q(mail_box__in=demo.mail_boxes) | Q(queue__in=demo.queues)
        ),
    ):
        happened.delete()


def _remove_files(files: list[Path]) -> None:
    for file in (*files, demo_file()):
        remove_file(file)
    rmtree(maildir(), ignore_errors=True)
