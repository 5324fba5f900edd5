"""Handing out bearer tokens for API keys: OAuth 2 client credentials (RFC 6749, 4.4)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import OpenApiExample, extend_schema, inline_serializer
from oauth2_provider.models import AccessToken, Application
from oauth2_provider.oauth2_backends import get_oauthlib_core
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request as OAuthRequest
from rest_framework import serializers
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.views import APIView

from channels_cfg.api.credentials import basic_credentials, key_of_client, names_of_client
from channels_cfg.api.problems import problems
from channels_cfg.models import SignInEvent
from channels_cfg.sign_in.attempts import note, wrong_key


class ApiKeysAsClients(OAuth2Validator):
    """The client is an API key: ``client_id`` is the user name, ``client_secret`` the key.

    Each key has an application of its own, known by the key's digest, so that its tokens can be told from those of
    the user's other keys.
    """

    def authenticate_client(self, request: OAuthRequest, *args: Any, **kwargs: Any) -> bool:
        credentials = basic_credentials(request.headers.get("HTTP_AUTHORIZATION", ""))
        if credentials is None:
            credentials = getattr(request, "client_id", None) or "", getattr(request, "client_secret", None) or ""
        key = key_of_client(*credentials)
        if key is None:
            return False
        request.client, _ = Application.objects.get_or_create(
            client_id=key.digest,
            defaults={
                "user": key.user,
                "name": str(key),
                "client_type": Application.CLIENT_CONFIDENTIAL,
                "authorization_grant_type": Application.GRANT_CLIENT_CREDENTIALS,
                "client_secret": "",
            },
        )
        request.client_id = key.digest  # from here on the library means the application
        return True

    def _create_access_token(self, expires: Any, request: OAuthRequest, *args: Any, **kwargs: Any) -> AccessToken:
        request.user = request.client.user
        return super()._create_access_token(expires, request, *args, **kwargs)


_TOKEN = inline_serializer(
    "Token",
    {
        "access_token": serializers.CharField(),
        "token_type": serializers.ChoiceField(["Bearer"]),
        "expires_in": serializers.IntegerField(help_text="Seconds"),
        "scope": serializers.CharField(),
    },
)
_REFUSAL = inline_serializer(
    "TokenRefusal",
    {
        "error": serializers.CharField(help_text="As in RFC 6749, 5.2"),
        "error_description": serializers.CharField(required=False),
    },
)
_ORDER = inline_serializer(
    "TokenOrder",
    {
        "grant_type": serializers.ChoiceField(["client_credentials"]),
        "client_id": serializers.CharField(required=False, help_text="The user name; or use HTTP Basic"),
        "client_secret": serializers.CharField(required=False, help_text="An API key of that user"),
        "scope": serializers.ChoiceField(["api"], required=False),
    },
)


@method_decorator(sensitive_post_parameters("client_secret"), name="dispatch")
class TokenView(APIView):
    """A bearer token for at most an hour. It ends at once when the key is revoked or its user deactivated."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (FormParser,)

    @extend_schema(
        operation_id="token",
        tags=["Signing in"],
        auth=[],
        request={"application/x-www-form-urlencoded": _ORDER},
        responses={200: _TOKEN, 400: _REFUSAL, 401: _REFUSAL, **problems(429)},
        examples=[
            OpenApiExample(
                "By form",
                value={"grant_type": "client_credentials", "client_id": "crm", "client_secret": "ks_…"},
                request_only=True,
            ),
            OpenApiExample(
                "A token",
                value={"access_token": "…", "token_type": "Bearer", "expires_in": 3600, "scope": "api"},
                response_only=True,
                status_codes=["200"],
            ),
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        if request.META.get("QUERY_STRING"):
            return JsonResponse(
                {"error": "invalid_request", "error_description": "Send the parameters in the body."}, status=400
            )
        _, headers, body, status = get_oauthlib_core().create_token_response(request._request)
        names = names_of_client(request._request)
        if status == HTTPStatus.UNAUTHORIZED:
            wrong_key(request._request, SignInEvent.Method.CLIENT, username=names[0])
        elif status == HTTPStatus.OK:
            note(request._request, SignInEvent.Result.SIGNED_IN, SignInEvent.Method.CLIENT, names=names)
        return HttpResponse(body, status=status, headers=headers)
