"""What people show after their password, and what an administrator may demand and undo."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from channels_cfg.models import SecondFactor, SignInEvent, SystemSettings, User
from tests.factories import ApiKeyFactory, UserFactory

pytestmark = pytest.mark.django_db

LOGIN, SECOND, OWN, APP = "/accounts/login/", "/accounts/login/second/", "/accounts/second-factor/", "app/"
HISTORY = "/history/?page=2"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def clock(time_machine: Any) -> Any:
    time_machine.move_to(timezone.now(), tick=False)
    return time_machine


@pytest.fixture
def aino() -> User:
    return UserFactory(username="aino")


@pytest.fixture
def app(aino: User) -> SecondFactor:
    return aino.second_factors.create(kind=SecondFactor.Kind.TOTP, secret=SECRET)


@pytest.fixture
def root() -> User:
    return UserFactory(username="root", is_staff=True, is_superuser=True)


@pytest.fixture
def demanded() -> None:
    SystemSettings(administrators_need_second_factor=True).save()


def code(steps: int = 0, *, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(timezone.now(), counter_offset=steps)


def password_shown(username: str = "aino", *, on_the_way_to: str = HISTORY, at: str = "203.0.113.9") -> Client:
    browser = Client(REMOTE_ADDR=at)
    answer = browser.post(LOGIN, {"username": username, "password": "correct horse", "next": on_the_way_to})
    assert answer.status_code == 302 and answer["Location"].startswith(SECOND)
    return browser


def show(browser: Client, text: str, *, on_the_way_to: str = HISTORY) -> HttpResponse:
    return browser.post(f"{SECOND}?next={on_the_way_to}", {"code": text})


def added(browser: Client, *, on_the_way_to: str = "") -> tuple[str, list[str]]:
    """The secret of an app that the browser's user adds, and the codes that the page shows."""
    address = f"{OWN}{APP}?next={on_the_way_to}"
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", browser.get(address).content.decode())[1].replace(" ", "")
    page = browser.post(address, {"code": code(secret=secret)})
    return secret, codes_on(page)


def codes_on(page: HttpResponse) -> list[str]:
    return re.findall(r"\b[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}\b", page.content.decode())


def is_signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def noted() -> list[tuple[str, str, str, str]]:
    return list(SignInEvent.objects.order_by("id").values_list("account", "method", "result", "by"))


def test_the_password_alone_signs_nobody_in_who_has_an_app_and_its_code_does(app):
    browser = password_shown()

    assert not is_signed_in(browser) and browser.get("/desk/")["Location"].startswith(LOGIN)
    assert show(browser, "000000").status_code == 200 and not is_signed_in(browser)
    answer = show(browser, f"{code()[:3]} {code()[3:]}")
    assert answer["Location"] == HISTORY and is_signed_in(browser)
    assert noted() == [("aino", "totp", "failed", ""), ("aino", "totp", "signed_in", "")]


def test_a_code_opens_once_and_for_a_step_before_and_after(app, clock):
    used = code()
    assert show(password_shown(), used).status_code == 302

    assert show(password_shown(), used).status_code == 200
    assert show(password_shown(), code(-1)).status_code == 200
    assert show(password_shown(), code(1)).status_code == 302
    clock.shift(timedelta(minutes=5))
    assert show(password_shown(), code(-2)).status_code == 200
    assert show(password_shown(), code(-1)).status_code == 302


def test_the_password_is_shown_anew_after_ten_minutes_or_when_it_was_changed(app, aino, clock):
    late, changed = password_shown(), password_shown()
    aino.set_password("another")
    aino.save()

    assert show(changed, code())["Location"].startswith(LOGIN)
    aino.set_password("correct horse")
    aino.save()
    late = password_shown()
    clock.shift(timedelta(minutes=10, seconds=1))
    assert show(late, code())["Location"] == f"{LOGIN}?next={HISTORY.replace('?', '%3F').replace('=', '%3D')}"


def test_two_tabs_sign_in_one_after_the_other_each_on_its_way(app):
    browser = password_shown()
    browser.post(LOGIN, {"username": "aino", "password": "correct horse", "next": "/reports/"})

    assert show(browser, code(), on_the_way_to="/reports/")["Location"] == "/reports/"
    assert show(browser, code())["Location"] == HISTORY
    assert show(browser, "", on_the_way_to="https://elsewhere.example/")["Location"] == "/"


