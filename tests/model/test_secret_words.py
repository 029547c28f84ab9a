"""Names after which nothing is shown, of headers, variables and options alike, in what an adoption says of both programs."""

from __future__ import annotations

import pytest

from portico.hops.nginx.adopt import fates as of_nginx
from portico.hops.uwsgi.adopt import fates as of_uwsgi
from portico.model.directive import Directive, Option
from portico.model.secret_words import names_secret

SECRET = (
    "SECRET_KEY",
    "X-Api-Key",
    "authorization",
    "DATABASE_URL",
    "redis_url",
    "SENTRY_DSN",
    "GPG_PASSPHRASE",
    "basic-auth",
)
HARMLESS = ("DJANGO_SETTINGS_MODULE", "X-Forwarded-Proto", "LANG", "SITE_URL", "author", "bypass-cache")


def test_names_are_told_apart() -> None:
    assert [name for name in (*SECRET, *HARMLESS) if names_secret(name)] == list(SECRET)


@pytest.mark.parametrize("name", SECRET)
def test_both_programs_lines_keep_the_same_secrets(name: str) -> None:
    directive = Directive("uwsgi_param", (name, "hunter2"), "/etc/nginx/site.conf", 3)
    option = Option("env", f"{name}=hunter2", "/srv/app/uwsgi.ini:7")
    for entry in (of_nginx.left(directive, "why"), of_uwsgi.left(option, "why")):
        assert name in entry.text
        assert "hunter2" not in entry.text
