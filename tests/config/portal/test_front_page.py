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


def test_whom_the_configurator_does_not_let_in_is_told_so_and_shown_where_to_go(client):
    stranger = client.get("/admin/", follow=True)
    agent = user_with(Right.SERVE, on=QueueFactory(), username="anna", first_name="Anna", last_name="Ek")
    client.force_login(agent)
    refused = client.get("/admin/channels_cfg/queue/", follow=True)
    page = refused.content.decode()

    assert stranger.redirect_chain[-1][0] == "/accounts/login/?next=/admin/"
    assert refused.status_code == 403
    assert "You are signed in as Anna Ek (anna), and may not open the System Configurator." in page
    assert 'name="password"' not in page
    assert '<a href="/desk/">Desk</a>' in page
