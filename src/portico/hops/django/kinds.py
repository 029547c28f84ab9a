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
    shows="Every page is 400 `Bad Request`, and no log says a word. manage.py check --deploy warns of it.",
    example="DEBUG = False\nALLOWED_HOSTS = []",
    cure='`ALLOWED_HOSTS = ["example.com", "www.example.com"]`: the names browsers use, without scheme and port.',
)
HOST_REFUSED = Kind(
    "django.W002",
    "django",
    "ALLOWED_HOSTS does not permit the address a browser will use",
    "Django answers with 400 Bad Request whatever the page.",
    f"{_SETTINGS}#allowed-hosts",
    shows="400 `Bad Request` under one name or address, while another works.",
    example='ALLOWED_HOSTS = ["example.com"]     # and the browser opens http://127.0.0.1:8000/',
    cure="Add the name to ALLOWED_HOSTS, or open the site under one that is there. Names in `server_name` must be in "
    "ALLOWED_HOSTS too.",
)
DEBUG_PUBLIC = Kind(
    "django.E003",
    "django",
    "DEBUG is on where everybody can reach it",
    "Error pages show source code, settings and local variables to any visitor, and memory grows with every query.",
    f"{_SETTINGS}#debug",
    shows="A yellow page with settings and source code at each error.",
    example='DEBUG = True                        # and listen = "0.0.0.0:80"',
    cure="`DEBUG = False` in the settings of production, and ALLOWED_HOSTS filled. With DEBUG off errors no longer appear "
    "on the page: configure LOGGING or ADMINS.",
)
DEBUG_NETWORK = Kind(
    "django.W004",
    "django",
    "DEBUG is on where the local network can reach it",
    "Error pages show source code, settings and local variables to any visitor, and memory grows with every query.",
    f"{_SETTINGS}#debug",
    shows="A yellow page with settings and source code at each error, for everybody in the same network.",
    example='DEBUG = True                        # and listen = "192.168.1.10:8000"',
    cure="`DEBUG = False`, or listen on this machine only: `portico up --listen 8000`.",
)
DEBUG_HERE = Kind(
    "django.I005",
    "django",
    "DEBUG is on",
    "Fine on this machine; before the site is reachable from elsewhere it must be off.",
    f"{_SETTINGS}#debug",
    shows="Errors show a yellow page with the traceback.",
    example="DEBUG = True",
    cure="Nothing here. For production `DEBUG = False` and ALLOWED_HOSTS.",
)
STATIC_ROOT_UNSET = Kind(
    "django.I006",
    "django",
    "STATIC_ROOT is not set",
    "collectstatic needs a folder; Portico gives it one for this run only and leaves the settings alone.",
    f"{_SETTINGS}#static-root",
    shows="`manage.py collectstatic` by itself fails: `You're using the staticfiles app without having set the STATIC_ROOT "
    "setting`.",
    example='STATIC_URL = "static/"              # and no STATIC_ROOT',
    cure='Nothing with Portico. To have the files elsewhere: `STATIC_ROOT = BASE_DIR / "staticfiles"`.',
)
STATICFILES_MISSING = Kind(
    "django.W007",
    "django",
    "Static files have a URL, but nothing collects them",
    "Style sheets, scripts and images will be 404.",
    "https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/",
    shows="Pages without style: the style sheets are 404.",
    example='STATIC_URL = "static/"              # and no django.contrib.staticfiles in INSTALLED_APPS',
    cure="Add `django.contrib.staticfiles` to INSTALLED_APPS, or name the folder in the table `[static]` of portico.toml.",
)
EXPOSES_PROJECT = Kind(
    "django.E008",
    "django",
    "A served folder contains the project itself",
    "nginx would hand out source code, settings or the database; nothing is served from that folder.",
    "https://docs.djangoproject.com/en/stable/howto/deployment/checklist/#static-root-and-static-url",
    shows="Files of that URL are 404, because Portico does not serve the folder. A hand-written `alias` would serve it "
    "all: `curl http://HOST/static/mysite/settings.py`.",
    example="STATIC_ROOT = BASE_DIR",
    cure='A folder of its own: `STATIC_ROOT = BASE_DIR / "staticfiles"`, `MEDIA_ROOT = BASE_DIR / "media"`. If it was '
    "served before, change SECRET_KEY and passwords.",
)
URL_TAKEN = Kind(
    "django.W009",
    "django",
    "A static or media URL cannot be served from a folder",
    "A prefix that is all of the site, or another's prefix, would hide pages or files.",
    f"{_SETTINGS}#static-url",
    shows="Static or uploaded files are 404, or pages of the application are.",
    example='MEDIA_URL = "/"',
    cure='A prefix of its own for each: `STATIC_URL = "static/"`, `MEDIA_URL = "media/"`; or the tables `[static]` and '
    "`[media]` of portico.toml.",
)
REDIRECT_LOOP = Kind(
    "django.W010",
    "django",
    "SECURE_SSL_REDIRECT is on, but no request will look like https",
    "Django redirects every request to https; where that ends up here again, browsers report too many redirects.",
    f"{_SETTINGS}#secure-ssl-redirect",
    shows="`ERR_TOO_MANY_REDIRECTS` in the browser; curl shows 301 to the same address with https.",
    example="SECURE_SSL_REDIRECT = True          # and nginx.trusted_proxies is empty",
    cure='Name the proxy that ends TLS: `[nginx] trusted_proxies = ["10.0.0.0/8"]`, with `SECURE_PROXY_SSL_HEADER = '
    '("HTTP_X_FORWARDED_PROTO", "https")`. Where there is no TLS: `SECURE_SSL_REDIRECT = False`.',
)
SMALLER_FRONT = Kind(
    "django.W011",
    "django",
    "nginx refuses bodies that Django would accept",
    "Requests between the two limits get a 413 from nginx and never reach the view.",
    f"{_SETTINGS}#data-upload-max-memory-size",
    shows="413 `Request Entity Too Large` from nginx for requests that worked with runserver.",
    example='DATA_UPLOAD_MAX_MEMORY_SIZE = 104857600              # and client_max_body_size = "75m"',
    cure='`[nginx] client_max_body_size = "100m"` in portico.toml, at least as large as the largest upload.',
)
OTHER_SETTINGS = Kind(
    "django.W012",
    "django",
    "manage.py and wsgi.py name different settings",
    "The site would run with other settings than the ones you meant for it.",
    "https://docs.djangoproject.com/en/stable/howto/deployment/wsgi/#configuring-the-settings-module",
    shows="The site behaves otherwise than under runserver: another database, DEBUG on or off.",
    example='manage.py: os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings.dev")\n'
    'wsgi.py:   os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings.prod")',
    cure='Say which is meant: `settings = "mysite.settings.prod"` in portico.toml, or DJANGO_SETTINGS_MODULE in the '
    "environment.",
)
DEAD_HOST = Kind(
    "django.W013",
    "django",
    "An entry of ALLOWED_HOSTS can never match",
    "Entries are bare host names: one with a scheme, a port or a path permits nothing.",
    f"{_SETTINGS}#allowed-hosts",
    shows="400 `Bad Request` although the name is in ALLOWED_HOSTS, so it seems.",
    example='ALLOWED_HOSTS = ["https://example.com", "example.com:8000"]',
    cure='`ALLOWED_HOSTS = ["example.com"]`, or `".example.com"` for all names below it too. CSRF_TRUSTED_ORIGINS, in '
    "contrast, wants the scheme.",
)
STORAGE_BROKEN = Kind(
    "django.W018",
    "django",
    "The storage of static files cannot be imported",
    "collectstatic fails, and so does every page that uses {% static %}.",
    f"{_SETTINGS}#storages",
    shows="collectstatic fails, and pages with {% static %} are 500.",
    example='STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}    # not '
    "installed",
    cure="Install the package into the project's environment, or correct the name in STORAGES.",
)
HTTP_ONLY = Kind(
    "django.W019",
    "django",
    "Websockets of this project will not be answered",
    "uWSGI calls the WSGI application, which has the views and nothing else: what only the ASGI application has, such as "
    "the consumers of Django Channels, is not reached.",
    "https://channels.readthedocs.io/en/stable/deploying.html",
    shows="Pages come as ever; a request for a websocket is answered 404.",
    example='ASGI_APPLICATION = "mysite.asgi.application"         # a ProtocolTypeRouter with "websocket"',
    cure="Run an ASGI server (daphne, uvicorn) beside the site and lead the paths of the websockets there with "
    "`[nginx] extra_server`. A project without websockets needs nothing.",
)
