"""The sample's settings, untouched, with the pages that are measured; DEBUG is off, the middleware is Django's usual."""

import os

from destiny.settings import *  # noqa: F403
from destiny.settings import BASE_DIR, DATABASES, INSTALLED_APPS

DEBUG = False
ROOT_URLCONF = "bench_urls"
INSTALLED_APPS = [*INSTALLED_APPS, "books"]
STATIC_ROOT = BASE_DIR / "collected"
STATICFILES_DIRS = [BASE_DIR / "bench_static"]

if os.environ.get("BENCH_POSTGRES_HOST"):
    DATABASES["postgres"] = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["BENCH_POSTGRES_HOST"],
        "PORT": os.environ.get("BENCH_POSTGRES_PORT", ""),
        "NAME": os.environ["BENCH_POSTGRES_NAME"],
        "USER": os.environ["BENCH_POSTGRES_USER"],
        "PASSWORD": os.environ.get("BENCH_POSTGRES_PASSWORD", ""),
        # As the sample keeps its connections, and as Django recommends:
        # https://docs.djangoproject.com/en/5.2/ref/databases/#persistent-database-connections
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
