"""``manage.py reset_second_factor USERNAME``"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_cfg.models import User
from channels_cfg.sign_in.second_factor import reset


class Command(BaseCommand):
    help = "Lets a user sign in with the password alone, where the authenticator app, passkeys and codes are lost."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user “{username}”.")
        had_one = reset(user, by="reset_second_factor")
        self.stdout.write(
            f"{username} signs in with the password alone." if had_one else f"{username} has no second factor."
        )
