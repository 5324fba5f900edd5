"""Signing in API clients: by key, by user name and key, or by a token from ``/oauth/token``."""

from __future__ import annotations

import hashlib

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from oauth2_provider.models import AccessToken
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from channels_cfg.api.credentials import basic_credentials, key_shown
from channels_cfg.models import ApiKey, SignInEvent, User
from channels_cfg.sign_in.attempts import wrong_key

CHALLENGE = 'Basic realm="Keepsake", charset="UTF-8", Bearer realm="Keepsake"'


class ApiKeyAuthentication(BaseAuthentication):
    """``X-Api-Key: <key>``, or HTTP Basic with the user name and the key as password. Costs one indexed query."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        username = ""
        if text := request.META.get("HTTP_X_API_KEY"):
            key = key_shown(text)
        elif request.META.get("HTTP_AUTHORIZATION", "")[:6].lower() == "basic ":
            credentials = basic_credentials(request.META["HTTP_AUTHORIZATION"])
            username = credentials[0] if credentials else ""
            key = credentials and key_shown(credentials[1], username=username)
        else:
            return None
        if not key:
            wrong_key(request._request, SignInEvent.Method.API_KEY, username=username)
            raise AuthenticationFailed("This API key opens nothing here. It may be mistyped or revoked.")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class BearerTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``. A token ends with its hour, with its key, and with its user."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        known = AccessToken.objects.filter(token_checksum=hashlib.sha256(text.strip().encode()).hexdigest())
        token = (
            known.select_related("user")
            .filter(expires__gt=timezone.now(), application__client_id__in=ApiKey.objects.valid().values("digest"))
            .first()
        )
        if token is None:
            if not known.exists():  # one that has just ended is no guess: its client is about to get another
                wrong_key(request._request, SignInEvent.Method.TOKEN)
            raise AuthenticationFailed("This token opens nothing here. Get a fresh one from /oauth/token.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """What the schema says of keys."""

    target_class = ApiKeyAuthentication
    name = ["apiKey", "basic"]

    def get_security_requirement(self, auto_schema: object) -> list[dict[str, list[str]]]:
        return [{name: []} for name in self.name]  # either, not both

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        return [
            {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            {"type": "http", "scheme": "basic", "description": "User name, and an API key as password"},
        ]


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """What the schema says of tokens."""

    target_class = BearerTokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, object]:
        return {
            "type": "oauth2",
            "description": "client_id is the user name, client_secret an API key",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "/oauth/token",
                    "scopes": {"api": "Everything the client's user may do"},
                }
            },
        }
