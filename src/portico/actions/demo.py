"""`portico demo`: the sample project behind nginx and uWSGI, and two requests followed through it."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from portico.actions import sample
from portico.actions.command_here import command_here
from portico.actions.configure import load
from portico.actions.options import Options, find_places
from portico.actions.places import Places
from portico.actions.prepare import Prepared, prepare
from portico.actions.trace.asked import Asked
from portico.actions.trace.run import trace
from portico.actions.up import up
from portico.hops.wsgi.kinds import MISSING_PACKAGE
from portico.model.command import Command
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.result import Result
from portico.system import accounts, files, http
from portico.system.run import run

Say = Callable[[str], None]
MIGRATE_LIMIT_S = 120.0
DYNAMIC = "/api/hello/"

NO_DJANGO = Kind(
    "project.E007",
    "project",
    "The sample project needs Django",
    "Portico itself needs no Django, so that it installs none; the sample is a Django project.",
    shows="`portico demo` ends with exit status 3.",
    example="$ pip install portico && portico demo",
    cure="Install it into the Python that the message names: `python -m pip install 'Django>=5.2,<5.3'`; with pipx "
    "`pipx inject portico 'Django>=5.2,<5.3'`. Then `portico demo` again.",
)
NOT_MIGRATED = Kind(
    "django.E023",
    "django",
    "The sample's database cannot be made",
    "The front page shows what is in the database; without its tables it says so instead.",
    source="https://docs.djangoproject.com/en/stable/ref/django-admin/#migrate",
    shows="`portico demo` ends with exit status 2, and the last lines of `manage.py migrate` are the evidence.",
    example="django.db.utils.OperationalError: unable to open database file",
    cure="The account of the application must be able to write in the sample's folder, where `db.sqlite3` goes. With "
    "`DATABASE_URL` in the environment that database is taken, and must answer.",
)
NO_STYLE = Kind(
    "django.E024",
    "django",
    "The sample's front page is not as it should be",
    "The second request is for the style sheet that the front page names.",
    shows="`portico demo` ends with exit status 1; the site runs.",
    example="GET / answered 500, or a page that names no style sheet",
    cure="`portico logs --status 5xx` shows what went wrong. A sample that was changed: `portico demo ANOTHER-FOLDER` makes "
    "a fresh copy.",
)


def demo(project: Path, into: str, say: Say) -> Result:
    """Start the sample and trace a request for a view and one for a file.

    `project` is where `-C` points: the sample itself, which is started in place, or any other folder; then the sample is
    copied to the folder `into` in it (default `portico-demo`), unless it is there already. The Result's data: `url`,
    `project`, `made` (it was copied now), `command` (how to call portico for it), `traces` (as of `portico trace`, first
    the view), and `next`, a list of {"run", "what"}. Raises PorticoError.
    """
    folder, made = sample.place(project, into)
    if made:
        say(f"the sample project is in {folder}")
    options = _options(folder, say)
    prepared = _prepared(options, folder)
    _migrate(prepared)
    say("its database is migrated")
    started = up(options, say)
    where, url = find_places(folder), str(started.data["url"])
    view = trace(where, Asked(target=DYNAMIC))
    file = trace(where, Asked(target=_style_sheet(where, url, prepared.plan.site.health_host)))
    data = {
        "url": url,
        "project": str(folder),
        "made": made,
        "command": command_here(folder),
        "traces": [dict(view.data), dict(file.data)],
        "next": what_next(url, command_here(folder)),
    }
    findings = (*view.findings, *file.findings) or started.findings
    return Result("demo", data, findings, max(started.code, view.code, file.code))


def _options(folder: Path, say: Say) -> Options:
    root_owns = accounts.ourselves().uid == 0 and accounts.owner(folder).uid == 0
    if root_owns:
        say("the sample belongs to root, so that it runs as root too (--allow-root-app): only do so in a demo")
    # The shell's virtual environment, which comes first for a project of one's own, need not have Django.
    named = load(folder).config.python
    ours = sys.executable if not named and importlib.util.find_spec("django") else None
    return Options(folder, listen="auto", python=ours, allow_root_app=root_owns)


def _prepared(options: Options, folder: Path) -> Prepared:
    """As `up` will; where Django is missing, what to install."""
    try:
        return prepare(options)
    except PorticoError as error:
        first = error.findings[0]
        if first.id != MISSING_PACKAGE.id or "module django " not in first.cause:
            raise
        raise _no_django(first.cause.rpartition(" in ")[2] or sys.executable, folder) from error


def _no_django(python: str, folder: Path) -> PorticoError:
    wanted = shlex.quote((files.read_text(folder / "requirements.txt") or "Django").strip())
    finding = NO_DJANGO.found(
        cause=f"there is no Django in {python}",
        evidence=[f"{python}: No module named 'django'"],
        fix=[
            f"{shlex.quote(python)} -m pip install {wanted}",
            f"pipx inject portico {wanted}   # if pipx installed Portico",
            f"uv pip install --python {shlex.quote(python)} {wanted}   # if uv made the environment",
            f"{command_here(folder)} demo",
        ],
    )
    return PorticoError(finding, Exit.MISSING_TOOL)


def _migrate(prepared: Prepared) -> None:
    """As the account that will run the application, which has to be able to write the database made here."""
    app = prepared.machine.app
    command = Command(
        argv=(prepared.plan.interpreter.executable, "manage.py", "migrate", "--noinput", "--verbosity", "0"),
        why="make the sample's database",
        timeout_s=MIGRATE_LIMIT_S,
        cwd=str(prepared.directory),
        environ=prepared.environ,
        user=app.name if accounts.ourselves().uid == 0 and app.uid else None,
    )
    outcome = run(command)
    if outcome.ok:
        return
    said = (outcome.stderr or outcome.stdout).strip().splitlines() or ["it ended without a word"]
    cause = f"manage.py migrate took longer than {MIGRATE_LIMIT_S:g} s" if outcome.timed_out else said[-1]
    fix = [f"cd {shlex.quote(command.cwd or '.')} && {shlex.join(command.argv[:3])}   # see it fail by itself"]
    raise PorticoError(NOT_MIGRATED.found(cause=cause, evidence=said[-4:], fix=fix), Exit.USAGE)


def _style_sheet(where: Places, url: str, host: str) -> str:
    """The path of the style sheet that the front page names."""
    parts = urlsplit(url)
    answer = http.get(parts.hostname or "", parts.port or 80, "/", {"Host": host, "User-Agent": "portico-demo"})
    found = re.search(rb'href="([^"]+\.css)"', answer.body)
    if answer.status == 200 and found:
        path: str = urlsplit(urljoin(url, found[1].decode("utf-8", "replace"))).path
        return path
    cause = f"{url} answered {answer.status or answer.error}" + ("" if found else ", and named no style sheet")
    fix = [f"{command_here(where.project)} logs --status 5xx", f"{command_here(where.project)} doctor"]
    raise PorticoError(NO_STYLE.found(cause=cause, evidence=[f"GET {url}"], fix=fix), Exit.FINDINGS)


def what_next(url: str, command: str) -> list[Mapping[str, Any]]:
    """What to try, each as one types it here and what it shows."""
    rows = (
        (url, "the page: send requests, watch how far they go"),
        (f"{command} trace /", "a page from the database: middleware, templates, SQL"),
        (f"{command} trace /boom/", "a view that raises: where a request dies"),
        (f"{command} trace / --html trace.html", "the same as a picture"),
        (f"{command} explain", "every hop of this project: why it is there, its files and sockets"),
        (f"{command} status", "every hop, live"),
        (f"{command} logs -f", "what each hop writes, joined by X-Request-ID"),
        (f"{command} doctor", "why a request fails"),
        (f"{command} down", "stop it"),
    )
    return [{"run": run_, "what": what} for run_, what in rows]
