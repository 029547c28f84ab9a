"""An option as it reads in its file, without what is secret in it."""

from __future__ import annotations

import re

from portico.hops.uwsgi.option_names import KNOWN
from portico.model.directive import Option
from portico.model.secret_words import PASSWORD_IN_URL, names_secret

#: A secret after a word for it.
_GIVEN = re.compile(r"(?i)((?<![\w/.])\w*(?:secret|token|passw(?:or)?d?|pwd|credential|api_?key)\w*=)[^\s,;]+")
_BASIC_AUTH = re.compile(r"(basicauth(?:-next)?:).*")
#: Options whose value begins with a name of its own.
_NAMING = ("env", "set", "set-placeholder")
#: So much of a value is shown, in characters; more is looked at, for a secret that begins there.
_LONG, _LOOKED = 400, 4000
HIDDEN = "..."


def shown(option: Option) -> str:
    """`harakiri = 30`; of what is secret by its name or its form only the name: `env = SECRET_KEY=...`."""
    value = (option.raw or option.value)[:_LOOKED]
    name, sign, inner = value.partition("=")
    if option.name in _NAMING and sign and names_secret(name):
        return f"{option.name} = {name}={HIDDEN}"
    if option.name not in KNOWN and names_secret(option.name):
        return f"{option.name} = {HIDDEN}"
    if option.name in _NAMING and "://" in inner and "@" in inner:
        return f"{option.name} = {name}={HIDDEN}"
    for pattern in (PASSWORD_IN_URL, _GIVEN, _BASIC_AUTH):
        value = pattern.sub(rf"\g<1>{HIDDEN}", value)
    short = value if len(value) <= _LONG else value[:_LONG] + HIDDEN
    return f"{option.name} = {short}"
