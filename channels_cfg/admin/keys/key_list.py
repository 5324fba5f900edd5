"""A list of keys in a form: rows in the browser, plain text without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import BadKeyName, check_key_list, check_key_name, is_invisible, split_key_list
from channels_cfg.keys.effective_settings import Effective


@dataclass(frozen=True)
class KeyNameProblem:
    """Why a typed name is refused, and the character it is about."""

    reason: str
    position: int
    before: str
    at: str
    after: str


def problem_with(name: str) -> KeyNameProblem | None:
    """What keeps the name from being a key, or None."""
    try:
        check_key_name(name)
    except BadKeyName as bad:
        at = bad.position - 1
        wrong = name[at : at + 1]
        shown = f"U+{ord(wrong):04X}" if wrong and is_invisible(wrong) else wrong
        return KeyNameProblem(bad.messages[0], bad.position, name[:at], shown, name[at + 1 :])
    return None


class KeyListWidget(forms.Textarea):
    """Text that the browser turns into rows; what is refused is marked in its place."""

    template_name = "admin/widgets/key_list.html"

    inherited: Effective[list[str]] | None = None
    """What counts while the list is empty; None where there is nothing above or it is not known."""
    inherited_from = ""
    when_empty: str | Promise = _("Empty: nothing.")
    what_counts = ""
    """Where the browser asks anew what counts, once another channel is chosen; empty where none can be."""
    place = ""
    """``channel.5.statistics_keys``: the list that is edited, for the check while typing."""

    class Media:
        css = {"all": ["configurator/lists.css", "configurator/what_if.css"]}
        js = ["configurator/lists.js", "configurator/what_if.js"]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, {"rows": 3, "spellcheck": "false", **(attrs or {})})
        items = split_key_list(value or "")
        context["widget"] |= {
            "refused": list(_refused(items)),
            "filled": bool(items),
            "says": self.what_counts_in_words(),
            "what_counts": self.what_counts,
            "list": self.place.rpartition(".")[2],
            "place": self.place,
        }
        return context

    def what_counts_in_words(self) -> dict[str, str]:
        """What counts while the list is ``empty``, and what its keys do once it is ``filled``."""
        if not self.inherited or not self.inherited.value:
            return {"empty": str(self.when_empty), "filled": gettext("Set here.")}
        facts = {"origin": self.inherited_from, "keys": ", ".join(self.inherited.value)}
        return {
            "empty": gettext("Empty: follows %(origin)s: %(keys)s") % facts,
            "filled": gettext("Set here; replaces %(keys)s of %(origin)s.") % facts,
        }

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        return render_to_string(template_name, context)  # form renderers do not look into templates/


def _refused(items: list[str]) -> Iterator[tuple[int, KeyNameProblem]]:
    for number, name in enumerate(items, start=1):
        if problem := problem_with(name):
            yield number, problem


class KeyListFormField(forms.Field):
    """Keys as comma-, semicolon- or line-separated text, JSON array or CSV; answers a list, or says what is wrong."""

    widget = KeyListWidget

    def __init__(self, *, base_field: Any = None, max_length: int | None = None, **kwargs: Any) -> None:
        # The model's array field also names its base field, which is always text. Its default is a function, which
        # would have a form compare with a second, hidden field instead of with the record.
        super().__init__(**{**kwargs, "show_hidden_initial": False})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        return check_key_list(value if isinstance(value, list) else split_key_list(value or ""))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != split_key_list(data or "")
