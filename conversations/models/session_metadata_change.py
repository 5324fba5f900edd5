"""News for the deliveries of session metadata files."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from conversations.models.conversation_news import ConversationNews


class SessionMetadataChange(ConversationNews):
    """A conversation whose session metadata file is due, or due again. The planner that took it removes it."""

    class Meta(ConversationNews.Meta):
        abstract = False
        verbose_name = _("session metadata change")
        verbose_name_plural = _("session metadata changes")
