"""Which PyPI project a module comes from (https://pypi.org), for the modules projects most often miss.

A name is never guessed: whoever installs a misspelt or invented package runs a stranger's code.
"""

from __future__ import annotations

_PROJECTS = {
    "allauth": "django-allauth",
    "attr": "attrs",
    "bootstrap4": "django-bootstrap4",
    "bs4": "beautifulsoup4",
    "ckeditor": "django-ckeditor",
    "compressor": "django-compressor",
    "configurations": "django-configurations",
    "corsheaders": "django-cors-headers",
    "crispy_forms": "django-crispy-forms",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "debug_toolbar": "django-debug-toolbar",
    "decouple": "python-decouple",
    "dj_database_url": "dj-database-url",
    "django_bootstrap5": "django-bootstrap5",
    "django_celery_beat": "django-celery-beat",
    "django_extensions": "django-extensions",
    "django_filters": "django-filter",
    "django_redis": "django-redis",
    "django_tables2": "django-tables2",
    "dotenv": "python-dotenv",
    "drf_spectacular": "drf-spectacular",
    "environ": "django-environ",
    "graphene_django": "graphene-django",
    "guardian": "django-guardian",
    "health_check": "django-health-check",
    "import_export": "django-import-export",
    "jinja2": "Jinja2",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "markdown": "Markdown",
    "mptt": "django-mptt",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "rest_framework_simplejwt": "djangorestframework-simplejwt",
    "sass_processor": "django-sass-processor",
    "sentry_sdk": "sentry-sdk",
    "simple_history": "django-simple-history",
    "sklearn": "scikit-learn",
    "social_django": "social-auth-app-django",
    "storages": "django-storages",
    "taggit": "django-taggit",
    "wagtail": "wagtail",
    "webpack_loader": "django-webpack-loader",
    "widget_tweaks": "django-widget-tweaks",
    "yaml": "pyyaml",
}


_SAME = frozenset(
    (
        "boto3",
        "bottle",
        "celery",
        "channels",
        "cryptography",
        "django",
        "falcon",
        "flask",
        "httpx",
        "lxml",
        "numpy",
        "openpyxl",
        "pandas",
        "psycopg",
        "pymysql",
        "pyramid",
        "pytz",
        "qrcode",
        "redis",
        "requests",
        "sqlalchemy",
        "stripe",
        "whitenoise",
    )
)


def pypi_project(module: str) -> str:
    """The project to install for a module that cannot be imported; "" where it is not known for certain."""
    top = module.partition(".")[0]
    return _PROJECTS.get(top, top if top.lower() in _SAME else "")
