"""Export, plan, apply: what comes out goes in again and changes nothing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels_cfg.configuration_file import wording
from channels_cfg.configuration_file.sections import SECTIONS
from channels_cfg.configuration_file.writing import export
from channels_cfg.models import (
    AttachedKey,
    AttachedKeyAlias,
    Channel,
    DataAction,
    DataActionConnection,
    MessagingService,
    Queue,
    QueueAddress,
    QueueGroup,
    ReplyTemplate,
    ReplyTemplateFolder,
    SettingsVersion,
    SystemSettings,
    User,
    WebhookSecret,
)
from channels_cfg.rights.roles import ensure_default_roles
from tests.channels_cfg.configuration_file.conftest import applied, planned


def empty_the_installation() -> None:
    for model in (
        DataAction,
        DataActionConnection,
        ReplyTemplate,
        ReplyTemplateFolder,
        MessagingService,
        Queue,
        QueueGroup,
        Channel,
        AttachedKey,
        SystemSettings,
        User,
    ):
        model.objects.all().delete()  # type: ignore[attr-defined]
    Group.objects.all().delete()
    ensure_default_roles()


def test_an_exported_file_changes_nothing(centre: None):
    assert planned(export()).is_empty


def test_an_empty_installation_becomes_the_same(centre: None):
    before = export()
    empty_the_installation()
    assert export() != before

    applied(before)

    assert export() == before
    assert planned(before).is_empty


def test_any_reader_of_yaml_understands_the_file_alike(centre: None):
    read = yaml.safe_load(export())

    assert read["channels"][0]["statistics_keys"] == ["customerType", "no"]
    assert [queue["name"] for queue in read["queues"]] == ["0800", "Chat sales"]
    assert read["queues"][0]["description"] == "yes"
    assert read["queues"][1]["addresses"] == ["sales@chat.example.com"]
    assert {"user": "aino", "right": "serve", "queue": "Chat sales"} in read["access_rights"]


def test_secrets_and_passwords_are_not_in_the_file(centre: None):
    text = export()

    assert WebhookSecret.objects.get().secret not in text
    assert User.objects.get(username="aino").password not in text


def test_every_setting_of_the_models_is_in_the_file():
    """A field that a model gains has to be taken into the file, or left out on purpose."""
    for section in SECTIONS:
        fields = {field.name for field in section.model._meta.concrete_fields}
        assert fields - section.by_name.keys() == section.not_in_file, section.name


def test_the_commands_write_plan_and_apply(centre: None, tmp_path: Path):
    file = tmp_path / "configuration.yaml"
    call_command("export_configuration", output=file)
    file.write_text(file.read_text().replace("Phone", "Telephone"))
    version = SettingsVersion.current()

    said = io.StringIO()
    call_command("apply_configuration", file, plan=True, stdout=said)
    assert SettingsVersion.current() == version
    call_command("apply_configuration", file, why="Clearer name", stdout=io.StringIO())
    again = io.StringIO()
    call_command("apply_configuration", file, plan=True, stdout=again)

    assert "add channel “Telephone”" in said.getvalue()
    assert "remove channel “Phone”" in said.getvalue()
    assert Queue.objects.get(name="0800").channel.name == "Telephone"
    assert again.getvalue().startswith("Nothing to do: everything is set as the file says.")


# Configurations nobody thought of

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12).map(str.strip)  # as forms do
odd = ["no", "null", "~", "1e3", "0x1F", "- a", "a: b", "#x", "*x", "&x", "!x", "<<", "2026-01-01", "'", '"', "\\", "="]
names = st.lists(st.sampled_from(odd) | text.filter(bool), min_size=1, max_size=4, unique=True)
key_names = st.lists(st.from_regex(r"[A-Wa-w][A-Za-z0-9_.-]{0,8}", fullmatch=True), max_size=4, unique=True)


class MadeUpConfigurations(TestCase):
    @settings(max_examples=20, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(data=st.data())
    def test_whatever_is_configured_comes_back_the_same(self, data: Any) -> None:
        draw = data.draw
        with transaction.atomic():
            for name in draw(names):
                channel = Channel.objects.create(
                    name=name,
                    kind=draw(st.sampled_from(Channel.Kind.values)),
                    description=draw(text),
                    statistics_keys=draw(key_names),
                    false_attempt_seconds=draw(st.none() | st.integers(0, 2**31 - 1)),
                    live_data_until_handled=draw(st.booleans()),
                )
            for name in draw(names):
                queue = Queue.objects.create(name=name, channel=channel, description=draw(text))
                queue.groups.set([QueueGroup.objects.get_or_create(name=group)[0] for group in draw(names)])
            kind = queue.channel.kind
            shape = r"[+]35840[0-9]{7}" if kind == Channel.Kind.VOICE else r"[a-z]{1,8}@[a-z]{1,8}[.]example[.]com"
            for address in draw(st.lists(st.from_regex(shape, fullmatch=True), max_size=4, unique=True)):
                QueueAddress.objects.create(queue=queue, address=address)
            for name in draw(key_names):
                key = AttachedKey.objects.create(name=name, label=draw(text), sensitive=draw(st.booleans()))
                AttachedKeyAlias.objects.create(key=key, name=f"{name}-alias")
            before = export()
            assert wording.text(planned(before)) == "Nothing to do: everything is set as the file says."

            empty_the_installation()
            applied(before)

            assert export() == before
            transaction.set_rollback(True)


@pytest.mark.django_db
def test_an_installation_that_nobody_configured_comes_back_the_same():
    before = export()

    applied(before)

    assert export() == before
