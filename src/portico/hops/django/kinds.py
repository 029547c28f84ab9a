"""The kinds of findings about Django's settings."""

from __future__ import annotations

from portico.model.finding import Kind

_SETTINGS = "https://docs.djangoproject.com/en/stable/ref/settings/"

NO_HOSTS = Kind(
    "django.E001",
    "django",
    "ALLOWED_HOSTS is empty and DEBUG is off",
    "Django answers every request with 400 Bad Request, and by default logs nothing.",
    f"{_SETTINGS}#allowed-hosts",
)
HOST_REFUSED = Kind(
    "django.W002",
    "django",
    "ALLOWED_HOSTS does not permit the address a browser will use",
    "Django answers with 400 Bad Request whatever the page.",
    f"{_SETTINGS}#allowed-hosts",
)
DEBUG_PUBLIC = Kind(
    "django.E003",
    "django",
    "DEBUG is on where everybody can reach it",
    "Error pages show source code, settings and local variables to any visitor, and memory grows with every query.",
    f"{_SETTINGS}#debug",
)
DEBUG_NETWORK = Kind(
    "django.W004",
    "django",
    "DEBUG is on where the local network can reach it",
    "Error pages show source code, settings and local variables to any visitor, and memory grows with every query.",
    f"{_SETTINGS}#debug",
)
DEBUG_HERE = Kind(
    "django.I005",
    "django",
    "DEBUG is on",
    "Fine on this machine; before the site is reachable from elsewhere it must be off.",
    f"{_SETTINGS}#debug",
)
STATIC_ROOT_UNSET = Kind(
    "django.I006",
    "django",
    "STATIC_ROOT is not set",
    "collectstatic needs a folder; Portico gives it one for this run only and leaves the settings alone.",
    f"{_SETTINGS}#static-root",
)
STATICFILES_MISSING = Kind(
    "django.W007",
    "django",
    "Static files have a URL, but nothing collects them",
    "Style sheets, scripts and images will be 404.",
    "https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/",
)
EXPOSES_PROJECT = Kind(
    "django.E008",
    "django",
    "A served folder contains the project itself",
    "nginx would hand out source code, settings or the database; nothing is served from that folder.",
    "https://docs.djangoproject.com/en/stable/howto/deployment/checklist/#static-root-and-static-url",
)
URL_TAKEN = Kind(
    "django.W009",
    "django",
    "A static or media URL cannot be served from a folder",
    "A prefix that is all of the site, or another's prefix, would hide pages or files.",
    f"{_SETTINGS}#static-url",
)
REDIRECT_LOOP = Kind(
    "django.W010",
    "django",
    "SECURE_SSL_REDIRECT is on, but no request will look like https",
    "Django redirects every request to https; where that ends up here again, browsers report too many redirects.",
    f"{_SETTINGS}#secure-ssl-redirect",
)
SMALLER_FRONT = Kind(
    "django.W011",
    "django",
    "nginx refuses bodies that Django would accept",
    "Requests between the two limits get a 413 from nginx and never reach the view.",
    f"{_SETTINGS}#data-upload-max-memory-size",
)
OTHER_SETTINGS = Kind(
    "django.W012",
    "django",
    "manage.py and wsgi.py name different settings",
    "The site would run with other settings than the ones you meant for it.",
    "https://docs.djangoproject.com/en/stable/howto/deployment/wsgi/#configuring-the-settings-module",
)
DEAD_HOST = Kind(
    "django.W013",
    "django",
    "An entry of ALLOWED_HOSTS can never match",
    "Entries are bare host names: one with a scheme, a port or a path permits nothing.",
    f"{_SETTINGS}#allowed-hosts",
)
STORAGE_BROKEN = Kind(
    "django.W018",
    "django",
    "The storage of static files cannot be imported",
    "collectstatic fails, and so does every page that uses {% static %}.",
    f"{_SETTINGS}#storages",
)
