"""How Superset runs while ``make engines`` asks it: alone on this machine, for one user."""

import os

SECRET_KEY = os.environ["SUPERSET_SECRET"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['SUPERSET_FOLDER']}/superset.db"
DATA_DIR = os.environ["SUPERSET_FOLDER"]
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
SQLLAB_TIMEOUT = 120
SQL_MAX_ROW = 1_000_000
DISPLAY_MAX_ROW = 1_000_000
