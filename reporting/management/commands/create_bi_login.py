"""``manage.py create_bi_login USERNAME``"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from channels_cfg.models import User
from reporting.bi.logins import CONNECTIONS, STATEMENT_TIMEOUT, MayNotMakeRoles, create_login
from reporting.bi.views import SCHEMA


class Command(BaseCommand):
    help = (
        f"Makes a login to the database for a BI tool and prints its address. It reads the views of schema {SCHEMA} "
        "as the user may see reports. The address cannot be shown again; made anew, the login has another password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--connections", type=int, default=CONNECTIONS, help="At most so many at once")
        seconds = int(STATEMENT_TIMEOUT.total_seconds())
        parser.add_argument("--timeout", type=int, default=seconds, metavar="SECONDS", help="After which a query ends")

    def handle(self, *, username: str, connections: int, timeout: int, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user “{username}”. Make one in the System Configurator first.")
        if not user.is_active:
            raise CommandError(f"“{username}” is deactivated and would see nothing. Activate the user first.")
        if connections < 1 or timeout < 1:
            raise CommandError("--connections and --timeout are at least 1.")
        most = timedelta(seconds=timeout)
        try:
            login = create_login(user, now=timezone.now(), connections=connections, timeout=most)
        except MayNotMakeRoles:
            raise CommandError(
                "The portal may make no roles in PostgreSQL. As its administrator: ALTER ROLE … CREATEROLE, for the "
                "user in DATABASE_URL; then try again."
            ) from None
        if not login.is_kept_apart:
            self.stderr.write(
                "Note: only a superuser of PostgreSQL can keep the login from advisory locks, large objects and "
                "unlimited temporary files; it could hold up the portal. Give the address to whom you trust."
            )
        self.stdout.write(login.address)
