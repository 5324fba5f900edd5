"""Reply templates, their folders and who may use them, in the System Configurator."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_cfg.models import AccessRight, ReplyTemplate, Right
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.factories import GroupFactory, QueueFactory, ReplyTemplateFactory, ReplyTemplateFolderFactory, UserFactory

MATRIX = "/admin/channels_cfg/accessright/matrix/"
ADD = "/admin/channels_cfg/replytemplate/add/"


def folder_page(folder: Any) -> str:
    return f"/admin/channels_cfg/replytemplatefolder/{folder.pk}/change/"


def test_the_text_is_shown_while_it_is_typed(browser: Client):
    def shown(text: str) -> str:
        return browser.post(reverse("admin:reply_template_preview"), {"text": text}).content.decode()

    assert "Good day <mark>body[1]text</mark>!\n&lt;b&gt;" in shown("Good day {{ body[1]text }}!\r\n<b>")
    assert "a placeholder is written {{name}}" in shown("Good day {{first name}}")
    outsider = Client()
    outsider.force_login(UserFactory(is_staff=True))
    assert outsider.post(reverse("admin:reply_template_preview"), {"text": "x"}).status_code == 403


def test_a_template_is_made_and_changed_as_settings_are(browser: Client):
    facts = {"name": "Delivery", "folder": ReplyTemplateFolderFactory().pk, "kind": "whatsapp", "text": "Hi {{name}}"}

    refused = save_form(browser, ADD, **facts)
    save_form(browser, ADD, **facts, template_id="delivery_update", language_code="en_US")

    assert list(refused.context["adminform"].form.errors) == ["template_id", "language_code"]
    assert ReplyTemplate.objects.get().parameters == ["name"]


def test_the_page_of_a_folder_says_who_may_use_it_and_offers_no_other_right(browser: Client):
    folder, team = ReplyTemplateFolderFactory(), GroupFactory(name="Day shift")
    anna = UserFactory(first_name="Anna", last_name="Ek")
    anna.groups.add(team)
    row = {"access_rights-0-group": team.pk, "access_rights-0-right": "use_templates"}

    opened = browser.get(folder_page(folder)).content.decode()
    save_form(browser, folder_page(folder), **row | {"access_rights-TOTAL_FORMS": 1})
    shown = browser.get(folder_page(folder))

    offered = re.search(r'name="access_rights-__prefix__-right".*?</select>', opened, re.S)
    assert offered and re.findall(r'value="(\w+)"', offered[0]) == ["use_templates"]
    [held] = shown.context["effective"].rows
    assert held.name == "Anna Ek" and held.ways[0][0][0] == "through group Day shift"


def test_a_queue_offers_no_right_that_means_nothing_there(browser: Client):
    page = browser.get(f"/admin/channels_cfg/queue/{QueueFactory().pk}/change/").content.decode()

    offered = re.search(r'name="access_rights-__prefix__-right".*?</select>', page, re.S)
    assert offered and "view_consents" in offered[0] and "use_templates" not in offered[0]


@pytest.mark.parametrize("by", ["holder", "place"])
def test_the_matrix_ticks_folders_beside_queues(browser: Client, by: str):
    folder, queue, anna = ReplyTemplateFolderFactory(), QueueFactory(), UserFactory()
    code = f"u{anna.pk}-t{folder.pk}-use_templates"
    asked = {"by": by, "rows": "t", "column": [f"u{anna.pk}"]}
    if by == "place":
        asked |= {"rows": "u", "column": [f"t{folder.pk}", f"q{queue.pk}"]}

    page = browser.get(MATRIX, asked)
    preview = browser.post(MATRIX, {"before": "", "cell": code})
    wrong = browser.post(MATRIX, {"before": "", "cell": code.replace("use_templates", "serve")})

    assert [len(column.rights) for column in page.context["columns"]] == ([1] if by == "holder" else [1, 5])
    assert code in {box.code for row in page.context["rows"] for box in row.boxes}
    assert "Use templates on templates in" in preview.content.decode()
    assert "is no access right" in wrong.content.decode()


def test_a_role_is_copied_with_its_folders(browser: Client):
    template, team = ReplyTemplateFactory(), GroupFactory(name="Day shift")
    AccessRight.objects.create(group=team, right=Right.USE_TEMPLATES, reply_template_folder=template.folder)
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = reverse("admin:auth_group_copy_role", args=[team.pk])

    browser.post(page, {"name": "Night shift"})

    assert AccessRight.objects.get(group__name="Night shift").reply_template_folder == template.folder


def test_a_folder_with_templates_stays(browser: Client):
    folder = ReplyTemplateFactory().folder
    assert open_form(browser, folder_page(folder))["name"] == folder.name

    page = browser.get(f"/admin/channels_cfg/replytemplatefolder/{folder.pk}/delete/").content.decode()

    assert "Move its templates to another folder first" in page
