"""Reply templates: who may use them, and what the customer reads."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from channels_cfg.messaging.templates import filled, usable_by
from channels_cfg.models import AccessRight, ReplyTemplate, Right
from channels_cfg.models.reply_template import LONGEST_TEXT, check_placeholders
from tests.factories import (
    GroupFactory,
    QueueFactory,
    ReplyTemplateFactory,
    ReplyTemplateFolderFactory,
    UserFactory,
)


@pytest.mark.parametrize(
    ("text", "parameters", "read"),
    [
        ("Good day {{name}}, {{name}}!", {"name": "Ada"}, "Good day Ada, Ada!"),
        ("{{ body[1]text }} and {{header[1]image.link}}", {"body[1]text": "{{x}}", "header[1]image.link": "u"},
         "{{x}} and u"),
        ("As it is: {x} }{", {}, "As it is: {x} }{"),
    ],
)  # fmt: skip
def test_a_template_is_read_with_its_parameters(text: str, parameters: dict[str, str], read: str):
    assert filled(ReplyTemplate(text=text), parameters) == read


@pytest.mark.parametrize(
    ("parameters", "about", "complaint"),
    [
        ({"name": "Ada"}, "order", "“order” is missing. Fill it in."),
        ({"name": "Ada", "order": "  "}, "order", "“order” is missing. Fill it in."),
        ({"name": "Ada", "order": 7}, "order", "“order” is filled in with a text."),
        ({"name": "Ada", "order": "7", "day": "1"}, "day", "no “day”. Its parameters: “name” and “order”."),
        ({"name": "x" * LONGEST_TEXT, "order": "7"}, "text", "at most 4,096 can be sent."),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused_by_its_name(parameters: Any, about: str, complaint: str):
    template = ReplyTemplate(text="Good day {{name}}, your order {{order}} comes.")

    with pytest.raises(ValidationError) as refused:
        filled(template, parameters)

    [(field, [message])] = refused.value.message_dict.items()
    assert field == about and complaint in message


@pytest.mark.parametrize("text", ["{{", "{{a b}}", "{{}}", "a}} b", "{{ä}}", "{{x" + "y" * 60 + "}}"])
def test_braces_that_are_no_placeholder_are_refused(text: str):
    with pytest.raises(ValidationError):
        check_placeholders(text)


@pytest.mark.django_db
def test_templates_are_used_by_who_holds_the_right_on_their_folder():
    theirs, other = ReplyTemplateFactory.create_batch(2)
    group = GroupFactory()
    direct, member, stranger = UserFactory(), UserFactory(), UserFactory()
    member.groups.add(group)
    for holder in ({"user": direct}, {"group": group}):
        AccessRight.objects.create(right=Right.USE_TEMPLATES, reply_template_folder=theirs.folder, **holder)

    assert [list(usable_by(user)) for user in (direct, member, stranger)] == [[theirs], [theirs], []]
    assert other.folder != theirs.folder


@pytest.mark.django_db
@pytest.mark.parametrize(("right", "in_folder"), [(Right.SERVE, True), (Right.USE_TEMPLATES, False)])
def test_a_right_is_held_only_where_it_means_something(right: Right, in_folder: bool):
    place = {"reply_template_folder": ReplyTemplateFolderFactory()} if in_folder else {"queue": QueueFactory()}
    wrong = AccessRight(user=UserFactory(), right=right, **place)

    with pytest.raises(ValidationError, match="is held on a reply-template folder, every other right elsewhere"):
        wrong.full_clean()
    with pytest.raises(IntegrityError, match="templates_are_used_by_folder"), transaction.atomic():
        wrong.save()
