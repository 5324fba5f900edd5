"""The menu of the System Configurator."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.html import strip_tags

from config.portal.menu import names_of_pages
from tests.small_centre import centre as centre
from tests.small_centre import root as root

pytestmark = pytest.mark.django_db


def heading(page: str) -> str:
    """The last part of where the page stands."""
    [title] = re.findall(r"(?s)<h1[^>]*>(.*?)</h1>", page)
    return strip_tags(title.split("chevron_right</span>")[-1]).strip().split("\n")[0]


def test_every_page_is_headed_as_the_menu_calls_it(client: Client, centre, root):
    client.force_login(root)
    headings = {address: heading(client.get(address, follow=True).content.decode()) for address in names_of_pages()}

    assert headings == names_of_pages()


def test_a_record_stands_below_its_list_as_the_menu_calls_it(client: Client, root):
    client.force_login(root)

    page = client.get("/admin/channels_cfg/dataactionconnection/add/").content.decode()

    assert "Connections of data actions" in re.findall(r"(?s)<h1[^>]*>(.*?)</h1>", page)[0]
