"""Where a finding is: only what names a file of the checkout counts."""

from __future__ import annotations

import pytest
from findings_sample import finding

from portico.cli.places import FilePlace, place

PROJECT = "/work/checkout/site"


def found(text: str, base: str = "/work/checkout", anchor: str = "/work/checkout/site/manage.py") -> tuple[str, int] | None:
    from pathlib import Path

    where: FilePlace | None = place(finding("nginx.E001", "error", "t", (text,)), PROJECT, anchor, Path(base))
    return (where.file, where.line) if where else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("portico.toml:12 ([nginx] extra)", ("site/portico.toml", 12)),
        ("./mysite/settings.py:7: DEBUG", ("site/mysite/settings.py", 7)),
        ("/work/checkout/conf/site:4: alias", ("conf/site", 4)),
        ("/work/checkout/a.conf:4:2", ("a.conf", 4)),
        ('  File "mysite/urls.py", line 9, in <module>', ("site/mysite/urls.py", 9)),
        ('unexpected "}" in /work/checkout/a.conf:153', ("a.conf", 153)),
        ("DEBUG = False   # in /work/checkout/site/s.py", ("site/s.py", 1)),
        ("../../elsewhere/a.conf:4", ("site/manage.py", 1)),
        ("/etc/nginx/nginx.conf:4", ("site/manage.py", 1)),
        ('File "/work/checkout/.venv/lib/python3.11/site-packages/x.py", line 9', ("site/manage.py", 1)),
        ("127.0.0.1:8000: pid 7", ("site/manage.py", 1)),
        ("http://example.com:8000/a", ("site/manage.py", 1)),
        ("[::1]:8000 at 12:30:07", ("site/manage.py", 1)),
        ("unix:/work/checkout/app.sock: no", ("site/manage.py", 1)),
        ("10.0.0.2:9090 weight=2", ("site/manage.py", 1)),
    ],
)
def test_what_is_a_place(text: str, expected: tuple[str, int]) -> None:
    assert found(text) == expected


def test_without_a_file_in_the_checkout_there_is_none() -> None:
    assert found("/etc/nginx/nginx.conf:4", anchor="/etc/nginx/nginx.conf") is None
    assert found("nothing", anchor="") is None
