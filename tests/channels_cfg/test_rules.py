"""A rule holds whichever way a setting comes in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.forms.formsets import BaseFormSet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from channels_cfg.configuration_file import waiting
from channels_cfg.configuration_file.sections import SECTIONS
from channels_cfg.configuration_file.tables import TABLES
from channels_cfg.history.change_set import NotApplied, apply
from channels_cfg.history.planned_changes import PLANNABLE, plan_change, plannable_fields
from channels_cfg.history.record_words import event_models
from channels_cfg.history.revert import undoing_of
from channels_cfg.models import (
    AttachedKey,
    Channel,
    IvrDefinition,
    MessagingService,
    OpeningHours,
    Queue,
    ReplyTemplate,
    SettingsVersion,
    SystemSettings,
    User,
)
from tests.channels_cfg.admin.forms import save_form
from tests.channels_cfg.configuration_file.conftest import OPENING, applied, planned
from tests.factories import (
    AttachedKeyFactory,
    ChannelFactory,
    ConversationFactory,
    IvrDefinitionFactory,
    MessagingServiceFactory,
    OpeningHoursFactory,
    QueueFactory,
    ReplyTemplateFactory,
    UserFactory,
)
from tests.factories.channels_cfg import LANGUAGE_MENU


@dataclass(frozen=True)
class Rule:
    """A value that a field of the record must not have, what is said of it, and another value that it may have."""

    model: type[models.Model]
    field: str
    bad: Any
    complaint: str
    good: Any = None
    constraint: str = ""
    """What the database says where the model is passed by; empty where it cannot know the rule."""
    not_offered: bool = False
    """Whether the form does not let anybody enter the value, so that it has nothing to say."""
    changes: Callable[[], dict[str, Any]] = dict
    """What is written beside the field."""

    def __str__(self) -> str:
        return f"{self.model.__name__}.{self.field}={self.bad}"


def channel_with_a_queue() -> Channel:
    return QueueFactory().channel


def queue_with_a_conversation() -> Queue:
    ChannelFactory(name="Another")
    return ConversationFactory(queue=QueueFactory()).queue


def service_of_a_chat() -> MessagingService:
    QueueFactory(name="Calls", channel=ChannelFactory(kind="voice"))
    return MessagingServiceFactory(key_id="sales")


def ivr_beside_a_chat() -> IvrDefinition:
    ChannelFactory(name="Chat")
    day = {"name": "Day", "kind": "assign", "variable": "day", "value": "workday", "next_step": "Language"}
    return IvrDefinitionFactory(variables=["Selected_language", "day"], steps=[day, *LANGUAGE_MENU])


RECORDS: dict[type[models.Model], Callable[..., Any]] = {
    Channel: channel_with_a_queue,
    Queue: queue_with_a_conversation,
    MessagingService: service_of_a_chat,
    IvrDefinition: ivr_beside_a_chat,
    SystemSettings: lambda: SystemSettings.objects.create(),
    OpeningHours: OpeningHoursFactory,
    AttachedKey: lambda: AttachedKeyFactory(kind="integer", minimum="5"),
    User: lambda: UserFactory(is_api_client=True),
    ReplyTemplate: lambda: ReplyTemplateFactory(kind="whatsapp"),
}

RULES = [
    Rule(Channel, "pick_up_seconds", 0, "At least 5 seconds", 60, constraint="an_offer_lasts_5_seconds_or_more"),
    Rule(
        Channel,
        "conversations_at_once",
        0,
        "greater than or equal to 1",
        3,
        constraint="an_agent_serves_1_conversation_or_more",
    ),
    Rule(
        Channel,
        "visitor_gone_minutes",
        0,
        "greater than or equal to 1",
        5,
        constraint="a_visitor_is_gone_after_1_minute_or_later",
    ),
    Rule(Channel, "allowed_origins", ["shop.example.com/chat"], "without a path", ["https://shop.example.com"]),
    Rule(Channel, "allowed_origins", ["http://shop.example.com"], "It begins with https://", ["http://localhost:8000"]),
    Rule(Channel, "pre_chat_keys", ["email"], "has a setting of its own", ["topic"]),
    Rule(Queue, "size", 0, "At least 1", 5, constraint="a_queue_has_room_for_1_or_more"),
    Rule(
        SystemSettings,
        "away_after_seconds",
        5,
        "At least 30 seconds",
        60,
        constraint="nobody_is_away_before_30_seconds",
    ),
    Rule(OpeningHours, "weekly", ["Mon 9-5"], "Item 1, “Mon 9-5”, cannot be read", ["Mon 09:00-17:00"]),
    Rule(OpeningHours, "exceptions", ["24.12. closed"], "cannot be read", ["2026-12-24 closed"]),
    Rule(
        Channel,
        "kind",
        "email",
        "The kind is fixed",
        constraint="a_channel_with_queues_keeps_its_kind",
        not_offered=True,
    ),
    Rule(
        Channel,
        "connection_keys",
        ["contract"],
        "says nothing on chat channels",
        not_offered=True,
    ),
    Rule(Channel, "statistics_keys", ["2nd"], "A key starts with a letter", ["tier"]),
    Rule(Channel, "precedence", ["agent"], "Name each source once", ["agent", "customer", "api", "integration"]),
    Rule(Queue, "connection_keys", ["contract"], "says nothing on chat channels", not_offered=True),
    Rule(Queue, "channel", "Another", "The channel is fixed", not_offered=True),
    Rule(
        SystemSettings,
        "largest_file_megabytes",
        101,
        "No channel takes more than 100 MB",
        20,
        constraint="the_largest_file_has_1_to_100_megabytes",
    ),
    Rule(
        SystemSettings,
        "smallest_group",
        1001,
        "At most 1000 conversations",
        5,
        constraint="the_smallest_group_has_at_most_1000_conversations",
    ),
    Rule(
        SystemSettings,
        "session_metadata_minutes",
        1441,
        "At most a day: 1440 minutes",
        0,
        constraint="session_metadata_is_delivered_within_a_day",
    ),
    Rule(
        SystemSettings,
        "public_attachment_hours",
        9000,
        "At most a year: 8760 hours",
        24,
        constraint="public_attachments_last_1_hour_to_a_year",
    ),
    Rule(
        SystemSettings,
        "value_characters",
        0,
        "greater than or equal to 1",
        10,
        constraint="limits_of_attached_data_are_at_least_1",
    ),
    Rule(
        SystemSettings,
        "public_base_url",
        "http://chat.example.com",
        "begins with https://",
        "https://chat.example.com",
        constraint="files_are_fetched_over_https",
    ),
    Rule(SystemSettings, "attachment_location", "/no/such/folder", "There is no such folder", "/"),
    Rule(SystemSettings, "allowed_file_types", ["pdf", "p/f"], "Item 2, “p/f”, is no file ending", ["pdf"]),
    Rule(
        User,
        "is_staff",
        True,
        "An API client cannot use the pages",
        constraint="an_api_client_opens_no_configurator",
    ),
    Rule(User, "time_zone", "Mars/Base", "is not a time zone", "Europe/Helsinki"),
    Rule(MessagingService, "app_id", "01EB37HMH1M6SV18ASNS3G135", "this one has 25", "01EB37HMH1M6SV18ASNS3G136H"),
    Rule(
        MessagingService,
        "project_id",
        "sales project",
        "in groups of 8, 4, 4, 4 and 12",
        "5f3a7c1e-0d2b-4c55-9a52-0e6d1b7c9a10",
    ),
    Rule(MessagingService, "queue", "Calls", "is of a voice channel", not_offered=True),
    Rule(
        MessagingService,
        "key_id",
        "",
        "A secret belongs to a key",
        constraint="a_secret_belongs_to_an_access_key",
        changes=lambda: {"key_secret": "open sesame"},
    ),
    Rule(IvrDefinition, "variables", ["2nd"], "A key starts with a letter", ["day", "Selected_language"]),
    Rule(IvrDefinition, "channel", "Chat", "Choose a voice channel", not_offered=True),
    Rule(ReplyTemplate, "language_code", "en-US", "with an underscore: fi or en_US", "fi"),
    Rule(ReplyTemplate, "template_id", "Delivery update", "small letters, digits and underscores", "delivery_2"),
    Rule(
        ReplyTemplate,
        "template_id",
        "",
        "A WhatsApp template needs it",
        "delivery_2",
        constraint="a_whatsapp_template_has_a_name_and_a_language_there",
    ),
    Rule(ReplyTemplate, "text", "Good day {{first name}}", "Character 10, “{{”: a placeholder is written", "Good day"),
    Rule(AttachedKey, "minimum", "few", "It should be a whole number", "7"),
    Rule(AttachedKey, "longest", 5, "It says nothing about a value of the type integer", not_offered=True),
]


@pytest.fixture
def ada(db: None) -> User:
    return UserFactory(username="ada", is_staff=True, is_superuser=True)


def stored(record: models.Model) -> dict[str, Any]:
    return QuerySet(type(record)).filter(pk=record.pk).values().get()


def foreign_key(rule: Rule, value: Any) -> Any:
    """The record that a name means, where the field points to others."""
    target = rule.model._meta.get_field(rule.field).related_model
    return target._default_manager.get(name=value) if target and isinstance(value, str) else value  # type: ignore[union-attr]


def by_form(rule: Rule, record: Any, ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    page = reverse(f"admin:channels_cfg_{rule.model._meta.model_name}_change", args=[record.pk])
    value = foreign_key(rule, rule.bad)
    typed = ", ".join(value) if isinstance(value, list) else value.pk if isinstance(value, models.Model) else value
    answer = save_form(browser, page, **{rule.field: typed}, **rule.changes())
    if rule.not_offered:
        return
    refused = answer.context["adminform"].form.errors
    assert rule.complaint in " ".join(refused[rule.field])


def by_file(rule: Rule, record: Any, ada: User) -> None:
    section = next(section for section in SECTIONS if section.model is rule.model)
    beside = {
        name: {"secret": "env:SECRET"} if name == "key_secret" else value for name, value in rule.changes().items()
    }
    if rule.model is User:
        beside["is_api_client"] = True
    entries = {name: getattr(record, name) for name in section.identity} | {rule.field: rule.bad} | beside
    text = f"{OPENING}{section.name}: {json.dumps(entries if section.is_single else [entries])}\n"
    environment = {"SECRET": "open sesame"}

    problems = planned(text, environment=environment).problems
    with pytest.raises(NotApplied):
        applied(text, environment=environment)

    assert any(rule.field in problem.path and rule.complaint in problem.text for problem in problems), problems


def by_table(rule: Rule, record: Any, ada: User) -> None:
    section = TABLES[next(section.name for section in SECTIONS if section.model is rule.model)]
    name = section.identity[0]
    cell = rule.bad[0] if isinstance(rule.bad, list) else "yes" if rule.bad is True else rule.bad
    table = f"{name},{rule.field}\n{getattr(record, name)},{cell}\n".encode()
    upload = waiting.take_in(table, kind=section.name, name="t.csv", user=ada, environment={}, now=timezone.now())
    (refused,) = upload.records.filter(outcome="refused")
    with pytest.raises(NotApplied):
        apply(lambda: waiting.plan_again(upload, environment={}), agreed_to=upload.fingerprint, by=ada)

    (line,) = refused.lines
    assert (line["place"], rule.complaint in line["problem"]) == (section.by_name[rule.field].label, True)


def by_planned_change(rule: Rule, record: Any, ada: User) -> None:
    now = timezone.now()
    with pytest.raises(ValidationError) as refused:
        plan_change(record, {rule.field: rule.bad}, at=now + timedelta(hours=1), by=ada, now=now)

    assert rule.complaint in " ".join(refused.value.message_dict[rule.field])


def by_revert(rule: Rule, record: Any, ada: User) -> None:
    """The history says that the field held the value once, from before the rule."""
    attname = rule.model._meta.get_field(rule.field).attname  # type: ignore[union-attr]
    bad = foreign_key(rule, rule.bad)
    events: QuerySet[Any] = QuerySet(event_models()[rule.model]).filter(pgh_obj_id=record.pk)
    good = getattr(record, rule.field) if rule.good is None else rule.good
    QuerySet(rule.model).filter(pk=record.pk).update(**{rule.field: good}, **rule.changes())
    if rule.good is None:  # no other value is possible, so something else was changed along
        events.create(**{name: value for name, value in events.values().last().items() if name != "pgh_id"})
    later = SettingsVersion.objects.create(transaction=0, made_at=timezone.now())
    changed = events.order_by("pgh_id").last()
    events.filter(pk=changed.pk).update(pgh_version=later, pgh_label="update")
    events.exclude(pk=changed.pk).update(**{attname: bad.pk if isinstance(bad, models.Model) else bad})
    before = stored(record)

    with pytest.raises(NotApplied) as refused:
        apply(lambda: undoing_of([later.pk]), by=ada, reverts=[later.pk])

    assert stored(record) == before
    label = capfirst(str(rule.model._meta.get_field(rule.field).verbose_name))  # type: ignore[union-attr]
    told = refused.value.reason
    assert f"{label}: " in told and rule.complaint in told


def by_the_orm_alone(rule: Rule, record: Any, ada: User) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        QuerySet(rule.model).filter(pk=record.pk).update(**{rule.field: rule.bad}, **rule.changes())

    assert refused.value.__cause__.diag.constraint_name == rule.constraint  # type: ignore[union-attr]


WAYS: dict[Callable[[Rule, Any, User], None], Callable[[Rule], bool]] = {
    by_form: lambda rule: True,
    by_file: lambda rule: True,
    by_table: lambda rule: rule.model in {section.model for section in TABLES.values()},
    by_planned_change: lambda rule: rule.model in PLANNABLE.values() and rule.field in plannable_fields(rule.model),
    by_revert: lambda rule: True,
    by_the_orm_alone: lambda rule: bool(rule.constraint),
}


@pytest.mark.parametrize(
    ("rule", "way"),
    [(rule, way) for rule in RULES for way, is_open in WAYS.items() if is_open(rule)],
    ids=lambda case: case.__name__ if callable(case) else str(case),
)
def test_what_breaks_a_rule_is_refused_with_its_field_named_and_changes_nothing(
    ada: User, rule: Rule, way: Callable[[Rule, Any, User], None]
):
    record = RECORDS[rule.model]()
    before = stored(record)

    way(rule, record, ada)

    assert way is by_revert or stored(record) == before


RULES_OF_FORMS = {
    "AttachedKeyForm.clean": "empties the constraints that the form does not show",
    "AliasFormSet.clean": "compares rows with each other and with a key that is not saved yet",
    "ChannelForm.clean": "empties what the page of another kind of channel does not show",
    "DeliveryRebuildForm.clean": "names the destination and the moment, which no field of the form shows",
    "ExtraDataForm.clean": "empties the lists that the form does not show, and names keys as the catalogue does",
    "StepForm.clean": "empties the fields that say nothing about the kind, which the page does not show",
    "StepFormSet.clean": "hands the rows to the model, which knows the faults, and shows each at its row",
    "MailBoxForm.clean_password": "keeps what is stored where nothing is typed, and shows it to no other server",
    "MetadataDestinationForm.clean": "empties what the page of another kind of destination does not show",
    "MetadataDestinationForm.clean_secret": "keeps what is stored where nothing is typed; the model says for whom",
    "MessagingServiceForm.clean_key_secret": "keeps what is stored where nothing is typed",
    "StoredSecretForm.clean_secret": "keeps what is stored where nothing is typed",
    "WebhookSecretForm.clean_secret": "keeps what is stored where nothing is typed",
    "AuthenticationForm.clean_secret": "keeps what is stored where nothing is typed",
    "NewUserForm.clean": "an API client is given no password",
    "NewClientForm.clean": "rights and queues are two questions of one page, and no fields of the client",
    "PlannableForm.clean": "asks the planned change, which asks the model",
    "RightsFormSet.clean": "compares rows with each other, and asks the model",
    "TakesEffectAtOnce.clean": "rows cannot wait for the time that the page asks for",
}
"""What forms may check by themselves, and why that is no rule of a record."""


def test_no_form_has_a_rule_that_files_and_other_ways_pass_by():
    """A rule about a record belongs to its model; see ``channels_cfg.models.rules``."""
    own = ("channels_cfg.", "conversations.", "reporting.", "config.")
    found = {
        f"{kind.__name__}.{name}"
        for form in [*_below(forms.ModelForm), *_below(BaseFormSet)]
        for kind in form.__mro__
        if kind.__module__.startswith(own)
        for name in vars(kind)
        if name == "clean" or name.startswith("clean_")
    }

    assert found - RULES_OF_FORMS.keys() == set()


def _below(kind: type) -> list[type]:
    return [found for child in kind.__subclasses__() for found in [child, *_below(child)]]
