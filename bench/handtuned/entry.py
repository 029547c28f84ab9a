import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "destiny.settings")
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018
gc.collect()
gc.freeze()
