import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from channels_cfg.history.change_log import OUTSIDE, ChangeHistory
from channels_cfg.models import Channel
from channels_cfg.time_zones import zone_named
from config.middleware import ConfigurationHistory, ViewersTimeZone
from tests.factories.channels_cfg import ChannelFactory, UserFactory

pytestmark = pytest.mark.django_db


class NobodyMayAsk:
    """A request's user whom nobody may ask for, because that costs a query."""

    def __getattr__(self, name: str):
        raise AssertionError(f"Somebody asked for the user's {name}.")


@pytest.fixture
def session(client: Client):
    """A request's cookies and user, signed in."""

    def session(user) -> dict[str, str]:
        client.force_login(user)
        return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}

    return session


def zone_during(request) -> str:
    seen = []
    ViewersTimeZone(lambda request: seen.append(timezone.get_current_timezone_name()) or HttpResponse())(request)
    return seen[0]


def change(channel: Channel):
    """A view that changes the channel."""

    def view(request) -> HttpResponse:
        Channel.objects.filter(pk=channel.pk).update(description="new")
        return HttpResponse()

    return view


def test_a_page_is_shown_on_its_viewers_clock_and_the_next_one_is_not(rf, session):
    request = rf.get("/history/")
    request.user = UserFactory(time_zone="Europe/Helsinki")
    request.COOKIES = session(request.user)

    assert zone_during(request) == "Europe/Helsinki"
    assert timezone.get_current_timezone_name() == settings.TIME_ZONE


def test_the_clock_goes_back_when_a_page_fails(rf, session):
    request = rf.get("/history/")
    request.user = UserFactory(time_zone="Europe/Helsinki")
    request.COOKIES = session(request.user)

    with pytest.raises(ZeroDivisionError):
        ViewersTimeZone(lambda request: 1 / 0)(request)

    assert timezone.get_current_timezone_name() == settings.TIME_ZONE


@pytest.mark.parametrize("name", ["", None, "Europe/Atlantis", "../etc/passwd", "\0"])
def test_where_there_is_no_such_zone_the_portals_own_counts(name):
    assert str(zone_named(name)) == settings.TIME_ZONE


def test_a_machine_costs_no_query_for_its_clock_or_history(rf, django_assert_num_queries):
    request = rf.post("/sms/sinchconversation/all")
    request.user = NobodyMayAsk()

    with django_assert_num_queries(0):
        answer = ViewersTimeZone(ConfigurationHistory(lambda request: HttpResponse("done")))(request)

    assert answer.content == b"done"


def test_a_change_on_a_page_is_noted_with_who_made_it(rf, session):
    channel = ChannelFactory(description="old")
    request = rf.post("/admin/channels_cfg/channel/")
    request.user = UserFactory(username="aino")
    request.COOKIES = session(request.user)

    ConfigurationHistory(change(channel))(request)

    assert ChangeHistory.of(channel)[:1][0].by == "aino"


def test_a_change_without_a_session_is_noted_as_made_outside(rf):
    channel = ChannelFactory(description="old")

    ConfigurationHistory(change(channel))(rf.post("/api/v1/anything"))

    assert ChangeHistory.of(channel)[:1][0].by == OUTSIDE


def test_machines_without_a_session_are_led_past_what_people_need(client: Client, session):
    alone = client.get("/health/live").wsgi_request
    session(UserFactory())
    signed_in = client.get("/health/live").wsgi_request

    assert not hasattr(alone, "session") and not hasattr(alone, "user")
    assert signed_in.user.is_authenticated
    assert client.get("/health/live\0").status_code == 404
