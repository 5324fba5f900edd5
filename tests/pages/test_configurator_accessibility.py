"""Every page of the System Configurator holds to WCAG 2.2 AA, as far as a program can tell."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from channels_cfg.models import User
from tests.pages.conftest import OpenAs
from tests.small_centre import addresses

pytestmark = pytest.mark.django_db(transaction=True)

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

UPSTREAM: dict[str, tuple[str, ...]] = {}
"""What cannot be mended here, by rule: parts of the selectors it is about."""


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
    # So high that the buttons at the bottom lie over nothing; a person scrolls.
    page = open_as(root, reverse("admin:index"), color_scheme=color_scheme, height=4000)

    complaints: list[str] = []
    for address in dict.fromkeys(addresses(root)):
        page.goto(address)
        complaints += violations(page)

    assert complaints == []
