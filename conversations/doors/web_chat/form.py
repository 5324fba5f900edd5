"""What a visitor is asked before a web chat: a setting of the channel, with labels and rules of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from channels_cfg.models import AttachedKey, Channel
from channels_cfg.models.web_chat import VISITOR_EMAIL, VISITOR_NAME, Asked
from channels_cfg.value_rules import CONSTRAINTS_OF_KIND
from conversations.doors.web_chat.texts import is_portals_own

LONGEST_VALUE = 200
EXAMPLE_OF_EMAIL = "name@example.com"

_INPUT_TYPES = {
    "integer": "number",
    "decimal": "number",
    "boolean": "checkbox",
    "date": "date",
    "datetime": "datetime-local",
    "choice": "select",
    "url": "url",
    "phone": "tel",
    "email": "email",
}


@dataclass(frozen=True)
class FormField:
    """One question: ``key`` becomes attached data. ``type`` is an input type of HTML, or ``select``."""

    key: str
    label: str
    type: str = "text"
    required: bool = False
    help: str = ""
    choices: list[str] = field(default_factory=list)
    pattern: str = ""
    minimum: str = ""
    maximum: str = ""
    longest: int = LONGEST_VALUE
    rule: str = ""


def form_of(channel: Channel) -> list[FormField]:
    """The questions of the channel, in their order; one query."""
    return [*_name_and_email(channel), *_further(channel)]


def _name_and_email(channel: Channel) -> Iterator[FormField]:
    asked = (
        (VISITOR_NAME, _("Name"), "text", channel.ask_name, ""),
        (VISITOR_EMAIL, _("E-mail"), "email", channel.ask_email, _example(EXAMPLE_OF_EMAIL)),
    )
    for key, label, kind, how, rule in asked:
        if how != Asked.OFF:
            yield FormField(key, label, kind, required=how == Asked.REQUIRED, rule=rule)


def _further(channel: Channel) -> Iterator[FormField]:
    names = list(dict.fromkeys([*channel.pre_chat_keys, *channel.pre_chat_required_keys]))
    known = {key.name: key for key in AttachedKey.objects.filter(name__in=names)}
    for name in names:
        yield _field(name, known.get(name), required=name in channel.pre_chat_required_keys)


def _field(name: str, key: AttachedKey | None, *, required: bool) -> FormField:
    if key is None:
        return FormField(name, name, required=required)
    rules, says = key.rules, CONSTRAINTS_OF_KIND[key.kind]
    return FormField(
        name,
        key.label or name,
        _INPUT_TYPES.get(key.kind, "text"),
        required,
        help=key.help_text,
        choices=list(rules.choices) if "choices" in says else [],
        pattern=rules.pattern if "pattern" in says else "",
        minimum=rules.minimum if "minimum" in says else "",
        maximum=rules.maximum if "maximum" in says else "",
        longest=min(rules.longest or LONGEST_VALUE, LONGEST_VALUE),
        rule=_in_words(key),
    )


def _in_words(key: AttachedKey) -> str:
    """What is wrong with a value that breaks the rules; empty where any text will do."""
    rules = key.rules
    if key.kind == AttachedKey.Kind.TEXT and not rules.pattern and rules.longest is None:
        return ""
    example = rules.good_example()
    if not is_portals_own():  # the rules are worded in it
        return _example(example) if example else ""
    return (
        _("%(rule)s Example: %(example)s") % {"rule": rules.in_words(), "example": example}
        if example
        else rules.in_words()
    )


def _example(example: str) -> str:
    return _("Please check this. Example: %(example)s") % {"example": example}


def check_answered(channel: Channel, data: Mapping[str, Any]) -> None:
    """Raise ``ValidationError`` by key for what is required and missing, whoever asked the visitor."""
    empty = {
        question.key for question in form_of(channel) if question.required and data.get(question.key) in (None, "")
    }
    if empty:
        raise ValidationError({key: [_("This chat does not begin without it.")] for key in sorted(empty)})
