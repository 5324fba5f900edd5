"""``manage.py load_demo_data``: a small centre to look at, and to try the doors with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, call_command
from django.utils import timezone

from channels_cfg.demo import CLIENTS, PEOPLE, DemoSecrets, load_demo_configuration, new_secrets
from channels_cfg.history.change_reason import changing_settings
from channels_cfg.keys.effective_settings import effective_settings
from channels_cfg.models import MessagingService
from config.demo_data import LOADED_BY, demo_file
from config.management.commands.serve_portal import base_url
from conversations.demo import CALLBACK_PATH, load_demo_conversations


class Command(BaseCommand):
    help = "Makes the demo configuration and conversations where they are missing, and writes VAR_DIR/demo.json."

    def handle(self, *args: Any, **options: Any) -> None:
        found = known_secrets(demo_file())
        with changing_settings(command=LOADED_BY, why="A small centre to look at"):
            known = load_demo_configuration(found or new_secrets())
        write_privately(demo_file(), json.dumps(described(known), indent=1))
        before = timezone.now()
        load_demo_conversations(now=before)
        call_command("run_reporting_job", stdout=self.stdout)


def known_secrets(file: Path) -> DemoSecrets | None:
    """The secrets an earlier run wrote, or None."""
    if not file.exists():
        return None
    written = json.loads(file.read_text())
    return DemoSecrets(
        passwords={role: user["password"] for role, user in written["users"].items()},
        keys={name: client["key"] for name, client in written["api_keys"].items()},
        webhook_secrets={service["name"]: service["secret"] for service in written["messaging_services"]},
    )


def described(known: DemoSecrets) -> dict[str, Any]:
    """What is written down for whoever tries the doors."""
    services = MessagingService.objects.filter(name__in=known.webhook_secrets).select_related("queue__channel")
    by_name = {service.name: service for service in services}
    return {
        "base_url": base_url(),
        "users": {
            role: {"username": username, "password": known.passwords[role]} for role, (username, *_) in PEOPLE.items()
        },
        "api_keys": {name: {"username": name, "key": known.keys[name]} for name in CLIENTS},
        "messaging_services": [
            {
                "name": name,
                "callback_url": base_url() + CALLBACK_PATH,
                "secret": secret,
                "project_id": by_name[name].project_id,
                "app_id": by_name[name].app_id,
                "queue": by_name[name].queue.name,
                "statistics_list": statistics_list(by_name[name]),
            }
            for name, secret in known.webhook_secrets.items()
        ],
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