def test_codes_are_guessed_five_times_wherever_from_while_the_password_stays_welcome(app, clock):
    answers = [show(password_shown(at=f"203.0.113.{number}"), "000000").status_code for number in range(1, 6)]

    assert answers == [200, 200, 200, 200, 429]
    refused = show(password_shown(at="198.51.100.7"), code())
    assert refused.status_code == 429 and refused["Retry-After"] == "600"
    assert "Wait 10 minutes, then try again." in refused.content.decode()
    assert f'action="{LOGIN}"' in refused.content.decode() and 'value="/history/?page=2"' in refused.content.decode()
    clock.shift(timedelta(minutes=10, seconds=1))
    assert show(password_shown(), code()).status_code == 302
    assert [result for _, _, result, _ in noted()] == ["failed"] * 4 + ["blocked", "signed_in"]


def test_the_right_code_starts_the_count_anew(app, clock):
    for _round in range(2):
        assert [show(password_shown(), "000000").status_code for _number in range(4)] == [200] * 4
        assert show(password_shown(), code()).status_code == 302
        clock.shift(timedelta(seconds=60))


def test_an_app_is_added_with_recovery_codes_that_are_shown_once_and_open_once(client, aino):
    client.force_login(aino)
    address = f"{OWN}{APP}"
    assert client.post(address, {"code": "000000"}).status_code == 200
    assert 'class="qr"' in client.get(address).content.decode() and not aino.second_factors.exists()

    secret, codes = added(client)

    assert len(set(codes)) == 10 and codes_on(client.get(OWN)) == []
    assert "You have 10 recovery codes left" in client.get(OWN).content.decode()
    browser = password_shown()
    assert show(browser, codes[3].replace("-", " ").upper())["Location"] == HISTORY
    assert show(password_shown(), codes[3]).status_code == 200
    assert show(password_shown(), codes[4]).status_code == 302
    assert show(password_shown(), code(1, secret=secret)).status_code == 302
    assert [event for event in noted() if event[2] == "added"] == [
        ("aino", "totp", "added", ""),
        ("aino", "recovery", "added", ""),
    ]
    assert ("aino", "recovery", "signed_in", "") in noted()


def test_what_a_factor_holds_is_stored_encrypted_and_nowhere_else(client, aino, caplog):
    client.force_login(aino)
    secret, codes = added(client)
    told = [secret, *codes, *[text.replace("-", "") for text in codes]]

    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        stored = ""
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM \"{table}\" t")
            stored += cursor.fetchone()[0]

    assert "aino" in stored and secret not in caplog.text
    assert [text for text in told if text in stored or text in json.dumps(dict(client.session))] == []
    assert "secondfactorevent" not in apps.all_models["channels_cfg"]
    assert secret not in client.get(OWN).content.decode()


def test_the_password_is_asked_for_before_a_factor_goes_or_codes_are_made_anew(client, app, aino):
    client.force_login(aino)
    remove = f"{OWN}remove/{app.pk}/"
    [old, *_] = codes_on(client.post(f"{OWN}codes/", {"password": "correct horse"}))

    assert client.post(remove, {"password": "wrong"}).status_code == 200
    assert codes_on(client.post(f"{OWN}codes/", {"password": "wrong"})) == []
    assert len(codes_on(client.post(f"{OWN}codes/", {"password": "correct horse"}))) == 10
    assert show(password_shown(), old).status_code == 200
    assert client.post(remove, {"password": "correct horse"})["Location"] == OWN
    assert not aino.second_factors.exists()
    assert Client().post(LOGIN, {"username": "aino", "password": "correct horse"})["Location"] == "/"
    assert noted()[-2:] == [("aino", "totp", "removed", ""), ("aino", "password", "signed_in", "")]


def test_nobody_removes_what_is_anothers(client, app):
    client.force_login(UserFactory())

    assert client.post(f"{OWN}remove/{app.pk}/", {"password": "correct horse"}).status_code == 404


