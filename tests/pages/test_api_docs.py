"""The description of the API, in a browser."""

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import OpenAs


@pytest.mark.django_db(transaction=True)
def test_the_description_of_the_api_opens(open_as: OpenAs):
    page = open_as(None, "/api/docs/")

    expect(page.get_by_text("Attached data of a contact centre.")).to_be_visible(timeout=60_000)
