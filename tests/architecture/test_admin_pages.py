"""Every page of the System Configurator opens, searches and filters, at a cost that does not grow with the rows."""

import html
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from channels_cfg.models import (
    AccessRight,
    ApiKey,
    AttachedKey,
    Channel,
    DataAction,
    DataActionConnection,
    DataActionDraft,
    Integration,
    IvrDefinition,
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
    SettingsVersion,
    SystemSettings,
    User,
)
from conversations import consents
from conversations.models import Consent, SeenKey
from tests.factories import (
    ApiKeyFactory,
    AttachedKeyFactory,
    ChannelFactory,
    DataActionDraftFactory,
    DataActionFactory,
    GroupFactory,
    IntegrationFactory,
    IvrDefinitionFactory,
    MailBoxFactory,
    MessagingServiceFactory,
    MetadataDestinationFactory,
    OpeningHoursFactory,
    PauseReasonFactory,
    QueueFactory,
    QueueGroupFactory,
    ReplyTemplateFactory,
    UserFactory,
    grant,
    user_with,
)

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


def a_consent_that_root_may_view() -> None:
    service = MessagingServiceFactory(queue=QueueFactory())
    grant(User.objects.get(username="root"), Right.VIEW_CONSENTS, on=service.queue)
    consents.record(service, channel="WHATSAPP", address="358401234567", given=True, at=timezone.now())


MAKERS: dict[type[Model], Callable[[], Any]] = {
    Channel: lambda: QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"])),
    Queue: lambda: QueueFactory().groups.add(QueueGroupFactory()),
    QueueGroup: lambda: QueueFactory().groups.add(QueueGroupFactory()),
    Integration: IntegrationFactory,
    IvrDefinition: lambda: IvrDefinitionFactory(addresses=[f"+35840{1000000 + IvrDefinition.objects.count()}"]),
    MailBox: MailBoxFactory,
    MessagingService: MessagingServiceFactory,
    MetadataDestination: MetadataDestinationFactory,
    DataAction: DataActionFactory,
    DataActionConnection: DataActionFactory,
    DataActionDraft: DataActionDraftFactory,
    ReplyTemplate: ReplyTemplateFactory,
    ReplyTemplateFolder: ReplyTemplateFactory,
    User: lambda: UserFactory().groups.add(GroupFactory()),
    Group: GroupFactory,
    AccessRight: lambda: user_with(Right.SERVE, on=QueueFactory()),
    ApiKey: ApiKeyFactory,
    OpeningHours: OpeningHoursFactory,
    PauseReason: PauseReasonFactory,
    Consent: a_consent_that_root_may_view,
    AttachedKey: lambda: AttachedKeyFactory(aliases=[f"other{AttachedKey.objects.count()}"]),
}


@pytest.fixture
def root(db: None) -> Client:
    UserFactory(username="root", is_superuser=True, is_staff=True)
    client = Client()
    assert client.login(username="root", password="correct horse")
    return client


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_list_opens_searches_and_filters(root: Client, model: type[Model]):
    model_admin = admin.site._registry[model]
    filters = {}
    for item in model_admin.list_filter:
        field = item[0] if isinstance(item, tuple) else item
        if isinstance(field, str):
            filters[f"{field}__exact" if "__" not in field else field] = ""

    opened = root.get(list_of(model), follow=True)
    searched = root.get(list_of(model), {"q": "customer 1"}, follow=True)
    filtered = root.get(list_of(model), filters, follow=True)

    assert [answer.status_code for answer in (opened, searched, filtered)] == [200, 200, 200]


NEVER_EMPTY = (PeriodicTask, SystemSettings, User)
"""There is always one: what is scheduled, the settings, and whoever looks."""
OTHERWISE = (SeenKey, SettingsVersion, IntervalSchedule, CrontabSchedule)
"""Has a page of its own instead of a list; or is chosen on a form and on no menu."""


@pytest.mark.parametrize(
    "model",
    [model for model in REGISTERED if model not in (*NEVER_EMPTY, *OTHERWISE)],
    ids=lambda model: model._meta.label,
)
def test_every_empty_list_says_what_it_is_for_and_leads_on(root: Client, model: type[Model]):
    model._default_manager.all().delete()

    page = root.get(list_of(model)).content.decode()

    assert "Nothing here yet" in page
    assert str(admin.site._registry[model].list_is_for) in html.unescape(page)
    assert page.partition('class="empty-list ')[2].partition("</div>")[0].count("<a ") == 1


def test_a_list_in_which_nothing_matches_offers_all_of_it(root: Client):
    ChannelFactory(name="Customer chat")

    page = root.get(list_of(Channel), {"q": "nowhere"}).content.decode()

    assert "Nothing matches" in page
    assert '<a class="text-link" href="?">Show all</a>' in page


@pytest.mark.parametrize("asked", [{"q": "Chat"}, {}])
def test_a_record_leads_back_to_the_list_as_it_was_searched(root: Client, asked: dict[str, str]):
    channel = ChannelFactory(name="Chat")
    back = urlencode({"_changelist_filters": urlencode(asked)}) if asked else ""

    page = root.get(list_of(Channel), asked).content.decode()

    link = f"{list_of(Channel)}{channel.pk}/change/"
    assert f'href="{link}?{back}"' in page if back else f'href="{link}"' in page


@pytest.mark.parametrize(
    "address",
    [
        "/admin/autocomplete/?app_label=channels_cfg&model_name=accessright&field_name=queue&term=%00",
        "/admin/conversations/seenkey/?q=%00",
        "/admin/extra-data/?q=%00",
        "/admin/extra-data/keys/?q=%00",
        "/admin/reporting/reportfile/?state__exact=%00",
        "/admin/why/?user=%00",
    ],
)
def test_a_question_that_holds_nul_is_a_bad_request(root: Client, address: str):
    assert root.get(address).status_code == 400


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_form_opens(root: Client, model: type[Model]):
    names = f"{model._meta.app_label}_{model._meta.model_name}"
    if model in MAKERS:
        MAKERS[model]()
    record = model._default_manager.first()

    added = root.get(reverse(f"admin:{names}_add"))
    opened = [
        root.get(reverse(f"admin:{names}_{page}", args=[record.pk]))
        for page in ("change", "history")
        if record is not None
    ]

    assert added.status_code in (200, 403)  # some records are made by no form
    assert all(answer.status_code == 200 for answer in opened)


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model._meta.label)
def test_a_list_costs_the_same_for_one_row_and_for_twenty(root: Client, model: type[Model]):
    MAKERS[model]()
    root.get(list_of(model))
    with CaptureQueriesContext(connection) as for_one:
        root.get(list_of(model))
    for _ in range(19):
        MAKERS[model]()

    with CaptureQueriesContext(connection) as for_twenty:
        root.get(list_of(model))

    assert len(for_twenty) == len(for_one)


def test_home_costs_the_same_for_one_queue_and_for_twenty(root: Client):
    MessagingServiceFactory()
    root.get(reverse("admin:index"))
    with CaptureQueriesContext(connection) as for_one:
        root.get(reverse("admin:index"))
    for _ in range(19):
        MessagingServiceFactory()

    with CaptureQueriesContext(connection) as for_twenty:
        root.get(reverse("admin:index"))

    assert len(for_twenty) == len(for_one)
