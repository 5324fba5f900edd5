"""Every page of the System Configurator holds to WCAG 2.2 AA, as far as a program can tell."""

from __future__ import annotations

import pytest
from django.urls import reverse

from channels_cfg.models import User
from tests.pages.conftest import OpenAs
from tests.pages.looks import RULES_ABOUT_LIGHT, switch_light, violations
from tests.small_centre import addresses

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.timeout(600)
def test_every_page_is_accessible_in_either_light(open_as: OpenAs, root: User, centre: None):
    # So high that the buttons at the bottom lie over nothing; a person scrolls.
    page = open_as(root, reverse("admin:index"), height=4000)

    complaints: list[str] = []
    for address in dict.fromkeys(addresses(root)):
        page.goto(address)
        complaints += violations(page)
        switch_light(page, "dark")
        complaints += violations(page, rules=RULES_ABOUT_LIGHT)
        switch_light(page, "light")

    assert complaints == []
