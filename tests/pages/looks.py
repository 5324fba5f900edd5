"""How pages look to everybody: they fit a screen and a telephone, and hold to WCAG 2.2 AA, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

EVERY_RULE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES_ABOUT_LIGHT = ["color-contrast"]
RUN = """async ([where, options]) => {
    const frame = where ? [...document.querySelectorAll("#nav-sidebar, .site-head")] : []
    frame.forEach((part) => part.style.visibility = "hidden")
    const {violations} = await axe.run(where ?? document, options)
    frame.forEach((part) => part.style.visibility = "")
    return violations
}"""
"""Asked about a part of the page, axe would look through the frame around all pages as well, for what may cover it."""
SCREEN, TELEPHONE = 1280, 400
FINISH_ANIMATIONS = """document.getAnimations()
    .filter((animation) => Number.isFinite(animation.effect.getComputedTiming().endTime))
    .forEach((animation) => animation.finish())"""

STAYS_TOO_WIDE = """async () => {
    const root = document.documentElement, until = performance.now() + 2000
    const isTooWide = () => root.scrollWidth > root.clientWidth
    while (isTooWide() && performance.now() < until) await new Promise(requestAnimationFrame)
    return isTooWide()
}"""


def shortcomings(page: Page, part: str | list[str] | None = None) -> list[str]:
    """What is wrong with the page, or with a part of it: on a screen and light, then on a telephone and dark.

    The page is left as it was, with what was typed. One that is just being opened is waited for.
    """
    page.wait_for_load_state()
    found = [*too_wide(page), *violations(page, part)]
    with seen_at(page, TELEPHONE):
        switch_light(page, "dark")
        found += violations(page, part)
        switch_light(page, "light")
    return found


def violations(page: Page, part: str | list[str] | None = None, *, rules: list[str] = EVERY_RULE) -> list[str]:
    """What axe finds, each as a line that says where, which rule, and why."""
    where = {"include": [[selector] for selector in ([part] if isinstance(part, str) else part)]} if part else None
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(RUN, [where, {"runOnly": rules, "resultTypes": ["violations"], "preload": False}])
    return [
        f"{page.url} {rule['id']}: {' '.join(map(str, node['target']))} {why(node)}"
        for rule in found
        for node in rule["nodes"]
    ]


def why(node: dict[str, Any]) -> str:
    return str(node["failureSummary"]).partition("\n")[2].strip()


def too_wide(page: Page) -> list[str]:
    """On which widths something on the page makes it scroll sideways, once charts have taken their new size."""
    found = []
    for width in (TELEPHONE, SCREEN):
        with seen_at(page, width):
            if page.evaluate(STAYS_TOO_WIDE):
                found.append(f"{page.url} is wider than {width}")
    return found


@contextmanager
def seen_at(page: Page, width: int) -> Iterator[None]:
    before = page.viewport_size
    assert before
    page.set_viewport_size({"width": width, "height": before["height"]})
    yield
    page.set_viewport_size(before)


def switch_light(page: Page, color_scheme: str) -> None:
    """Show the page as it stands in the other light; the configurator's theme looks at it only when a page opens."""
    page.emulate_media(color_scheme=color_scheme)  # type: ignore[arg-type]
    page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", color_scheme == "dark")
    page.evaluate(FINISH_ANIMATIONS)
