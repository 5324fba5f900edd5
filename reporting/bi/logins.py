"""Logins with which BI tools read the Contact Log: roles of PostgreSQL that can do that and nothing else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.db import ProgrammingError, connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from channels_cfg.models import User
from reporting.bi.views import SCHEMA
from reporting.models import BiLogin

CONNECTIONS = 5
STATEMENT_TIMEOUT = timedelta(minutes=1)
TEMPORARY_FILES = "2GB"
"""What one connection may put on the database's disk, to sort and to join."""


_CREATE_IF_MISSING = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {role_text}) THEN CREATE ROLE {role}; END IF;
    END $$
"""
_ALTER = """
    ALTER ROLE {role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT
          CONNECTION LIMIT {connections} PASSWORD {verifier}
"""
# Whoever holds a lock that the portal asks for stops it; whoever writes large objects fills its disk.
_KEEP_FROM_DISTURBING = """
    DO $$ DECLARE disturbing regprocedure; BEGIN
        FOR disturbing IN SELECT oid::regprocedure FROM pg_proc
             WHERE pronamespace = 'pg_catalog'::regnamespace
               AND (proname ~ 'advisory' OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_open', 'lo_put'))
        LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', disturbing, current_user);
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', disturbing);
        END LOOP;
    END $$
"""


class MayNotMakeRoles(Exception):
    """The portal's own role may make no others."""


@dataclass(frozen=True)
class NewLogin:
    """``address`` is ``postgresql://…`` with the password, which is stored nowhere. ``is_kept_apart``: whether it can
    neither hold locks of the portal nor fill the database's disk, which takes a superuser to see to."""

    address: str
    is_kept_apart: bool


@transaction.atomic
def create_login(
    user: User, *, now: datetime, connections: int = CONNECTIONS, timeout: timedelta = STATEMENT_TIMEOUT
) -> NewLogin:
    """Make the user's login, or give it a new password. Raises ``MayNotMakeRoles``."""
    password = secrets.token_urlsafe(32)
    database = str(connection.settings_dict["NAME"])
    role = f"{database[:40]}_bi_{user.pk}"
    with connection.cursor() as cursor:
        # Only the verifier is sent, so that no log of the server has the password.
        verifier = cursor.connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        names = {"role": sql.Identifier(role), "database": sql.Identifier(database), "role_text": sql.Literal(role)}
        try:
            with transaction.atomic():
                cursor.execute(sql.SQL(_CREATE_IF_MISSING).format(**names))
                cursor.execute(
                    sql.SQL(_ALTER).format(
                        **names, connections=sql.Literal(connections), verifier=sql.Literal(verifier.decode())
                    )
                )
        except ProgrammingError as refused:
            raise MayNotMakeRoles from refused
        for name, value in _settings(timeout).items():
            setting = {"name": sql.Identifier(name), "value": sql.Literal(value)}
            cursor.execute(sql.SQL("ALTER ROLE {role} SET {name} = {value}").format(**names, **setting))
        cursor.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC").format(**names))
        cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {database} TO {role}").format(**names))
        is_kept_apart = _keep_from_disturbing(cursor, names["role"])
    BiLogin.objects.update_or_create(user=user, defaults={"role": role, "created_at": now})
    return NewLogin(_address(role, password), is_kept_apart)


def _settings(timeout: timedelta) -> dict[str, str]:
    """With what its sessions begin."""
    milliseconds = str(int(timeout.total_seconds() * 1000))
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
        "search_path": SCHEMA,
    }


def _keep_from_disturbing(cursor: CursorWrapper, role: sql.Composable) -> bool:
    most = sql.SQL("ALTER ROLE {role} SET temp_file_limit = {most}")
    try:
        with transaction.atomic():
            cursor.execute(_KEEP_FROM_DISTURBING)
            cursor.execute(most.format(role=role, most=sql.Literal(TEMPORARY_FILES)))
    except ProgrammingError:
        return False
    return True


def _address(role: str, password: str) -> str:
    """Where the login connects to: where the portal does."""
    info = connection.connection.info
    host, database = quote(info.host, safe=""), quote(info.dbname)
    if info.host.startswith("/"):
        return f"postgresql://{role}:{password}@/{database}?host={host}&port={info.port}"
    return f"postgresql://{role}:{password}@{host}:{info.port}/{database}"


def drop_role(instance: BiLogin, **_facts: Any) -> None:
    """With the login, and so with its user, goes the role, by which somebody may be connected at this moment."""
    with connection.cursor() as cursor:
        role = sql.Identifier(instance.role)
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [instance.role])
        if cursor.fetchone() is not None:
            cursor.execute(sql.SQL("DROP OWNED BY {role}").format(role=role))
            cursor.execute(sql.SQL("DROP ROLE {role}").format(role=role))
