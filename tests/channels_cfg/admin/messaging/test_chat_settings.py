"""Settings of files in chats are checked while they can still be mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from channels_cfg.models import SystemSettings
from tests.channels_cfg.admin.forms import save_form

PAGE = "/admin/channels_cfg/systemsettings/1/change/"


def test_endings_are_taken_in_any_case_and_form(browser: Client):
    save_form(browser, PAGE, allowed_file_types=".PDF; jpg,JPG  mp4")

    assert SystemSettings.load().allowed_file_types == ["pdf", "jpg", "mp4"]


def test_a_folder_is_taken_that_can_be_written_to(browser: Client, tmp_path: Path):
    save_form(browser, PAGE, attachment_location=str(tmp_path), public_base_url="https://chat.example.com/files/")

    saved = SystemSettings.load()
    assert saved.attachment_location == str(tmp_path)
    assert saved.public_base_url == "https://chat.example.com/files"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"allowed_file_types": "pdf, p/f"}, "Item 2, “p/f”, is no file ending"),
        ({"attachment_location": "files"}, "Enter the whole path"),
        ({"attachment_location": "/no/such/folder"}, "There is no such folder"),
        ({"public_base_url": "http://chat.example.com"}, "begins with https://"),
        ({"public_base_url": "https://chat.example.com/?a=1"}, "without a question mark"),
        ({"largest_file_megabytes": 101}, "No channel takes more than 100 MB."),
        ({"public_attachment_hours": 0}, "greater than or equal to 1"),
        ({"public_attachment_hours": 9000}, "At most a year"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_and_kept_in_the_form(browser: Client, changes: dict[str, object], complaint: str):
    page = save_form(browser, PAGE, **changes)

    text = page.content.decode()
    assert complaint in text
    assert all(f'value="{value}"' in text for value in changes.values())
    assert SystemSettings.load().largest_file_megabytes == 10


def test_it_is_said_that_they_take_effect_later(browser: Client):
    text = browser.get(reverse("admin:channels_cfg_systemsettings_change", args=[1])).content.decode()

    assert "Sending files is not built yet" in text
