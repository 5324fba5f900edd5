"""Time zones that can be chosen, in every place where one is."""

import shutil
import zoneinfo
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from channels_cfg.models import Right, User
from channels_cfg.time_zones import time_zones
from config import checks, environment
from config.embedded_postgres.server import time_zone_files
from reporting.contact_log.query import LogQuery
from tests.factories import ApiKeyFactory, QueueFactory, grant

# Which PostgreSQL takes for abbreviations without summer time, or does not know.
TREACHEROUS = ["EET", "CET", "MET", "WET", "localtime", "posixrules", "Factory", "europe/helsinki", "../UTC", ""]


def test_places_and_utc_are_on_offer_and_treacherous_names_are_not():
    assert {"Europe/Helsinki", "America/Vancouver", "America/Argentina/Ushuaia", "UTC"} <= time_zones()
    assert not time_zones() & set(TREACHEROUS)


@pytest.mark.django_db
@pytest.mark.parametrize("name", TREACHEROUS[:-1])
def test_a_treacherous_name_is_refused_in_words_wherever_a_zone_is_chosen(client, monkeypatch, name):
    with pytest.raises(ValidationError, match="is not a time zone that can be chosen"):
        User(username="anna", password="x", time_zone=name).full_clean()
    with pytest.raises(ValidationError, match="is not a time zone that can be chosen"):
        LogQuery.parse({"zone": [name]}, zone=zoneinfo.ZoneInfo("UTC"), now=timezone.now())
    monkeypatch.setenv("TIME_ZONE", name)
    with pytest.raises(SystemExit, match="TIME_ZONE must be a time zone such as Europe/Helsinki"):
        environment.time_zone("TIME_ZONE", "UTC")
    key = ApiKeyFactory()
    grant(key.user, Right.VIEW_REPORTS, on=QueueFactory())
    for address in ("/api/v1/contact-log", "/api/v1/contact-log.csv"):
        refused = client.get(address, {"zone": name}, headers={"X-Api-Key": key.text})
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["zone"])


@pytest.mark.django_db
def test_python_and_postgresql_tell_the_same_time_in_every_zone_on_offer():
    assert checks.clocks_agree(databases=["default"]) == []


@pytest.mark.django_db
def test_a_zone_in_which_python_and_postgresql_differ_is_named_at_the_start(tmp_path: Path):
    before = zoneinfo.TZPATH
    (tmp_path / "Europe").mkdir()
    shutil.copy(time_zone_files() / "Asia" / "Tokyo", tmp_path / "Europe" / "Helsinki")
    zoneinfo.reset_tzpath(to=[tmp_path, *before])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        (complaint,) = checks.clocks_agree(databases=["default"])
    finally:
        zoneinfo.reset_tzpath(to=before)
        zoneinfo.ZoneInfo.clear_cache()

    assert (complaint.id, complaint.msg) == (
        "keepsake.W004",
        "Python and PostgreSQL tell different times in Europe/Helsinki.",
    )
    assert "tzdata" in complaint.hint
