"""Reading what differs between machines from the environment."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from channels_cfg.time_zones import time_zones


def text(name: str, default: str = "") -> str:
    """The variable's value, or the default where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated variable, without the blanks around its parts."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def number(name: str, default: int) -> int:
    """A whole number, or a complaint that names the variable."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, and is “{value}”.") from None


def options(name: str) -> dict[str, Any]:
    """A JSON object, empty where the variable is; or a complaint that names the variable and shows nothing of it."""
    try:
        value = json.loads(text(name, "{}"))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SystemExit(f"{name} must be a JSON object.")
    return value


def time_zone(name: str, default: str) -> str:
    """A time zone on offer, or a complaint that names the variable."""
    value = text(name, default)
    if value not in time_zones():
        raise SystemExit(f"{name} must be a time zone such as Europe/Helsinki or UTC, and is “{value}”.")
    return value


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """What the file holds; where there is no such file, one made now and readable by its owner alone."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    if not file.exists():
        draft.touch(mode=0o600)
        draft.write_text(make())
        with suppress(FileExistsError):  # another process was faster, and its secret counts
            os.link(draft, file)
        draft.unlink()
    return file.read_text()


class OutgoingMail(NamedTuple):
    """Where mail is handed in, in the words of Django's settings; no host: nowhere."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False


_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def outgoing_mail(name: str) -> OutgoingMail:
    """``smtp+tls://user:password@host:port`` (STARTTLS), ``smtps://`` (TLS from the start) or ``smtp://`` (neither)."""
    value = text(name)
    if not value:
        return OutgoingMail()
    try:
        parts = urlsplit(value)
        port = parts.port or _MAIL_PORTS[parts.scheme]
    except (KeyError, ValueError):  # which would show the password
        parts, port = urlsplit(""), 0
    if not parts.hostname:
        raise SystemExit(f"{name} must look like smtp+tls://user:password@smtp.example.com:587, smtps://… or smtp://….")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return OutgoingMail(parts.hostname, port, user, password, parts.scheme == "smtp+tls", parts.scheme == "smtps")


def postgres_address(url: str) -> dict[str, Any]:
    """Django's words for ``postgresql://user:password@host:port/name?sslmode=require``.

    ``?host=/path`` names the folder of a socket, as PostgreSQL's own tools have it.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SystemExit("DATABASE_URL must begin with postgresql://; Keepsake stands on PostgreSQL alone.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
