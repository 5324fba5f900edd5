"""Text and files that are stored encrypted with FIELD_KEYS."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


@lru_cache(maxsize=1024)
def _decrypt(token: str, keys: tuple[str, ...]) -> str:
    return _decrypt_bytes(token.encode(), keys).decode()


def _decrypt_bytes(token: bytes, keys: tuple[str, ...]) -> bytes:
    try:
        return _cipher(keys).decrypt(token)
    except InvalidToken as error:
        raise ImproperlyConfigured("A stored secret fits none of FIELD_KEYS. Add the key it was made with.") from error


def encrypt(text: str) -> str:
    """The text as only the holder of FIELD_KEYS can read it."""
    return _cipher(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str, *, not_older_than: timedelta | None = None) -> str:
    """What ``encrypt`` was given; ``InvalidToken`` for anything it did not make, or made too long ago."""
    seconds = int(not_older_than.total_seconds()) if not_older_than else None
    return _cipher(tuple(settings.FIELD_KEYS)).decrypt(token.encode(), seconds).decode()


class EncryptedTextField(models.TextField):
    """Text encrypted at rest; the first of FIELD_KEYS encrypts, all of them decrypt. Cannot be searched."""

    def get_prep_value(self, value: Any) -> Any:
        if value in (None, ""):
            return value
        return encrypt(str(value))

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        return _decrypt(value, tuple(settings.FIELD_KEYS)) if value else value


class EncryptedBinaryField(models.BinaryField):
    """Bytes, encrypted at rest as texts are in ``EncryptedTextField``."""

    def get_prep_value(self, value: Any) -> Any:
        return _cipher(tuple(settings.FIELD_KEYS)).encrypt(bytes(value)) if value else value

    def from_db_value(self, value: bytes | None, expression: object, connection: object) -> bytes | None:
        return _decrypt_bytes(bytes(value), tuple(settings.FIELD_KEYS)) if value else value
