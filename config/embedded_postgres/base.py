"""Django's PostgreSQL backend, except that it sees to it that a server is there to answer."""

from functools import cache
from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base

from config.embedded_postgres.server import Server


@cache
def running_server(data: Path, settings: tuple[tuple[str, str], ...]) -> Server:
    """The server that keeps its data there, joined once by this process and left when it exits."""
    server = Server(data, dict(settings))
    server.join()
    return server


class DatabaseWrapper(base.DatabaseWrapper):
    """Joins the embedded server before anything asks for a connection."""

    def get_connection_params(self) -> dict[str, Any]:
        settings = self.settings_dict.get("EMBEDDED_SETTINGS", {})
        running_server(Path(self.settings_dict["EMBEDDED_DATA"]), tuple(settings.items()))
        return super().get_connection_params()
