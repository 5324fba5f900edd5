"""``manage.py create_api_key USERNAME``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_cfg.history.change_reason import changing_settings
from channels_cfg.models import ApiKey, User


class Command(BaseCommand):
    help = "Makes an API key for a user and prints it. It cannot be shown again: only a digest is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="", help="what will use the key, such as “CRM nightly sync”")

    def handle(self, *, username: str, name: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user “{username}”. Make one in the System Configurator first.")
        if not user.is_active:
            raise CommandError(f"“{username}” is deactivated, so a key would open nothing. Activate the user first.")
        with changing_settings(command="create_api_key"):
            _, text = ApiKey.objects.issue(user=user, name=name)
        self.stdout.write(text)
