import pytest
from cryptography.fernet import Fernet

from config import checks


def ids(messages) -> list[str]:
    return [message.id for message in messages]


def test_ordinary_settings_have_nothing_to_complain_about():
    assert checks.keys_are_usable() + checks.folder_can_be_written() == []


def test_a_missing_secret_key_is_named(settings):
    settings.SECRET_KEY = ""

    assert ids(checks.keys_are_usable()) == ["keepsake.E001"]


def test_missing_field_keys_are_named(settings):
    settings.FIELD_KEYS = []

    assert ids(checks.keys_are_usable()) == ["keepsake.E002"]


def test_a_bad_field_key_is_named_by_its_place_and_not_repeated(settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), "too-short"]

    (complaint,) = checks.keys_are_usable()

    assert "number 2" in complaint.msg
    assert "too-short" not in f"{complaint.msg} {complaint.hint}"


def test_a_folder_that_is_not_there_is_named(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "missing"

    (complaint,) = checks.folder_can_be_written()

    assert str(tmp_path / "missing") in complaint.msg


@pytest.mark.parametrize("url", ["redis://host/0", "amqp://host//", "filesystem://localhost"])
def test_supported_brokers_are_accepted(settings, url):
    settings.CELERY_BROKER_URL = url

    assert checks.broker_is_known() == []


def test_an_unknown_broker_is_named(settings):
    settings.CELERY_BROKER_URL = "carrier-pigeon://loft"

    (complaint,) = checks.broker_is_known()

    assert "carrier-pigeon" in complaint.msg


def test_production_must_not_show_its_inside(settings):
    settings.PRODUCTION = settings.DEBUG = True
    settings.DATABASE_URL = "postgresql://host/name"
    settings.CELERY_BROKER_URL = "redis://host"

    assert ids(checks.production_is_meant()) == ["keepsake.E006"]


def test_what_suits_a_demonstration_is_a_warning_on_deployment(settings):
    settings.PRODUCTION, settings.DATABASE_URL = False, ""
    settings.CELERY_BROKER_URL = "filesystem://localhost"

    assert ids(checks.production_is_meant()) == ["keepsake.W001", "keepsake.W002", "keepsake.W003"]
