"""The portal as WSGI servers call it."""

import os

from django.core.wsgi import get_wsgi_application

from config.bodies import with_length

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

application = with_length(get_wsgi_application())
