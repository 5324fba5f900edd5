"""Every page of the System Configurator holds to WCAG 2.2 AA, as far as a program can tell."""

from __future__ import annotations

import pytest
from django.urls import reverse

from channels_cfg.models import User
from tests.pages.conftest import OpenAs
from tests.pages.looks import RULES_ABOUT_LIGHT, switch_light, violations
from tests.small_centre import addresses, different

pytestmark = pytest.mark.django_db(transaction=True)


PARTS = 3


def different_pages(root: User) -> list[str]:
    """A form to add a record looks like the one to change it, where there is one."""
    pages = different(addresses(root), "history", "delete")
    changed = {page.rpartition("/change/")[0].rpartition("/")[0] for page in pages if page.endswith("/change/")}
    return [page for page in pages if page.removesuffix("/add/") not in changed]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_accessible_in_either_light(open_as: OpenAs, root: User, centre: None, part: int):
    # So high that the buttons at the bottom lie over nothing; a person scrolls.
    page = open_as(root, reverse("admin:index"), height=6000)
    complaints = violations(page) if part == 0 else []  # with the frame that all pages have

    for address in different_pages(root)[part::PARTS]:
        page.goto(address)
        complaints += violations(page, "#content")
        switch_light(page, "dark")
        complaints += violations(page, "#content", rules=RULES_ABOUT_LIGHT)
        switch_light(page, "light")

    assert complaints == []
