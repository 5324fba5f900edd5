"""The settings that a record of the file has: how each is read, compared and told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.nodes import MOST_PROBLEMS, FileProblem, Node
from channels_cfg.key_names import check_key_name
from channels_cfg.models import KeyListField
from channels_cfg.near_names import did_you_mean

Values = dict[str, Any]
"""A record in the terms of the file: text, numbers, True and False, lists of text; links are names."""


class InvalidValue(Exception):
    """What is written cannot be the value; ``problems`` says why."""

    def __init__(self, *problems: FileProblem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def invalid(node: Node, text: str) -> InvalidValue:
    """The exception for one reason."""
    return InvalidValue(node.problem(text))


@dataclass(frozen=True)
class FileEntry:
    """One setting of a record."""

    name: str
    title: str | Promise
    default: Any = ""
    hint: str | Promise = ""
    is_secret = False

    _labels: dict[str | None, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def label(self) -> str:
        """What people call it, in the language of whoever looks; asked for each change, so translated once."""
        language = get_language()
        if language not in self._labels:
            self._labels[language] = str(self.title)
        return self._labels[language]

    @property
    def help_text(self) -> str:
        return str(self.hint)

    def read(self, node: Node) -> Any:
        """The value that is meant, or ``InvalidValue``."""
        raise NotImplementedError

    def items_in_words(self, value: list[Any]) -> list[str]:
        """Each item of a list as administrators read it."""
        return value

    def in_words(self, value: Any) -> str:
        """As administrators read it; empty where nothing is set."""
        if value is None or value == "" or value == []:
            return ""
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return (_("yes") if value else _("no")) if isinstance(value, bool) else str(value)


_SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class FieldEntry(FileEntry):
    """A field with one value."""

    field: models.Field = field(kw_only=True)

    @cached_property
    def is_optional(self) -> bool:
        return self.field.blank or isinstance(self.field, models.BooleanField)

    def read(self, node: Node) -> Any:
        if isinstance(node.value, list | dict):
            raise invalid(node, _("One value is expected here, not %(kind)s.") % {"kind": node.kind})
        text = (node.value or "").strip()
        if not text:
            return self.default
        if isinstance(self.field, models.BooleanField):
            return self._switch(node, text)
        if isinstance(self.field, models.IntegerField):
            return self._cleaned(node, self._number(node, text))
        return self._cleaned(node, self._choice(node, text) if self.field.choices else text)

    def _switch(self, node: Node, text: str) -> bool:
        try:
            return _SWITCH[text.lower()]
        except KeyError:
            raise invalid(node, _("Write true or false, not “%(text)s”.") % {"text": _short(text)}) from None

    def _number(self, node: Node, text: str) -> int:
        found = re.fullmatch(r"([+-]?[0-9]{1,18})(\.0+)?", text)
        if found is None:
            raise invalid(node, _("A whole number is expected here, not “%(text)s”.") % {"text": _short(text)})
        return int(found[1])

    def _choice(self, node: Node, text: str) -> str:
        if any(text == value for value, _label in self.field.flatchoices):
            return text
        choices = {str(value): str(label) for value, label in self.field.flatchoices if value}
        for value, label in choices.items():
            if text.lower() in (value.lower(), label.lower()):
                return value
        raise invalid(node, _none_of(text, list(choices)))

    def _cleaned(self, node: Node, value: Any) -> Any:
        try:
            return self.field.clean(value, None)
        except ValidationError as error:
            raise InvalidValue(*[node.problem(message) for message in error.messages]) from error

    def in_words(self, value: Any) -> str:
        return str(dict(self.field.flatchoices).get(value, value)) if self.field.choices else super().in_words(value)


@dataclass(frozen=True)
class ListEntry(FieldEntry):
    """A field with several values in an order."""

    def read(self, node: Node) -> list[str]:
        good = list(dict.fromkeys(_each(node, self._item)))
        if good:
            return self._cleaned(node, good)
        return [] if self.field.blank else list(self.default)

    def _item(self, text: str) -> str:
        if isinstance(self.field, KeyListField):
            return check_key_name(text)
        base: models.Field = self.field.base_field  # type: ignore[attr-defined]  # array fields only
        if base.choices and text.lower() not in {str(value) for value, _label in base.flatchoices}:
            raise ValidationError(_none_of(text, [str(value) for value, _label in base.flatchoices]))
        return base.clean(text.lower() if base.choices else text, None)

    def in_words(self, value: Any) -> str:
        return ", ".join(map(str, value))


@dataclass(frozen=True)
class LinkEntry(FieldEntry):
    """A record of another section, by its name."""

    section: str = field(kw_only=True)

    def read(self, node: Node) -> str:
        if isinstance(node.value, list | dict):
            raise invalid(node, _("A name is expected here, not %(kind)s.") % {"kind": node.kind})
        return (node.value or "").strip()

    def in_words(self, value: Any) -> str:
        return str(value or "")


@dataclass(frozen=True)
class OrderedLinksEntry(ListEntry):
    """A list of names of records of another section."""

    section: str = field(kw_only=True)


@dataclass(frozen=True)
class NamesEntry(FileEntry):
    """Names in any order, each once: kept sorted."""

    default: Any = field(default_factory=list)

    def read(self, node: Node) -> list[str]:
        return sorted(set(_each(node, self.clean_item)))

    def clean_item(self, text: str) -> str:
        return text


@dataclass(frozen=True)
class LinksEntry(NamesEntry):
    """Records of another section, by their names; ``through`` joins them."""

    section: str = field(kw_only=True)
    through: type[models.Model] = field(kw_only=True)
    owner: str = field(kw_only=True)
    other: str = field(kw_only=True)


@dataclass(frozen=True)
class RowsEntry(NamesEntry):
    """Rows of their own that hold one text each, such as the addresses of a queue."""

    model: type[models.Model] = field(kw_only=True)
    owner: str = field(kw_only=True)
    column: str = field(kw_only=True)

    def clean_item(self, text: str) -> str:
        cleaned = self.model._meta.get_field(self.column).clean(text, None)  # type: ignore[union-attr]
        return check_key_name(cleaned) if self.model._meta.model_name == "attachedkeyalias" else cleaned


@dataclass(frozen=True)
class PermissionsEntry(NamesEntry):
    """Which pages of the configurator a group opens: ``channels_cfg.change_queue``."""


@dataclass(frozen=True)
class Secret:
    """A secret that the environment holds: told by its reference, never by its text."""

    text: str = field(repr=False)
    note: str = ""
    reference: str = field(default="", compare=False)

    def __str__(self) -> str:
        place = _("from %(reference)s") % {"reference": self.reference}
        return f"“{self.note}” {place}" if self.note else place


@dataclass(frozen=True)
class SecretsEntry(FileEntry):
    """Secrets as references, ``{secret: env:NAME, note: …}``. Left out, what is stored stays as it is.

    ``read`` answers nodes; ``resolve`` looks the references up.
    """

    is_secret = True
    several: bool = True
    default: Any = None
    field: models.Field = field(kw_only=True)
    label_field: models.Field | None = None
    """What tells one of several from the others, where each needs such a name; else a note may."""

    @property
    def label_name(self) -> str:
        return self.label_field.name if self.label_field else "note"

    def read(self, node: Node) -> Node:
        return node

    def resolve(self, node: Node, environment: Any) -> list[Secret]:
        wanted = node.value if isinstance(node.value, list) else [node]
        if not self.several and len(wanted) > 1:
            raise invalid(node, _("One secret is expected here."))
        found: list[Secret] = []
        problems: list[FileProblem] = []
        for item in wanted[: MOST_PROBLEMS + 1]:
            try:
                found.append(self._resolved(item, environment))
            except InvalidValue as refused:
                problems += refused.problems
        if problems:
            raise InvalidValue(*problems)
        if self.label_field and len({secret.note for secret in found}) < len(found):
            raise invalid(node, _("Two have the same name."))
        return list(dict.fromkeys(found))

    @property
    def _example(self) -> str:
        if self.label_field:
            return f"{{secret: env:CRM_KEY, {self.label_name}: apiKey}}"
        return "{secret: env:WHATSAPP_SECRET" + (", note: from January}" if self.several else "}")

    def _resolved(self, node: Node, environment: Any) -> Secret:
        example = self._example
        if not isinstance(node.value, dict) or "secret" not in node.value:
            text = _("A reference is expected here, never the secret itself: %(example)s.")
            raise invalid(node, text % {"example": example})
        if unknown := set(node.value) - {"secret", *([self.label_name] if self.several else [])}:
            text = _("A reference is written %(example)s.") % {"example": example}
            raise InvalidValue(node.value[min(unknown)].problem_with_name(text))
        reference, note = node.value["secret"], node.value.get(self.label_name)
        name = re.fullmatch(r"env:([A-Za-z_][A-Za-z0-9_]*)", str(reference.value or "").strip())
        if name is None:
            # What stands here may be a secret, so it is not repeated.
            text = _("Name the place of the secret, never the secret itself: %(example)s.")
            raise invalid(reference, text % {"example": example})
        secret = environment.get(name[1])
        if not secret:
            about = {"name": name[1], "hint": environment.hint}
            raise invalid(reference, _("The environment has no %(name)s here.%(hint)s") % about)
        try:
            self.field.run_validators(secret)
        except ValidationError as error:
            raise InvalidValue(*[reference.problem(message) for message in error.messages]) from None
        if note and isinstance(note.value, list | dict):
            raise invalid(note, _("A text is expected here."))
        if self.label_field:
            try:
                self.label_field.clean(str(note.value or "").strip() if note else "", None)
            except ValidationError as error:
                raise InvalidValue(*[(note or node).problem(message) for message in error.messages]) from None
        return Secret(secret, str(note.value or "").strip()[:100] if note else "", f"env:{name[1]}")


def _each(node: Node, clean: Callable[[str], str]) -> Iterator[str]:
    """The items as ``clean`` leaves them, or ``InvalidValue`` about those that it refuses."""
    problems: list[FileProblem] = []
    for item in _items(node):
        try:
            yield clean(_text(item))
        except ValidationError as error:
            problems += [item.problem(message) for message in error.messages]
        if len(problems) > MOST_PROBLEMS:
            break
    if problems:
        raise InvalidValue(*problems)


def _items(node: Node) -> Sequence[Node]:
    if isinstance(node.value, list):
        return node.value
    if node.value is None:
        return []
    if isinstance(node.value, dict):
        raise invalid(node, _("A list is expected here, not a mapping."))
    raise invalid(node, _("A list is expected here. For one item write [%(text)s].") % {"text": _short(node.value)})


def _text(node: Node) -> str:
    if isinstance(node.value, list | dict):
        raise ValidationError(_("A text is expected here, not %(kind)s.") % {"kind": node.kind})
    text = (node.value or "").strip()
    if not text:
        raise ValidationError(_("An empty item. Remove it; if it is meant to be the word null, put it in quotes."))
    return text


def _none_of(text: str, choices: Collection[str]) -> str:
    about = {"text": _short(text), "choices": ", ".join(choices), "near": did_you_mean(text, choices)}
    return _("“%(text)s” is none of %(choices)s.%(near)s") % about


def _short(text: Any) -> str:
    return str(text)[:80]


def label_of(described: Any) -> str | Promise:
    return capfirst(described.verbose_name)


def changed_items(old: Iterable[str], new: Iterable[str]) -> tuple[list[str], list[str]]:
    """What a list gains and what it loses."""
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    return [item for item in after if item not in before], [item for item in before if item not in after]


def first_ones(names: Sequence[str], separator: str = ", ", *, most: int = 10) -> str:
    """The names, at most so many, and how many there are besides."""
    more, named = len(names) - most, separator.join(names[:most])
    if more <= 0:
        return named
    about = {"names": named + separator.rstrip(), "count": more}
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % about
