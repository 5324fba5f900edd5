"""What tests change: speed, nothing that leaves this machine, a database of their own."""

import os

from config.embedded_postgres.server import socket_folder
from config.settings.base import *  # noqa: F403
from config.settings.base import DATABASE_URL, DATABASES, VAR_DIR

# A server beside the portal's, which need not survive a power cut.
if not DATABASE_URL:
    DATABASES["default"] |= {
        "EMBEDDED_DATA": VAR_DIR / "test" / "postgres",
        "EMBEDDED_SETTINGS": {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
        },
        "HOST": str(socket_folder(VAR_DIR / "test" / "postgres")),
    }

# Several runs may share one server, so each has a database of its own.
TEST_DATABASE = f"test_keepsake_{os.getpid()}"
DATABASES["default"]["TEST"] = {"NAME": TEST_DATABASE}
# Django drops the test database, which nobody may hold open then.
DATABASES["default"]["OPTIONS"].pop("pool")

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
MEDIA_ROOT = VAR_DIR / "test" / "files"
WHITENOISE_AUTOREFRESH = True  # each test client would look through all static files
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS = ["*"]
INTEGRATIONS_AT_ONCE = REPORT_PROCESSES = 1  # threads see nothing of a test's transaction
