"""Kinds: Django answers, but not with the page."""

from __future__ import annotations

from portico.model.finding import Kind

_SETTINGS = "https://docs.djangoproject.com/en/stable/ref/settings/"
_LOGGING = "https://docs.djangoproject.com/en/stable/ref/logging/#default-logging-configuration"

VIEW_RAISES = Kind(
    "django.E110",
    "django",
    "A page raises an exception",
    "Django catches it and answers `Server Error (500)`.",
    source="https://docs.djangoproject.com/en/stable/ref/views/#the-500-server-error-view",
    shows="500 `Server Error (500)` (text/html) for this page, others are well.",
    example='  File "/srv/site/shop/views.py", line 80, in boom\nValueError: boom',
    cure="Correct the line that the traceback names.",
    leads_to=("django.E112",),
)
RAISED_LATELY = Kind(
    "django.W111",
    "django",
    "Pages raised exceptions lately",
    "Visitors of these pages got an error; the page that was asked for now is another one.",
    source=_LOGGING,
    shows="Tracebacks in uWSGI's log.",
    example="Internal Server Error: /basket/",
    cure="`portico doctor URL` with the page that fails examines it by itself.",
)
UNLOGGED = Kind(
    "django.E112",
    "django",
    "Errors of pages are logged nowhere",
    "With DEBUG off Django's own LOGGING only mails errors to ADMINS: without any, or without a mail server, nobody is "
    "told.",
    source=_LOGGING,
    shows="500 `Server Error (500)`, and no traceback in any log.",
    example="DEBUG = False        # and no LOGGING",
    cure="A LOGGING with a `StreamHandler` on the root logger: what it writes ends in uWSGI's log.",
)
LOGGED_ELSEWHERE = Kind(
    "django.E118",
    "django",
    "Errors of pages are logged elsewhere than in uWSGI's log",
    "LOGGING decides where Django writes why a page failed: with a `FileHandler` or `SysLogHandler` alone it is not among "
    "what uWSGI writes, and a handler that draws tracebacks in a form of its own cannot be read here.",
    source=_LOGGING,
    shows="500 `Server Error (500)`, and no traceback in uWSGI's log.",
    example='"handlers": {"file": {"class": "logging.FileHandler", "filename": "/srv/site/django.log"}}',
    cure="Look where LOGGING writes to; a `StreamHandler` beside it lets `portico doctor` see it as well.",
)
TEMPLATE_MISSING = Kind(
    "django.E113",
    "django",
    "A template is not where Django looks for it",
    "Templates are looked for in `DIRS` and, with `APP_DIRS`, in the `templates` folder of each installed application; on a "
    "server names are case-sensitive.",
    source="https://docs.djangoproject.com/en/stable/topics/templates/#django.template.loader.get_template",
    shows="500 for pages that use it: `TemplateDoesNotExist`.",
    example="TemplateDoesNotExist: shop/basket.html",
    cure="Deploy the file, add its application to INSTALLED_APPS, or its folder to `DIRS` as an absolute path: "
    '`BASE_DIR / "templates"`.',
    leads_to=("django.E112",),
)
BODY_TOO_LARGE = Kind(
    "django.E115",
    "django",
    "Django refuses bodies larger than DATA_UPLOAD_MAX_MEMORY_SIZE",
    "What is no file upload may have 2.5 MB unless the setting says otherwise; the refusal is a 400 that is logged "
    "nowhere by "
    "default.",
    source=f"{_SETTINGS}#data-upload-max-memory-size",
    shows="400 `Bad Request (400)` (143 bytes) for large POSTs only; nginx's own limit would be a 413.",
    example="POST /api/import/ with 3 MB of JSON: 400",
    cure="Raise DATA_UPLOAD_MAX_MEMORY_SIZE (bytes), or send it as a file (multipart/form-data).",
    leads_to=("nginx-uwsgi.E132",),
)
DEBUG_SHOWN = Kind(
    "django.E116",
    "django",
    "DEBUG is on: error pages show the code and the settings",
    "Whoever finds an error reads the traceback with its variables, and the settings; and every query is kept in memory.",
    source=f"{_SETTINGS}#debug",
    shows="Yellow pages with a traceback instead of `Server Error (500)` or `Not Found`.",
    example="DEBUG = True",
    cure="`DEBUG = False` and ALLOWED_HOSTS in the settings of production, then restart uWSGI; afterwards change what "
    "the pages "
    "have shown.",
)
DEBUG_ON = Kind(
    "django.W117",
    "django",
    "DEBUG is on",
    "The first error will show its traceback with variables, and the settings, to whoever asked; and every query is kept in "
    "memory.",
    source=f"{_SETTINGS}#debug",
    shows="Nothing yet. `manage.py check --deploy`: security.W018.",
    example="DEBUG = True",
    cure="`DEBUG = False` and ALLOWED_HOSTS in the settings of production, then restart uWSGI.",
)
DEBUG_LOCAL = Kind(
    "django.I118",
    "django",
    "DEBUG is on, on an address of this machine only",
    "Fine while nobody else can reach it.",
    source=f"{_SETTINGS}#debug",
    shows="Yellow pages with a traceback for errors.",
    example="DEBUG = True",
    cure="Nothing here. Off before the site can be reached from elsewhere.",
)
