"""A small centre with something on every page, and the addresses of its configurator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import AttachedKey, Right, User
from channels_cfg.rights.roles import ensure_default_roles
from config.portal.menu import menu
from config.schedule import ensure_schedule
from conversations import consents
from conversations.models import SeenKey
from tests.factories import (
    ApiKeyFactory,
    IvrDefinitionFactory,
    MessagingServiceFactory,
    QueueFactory,
    QueueGroupFactory,
    UserFactory,
    WebhookSecretFactory,
    ended_conversation,
    grant,
)


@pytest.fixture
def root() -> User:
    ensure_default_roles()
    ensure_schedule()
    return UserFactory(username="root", first_name="Ada", last_name="Lindgren", is_staff=True, is_superuser=True)


@pytest.fixture
def centre(root: User) -> None:
    """A small centre with something on every page."""
    queue = QueueFactory(name="Chat sales", channel__statistics_keys=["customerType"])
    queue.groups.add(QueueGroupFactory())
    service = MessagingServiceFactory(queue=queue)
    WebhookSecretFactory(service=service)
    ApiKeyFactory()
    IvrDefinitionFactory(name="Service number", addresses=["+358401112222"])
    grant(root, Right.SERVE, Right.VIEW_HISTORY, Right.VIEW_CONSENTS, on=queue)
    consents.record(service, channel="WHATSAPP", address="358401234567", given=True, at=timezone.now())
    root.groups.add(Group.objects.first())
    AttachedKey.objects.create(name="customerType", label="Customer type", sensitive=True)
    ended_conversation(queue, data={"customerType": "gold", "unknown": "1"})


def addresses(root: User) -> Iterator[str]:
    """The menu's links, and of every kind of record the forms to add, change and delete it, and its history."""
    request = RequestFactory().get("/admin/")
    request.user = root
    for section in menu(request):
        yield from (item["link"] for item in section["items"])
    for model, model_admin in admin.site._registry.items():
        names = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if model_admin.has_add_permission(request):
            yield reverse(f"{names}_add")
        record = model._default_manager.first()
        if model is SeenKey:  # listed, but without a page for each
            continue
        if record is None or not model_admin.has_view_permission(request, record):
            continue
        yield reverse(f"{names}_change", args=[record.pk])
        yield reverse(f"{names}_history", args=[record.pk])
        if model_admin.has_delete_permission(request, record):
            yield reverse(f"{names}_delete", args=[record.pk])


def different(pages: Iterable[str], *alike: str) -> list[str]:
    """The pages, each once; of those that one template makes of every kind of record, such as ``history``, only two."""
    each = list(dict.fromkeys(pages))
    by_last_part = {part: [page for page in each if page.endswith(f"/{part}/")] for part in alike}
    return [page for page in each if not any(page in same[2:] for same in by_last_part.values())]
