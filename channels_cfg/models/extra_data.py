"""The extra-data lists, which system, channel and queue have alike."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH, check_key_list
from channels_cfg.models.rules import refuse

EXTRA_DATA_LISTS = ("allocation_keys", "connection_keys", "outbound_keys", "statistics_keys")

LISTS_OF_KIND: dict[str, tuple[str, ...]] = {
    "voice": EXTRA_DATA_LISTS,
    "email": ("allocation_keys", "statistics_keys"),
    "chat": ("statistics_keys",),
}
"""Which lists say anything on a channel of this kind; a chat shows its agent everything."""


class KeyListField(ArrayField):
    """An ordered list of key names in NFC, each once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["base_field"] = models.CharField(max_length=MAX_KEY_LENGTH)
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["base_field"]
        return name, path, args, kwargs

    def clean(self, value: Any, model_instance: models.Model | None) -> list[str]:
        return check_key_list(super().clean(list(value or []), model_instance))


class ExtraDataLists(models.Model):
    """The four lists of keys. An empty one follows the level above; a filled one replaces it (rule 4)."""

    allocation_keys = KeyListField(
        verbose_name=_("Extra Data Included When Allocating"),
        help_text=_(
            "Keys the agent sees when a call or e-mail task is offered. A chat shows its agent everything. "
            "Example: customerId, customerType"
        ),
    )
    connection_keys = KeyListField(
        verbose_name=_("Extra Data Included When Connecting Calls"),
        help_text=_("Keys the agent sees in addition once a call is connected. Example: contractNumber"),
    )
    outbound_keys = KeyListField(
        verbose_name=_("Extra Data Included in Outbound Calls"),
        help_text=_("Keys passed on with outbound, transferred and consultation calls. Example: customerId"),
    )
    statistics_keys = KeyListField(
        verbose_name=_("Extra Data Included in Statistics"),
        help_text=_(
            "Keys that are kept when the conversation ends: shown in History, in contactData and in the "
            "Contact Log. Everything else is destroyed at that moment. Empty everywhere: nothing is kept. "
            "Example: customerType"
        ),
    )

    class Meta:
        abstract = True

    def refuse_lists_of_another_kind(self, kind: str) -> None:
        """Raise ``ValidationError`` for lists that are filled and say nothing on a channel of this kind."""
        stray = [name for name in EXTRA_DATA_LISTS if kind and name not in LISTS_OF_KIND[kind] and getattr(self, name)]
        why = gettext("a chat shows its agent everything") if kind == "chat" else gettext("it is for calls")
        refuse(
            {
                name: gettext("%(list)s says nothing on %(kind)s channels: %(why)s. Leave it out.")
                % {"list": self._meta.get_field(name).verbose_name, "kind": kind, "why": why}  # type: ignore[union-attr]
                for name in stray
            }
        )
