"""``manage.py load_demo_data``: a small centre to look at, and to try the doors with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandParser, call_command
from django.utils import timezone

from channels_cfg.demo import (
    TASK_ADDRESS,
    WEB_CHAT_ADDRESSES,
    Demo,
    DemoSecrets,
    connect_crm,
    connect_services,
    load_demo_configuration,
)
from channels_cfg.demo_contacts import connect_contacts
from channels_cfg.keys.effective_settings import effective_settings
from channels_cfg.models import MessagingService
from config.demo_data import demo_file, maildir
from config.demo_shop import crm
from config.management.commands.serve_portal import base_url
from conversations.demo import CALLBACK_PATH, load_demo_conversations
from conversations.demo_mail import address_of


class Command(BaseCommand):
    help = "Makes the demo configuration and conversations where they are missing, and writes VAR_DIR/demo.json."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--channel", default="", help="where a channel is played for it; make demo says so")
        parser.add_argument("--shop", default="", help="the origin of a page with web chat; make demo says so")

    def handle(self, *args: Any, channel: str, shop: str, **options: Any) -> None:
        shop = shop or f"http://127.0.0.1:{settings.DEMO_SHOP_PORT}"
        demo = load_demo_configuration(known_secrets(demo_file()), maildir=maildir(), shop=shop)
        if channel:
            connect_services(demo, channel)
        told = described(demo, shop) | ({"customers_page": f"{channel}/"} if channel else {})
        write_privately(demo_file(), json.dumps(told, indent=1))
        load_demo_conversations(demo, now=timezone.now())
        connect_crm(f"{shop}{crm.PATH}")
        connect_contacts(demo, base_url())
        call_command("run_reporting_job", stdout=self.stdout)


def known_secrets(file: Path) -> DemoSecrets:
    """The secrets an earlier run wrote; none where there was none."""
    if not file.exists():
        return DemoSecrets()
    written = json.loads(file.read_text())
    return DemoSecrets(
        passwords={role: user["password"] for role, user in written["users"].items()},
        keys={name: client["key"] for name, client in written["api_keys"].items()},
        webhook_secrets={service["name"]: service["secret"] for service in written["messaging_services"]},
    )


def described(demo: Demo, shop: str) -> dict[str, Any]:
    """What is written down for whoever tries the doors."""
    return {
        "base_url": base_url(),
        "users": {
            role: {"username": user.username, "password": password} for role, (user, password) in demo.people.items()
        },
        "api_keys": {name: {"username": user.username, "key": key} for name, (user, key) in demo.clients.items()},
        "tasks": {"url": f"{base_url()}/RTI/tasks", "queue": TASK_ADDRESS},
        "mail": {"address": address_of(demo.mail_box), "maildir": demo.mail_box.folder},
        "messaging_services": [
            {
                "name": service.name,
                "callback_url": base_url() + CALLBACK_PATH,
                "secret": secret,
                "project_id": service.project_id,
                "app_id": service.app_id,
                "queue": service.queue.name,
                "statistics_list": statistics_list(service),
            }
            for service, secret in demo.services
        ],
        "web_chat": {
            "page": f"{shop}/",
            "addresses": WEB_CHAT_ADDRESSES,
        },
    }


def statistics_list(service: MessagingService) -> list[str]:
    settings = effective_settings(channel=service.queue.channel, queue=service.queue)
    return settings.statistics_keys.value


def write_privately(file: Path, text: str) -> None:
    """For its owner's eyes; in one step, so that a reader never finds half of it."""
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)
