"""Where files of conversations lie, unless the environment names another storage."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from channels_cfg.models import SystemSettings


class Folder(FileSystemStorage):
    """The folder of the system settings, else one of the portal's own. Nobody but the portal reads it."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600, directory_permissions_mode=0o700)

    @property
    def location(self) -> str:
        return SystemSettings.load().attachment_location or str(Path(settings.MEDIA_ROOT) / "attachments")