def test_an_administrator_of_whom_it_is_demanded_adds_one_before_anything_else(demanded, root):
    browser = Client()
    browser.post(LOGIN, {"username": "root", "password": "correct horse", "next": "/admin/"})

    for address in ("/admin/", "/desk/", "/", "/find/?s=a", "/admin/password_change/", "/admin/channels_cfg/user/"):
        assert browser.get(address)["Location"].startswith(f"{OWN}?next=/"), address
        assert browser.post(address)["Location"] == f"{OWN}?next=/", address
    assert browser.get("/history/", headers={"HX-Request": "true"})["HX-Redirect"].startswith(OWN)
    assert browser.get("/api/v1/conversations").status_code == 403
    assert browser.get("/api/v1/conversations")["Content-Type"] == "application/problem+json"
    page = browser.get(f"{OWN}?next=/admin/")
    assert "Administrators need a second factor here." in page.content.decode()
    assert 'href="/accounts/second-factor/app/?next=%2Fadmin%2F"' in page.content.decode()
    added(browser, on_the_way_to="/admin/")
    assert browser.get("/admin/").status_code == 200


def test_programs_and_people_who_are_no_administrators_need_none(demanded, aino, client):
    key = ApiKeyFactory(user=UserFactory(is_api_client=True))
    client.force_login(aino)

    assert client.get("/")["Location"] == "/history/"
    assert Client().get("/api/v1/conversations", headers={"X-Api-Key": key.text}).status_code == 200


def test_a_session_from_before_the_demand_shows_the_factor_that_there_is(client, root):
    root.second_factors.create(kind=SecondFactor.Kind.TOTP, secret=SECRET)
    client.force_login(root)
    assert client.get("/admin/").status_code == 200
    SystemSettings(administrators_need_second_factor=True).save()

    assert client.get("/admin/")["Location"] == f"{SECOND}?next=/admin/"
    assert client.get(OWN).status_code == client.get(f"{OWN}{APP}").status_code == 403
    assert client.post(f"{SECOND}?next=/admin/", {"code": code()})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == client.get(OWN).status_code == 200


def test_whoever_removes_the_last_one_must_add_another_where_it_is_demanded(demanded, client, root):
    client.force_login(root)
    added(client)
    assert client.get("/admin/").status_code == 200

    client.post(f"{OWN}remove/{root.second_factors.first().pk}/", {"password": "correct horse"})

    assert client.get("/admin/")["Location"].startswith(OWN)


def test_an_administrator_resets_what_somebody_lost(client, app, aino, root):
    client.force_login(root)
    person = f"/admin/channels_cfg/user/{aino.pk}"
    reset = f"{person}/reset-second-factor/"
    assert "Authenticator app" in client.get(f"{person}/change/").content.decode()

    assert "Reset the second factor of aino?" in client.get(reset).content.decode() and aino.second_factors.exists()
    answer = client.post(reset, follow=True)

    assert "aino signs in with the password alone." in answer.content.decode()
    assert not aino.second_factors.exists() and reset not in answer.content.decode()
    event = SignInEvent.objects.latest("id")
    assert noted()[-1] == ("aino", "totp", "removed", "root")
    assert "root" in client.get(f"/admin/channels_cfg/signinevent/{event.pk}/change/").content.decode()


def test_only_superusers_reset_what_superusers_have(client, root):
    root.second_factors.create(kind=SecondFactor.Kind.TOTP, secret=SECRET)
    client.force_login(UserFactory(is_staff=True))

    assert client.post(f"/admin/channels_cfg/user/{root.pk}/reset-second-factor/").status_code == 403
    assert root.second_factors.exists()


def test_a_command_rescues_whoever_is_locked_out(app, aino, capsys):
    call_command("reset_second_factor", "aino")
    call_command("reset_second_factor", "aino")

    assert "signs in with the password alone." in (said := capsys.readouterr().out)
    assert "aino has no second factor." in said and not aino.second_factors.exists()
    assert noted() == [("aino", "totp", "removed", "reset_second_factor")]
    with pytest.raises(CommandError, match="There is no user “nobody”"):
        call_command("reset_second_factor", "nobody")


@pytest.mark.parametrize("answer", ["", "{", "[]", '{"id": "AA", "rawId": "AA", "response": {}}', "null", "\x00"])
def test_what_no_browser_answers_adds_no_passkey_and_opens_nothing(client, app, aino, answer):
    client.force_login(aino)
    client.get(OWN)
    browser = password_shown()

    assert "The passkey was not added." in client.post(f"{OWN}passkey/", {"credential": answer}).content.decode()
    assert browser.post(SECOND, {"credential": answer, "code": ""}).status_code == 200
    assert aino.second_factors.count() == 1
