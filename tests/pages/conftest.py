"""A real browser in front of the real portal on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, Request

from channels_cfg.models import User
from tests.small_centre import centre as centre
from tests.small_centre import root as root

OpenAs = Callable[..., Page]


@pytest.fixture
def open_as(browser: Browser, live_server) -> Iterator[OpenAs]:
    """``open_as(user, "/desk/")``: the page as this user sees it, each call in a browser of its own.

    Width, height and ``color_scheme`` may be given, and a browser without ``scripts``. Whatever a page complains of,
    loads from elsewhere, or does against its Content-Security-Policy, fails the test.
    """
    contexts, complaints = [], []

    def open_page(
        user: User | None,
        path: str,
        *,
        width: int = 1280,
        height: int = 900,
        color_scheme: str = "light",
        scripts: bool = True,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=color_scheme,
            java_script_enabled=scripts,
            base_url=live_server.url,
        )
        contexts.append(context)
        if user is not None:
            context.add_cookies([session_of(user, live_server.url)])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda message: complaints.extend(forbidden_by_policy(page, message.text)))
        page.on("request", lambda request: complaints.extend(loaded_from_elsewhere(request, live_server.url)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def session_of(user: User, url: str) -> dict[str, str]:
    """The cookie of a browser in which the user is signed in."""
    client = Client()
    client.force_login(user)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


def loaded_from_elsewhere(request: Request, portal: str) -> list[str]:
    is_ours = request.url.startswith((portal, "data:", "blob:"))
    return [] if is_ours else [f"loads from {urlsplit(request.url).netloc}"]


def forbidden_by_policy(page: Page, text: str) -> list[str]:
    return [f"{page.url}: {text}"] if "Content Security Policy" in text else []
