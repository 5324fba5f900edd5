"""``manage.py load_demo_data``: a small centre to look at, and to try the doors with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, call_command
from django.utils import timezone

from channels_cfg.demo import Demo, DemoSecrets, load_demo_configuration
from channels_cfg.keys.effective_settings import effective_settings
from channels_cfg.models import MessagingService
from config.demo_data import demo_file
from config.management.commands.serve_portal import base_url
from conversations.demo import CALLBACK_PATH, load_demo_conversations


class Command(BaseCommand):
    help = "Makes the demo configuration and conversations where they are missing, and writes VAR_DIR/demo.json."

    def handle(self, *args: Any, **options: Any) -> None:
        demo = load_demo_configuration(known_secrets(demo_file()))
        write_privately(demo_file(), json.dumps(described(demo), indent=1))
        load_demo_conversations(demo, now=timezone.now())
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


def described(demo: Demo) -> dict[str, Any]:
    """What is written down for whoever tries the doors."""
    return {
        "base_url": base_url(),
        "users": {
            role: {"username": user.username, "password": password} for role, (user, password) in demo.people.items()
        },
        "api_keys": {name: {"username": user.username, "key": key} for name, (user, key) in demo.clients.items()},
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
