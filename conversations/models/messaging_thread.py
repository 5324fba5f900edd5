"""Conversations as the Conversation API counts them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MessagingService


class MessagingThread(models.Model):
    """One conversation id of the Conversation API. Several of our conversations may follow each other in it.

    The row is locked while a callback of the thread is applied. It remembers a stop or a deletion that arrived
    before the messages it concerns.
    """

    service = models.ForeignKey(MessagingService, models.PROTECT, verbose_name=_("service"), related_name="threads")
    external_id = models.CharField(_("external id"), max_length=64)
    contact_external_id = models.CharField(_("contact external id"), max_length=64, blank=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("messaging thread")
        verbose_name_plural = _("messaging threads")
        constraints = [models.UniqueConstraint(fields=["service", "external_id"], name="a_thread_is_stored_once")]
        indexes = [models.Index(fields=["service", "contact_external_id"], name="thread_by_contact")]

    def __str__(self) -> str:
        return self.external_id
