"""Keeps secrets out of what is reported: `***` stands for each.

Standard library only, Python 3.8 and later; loaded by `examine_project`. A secret is the value of an environment variable or
a setting whose name says so, the password in a URL, and what source code gives to such a name. Names are judged as Django's
debug page judges them (https://docs.djangoproject.com/en/stable/howto/error-reporting/), and some more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
_NAME = re.compile(
    r"secret|token|passw|passphrase|pwd|credential|private|dsn|signature|cookie|apikey|(^|_)(auth|key|pass)$|_key_",
    re.IGNORECASE,
)
#: Names that match, and whose values are no secrets but whole folders or words that everything is full of.
_HARMLESS = re.compile(
    r"^(pwd|oldpwd|.*_validators|.*_hashers|.*_(name|path|sock|backend|engine|secure|httponly|samesite|age|domain|module|prefix"
    r"|model|root|dir|url|class|storage|view|file)|.*_(timeout|header).*)$",
    re.IGNORECASE,
)
_WORDS = frozenset(("true", "false", "none", "null", "yes", "no", "on", "off", "default"))
_URL = re.compile(r"(://[^/?#\s:@'\"]*:)([^/?#\s@'\"]+)(?=@)")
#: No name is longer; without a limit, one that repeats itself for a million characters would take hours.
_GIVEN = re.compile(
    r"(?i)(\b\w{0,80}(?:secret|token|passw|passphrase|pwd|credential|signature|api_?key|_key\b)\w{0,80}[\"']?\]?\s*[:=]\s*)"
    r"(?:[rbuf]{0,2})([\"'])(?!\*\*\*|\.\.\.[\"'])[^\"']+\2"
)
_CONNECTION = re.compile(r"(?i)(\b(?:password|passwd|pwd)=)(?!\*\*\*)[^\s;&'\"]+")
_CSRF = re.compile(r"(?i)(name=[\"']csrf\w*[\"'][^>]*value=[\"'])[^\"']*")
#: Words for programs and names of classes, which rules compare: a password `django` must not change them.
_WORDS_OF_OURS = frozenset(
    (
        "kind",
        "stage",
        "vendor",
        "engine",
        "logger",
        "level",
        "type",
        "id",
        "exception",
        "unfinished",
        "view",
        "missing_module",
    )
)
_WORD = re.compile(r"[\w.-]+")
_FEWEST = 4


class Masker:
    """Knows the secrets of one process. `add` teaches it more of them."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(dict(os.environ))

    def add(self, named: Mapping[Any, Any], depth: int = 0) -> None:
        """Take the secrets out of a mapping of names to values, however deep it is."""
        for name, value in list(named.items()):
            if isinstance(value, Mapping) and depth < 6:
                self.add(value, depth + 1)
            elif isinstance(value, (list, tuple)) and depth < 6:
                self.add({index: item for index, item in enumerate(value) if isinstance(item, Mapping)}, depth + 1)
                if secret_name(str(name)):
                    self._take(*value)
            elif isinstance(value, str):
                self._take(*(match[2] for match in _URL.finditer(value)))
                if secret_name(str(name)):
                    self._take(value)
        self._pattern = None

    def _take(self, *values: Any) -> None:
        self._values.update(value for value in values if isinstance(value, str) and _worth(value))

    def text(self, text: str) -> str:
        """The text with every secret that is known or can be told by its form replaced."""
        if self._pattern is None:
            # A plain word is replaced as a word only: a password `django` must not blot out every module's name.
            ordered = sorted(self._values, key=len, reverse=True)
            alternatives = [
                rf"(?<!\w){re.escape(v)}(?!\w)" if v.isalnum() and len(v) < 12 else re.escape(v) for v in ordered
            ]
            self._pattern = re.compile("|".join(alternatives) or r"(?!)")
        text = self._pattern.sub(MASK, text)
        text = _URL.sub(rf"\1{MASK}", text)
        text = _GIVEN.sub(rf"\1\2{MASK}\2", text)
        text = _CONNECTION.sub(rf"\1{MASK}", text)
        return _CSRF.sub(rf"\1{MASK}", text)

    def all(self, value: Any) -> Any:
        """JSON-ready data with every text in it masked; paths that exist are left as they are."""
        if isinstance(value, str):
            return value if value.startswith("/") and "\n" not in value and os.path.lexists(value) else self.text(value)
        if isinstance(value, Mapping):
            return {str(name): item if _fixed(name, item) else self.all(item) for name, item in list(value.items())}
        if isinstance(value, (list, tuple)):
            return [self.all(item) for item in list(value)]
        return value if value is None or isinstance(value, (bool, int, float)) else self.text(str(value))


def secret_name(name: str) -> bool:
    """Whether what has this name is likely to be secret."""
    return bool(_NAME.search(name)) and not _HARMLESS.match(name)


def _fixed(name: Any, value: Any) -> bool:
    return name in _WORDS_OF_OURS and isinstance(value, str) and bool(_WORD.fullmatch(value))


def _worth(value: str) -> bool:
    if len(value) < _FEWEST or value.lower() in _WORDS:
        return False
    return not (value.startswith("/") and os.path.lexists(value))
