"""The extra-data lists, which system, channel and queue have alike."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH, check_key_list


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
