"""What is a secret by its form, and what only looks like one."""

from __future__ import annotations

import pytest

from portico.actions.doctor import clues, secrets
from portico.actions.doctor.discretion import Discretion
from portico.actions.doctor.secrets import of_words
from portico.model.evidence import Evidence, MachineSeen, ProcessSeen, UwsgiSeen


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET http://h/?token=abcdef&page=2 -> 200", "GET http://h/?token=***&page=2 -> 200"),
        ("GET /x?api_key=1&next=/a", "GET /x?api_key=***&next=/a"),
        ("http://joe:s3cret@host/x", "http://***@host/x"),
        ("https://ghp_abc@host/x", "https://***@host/x"),
        ("postgres://joe:pw@db/x", "postgres://***@db/x"),
        ("--env DJANGO_SECRET=abc def", "--env DJANGO_SECRET=*** def"),
        ("env = DB_PASSWORD=hunter2", "env = DB_PASSWORD=***"),
        ("db-password = hunter2", "db-password = ***"),
        ("Authorization: Basic abcd=", "Authorization: Basic ***"),
        ("'HTTP_AUTHORIZATION': 'Bearer aaa.bbb'", "'HTTP_AUTHORIZATION': 'Bearer ***'"),
        ("Cookie: sessionid=b; theme=d", "Cookie: ***"),
        ("csrftoken=abcdef; sessionid=xyz", "csrftoken=***; sessionid=***"),
        ("bad django-insecure-a!b@c#(d)=e+f of it", "bad *** of it"),
        ("eyJhbGciOiJI.eyJzdWIi.c2ln", "***"),
        ("/reset/Mw/c3k1ab-0123456789abcdef0123456789abcdef/", "/reset/Mw/***/"),
    ],
)
def test_a_secret_by_its_form(text: str, shown: str) -> None:
    assert Discretion().text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        'SECRET_KEY = os.environ["SECRET_KEY"]',
        'DB_PASSWORD = "..."   # in portico.toml',
        "one KEY=VALUE a line",
        "-H 'Cookie: sessionid=...'",
        "SESSION_COOKIE_SECURE = True",
        "CSRF_TRUSTED_ORIGINS=https://example.org",
        "uwsgi_pass unix:/run/app.sock",
        "uwsgi_pass=unix:/run/app.sock",
        "uwsgi://unix:@abstract/page",
        "`x` is no `key = value`",
        "chmod-socket = 660",
        "a secure cookie: the browser keeps it",
        "Basic authentication is on",
        "GET http://127.0.0.1:8000/@joe/a=b -> 200",
    ],
)
def test_what_is_none(text: str) -> None:
    assert Discretion().text(text) == text


@pytest.mark.parametrize("name", ["csrf", "passphrase", "SENTRY_DSN", "private_key", "auth", "pass", *sorted(secrets._ALSO)])
def test_no_name_is_overlooked(name: str) -> None:
    """Most lines are not looked at closely; those with a secret's name in them are."""
    assert not secrets.is_secret(name) or Discretion().text(f"/?{name}=abcd") == f"/?{name}=***"
    assert clues.form_in(f"/?{name.upper()}=abcd")


def test_what_a_url_holds_is_hidden_wherever_it_appears() -> None:
    clean = Discretion(url="http://joe%40x:pa55w0rd!@host/?token=tok3n%2Bvalue")
    assert clean.text("seen pa55w0rd! and tok3n+value and tok3n%2Bvalue of joe@x") == "seen *** and *** and *** of ***"


def test_a_name_that_repeats_itself_without_end_is_none() -> None:
    """What is quadratic in a line's length would never be done with this one."""
    text = "token" * 100_000 + "="
    assert Discretion().text(text) == text


def test_half_a_secret_is_one() -> None:
    secret = "abcdefghijklmnopqrstuvwxyz0123456789"
    clean = Discretion(url=f"http://host/?token={secret}")
    for length in (12, 20, 35):
        assert clean.text(f"it ends in {secret[:length]}") == "it ends in ***"
    assert clean.text(f"a {secret[:7]} ... {secret[-6:]} z") == "a *** ... *** z"


def test_what_a_key_of_django_begins_with_is_no_secret() -> None:
    clean = Discretion(url="http://host/?token=django-insecure-abcdefghijklmnopqrstuvwxyz")
    assert clean.text("it is prefixed with 'django-insecure-'") == "it is prefixed with 'django-insecure-'"
    assert clean.text("a django-insecure-abcdefghijklmnopqr") == "a ***"


def test_a_command_line_hides_the_word_behind_its_option() -> None:
    words = ("mysqld", "--password", "abcd", "--user=joe", "--token=xyz", "--verbose")
    assert Discretion().command(words) == ("mysqld", "--password", "***", "--user=joe", "--token=***", "--verbose")


def test_a_process_that_is_just_ending_has_no_command_line() -> None:
    assert list(of_words(())) == []
    assert Discretion().command(()) == ()


def test_data_keeps_its_form() -> None:
    clean = Discretion(url="http://h/?token=kept-secret")
    data = {"hop": "kept-secret", "rows": ["x kept-secret", {"n": 5, "none": None, "yes": True}], "pair": ("kept-secret",)}
    assert clean.data(data) == {
        "hop": "kept-secret",
        "rows": ["x ***", {"n": 5, "none": None, "yes": True}],
        "pair": ["***"],
    }


def test_names_of_fields_stay_and_other_names_do_not() -> None:
    clean = Discretion(url="http://h/?token=instances&key=sk-live/1")
    assert clean.data({"instances": 2, "echo sk-live/1": 0}) == {"instances": 2, "echo ***": 0}


def _uwsgi(pid: int, environ: dict[str, str]) -> UwsgiSeen:
    return UwsgiSeen(master=ProcessSeen(pid, 1, ("uwsgi",), "joe", "S", 0.0, 0, environ=environ))


def test_a_word_that_is_a_secret_of_another_site_is_a_word_here() -> None:
    own, other = {"SITE_TOKEN": "walnut"}, {"SHOP_TOKEN": "worker", "SHOP_SECRET_KEY": "w0rk!er-9f3a"}
    machine = MachineSeen("root", True)
    seen = Evidence("http://h/", False, 0.0, 0.0, machine, uwsgi=(_uwsgi(7, own),), others=(_uwsgi(8, other),))
    assert Discretion(seen).text("one worker has walnut and w0rk!er-9f3a") == "one worker has *** and ***"
