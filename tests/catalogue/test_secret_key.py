"""A SECRET_KEY that is made anew at each start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catalogue.kit import Kit

Names = Callable[..., dict[str, Any]]


def test_every_worker_has_a_key_of_its_own(kit: Kit, names: Names) -> None:
    settings = kit.project / "mysite" / "settings.py"
    text = settings.read_text()
    line = 'SECRET_KEY = "for-tests-only-" + "x" * 50'
    assert line in text
    settings.write_text(
        text.replace(
            line, "from django.core.management.utils import get_random_secret_key\nSECRET_KEY = get_random_secret_key()"
        )
    )
    kit.uwsgi("--master", "--module", "mysite.wsgi", "--chmod-socket=666", "--socket", kit.socket, "--lazy-apps", "-p", "2")
    kit.nginx(kit.site)
    names(kit.doctor(), "secret-key-per-worker", "django.E150")
