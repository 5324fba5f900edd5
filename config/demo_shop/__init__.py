"""A page of a shop, on an origin of its own: it stands for a customer's page that has web chat in it."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
FILES = {
    "/": ("shop.html", "text/html; charset=utf-8"),
    "/shop.css": ("shop.css", "text/css; charset=utf-8"),
    "/shop.js": ("shop.js", "text/javascript; charset=utf-8"),
}


def policy(portal: str) -> str:
    """As strict as web chat allows: scripts and answers of the portal, and no style or script in the page."""
    return (
        f"default-src 'none'; script-src 'self' {portal}; connect-src {portal}; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page(path: str, *, portal: str) -> tuple[bytes, str] | None:
    """The bytes under this path and their media type; None where there is nothing."""
    if path not in FILES:
        return None
    name, media_type = FILES[path]
    return (HERE / name).read_bytes().replace(b"{{portal}}", portal.encode()), media_type
