"""Values of metadata destinations: how a folder, a host key and a service account's key are written."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import PurePosixPath

from django.core.exceptions import ValidationError
from django.utils.translation import gettext


def tidied_folder(text: str) -> str:
    """Without spaces around it, doubled slashes and one at the end."""
    text = text.strip()
    return str(PurePosixPath(text)).removeprefix("//") if text else ""


def check_folder(text: str) -> None:
    if any(not character.isprintable() or character == "\\" for character in text) or ".." in text.split("/"):
        raise ValidationError(gettext("A folder holds neither “..” nor a backslash, and nothing that cannot be seen."))


def tidied_host_key(text: str) -> str:
    """Type and key; the comment behind them goes."""
    return " ".join(text.split()[:2])


def check_host_key(text: str) -> None:
    """A public key as in a ``known_hosts`` file, without the name of the host (RFC 4253, 6.6)."""
    kind, _space, encoded = text.partition(" ")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        blob = b""
    if not kind or blob[4 : 4 + int.from_bytes(blob[:4], "big")] != kind.encode():
        raise ValidationError(
            gettext(
                "Enter the type and the key, as “ssh-keyscan HOST” prints them behind the name. "
                "Example: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI…"
            )
        )


def check_service_account(text: str) -> None:
    try:
        key = json.loads(text)
    except ValueError:
        key = None
    if not isinstance(key, dict) or not {"client_email", "private_key"} <= key.keys():
        raise ValidationError(
            gettext(
                "Enter the JSON key of the service account, with “client_email” and “private_key”, as Google made it."
            )
        )
