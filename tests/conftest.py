"""What every test stands on: a PostgreSQL, the portal's own where DATABASE_URL names none."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from config.embedded_postgres.server import DATABASE, Server, programs
from tests.browser import browser as browser
from tests.contexts import django_test_environment as django_test_environment
from tests.first_rows import django_db_setup as django_db_setup
from tests.migrating import copied_fields

TEMPLATE = "keepsake_template"
OWNER = "keepsake_tests_owner"
"""Owns the template and nothing else, as an operator's role does: migrations may need no more."""

hypothesis.settings.register_profile("keepsake", deadline=None)  # timings decide no test
hypothesis.settings.load_profile("keepsake")


def pytest_collection_finish() -> None:
    """What was imported stays to the end, so that no collection of garbage looks through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker: DjangoDbBlocker) -> None:
    """Remove the databases of runs that were killed, and have this run's copied from one that is migrated already."""
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_keepsake\\_%'")
        for (name,) in cursor.fetchall():
            if is_abandoned(name):
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template(cursor)


def is_abandoned(database: str) -> bool:
    """Whether the process whose number the database bears has ended, or the number is now ours."""
    number = re.search(r"_(\d+)", database)
    return number is not None and (int(number[1]) == os.getpid() or not psutil.pid_exists(int(number[1])))


def migrated_template(cursor: Any) -> str:
    """The name of a database with today's migrations and no rows but theirs, made once for all runs to copy."""
    name = f"{TEMPLATE}_{digest_of_migrations()}"
    cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [TEMPLATE])
    cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{TEMPLATE}%"])
    known = [row[0] for row in cursor.fetchall()]
    if name not in known:
        for old in known:
            cursor.execute(f'DROP DATABASE "{old}"')
        draft = f"{TEMPLATE}_draft"
        owner = made_owner(cursor)
        cursor.execute(f'CREATE DATABASE "{draft}" OWNER {owner}')
        migrate(draft, role=owner)
        cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
    cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [TEMPLATE])
    return name


def made_owner(cursor: Any) -> str:
    """The role that is to own the template; whoever we are, where we may make none."""
    cursor.execute(
        "SELECT rolsuper, EXISTS (SELECT FROM pg_roles WHERE rolname = %s) FROM pg_roles WHERE rolname = current_user",
        [OWNER],
    )
    is_superuser, exists = cursor.fetchone()
    if not is_superuser:
        return "CURRENT_USER"
    if not exists:
        cursor.execute(f"CREATE ROLE {OWNER}")
    return OWNER


def digest_of_migrations() -> str:
    """Changes with every migration, ours and the libraries', with what writes triggers into them and what follows."""
    digest = hashlib.sha256(OWNER.encode())
    for app in apps.get_app_configs():
        for file in (*sorted(Path(app.path).glob("migrations/*.py")), *Path(app.path).glob("apps.py")):
            digest.update(file.read_bytes())
    for library in ("django", "django-pgtrigger"):
        digest.update(metadata.version(library).encode())
    return digest.hexdigest()[:16]


def migrate(database: str, *, role: str) -> None:
    """Run all migrations with the rights of the role."""
    ordinary = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {'NONE' if role == 'CURRENT_USER' else role}")
        with copied_fields():
            call_command("migrate", verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = ordinary
        ContentType.objects.clear_cache()


@pytest.fixture(scope="session")
def portal_folder(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Path:
    """Of portals that bring a server of their own; one after the other starts in it, and finds it migrated."""
    folder = tmp_path_factory.mktemp("portal") / "var"
    folder.mkdir()
    server = Server(folder / "postgres")
    server.join()
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        copy_database(migrated_template(cursor), to=server)
    server.leave()
    return folder


def copy_database(name: str, *, to: Server) -> None:
    """From the server of the tests. Where that is too new to be read, the portal has to migrate."""
    of_tests = connection.settings_dict
    address = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    environment = {variable: str(of_tests[setting]) for variable, setting in address.items() if of_tests[setting]}
    dump = subprocess.run(
        [programs() / "pg_dump", "--no-owner", name], env=environment, capture_output=True, check=False
    )
    into = ["-h", str(to.sockets), "-U", DATABASE, "-d", DATABASE]
    subprocess.run([programs() / "psql", "-q", *into], input=dump.stdout, capture_output=True, check=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much of the code the tests of this run went through; ``make test`` has it measured."""
    measured = Path(os.environ.get("SLIPCOVER_COVERAGE_DIR", ""), "merged.json")
    if measured.is_file():
        share = json.loads(measured.read_text())["summary"]["percent_covered"]
        terminalreporter.write_line(f"The tests went through {share:.1f} % of the lines.")
        shutil.rmtree(measured.parent)
