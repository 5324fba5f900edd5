"""What an API client shows: an API key alone, or its user name with the key as password."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from django.db import connection, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from channels_cfg.models import ApiKey, User
from channels_cfg.models.api_key import digest
from channels_cfg.prepared import first_row

USE_IS_NOTED_EVERY = timedelta(minutes=1)

# What requests are answered by; the rest is read where somebody looks at it.
_KEY_COLUMNS = [field.attname for field in ApiKey._meta.concrete_fields if field.name in {"id", "user"}]
_WHO_THEY_ARE = {"id", "username", "is_active", "is_staff", "is_superuser", "is_api_client"}
_USER_COLUMNS = [field.attname for field in User._meta.concrete_fields if field.name in _WHO_THEY_ARE]

# ``ApiKey.objects.valid()`` with its user, in words of our own: every request of every API client asks this, and
# Django needs several times as long to word it as PostgreSQL to answer it.
_VALID_KEY = f"""
    SELECT (key.last_used_at > %s) IS NOT TRUE,
           {", ".join(f'key."{name}"' for name in _KEY_COLUMNS)},
           {", ".join(f'holder."{name}"' for name in _USER_COLUMNS)}
      FROM channels_cfg_apikey AS key
      JOIN channels_cfg_user AS holder ON holder.id = key.user_id
     WHERE key.digest = %s AND key.revoked_at IS NULL AND holder.is_active
       AND (key.expires_at IS NULL OR key.expires_at > %s)
"""


def key_shown(text: str, *, username: str | None = None) -> ApiKey | None:
    """The valid key of that text, with its user; None also where it is not the named user's."""
    now = timezone.now()
    row = first_row(_VALID_KEY, [now - USE_IS_NOTED_EVERY, digest(text), now])
    if row is None:
        return None
    use_is_due, *columns = row
    key = ApiKey.from_db(connection.alias, _KEY_COLUMNS, columns[: len(_KEY_COLUMNS)])
    key.user = User.from_db(connection.alias, _USER_COLUMNS, columns[len(_KEY_COLUMNS) :])
    if username is not None and key.user.get_username() != username:
        return None
    if use_is_due:
        _note_use(key, now=now)
    return key


def _note_use(key: ApiKey, *, now: datetime) -> None:
    """Remember when the key was used, to the minute. A row that somebody else holds is left for the next time."""
    due = now - USE_IS_NOTED_EVERY
    with transaction.atomic():
        unnoted = ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=due), pk=key.pk)
        ApiKey.objects.filter(pk__in=unnoted.select_for_update(skip_locked=True)).update(last_used_at=now)


def basic_credentials(authorization: str) -> tuple[str, str] | None:
    """User name and password of a ``Basic`` header, or None where it is another header or unreadable."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (username, password) if colon else None


def key_of_client(client_id: str, client_secret: str) -> ApiKey | None:
    """The key of an OAuth client. Clients differ in whether they escape what goes into the header (RFC 6749, 2.3.1)."""
    return key_shown(client_secret, username=client_id) or key_shown(
        unquote_plus(client_secret), username=unquote_plus(client_id)
    )


def names_of_client(request: HttpRequest) -> tuple[str, str]:
    """The user name that an order for a token gives, as it stands and unescaped."""
    credentials = basic_credentials(request.META.get("HTTP_AUTHORIZATION", ""))
    name = credentials[0] if credentials else request.POST.get("client_id", "")
    return name, unquote_plus(name)
