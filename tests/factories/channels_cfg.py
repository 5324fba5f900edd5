"""Records of what administrators decide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import factory
from django.contrib.auth.models import Group

from channels_cfg.models import (
    AccessRight,
    ApiKey,
    AttachedKey,
    AttachedKeyAlias,
    Authentication,
    Channel,
    DataAction,
    DataActionConnection,
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
    QueueGroup,
    ReplyTemplate,
    ReplyTemplateFolder,
    Right,
    User,
    WebhookSecret,
)


class ChannelFactory(factory.django.DjangoModelFactory[Channel]):
    name = factory.Sequence("Chat channel {}".format)
    kind = Channel.Kind.CHAT

    class Meta:
        model = Channel


class AttachedKeyFactory(factory.django.DjangoModelFactory[AttachedKey]):
    """``aliases`` are its other names."""

    name = factory.Sequence("key{}".format)

    class Meta:
        model = AttachedKey
        skip_postgeneration_save = True

    @factory.post_generation
    def aliases(self: AttachedKey, create: bool, names: Iterable[str] | None, **_: Any) -> None:  # type: ignore[misc]
        for name in names or ():
            AttachedKeyAlias.objects.create(key=self, name=name)


class QueueGroupFactory(factory.django.DjangoModelFactory[QueueGroup]):
    name = factory.Sequence("Queue group {}".format)

    class Meta:
        model = QueueGroup


class QueueFactory(factory.django.DjangoModelFactory[Queue]):
    name = factory.Sequence("Queue {}".format)
    channel = factory.SubFactory(ChannelFactory)

    class Meta:
        model = Queue


class MailBoxFactory(factory.django.DjangoModelFactory[MailBox]):
    name = factory.Sequence("Mail box {}".format)
    queue = factory.SubFactory(QueueFactory, channel__kind=Channel.Kind.EMAIL)
    host = "imap.example.com"
    username = "sales@example.com"

    class Meta:
        model = MailBox


class MetadataDestinationFactory(factory.django.DjangoModelFactory[MetadataDestination]):
    """A folder; of another kind, what that kind needs."""

    name = factory.Sequence("Destination {}".format)
    kind = MetadataDestination.Kind.FOLDER

    class Meta:
        model = MetadataDestination

    @classmethod
    def _adjust_kwargs(cls, **given: Any) -> dict[str, Any]:
        return NEEDED_OF_DESTINATIONS[given["kind"]] | given


HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHZ9ghgbqpSB8tHqCzJmSgCQ1n6dEJm8PmBAtbM+aPh"
NEEDED_OF_DESTINATIONS: dict[str, dict[str, Any]] = {
    "folder": {"folder": "/srv/session-metadata"},
    "s3": {"bucket": "metadata", "account": "AKIAIOSFODNN7EXAMPLE", "secret": "open sesame"},
    "gcs": {"bucket": "metadata", "secret": '{"client_email": "a@example.com", "private_key": "open sesame"}'},
    "azure": {"bucket": "metadata", "account": "keepsake", "secret": "b3BlbiBzZXNhbWU="},
    "sftp": {"host": "sftp.example.com", "host_key": HOST_KEY, "account": "keepsake", "secret": "open sesame"},
    "crm": {
        "address": "https://crm.example.com/tickets/{ticket_id}/files",
        "method": "POST",
        "body_format": "multipart",
    },
    "email": {"address": "inbox@crm.example.com", "subject": "Session metadata [{ticket_id}]"},
}


class ReplyTemplateFolderFactory(factory.django.DjangoModelFactory[ReplyTemplateFolder]):
    name = factory.Sequence("Folder {}".format)

    class Meta:
        model = ReplyTemplateFolder


class ReplyTemplateFactory(factory.django.DjangoModelFactory[ReplyTemplate]):
    """A plain text; with ``kind="whatsapp"`` an approved one."""

    name = factory.Sequence("Template {}".format)
    folder = factory.SubFactory(ReplyTemplateFolderFactory)
    text = "Good day {{name}}, your order {{order}} comes tomorrow."
    template_id = factory.LazyAttribute(lambda made: "delivery_update" if made.kind == "whatsapp" else "")
    language_code = factory.LazyAttribute(lambda made: "en_US" if made.kind == "whatsapp" else "")
    kind = ReplyTemplate.Kind.PLAIN

    class Meta:
        model = ReplyTemplate


class OpeningHoursFactory(factory.django.DjangoModelFactory[OpeningHours]):
    name = factory.Sequence("Office hours {}".format)
    time_zone = "Europe/Helsinki"
    weekly = ["Mon-Fri 08:00-16:00"]

    class Meta:
        model = OpeningHours


class PauseReasonFactory(factory.django.DjangoModelFactory[PauseReason]):
    name = factory.Sequence("Pause {}".format)

    class Meta:
        model = PauseReason


LANGUAGE_MENU: tuple[dict[str, Any], ...] = (
    {
        "name": "Language",
        "kind": "menu",
        "prompt": "For Finnish press 1, for English press 2.",
        "variable": "Selected_language",
        "keys": ["1 = fi > Sales", "2 = en > Sales"],
        "other_step": "Goodbye",
    },
    {"name": "Sales", "kind": "transfer", "attached_variables": ["Selected_language"]},
    {"name": "Goodbye", "kind": "hang_up", "prompt": "Please call again."},
)
"""The example of the specification: the language chosen in a menu travels to the queue."""


class IvrDefinitionFactory(factory.django.DjangoModelFactory[IvrDefinition]):
    """A menu of languages, unless ``steps`` are given; a transfer leads to a queue of its channel. ``addresses`` are
    the numbers that it answers."""

    name = factory.Sequence("IVR {}".format)
    channel = factory.SubFactory(ChannelFactory, kind=Channel.Kind.VOICE)
    variables = ["Selected_language"]

    class Meta:
        model = IvrDefinition
        skip_postgeneration_save = True

    @factory.post_generation
    def steps(self: IvrDefinition, create: bool, steps: Any, queue: Queue | None = None, **_: Any) -> None:  # type: ignore[misc]
        for position, facts in enumerate(LANGUAGE_MENU if steps is None else steps, start=1):
            own = {"queue": queue or QueueFactory(channel=self.channel)} if facts["kind"] == "transfer" else {}
            IvrStep.objects.create(definition=self, **{"position": position * 10} | own | facts)

    @factory.post_generation
    def addresses(self: IvrDefinition, create: bool, addresses: Iterable[str] | None, **_: Any) -> None:  # type: ignore[misc]
        for address in addresses or ():
            IvrAddress.objects.create(definition=self, address=address)


CRM_LOOKUP = """{
  "request": {"authentication": {"type": "basic"}, "params": {"phone": "{contact.source}"}},
  "response": {"save": {"customer_data": {"id": "{response.body.id}"}}}
}"""


class IntegrationFactory(factory.django.DjangoModelFactory[Integration]):
    """Asks a CRM when a conversation comes in to any queue; ``secret`` is the password that it shows."""

    name = factory.Sequence("CRM lookup {}".format)
    endpoint = "https://crm.example.com/contacts"
    events = [Integration.AnsweredEvent.RECEIVED]
    all_queues = True
    configuration = CRM_LOOKUP

    class Meta:
        model = Integration
        skip_postgeneration_save = True

    @factory.post_generation
    def secret(self: Integration, create: bool, secret: str | None, **_: Any) -> None:  # type: ignore[misc]
        Authentication.objects.create(
            integration=self, name="crm", kind="basic", username="portal", secret=secret or "CANARY-password"
        )


class GroupFactory(factory.django.DjangoModelFactory[Group]):
    name = factory.Sequence("Team {}".format)

    class Meta:
        model = Group


class UserFactory(factory.django.DjangoModelFactory[User]):
    username = factory.Sequence("user{}".format)
    password = factory.django.Password("correct horse")

    class Meta:
        model = User


class ApiKeyFactory(factory.django.DjangoModelFactory[ApiKey]):
    """``key.text`` is what a client shows."""

    user = factory.SubFactory(UserFactory, is_api_client=True)

    class Meta:
        model = ApiKey

    @classmethod
    def _create(cls, model_class: type[ApiKey], *args: Any, **kwargs: Any) -> ApiKey:
        key, text = ApiKey.objects.issue(**kwargs)
        key.text = text  # type: ignore[attr-defined]
        return key


class MessagingServiceFactory(factory.django.DjangoModelFactory[MessagingService]):
    name = factory.Sequence("Messaging service {}".format)
    project_id = "e2df3a34-a71b-4448-9db5-a8d2baad28e4"
    app_id = factory.Sequence("01EB37HMH1M6SV18ASNS3G{:04d}".format)
    queue = factory.SubFactory(QueueFactory)

    class Meta:
        model = MessagingService


class WebhookSecretFactory(factory.django.DjangoModelFactory[WebhookSecret]):
    service = factory.SubFactory(MessagingServiceFactory)
    secret = "foo_secret1234"

    class Meta:
        model = WebhookSecret


def grant(user: User, *rights: Right, on: Queue | ReplyTemplateFolder) -> User:
    """Give the user the rights on the queue or folder, directly."""
    place = "queue" if isinstance(on, Queue) else "reply_template_folder"
    for right in rights:
        AccessRight.objects.get_or_create(user=user, right=right, **{place: on})
    return user


def user_with(*rights: Right, on: Queue | ReplyTemplateFolder, **facts: Any) -> User:
    """A user who holds these rights there, and nothing else."""
    return grant(UserFactory(**facts), *rights, on=on)


class DataActionConnectionFactory(factory.django.DjangoModelFactory[DataActionConnection]):
    name = factory.Sequence("Connection {}".format)
    base_address = "https://api.example.com"

    class Meta:
        model = DataActionConnection


class DataActionFactory(factory.django.DjangoModelFactory[DataAction]):
    """Finds a contact by its number, and is published."""

    name = factory.Sequence("Find contact {}".format)
    connection = factory.SubFactory(DataActionConnectionFactory)
    request_url_template = "/contacts?q=$esc.url(${input.phone})"
    translation_map = '{"id": "$.entities[0].id"}'
    translation_map_defaults = '{"id": "\\"\\""}'
    success_template = '{"contactId": ${id}}'
    input_schema = '{"type": "object", "properties": {"phone": {"type": "string"}}, "required": ["phone"]}'
    success_schema = '{"type": "object", "properties": {"contactId": {"type": "string"}}}'
    state = DataAction.State.PUBLISHED

    class Meta:
        model = DataAction


class DataActionDraftFactory(factory.django.DjangoModelFactory[DataActionDraft]):
    action = factory.SubFactory(DataActionFactory)
    request_url_template = "/contacts?phone=$esc.url(${input.phone})"
    input_schema = '{"type": "object", "properties": {"phone": {"type": "string"}}, "required": ["phone"]}'

    class Meta:
        model = DataActionDraft
