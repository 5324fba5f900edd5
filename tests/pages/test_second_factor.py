"""A second factor in a real browser: an app's code, and a passkey of a virtual authenticator."""

from __future__ import annotations

import re

import pyotp
from playwright.sync_api import Page, expect

from channels_cfg.models import SignInEvent, SystemSettings
from tests.factories import UserFactory
from tests.pages.looks import shortcomings

OWN = "/accounts/second-factor/"


def give_authenticator(page: Page) -> None:
    """The browser keeps passkeys from now on, as a phone or a computer does (WebDriver for WebAuthn, 11.3)."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"automaticPresenceSimulation": True}})


def sign_in(page: Page, path: str) -> None:
    page.goto(path)
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    page.get_by_label("Account of").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_an_administrator_adds_a_passkey_and_an_app_and_signs_in_with_either(open_as):
    UserFactory(username="root", is_staff=True, is_superuser=True)
    SystemSettings(administrators_need_second_factor=True).save()
    page = open_as(None, "/accounts/login/")
    give_authenticator(page)

    sign_in(page, "/admin/channels_cfg/user/")
    expect(page.get_by_text("Administrators need a second factor here.")).to_be_visible()
    assert shortcomings(page) == []
    page.get_by_label("Name").fill("Work laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert shortcomings(page) == []
    page.get_by_role("link", name="I have them: go on").click()
    expect(page).to_have_url(re.compile("/admin/channels_cfg/user/$"))
    sign_out(page)

    sign_in(page, OWN)
    expect(page.get_by_label("Recovery code")).to_be_visible()
    assert shortcomings(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("cell", name="Work laptop", exact=True)).to_be_visible()

    page.get_by_role("link", name="Add an authenticator app").click()
    expect(page.locator("svg.qr")).to_be_visible()
    assert shortcomings(page) == []
    secret = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("From now on you show it after your password")).to_be_visible()
    sign_out(page)

    sign_in(page, "/admin/")
    page.get_by_label("Code of your authenticator app").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("That was not right.")).to_be_visible()
    assert list(SignInEvent.objects.filter(method="passkey").values_list("result", flat=True)) == ["signed_in", "added"]
