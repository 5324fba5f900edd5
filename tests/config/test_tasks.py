"""Work of the portal as a whole."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application

from config.tasks import delete_expired_sign_ins
from tests.factories import ApiKeyFactory


@pytest.mark.django_db
def test_sign_ins_are_forgotten_once_they_let_nobody_in(client):
    now = timezone.now()
    key = ApiKeyFactory()
    for token in ("expired", "valid"):
        order = {"grant_type": "client_credentials", "client_id": key.user.username, "client_secret": key.text}
        assert client.post("/oauth/token", order).status_code == 200
        Session.objects.create(session_key=token, session_data="", expire_date=now + timedelta(hours=1))
    expired = AccessToken.objects.order_by("pk").first()
    AccessToken.objects.filter(pk=expired.pk).update(expires=now - timedelta(seconds=1))
    Session.objects.filter(session_key="expired").update(expire_date=now - timedelta(seconds=1))

    delete_expired_sign_ins()

    assert AccessToken.objects.count() == 1
    assert not AccessToken.objects.filter(pk=expired.pk).exists()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["valid"]
    assert Application.objects.count() == 1
