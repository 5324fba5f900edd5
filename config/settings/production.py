"""The portal in earnest: behind HTTPS, with keys of its own."""

from config import environment
from config.settings.base import *  # noqa: F403

# Nothing is made up here: what is missing is a system check that says so.
SECRET_KEY = environment.text("SECRET_KEY")
FIELD_KEYS = environment.words("FIELD_KEYS")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")
PRODUCTION = True

# The proxy in front ends HTTPS and says so in this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES = environment.number("TRUSTED_PROXIES", 1)
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = ["^health/", "^metrics$"]
SECURE_HSTS_SECONDS = environment.number("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

# Pages' own files are collected once, named by content and kept by browsers for good.
WHITENOISE_USE_FINDERS = False
STORAGES["staticfiles"] = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}  # noqa: F405
