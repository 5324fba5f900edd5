"""Reply templates on their way to a customer: which of them somebody may use, and the text with its parameters.

A WhatsApp template is sent by its name and language with ``parameters {string: string}`` (Conversation API,
``template_message``); what ``filled`` has accepted are such.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from channels_cfg.models import ReplyTemplate, User
from channels_cfg.models.reply_template import LONGEST_TEXT, PLACEHOLDER


def usable_by(user: User) -> QuerySet[ReplyTemplate]:
    """The templates in folders on which the user holds the right “Use templates”, by folder and name."""
    return ReplyTemplate.objects.usable_by(user)


def filled(template: ReplyTemplate, parameters: Mapping[str, str]) -> str:
    """The text as the customer reads it.

    Raises ``ValidationError`` by the name of the parameter that is missing, empty, unknown or no text, and by ``text``
    where it becomes too long.
    """
    complaints = dict(_complaints(template, parameters))
    if complaints:
        raise ValidationError(complaints)
    text = PLACEHOLDER.sub(lambda found: parameters[found[1]], template.text)
    if len(text) > LONGEST_TEXT:
        about = {"most": f"{LONGEST_TEXT:,}", "count": f"{len(text):,}"}
        raise ValidationError(
            {"text": _("Filled in it has %(count)s characters; at most %(most)s can be sent.") % about}
        )
    return text


def _complaints(template: ReplyTemplate, parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    wanted = template.parameters
    complaints = []
    for name in wanted:
        value = parameters.get(name)
        if value is not None and not isinstance(value, str):
            complaints.append((name, _("“%(name)s” is filled in with a text.")))
        elif not (value or "").strip():
            complaints.append((name, _("“%(name)s” is missing. Fill it in.")))
    for name in parameters:
        if name not in wanted:
            known = get_text_list([f"“{one}”" for one in wanted], _("and")) if wanted else _("none")
            complaints.append((name, _("The template has no “%(name)s”. Its parameters: ") + known + "."))
    return [(name, words % {"name": name[:100]}) for name, words in complaints]
