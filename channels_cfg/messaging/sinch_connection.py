"""Trying the connection to a Conversation API app: what an administrator entered, against what Sinch says.

The answer is a few sentences. They hold the app's own name and modes, never a secret and nothing else that was
answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.messaging.finding import Finding
from channels_cfg.models import MessagingService
from channels_cfg.outgoing import Answer, NoAnswer, Refused, ask

WANTED_TRIGGERS = {
    "MESSAGE_INBOUND": gettext_lazy("A customer's message, with its metadata: the attached data."),
    "CONVERSATION_START": gettext_lazy("The Conversation API has begun a conversation; its own metadata comes along."),
    "CONVERSATION_STOP": gettext_lazy("It has ended: what the settings keep is kept, everything else destroyed."),
    "MESSAGE_DELIVERY": gettext_lazy("What became of an agent's message. Without it no quoted messages are shown."),
    "EVENT_INBOUND": gettext_lazy("What a customer does besides writing, such as a reaction."),
    "CONTACT_UPDATE": gettext_lazy("The customer's display name, where the channel knows one."),
    "OPT_IN": gettext_lazy("A customer opted in: WhatsApp templates may be sent at any time."),
    "OPT_OUT": gettext_lazy("A customer opted out: nothing may be sent unasked."),
}
"""The triggers to choose for the webhook, and why. Others may be chosen too; they are taken in and left alone."""

NEEDED_TRIGGERS = ("MESSAGE_INBOUND", "CONVERSATION_STOP", "MESSAGE_DELIVERY")
LONGEST_NAME = 80
KEY_UNKNOWN = (400, 401, 403)
"""What signing in is answered with where the access key is not known."""


@dataclass(frozen=True)
class SinchConnection:
    """What was entered for an app. ``api_address`` is where it is called instead of at Sinch."""

    region: str
    project_id: str
    app_id: str
    key_id: str
    key_secret: str
    api_address: str = ""

    @classmethod
    def of(cls, service: MessagingService) -> SinchConnection:
        return cls(**{field.name: getattr(service, field.name) for field in fields(cls)})

    @property
    def sign_in_address(self) -> str:
        return f"{self.api_address or settings.SINCH_SIGN_IN_ADDRESS}/oauth2/token"

    def address_of(self, *path: str, region: str = "") -> str:
        """Of something in the project."""
        base = self.api_address or settings.CONVERSATION_API_ADDRESS.format(region=region or self.region)
        return "/".join([f"{base}/v1/projects", *(quote(part, safe=":") for part in (self.project_id, *path))])


class _Stop(Exception):
    """There is no use in asking on; the finding says why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.finding = Finding("bad", words)


def try_connection(connection: SinchConnection, *, callback_address: str) -> list[Finding]:
    """Sign in, look at the app and at its webhooks. Nothing is changed at Sinch."""
    try:
        token = _token(connection)
        app = _app(connection, token)
        return [*_about(app), *_about_webhooks(connection, token, callback_address)]
    except _Stop as stop:
        return [stop.finding]
    except (Refused, NoAnswer) as failure:
        return [Finding("bad", str(failure))]


def sign_in(connection: SinchConnection) -> tuple[str, Answer]:
    """The bearer token, empty where none was given, and the whole answer. Raises ``Refused`` or ``NoAnswer``."""
    answer = ask(
        "POST",
        connection.sign_in_address,
        auth=(connection.key_id, connection.key_secret),
        form={"grant_type": "client_credentials"},
    )
    token = answer.json().get("access_token")
    if answer.status == 200 and isinstance(token, str) and token.isascii() and token.isprintable():
        return token, answer
    return "", answer


def _token(connection: SinchConnection) -> str:
    token, answer = sign_in(connection)
    if token:
        return token
    if answer.status in KEY_UNKNOWN:
        raise _Stop(
            _("Sinch does not know this access key. Compare key ID and key secret with Access keys in the dashboard.")
        )
    raise _Stop(_unexpected(_("signing in"), answer))


def _app(connection: SinchConnection, token: str) -> dict[str, Any]:
    answer = _get(connection.region, connection, token)
    if answer.status == 200:
        return answer.json()
    if answer.status in (401, 403):
        raise _Stop(_("The access key is valid, but not for this project. Compare the project ID."))
    if answer.status == 404:
        for region in MessagingService.Region:
            if region != connection.region and _get(region, connection, token).status == 200:
                raise _Stop(_("The app is in the region %(region)s. Choose that one.") % {"region": region.label})
        raise _Stop(
            _("There is no such app in this project, in no region. Compare app ID and project ID with the dashboard.")
        )
    raise _Stop(_unexpected(_("asking for the app"), answer))


def _get(region: str, connection: SinchConnection, token: str, *more: str) -> Answer:
    address = connection.address_of("apps", connection.app_id, *more, region=region)
    return ask("GET", address, headers={"Authorization": f"Bearer {token}"})


def _about(app: dict[str, Any]) -> Iterator[Finding]:
    name, mode = _short(app.get("display_name")), app.get("processing_mode")
    if mode == "DISPATCH":
        yield Finding(
            "warn",
            _(
                "The app “%(name)s” answers, but is in DISPATCH processing mode: its callbacks name no conversation. "
                "Switch it to CONVERSATION in the dashboard."
            )
            % {"name": name},
        )
    elif mode == "CONVERSATION":
        yield Finding("good", _("The app “%(name)s” answers, in CONVERSATION processing mode.") % {"name": name})
    else:
        yield Finding(
            "warn",
            _("The app “%(name)s” answers, but does not say its processing mode. It has to be CONVERSATION.")
            % {"name": name},
        )
    if app.get("conversation_metadata_report_view") == "NONE":
        yield Finding(
            "warn",
            _("The app leaves the metadata of conversations out of callbacks. Set its metadata report view to FULL."),
        )


def _about_webhooks(connection: SinchConnection, token: str, callback_address: str) -> Iterator[Finding]:
    answer = _get(connection.region, connection, token, "webhooks")
    listed = answer.json().get("webhooks")
    if answer.status != 200 or not isinstance(listed, list):
        yield Finding("warn", _("Its webhooks could not be looked at: %(reason)s") % {"reason": _status(answer)})
        return
    ours = [webhook for webhook in listed if isinstance(webhook, dict) and webhook.get("target") == callback_address]
    if not ours:
        yield Finding(
            "warn",
            _("None of its webhooks has the target %(address)s, so no callback comes here.")
            % {"address": callback_address},
        )
        return
    chosen = {trigger for webhook in ours for trigger in webhook.get("triggers") or []}
    if missing := [trigger for trigger in NEEDED_TRIGGERS if trigger not in chosen]:
        words = _("Its webhook points here, but lacks the triggers %(triggers)s.")
        yield Finding("warn", words % {"triggers": ", ".join(missing)})
    else:
        yield Finding("good", _("Its webhook points here, with the triggers that are needed."))


def _short(name: object) -> str:
    return str(name or "")[:LONGEST_NAME] or _("without a name")


def _unexpected(action: str, answer: Answer) -> str:
    return _("Sinch answered %(action)s with %(reason)s") % {"action": action, "reason": _status(answer)}


def _status(answer: Answer) -> str:
    if answer.status == 429:
        return _("“too many requests” (429). Try again in a minute.")
    if answer.status >= 500:
        return _("a fault of its own (%(status)d). Try again later.") % {"status": answer.status}
    return _("status %(status)d.") % {"status": answer.status}
