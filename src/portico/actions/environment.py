"""The environment the application gets: the shell's that ran `up`, without what belongs to the shell itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from portico.inside.masking import MASK
from portico.model.errors import PorticoError
from portico.model.finding import Finding
from portico.model.secret_words import PASSWORD_IN_URL
from portico.system.accounts import Account

#: Belongs to a terminal or login session, changes from call to call, and means nothing to an application.
_SESSION = frozenset(
    (
        *("_", "SHLVL", "PWD", "OLDPWD", "TERM", "TERMCAP", "COLORTERM", "LS_COLORS", "DISPLAY", "WINDOWID", "STY"),
        *("PS1", "PS2", "MAIL", "COLUMNS", "LINES", "EDITOR", "PAGER", "LESS", "NO_COLOR", "FORCE_COLOR"),
        *("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER"),
    )
)
_SESSION_PREFIXES = ("SSH_", "XDG_SESSION_", "DBUS_", "TMUX", "SUDO_", "WAYLAND_", "VSCODE_", "TERM_")
#: `NGINX` makes nginx look for inherited sockets; `UWSGI_*` are options to uWSGI; PYTHONHOME breaks another Python.
_HARMFUL = frozenset(("NGINX", "PYTHONHOME", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONSTARTUP"))
_SECRET = re.compile(r"secret|token|passw|pwd|credential|private|dsn|(^|_)key$|_key_", re.IGNORECASE)
#: Variables of the shell that only sound like it.
_FOLDERS = ("PWD", "OLDPWD")


def base_environment(shell: Mapping[str, str], app: Account, us: Account) -> dict[str, str]:
    """The part of the shell's environment that an application may rely on.

    When root starts a stack for another account, HOME and its companions become that account's.
    """
    kept = {
        name: value
        for name, value in shell.items()
        if name not in _SESSION
        and name not in _HARMFUL
        and not name.startswith(_SESSION_PREFIXES)
        and not name.startswith("UWSGI_")
    }
    if app.uid != us.uid:
        kept.update(HOME=app.home, USER=app.name, LOGNAME=app.name)
        kept.pop("XDG_RUNTIME_DIR", None)
    return kept


def application_environment(
    base: Mapping[str, str], files: Mapping[str, str], table: Mapping[str, str], python: str, settings: str
) -> dict[str, str]:
    """What the application sees: the shell's part, then `env_files`, then `[env]`, later ones winning.

    A UTF-8 locale is added where there is none, because under LANG=C an upload named `naïve.txt` fails (PEP 538);
    output is unbuffered so that a print is in the log when it is looked for.
    """
    merged = {**base, **files, **table}
    if settings:
        merged["DJANGO_SETTINGS_MODULE"] = settings
    if not any("utf" in merged.get(name, "").lower() for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        merged.pop("LC_ALL", None)
        merged["LC_CTYPE"] = "C.UTF-8"
    merged.setdefault("PYTHONUNBUFFERED", "1")
    scripts = str(Path(python).parent)
    if scripts not in merged.get("PATH", "").split(":"):
        merged["PATH"] = f"{scripts}:{merged.get('PATH', '/usr/local/bin:/usr/bin:/bin')}"
    return merged


def masker(environ: Mapping[str, str]) -> Callable[[str], str]:
    """A function that takes every secret of the environment out of a text."""
    hidden = sorted(_secrets(environ), key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, MASK)
        return text

    return clean


def without_secrets(findings: Sequence[Finding], environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings without any secret of the environment: what an application says when it fails may quote one."""
    clean = masker(environ)

    def cleaned(finding: Finding) -> Finding:
        evidence, fix = tuple(map(clean, finding.evidence)), tuple(map(clean, finding.fix))
        return replace(finding, title=clean(finding.title), cause=clean(finding.cause), evidence=evidence, fix=fix)

    return tuple(map(cleaned, findings))


def discreet(error: PorticoError, environ: Mapping[str, str]) -> PorticoError:
    """The same error `without_secrets`."""
    first, *others = without_secrets(error.findings, environ)
    return PorticoError(first, error.code, others)


def _secrets(environ: Mapping[str, str]) -> set[str]:
    """Values of variables that are named like secrets, and passwords in URLs; what is shorter than 4 hides nothing."""
    named = [value for name, value in environ.items() if _SECRET.search(name) and name not in _FOLDERS]
    in_urls = [match[2] for value in environ.values() for match in PASSWORD_IN_URL.finditer(value)]
    return {line.strip() for text in (*named, *in_urls) for line in (text, *text.splitlines()) if len(line.strip()) >= 4}


def digest(environ: Mapping[str, str]) -> str:
    """A fingerprint that changes when any variable does."""
    return hashlib.sha256(json.dumps(dict(environ), sort_keys=True).encode()).hexdigest()
