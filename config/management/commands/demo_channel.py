"""``manage.py demo_channel``: the messaging channel of the demonstration, on loopback. ``make demo`` starts it."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # of the portal, which are asked where it starts
    help = "Plays the Conversation API and its customers for the demonstration, and for nothing else."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ROOT_URLCONF != "config.demo_channel.urls":
            raise CommandError("Start it with --settings=config.settings.demo_channel; make demo does.")
        server = ThreadedWSGIServer(("127.0.0.1", settings.DEMO_CHANNEL_PORT), Quiet)
        server.set_app(get_wsgi_application())
        server.serve_forever()


class Quiet(WSGIRequestHandler):
    """Logs no requests: they are the demonstration's own."""

    def log_message(self, *args: Any) -> None:
        pass
