"""``python -m config.demo_shop PORTAL PORT``: serves the shop's page and its CRM on this machine until
it is ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from config import demo_shop
from config.demo_shop import crm


def handler(portal: str) -> type[BaseHTTPRequestHandler]:
    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == crm.PATH:
                self.answer(*crm.answer(address.query), "application/json")
            elif found := demo_shop.page(address.path, portal=portal):
                self.answer(HTTPStatus.OK, *found)
            else:
                self.answer(HTTPStatus.NOT_FOUND, b"There is nothing here.", "text/plain; charset=utf-8")

        def answer(self, status: HTTPStatus, body: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", demo_shop.policy(portal))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        log_message: Callable[..., None] = lambda *_: None  # its visitors are nobody's business

    return Shop


def serve(portal: str, port: int) -> ThreadingHTTPServer:
    return ThreadingHTTPServer(("127.0.0.1", port), handler(portal))


if __name__ == "__main__":
    portal_address, port_number = sys.argv[1:]
    serve(portal_address, int(port_number)).serve_forever()
