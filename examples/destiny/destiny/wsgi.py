"""The WSGI callable that uWSGI loads (PEP 3333)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destiny.settings")

application = get_wsgi_application()
