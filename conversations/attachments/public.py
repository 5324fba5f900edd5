"""Addresses under which messaging channels fetch what agents send (specification 002, Rich content)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

from channels_cfg.models import SystemSettings
from conversations.models import Attachment

ADDRESS = "sms/richcontent"


def public_address(attachment: Attachment, *, now: datetime, base: str = "") -> str:
    """An address that nobody guesses, and that answers without asking who calls until the retention time has passed.

    It begins with the settings' public base address, else ``base``, else how the portal was called for the upload.
    Asked again it is the same, and lasts as long again. It never stands for other bytes.
    """
    settings = SystemSettings.load()
    if not attachment.public_token:
        attachment.public_token = secrets.token_urlsafe(32)
    attachment.public_until = now + timedelta(hours=settings.public_attachment_hours)
    attachment.save(update_fields=["public_token", "public_until"])
    root = (settings.public_base_url or base or attachment.origin).rstrip("/")
    return f"{root}/{ADDRESS}/{attachment.public_token}/{quote(attachment.name, safe='')}"
