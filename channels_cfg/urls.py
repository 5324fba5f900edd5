"""Addresses of what administrators decide."""

from django.urls import path

from channels_cfg.api.oauth import TokenView

urlpatterns = [
    path("oauth/token", TokenView.as_view(), name="oauth_token"),
]
