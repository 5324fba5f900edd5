"""Whichever way a key stops being kept, the saved reports that lose a column are named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_cfg.models import Channel, SettingsVersion
from channels_cfg.rights.roles import ensure_default_roles
from reporting.models import SavedReport
from tests.channels_cfg.admin.forms import save_form
from tests.factories import ChannelFactory, UserFactory

LOST = "1 saved report loses a column: Gold (Anna Ek)."


@pytest.mark.django_db(transaction=True)
def test_saving_planning_undoing_and_a_file_name_the_reports_that_lose_a_column():
    ensure_default_roles()
    anna = UserFactory(first_name="Anna", last_name="Ek", is_staff=True, is_superuser=True)
    SavedReport.objects.create(name="Gold", owner=anna, query={}, keys=["tier"], saved_at=timezone.now())
    channel = ChannelFactory(name="Web", kind="chat", statistics_keys=[])
    Channel.objects.update(statistics_keys=["tier"])
    listed = SettingsVersion.current()
    browser = Client()
    browser.force_login(anna)
    form = reverse("admin:channels_cfg_channel_change", args=[channel.pk])
    later = f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    file = b"keepsake_configuration: 1\nchannels: [{name: Web, statistics_keys: [other]}]\n"

    undo = browser.get(reverse("admin:undo_version", args=[listed]))
    planned = save_form(browser, form, statistics_keys="other", takes_effect_at=later)
    sent = {"file": SimpleUploadedFile("settings.yaml", file)}
    uploaded = browser.post(reverse("admin:configuration_file"), sent, follow=True)
    still_kept = Channel.objects.get().statistics_keys
    saved = save_form(browser, form, statistics_keys="other")

    for page in (undo, planned, uploaded, saved):
        assert LOST in page.content.decode(), page.request["PATH_INFO"]
    assert still_kept == ["tier"]
