"""Kinds: what Django says about its files is not what nginx hands out."""

from __future__ import annotations

from portico.model.finding import Kind

_DEPLOY = "https://docs.djangoproject.com/en/stable/howto/static-files/deployment/"
_SETTINGS = "https://docs.djangoproject.com/en/stable/ref/settings/"

NO_LOCATION = Kind(
    "nginx-django.E100",
    "nginx-django",
    "Nothing serves the static files",
    "Only `runserver` hands them out by itself. Under uWSGI Django does not, with DEBUG on or off, so that requests for "
    "them that nginx passes on are pages that do not exist.",
    source=_DEPLOY,
    shows="Pages have no style. The style sheet is a 404 of Django (`Not Found`), and uWSGI's log has the request for it.",
    example="server { location / { include uwsgi_params; uwsgi_pass unix:/run/site/app.sock; } }",
    cure="`location /static/ { alias /srv/site/staticfiles/; }` with STATIC_ROOT's folder, or WhiteNoise.",
)
OTHER_URL = Kind(
    "nginx-django.E101",
    "nginx-django",
    "STATIC_URL and nginx's location for static files differ",
    "Pages link to STATIC_URL; nginx hands the files out under another name and passes the real requests to Django, which "
    "does not have them.",
    source=f"{_SETTINGS}#static-url",
    shows="Pages have no style although the files can be had under another URL; the style sheet is a 404 of Django.",
    example="STATIC_URL = '/static/'   # and in nginx: location /assets/ { alias /srv/site/staticfiles/; }",
    cure="Write the same in both.",
)
NOT_COLLECTED = Kind(
    "nginx-django.E102",
    "nginx-django",
    "The file is not where nginx looks for it",
    "Static files lie in the packages they belong to until collectstatic copies them to STATIC_ROOT; after a deployment "
    "without it they are missing or old.",
    source=_DEPLOY,
    shows='A 404 of nginx; its log has `open() "..." failed (2: ...)` with a path that is exactly STATIC_ROOT and the name.',
    example='open() "/srv/site/staticfiles/admin/css/base.css" failed (2: No such file or directory)',
    cure="`python manage.py collectstatic --noinput`, in every deployment.",
)
ROOT_UNSET = Kind(
    "nginx-django.E103",
    "nginx-django",
    "STATIC_ROOT is not set",
    "collectstatic has nowhere to copy the files to; `startproject` does not set it, and `check --deploy` does not miss it.",
    source=f"{_SETTINGS}#static-root",
    shows="`ImproperlyConfigured: You're using the staticfiles app without having set the STATIC_ROOT setting`; pages have "
    "no style.",
    example="STATIC_URL = 'static/'   # and no STATIC_ROOT",
    cure='`STATIC_ROOT = BASE_DIR / "staticfiles"`, then collectstatic.',
    leads_to=("nginx-django.E100", "nginx-django.E102", "nginx-django.E104"),
)
NO_MANIFEST = Kind(
    "nginx-django.E104",
    "nginx-django",
    "The manifest of the static files is missing or old",
    "With a manifest storage, every {% static %} is looked up in staticfiles.json, which collectstatic writes; a name that "
    "is not in it is an exception, and the page a 500. With DEBUG on it is not looked up.",
    source="https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/#manifeststaticfilesstorage",
    shows="Whole pages are a 500, `Server Error (500)`, and only those with a style sheet; the log is empty where LOGGING "
    "is not set, else `ValueError: Missing staticfiles manifest entry for 'admin/css/base.css'`.",
    example="STORAGES = {'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'}}",
    cure="`python manage.py collectstatic --noinput`, then reload uWSGI: the manifest is read once.",
    leads_to=("nginx-django.E100", "nginx-django.E102", "django.E110", "django.W111", "django.E112"),
)
OTHER_FOLDER = Kind(
    "nginx-django.E105",
    "nginx-django",
    "nginx hands out another folder than Django collects into",
    "collectstatic fills STATIC_ROOT; nginx looks elsewhere.",
    source=f"{_SETTINGS}#static-root",
    shows="A 404 of nginx for files that collectstatic has just copied, or an old version of them.",
    example="STATIC_ROOT = '/srv/site/staticfiles'   # and in nginx: alias /srv/site/static/;",
    cure="Write STATIC_ROOT's folder into the alias.",
)
ROOT_IN_DIRS = Kind(
    "nginx-django.W106",
    "nginx-django",
    "STATIC_ROOT is also a source of static files",
    "collectstatic would copy a folder onto itself, and refuses; so does every manage.py command that runs Django's checks.",
    source="https://docs.djangoproject.com/en/stable/ref/checks/#staticfiles",
    shows="`(staticfiles.E002) The STATICFILES_DIRS setting should not contain the STATIC_ROOT setting.`",
    example='STATICFILES_DIRS = [BASE_DIR / "static"]   # with STATIC_ROOT = BASE_DIR / "static"',
    cure='`STATIC_ROOT = BASE_DIR / "staticfiles"`: a folder of its own, and the same in nginx\'s alias.',
)
UNUSED_LOCATION = Kind(
    "nginx-django.W107",
    "nginx-django",
    "Nothing serves the static files of this site's pages",
    "The page that was asked for is there; its style sheet, or that of the admin, is not: nginx passes requests for them to "
    "Django.",
    source=_DEPLOY,
    shows="The page is a 200 and has no style.",
    example="server { location / { include uwsgi_params; uwsgi_pass unix:/run/site/app.sock; } }",
    cure="`location /static/ { alias /srv/site/staticfiles/; }` with STATIC_ROOT's folder, or WhiteNoise.",
    standing=2,
)
MEDIA_LOCATION = Kind(
    "nginx-django.E108",
    "nginx-django",
    "Nothing serves the uploaded files",
    "`static()` in the URLconf works only with DEBUG on; nginx passes the request on, and Django has no page for it.",
    source="https://docs.djangoproject.com/en/stable/howto/static-files/deployment/",
    shows="Images that were uploaded are a 404 of Django, though they lie in MEDIA_ROOT.",
    example="urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)   # empty with DEBUG = False",
    cure="`location /media/ { alias /srv/site/media/; }` with MEDIA_ROOT's folder.",
)
OLD_MANIFEST = Kind(
    "nginx-django.E109",
    "nginx-django",
    "uWSGI still has the manifest of the static files that was there when it started",
    "The manifest is read once by each process; files that were collected since are unknown to it.",
    source="https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/#manifeststaticfilesstorage",
    shows="Pages are a 500 through nginx, and well in a shell or in a process that was started after collectstatic.",
    example="ValueError: Missing staticfiles manifest entry for 'admin/css/base.css'   # and staticfiles.json has it",
    cure="Reload uWSGI after each collectstatic.",
    leads_to=("django.E110", "django.W111", "django.E112"),
)
