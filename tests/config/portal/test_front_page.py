import pytest

from channels_cfg.models import Right
from tests.factories import QueueFactory, user_with

pytestmark = pytest.mark.django_db


def test_a_stranger_is_asked_to_sign_in(client):
    assert client.get("/").url == "/accounts/login/?next=/"


def test_an_administrator_lands_in_the_system_configurator(admin_client):
    assert admin_client.get("/").url == "/admin/"


def test_an_agent_lands_at_a_place_of_work(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("agent"))

    assert client.get("/").url.startswith(("/desk/", "/history/"))


def test_one_who_serves_nobody_lands_where_the_rights_lead(client):
    client.force_login(user_with(Right.VIEW_HISTORY, on=QueueFactory()))

    assert client.get("/").url == "/history/"
