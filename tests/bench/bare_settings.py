"""The limit: Django as it comes, with its default middleware and nothing else."""

from tests.bench.portal_settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.bare_urls"
WSGI_APPLICATION = None
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
