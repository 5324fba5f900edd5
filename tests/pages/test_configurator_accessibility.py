"""Every page of the System Configurator holds to WCAG 2.2 AA, as far as a program can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import Page

from channels_cfg.default_roles import ensure_default_roles
from channels_cfg.models import AttachedKey, Right, User
from config.configurator_menu import menu
from config.schedule import ensure_schedule
from tests.factories import (
    ApiKeyFactory,
    MessagingServiceFactory,
    QueueFactory,
    QueueGroupFactory,
    UserFactory,
    WebhookSecretFactory,
    ended_conversation,
    grant,
)
from tests.pages.conftest import OpenAs

pytestmark = pytest.mark.django_db(transaction=True)

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

UPSTREAM: dict[str, tuple[str, ...]] = {}
"""What cannot be mended here, by rule: parts of the selectors it is about."""


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
    grant(root, Right.SERVE, Right.VIEW_HISTORY, on=queue)
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
        if record is None or not model_admin.has_view_permission(request, record):
            continue
        yield reverse(f"{names}_change", args=[record.pk])
        yield reverse(f"{names}_history", args=[record.pk])
        if model_admin.has_delete_permission(request, record):
            yield reverse(f"{names}_delete", args=[record.pk])


def violations(page: Page) -> list[str]:
    """Each as a line that says where, which rule, and what."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{page.url.partition('/admin/')[2] or '/'} {rule['id']}: {' '.join(map(str, node['target']))} {why(node)}"
        for rule in found
        for node in rule["nodes"]
        if not any(part in str(node["target"]) for part in UPSTREAM.get(rule["id"], ()))
    ]


def why(node: dict[str, Any]) -> str:
    return str(node["failureSummary"]).partition("\n")[2].strip()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_every_page_is_accessible(open_as: OpenAs, root: User, centre: None, color_scheme: str):
    page = open_as(root, reverse("admin:index"), color_scheme=color_scheme)

    complaints: list[str] = []
    for address in dict.fromkeys(addresses(root)):
        page.goto(address)
        complaints += violations(page)

    assert complaints == []
