"""How to call the project's manage.py from where the user stands, as the application itself runs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from portico.model.plan import Plan

_SETTINGS = "DJANGO_SETTINGS_MODULE"
#: What Portico itself sees to (`environment`), and what a change of the account changes.
_SEEN_TO = frozenset(("PATH", "LC_ALL", "LC_CTYPE", "PYTHONUNBUFFERED", "HOME", "USER", "LOGNAME", _SETTINGS))


def manage_here(plan: Plan, user: str, *words: str) -> str:
    """One line for a shell, with the site's Python, folder and settings. `user` is the account to become for it, empty for
    ourselves."""
    directory = Path(plan.site.directory)
    folders = (directory, *map(Path, plan.site.python_path))
    manage = next((folder / "manage.py" for folder in folders if (folder / "manage.py").is_file()), None)
    script = [os.path.relpath(manage, directory)] if manage else ["-m", "django"]
    argv = [plan.interpreter.executable, *script, *words]
    if _unsaid(plan, manage):
        argv += ["--settings", plan.site.settings]
    if not manage:
        argv += ["--pythonpath", "."]
    if user:
        # What is made as root could not be written to by the application. sudo would drop the environment.
        argv = ["runuser", "-u", user, "--", *argv]
    here = directory.resolve() == Path.cwd()
    return shlex.join(argv) if here else f"cd {shlex.quote(str(directory))} && {shlex.join(argv)}"


def not_in_shell(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the variables that the site has and the user's shell has not, or has otherwise."""
    return tuple(sorted(name for name in set(environ) - _SEEN_TO if os.environ.get(name) != environ[name]))


def _unsaid(plan: Plan, manage: Path | None) -> bool:
    """Whether manage.py and the shell would come to other settings, or to none, by themselves."""
    if os.environ.get(_SETTINGS):
        return os.environ[_SETTINGS] != plan.site.settings
    origin = plan.origins.get("settings")
    by_itself = manage is not None and origin is not None and origin.detail == "manage.py"
    return bool(plan.site.settings) and not by_itself
