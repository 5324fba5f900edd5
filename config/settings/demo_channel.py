"""Settings of the demonstration's channel, which plays the vendor beside ``make demo``."""

from config.settings.base import *  # noqa: F403

ROOT_URLCONF = "config.demo_channel.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ProtectiveHeaders",
]
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
