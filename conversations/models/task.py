"""E-mail tasks: what other systems have agents do."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation

XRI_BODY = "XRI-body"
"""The key whose value is the body of a task (rule 6 of the domain)."""


class Task(models.Model):
    """A conversation that another system made over the task interface (RTI). Its sender is the customer."""

    class TaskKind(models.TextChoices):
        XRI = "XRI", _("Task")
        EMAIL = "EMAIL", _("E-mail")

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, verbose_name=_("conversation"), primary_key=True, related_name="task"
    )
    kind = models.CharField(_("kind"), max_length=5, choices=TaskKind.choices)
    to_address = models.CharField(_("to"), max_length=320, blank=True)

    customer_data = ("to_address",)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")

    def __str__(self) -> str:
        return self.get_kind_display()
