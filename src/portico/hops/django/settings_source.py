"""What a settings module gives to names, told from its source: nothing of it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TEXT = r"[rbuf]{0,2}(?P<quote>[\"'])(?P<value>(?:(?!(?P=quote))[^\\\n]|\\.)+)(?P=quote)"
#: `SECRET_KEY = "..."`, `"PASSWORD": "..."`, `DATABASES["default"]["PASSWORD"] = "..."`, `PASSWORD="..."` of a call.
_GIVEN = re.compile(rf"\b(?P<name>[A-Z][A-Z0-9_]*)[\"']?\]?(?:\s*:\s*str)?\s*[:=]\s*\(?\s*{_TEXT}")
#: `os.environ.get("SECRET_KEY", "...")`, `env("SECRET_KEY", default="...")`.
_DEFAULT = re.compile(rf"\w\(\s*[\"'](?P<name>[A-Z][A-Z0-9_]*)[\"']\s*,\s*(?:default\s*=\s*)?{_TEXT}")
_URL = re.compile(r"[\"'](?P<url>\w[\w+.-]*://[^\s\"'/@]*:[^\s\"'/@]+@[^\s\"']*)[\"']")
#: The path of a class or module, in words without digits.
_IMPORTED = re.compile(r"[A-Za-z_]+(\.[A-Za-z_]+)+")
_ESCAPED = re.compile(r"\\([\\'\"])")


def given(source: str) -> Iterator[tuple[str, str]]:
    """Names in capital letters and the texts that stand behind them, and URLs with a password under the name `URL`. What
    names a class is left out: `TOKEN_MODEL = "accounts.models.Token"` is for reading."""
    for pattern in (_GIVEN, _DEFAULT):
        for found in pattern.finditer(source):
            value = _ESCAPED.sub(r"\1", found["value"])
            if not _IMPORTED.fullmatch(value):
                yield found["name"], value
    for found in _URL.finditer(source):
        yield "URL", found["url"]
