"""Django's PostgreSQL backend, except that it sees to it that a server is there to answer.

Nobody else watches over the server: whoever finds it dead starts it again. So it is back as soon as it is missed, in a
whole portal and under a single command alike.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from select import POLLIN, poll
from typing import Any, Self

import psycopg
from django.db.backends.postgresql import base

from config.embedded_postgres.server import Server


@cache
def running_server(data: Path, settings: tuple[tuple[str, str], ...]) -> Server:
    """The server that keeps its data there, joined once by this process and left when it exits."""
    server = Server(data, dict(settings))
    server.join()
    return server


def connections_to(server: Callable[[], Server]) -> type[psycopg.Connection[Any]]:
    """Connections for a pool, which opens them in threads of its own, later and as often as it lost one."""

    class Connection(psycopg.Connection[Any]):
        @classmethod
        def connect(cls, *args: Any, **kwargs: Any) -> Self:
            try:
                return super().connect(*args, **kwargs)
            except psycopg.OperationalError:
                server().start_if_dead()
                return super().connect(*args, **kwargs)

    return Connection


def can_be_read(connection: Any) -> bool:
    socket = poll()
    socket.register(connection, POLLIN)
    return bool(socket.poll(0))


class DatabaseWrapper(base.DatabaseWrapper):
    """Joins the embedded server before anything asks for a connection."""

    def __init__(self, settings_dict: dict[str, Any], alias: str) -> None:
        super().__init__(settings_dict, alias)
        if pool := settings_dict["OPTIONS"].get("pool"):
            pool["connection_class"] = connections_to(self.server)

    def server(self) -> Server:
        settings = self.settings_dict.get("EMBEDDED_SETTINGS", {})
        return running_server(self.settings_dict["EMBEDDED_DATA"], tuple(settings.items()))

    def get_connection_params(self) -> dict[str, Any]:
        self.server()
        return super().get_connection_params()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """One that the server has not closed meanwhile: only then is there something to read on an idle one.

        Django's own check asks the server, which every request would pay for.
        """
        connection: Any = super().get_new_connection(conn_params)
        while can_be_read(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection
