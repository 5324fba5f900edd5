"""Reading what differs between machines from the environment."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
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
