"""A configuration as a file says it, and a small centre to compare it with."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest
from django.contrib.auth.models import Group

from channels_cfg.configuration_file.draft import Environment
from channels_cfg.configuration_file.plan import Plan
from channels_cfg.configuration_file.planning import plan_file
from channels_cfg.configuration_file.reading import read_yaml
from channels_cfg.history.change_set import apply
from channels_cfg.models import (
    AccessRight,
    Channel,
    DataActionCredential,
    Queue,
    QueueAddress,
    QueueGroup,
    Right,
)
from tests.factories import (
    ChannelFactory,
    DataActionConnectionFactory,
    DataActionDraftFactory,
    DataActionFactory,
    GroupFactory,
    MessagingServiceFactory,
    QueueFactory,
    QueueGroupFactory,
    ReplyTemplateFactory,
    ReplyTemplateFolderFactory,
    UserFactory,
    WebhookSecretFactory,
)

Planner = Callable[..., Plan]
OPENING = "keepsake_configuration: 1\n"
COMPLETE = f"{OPENING}complete: true\n"


def planned(text: str, *, environment: dict[str, str] | None = None, by: object = None) -> Plan:
    """What the file would do now; the text may be indented."""
    root = read_yaml(dedent(text).encode())
    return plan_file(root, environment=Environment(environment or {}), by=by)  # type: ignore[arg-type]


def applied(text: str, *, environment: dict[str, str] | None = None, **context: str) -> Plan:
    return apply(lambda: planned(text, environment=environment), **context)


@pytest.fixture
def centre(db: None) -> None:
    """A chat and a voice channel, two queues in a group, a user with rights, a service with a secret."""
    chat = ChannelFactory(
        name="Customer chat",
        statistics_keys=["customerType", "no"],
        precedence=["agent", "api", "customer", "integration"],
    )
    phone = ChannelFactory(
        name="Phone", kind=Channel.Kind.VOICE, connection_keys=["customerId"], false_attempt_seconds=9
    )
    nordic = QueueGroupFactory(name="Nordic: sales", description="“Sales” & care")
    sales: Queue = QueueFactory(name="Chat sales", channel=chat)
    sales.groups.add(nordic)
    QueueAddress.objects.create(queue=sales, address="sales@chat.example.com")
    QueueFactory(name="0800", channel=phone, description="yes")
    team = GroupFactory(name="Team #1")
    aino = UserFactory(username="aino", first_name="Äinö", is_staff=True)
    aino.groups.add(team, Group.objects.get(name="Agent"))
    AccessRight.objects.create(user=aino, right=Right.SERVE, queue=sales)
    AccessRight.objects.create(group=team, right=Right.VIEW_HISTORY, queue_group=QueueGroup.objects.get())
    AccessRight.objects.create(group=team, right=Right.VIEW_REPORTS, direct_conversations_of=team)
    folder = ReplyTemplateFolderFactory(name="Deliveries")
    ReplyTemplateFactory(name="Tomorrow", folder=folder, kind="whatsapp", text="Good day {{name}},\nyour order comes.")
    AccessRight.objects.create(group=team, right=Right.USE_TEMPLATES, reply_template_folder=folder)
    crm = DataActionConnectionFactory(name="CRM", hosts=["*.example.com"])
    DataActionCredential.objects.create(connection=crm, name="apiKey", secret="canary-credential")
    DataActionDraftFactory(
        action=DataActionFactory(name="Find contact", connection=crm, success_template='{\n"contactId": ${id}}')
    )
    service = MessagingServiceFactory(name="WhatsApp", app_id="01EB37HMH1M6SV18ASNS3G135H", queue=sales)
    WebhookSecretFactory(service=service, note="old")
