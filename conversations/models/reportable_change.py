"""News for the reporting job."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from conversations.models.conversation_news import ConversationNews


class ReportableChange(ConversationNews):
    """A conversation that the reporting job has to report, or to report again. The job that reported it removes it."""

    class Meta(ConversationNews.Meta):
        abstract = False
        verbose_name = _("reportable change")
        verbose_name_plural = _("reportable changes")
