"""A PostgreSQL of its own for a run: as initdb makes it, on a unix socket that nobody else knows."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import install
from bench.install import Missing
from portico.system import accounts

PACKAGE = "postgresql"
#: Where distributions put what is not in PATH.
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin")
_ACCOUNTS = ("postgres", "nobody")
_NAME = "bench"
#: All stacks are up at the same time, and each keeps a connection for each of its threads; the default is 100.
_CONNECTIONS = 1000
_START_S, _STOP_S = 30.0, 30.0
_SHORT = 70


#: In the environment instead of the others, where there is no server: why not.
MISSING = "BENCH_POSTGRES_MISSING"


def programs(told: Callable[[str], None] = lambda line: None) -> Path:
    """The folder with initdb and postgres. Root gets Debian's where there is none, and `told` a line about it. Raises
    install.Missing."""
    folder = _programs()
    if folder is None:
        install.apt((PACKAGE,), told)
        folder = _programs()
    if folder is None:
        raise Missing(f"there is no PostgreSQL server here (on Debian: apt-get install {PACKAGE})")
    return folder


def _programs() -> Path | None:
    found = [Path(where).parent for where in [shutil.which("initdb")] if where]
    found += [folder for place in _PLACES for folder in sorted(Path("/").glob(place[1:]), key=_by_number)]
    found = [folder for folder in found if (folder / "postgres").exists() and (folder / "initdb").exists()]
    return found[-1] if found else None


def version() -> str:
    """`PostgreSQL 15.20`; raises Missing."""
    said = subprocess.run([str(programs() / "postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    return f"PostgreSQL {said.split('(PostgreSQL)')[1].split()[0]}"


@contextmanager
def cluster(folder: Path, told: Callable[[str], None] = lambda line: None) -> Iterator[dict[str, str]]:
    """A running server with an empty database, its data in `folder` (which must not exist); its settings are the
    defaults but for the number of connections.

    Yields the environment that names it: BENCH_POSTGRES_HOST (the folder of its socket), _NAME and _USER; or why there is
    none, as BENCH_POSTGRES_MISSING. PostgreSQL refuses to be root, so root's server belongs to another account
    (https://www.postgresql.org/docs/current/app-initdb.html).
    """
    with ExitStack() as stack:
        try:
            environ = stack.enter_context(_running(programs(told), folder, _account()))
        except (Missing, RuntimeError, OSError) as error:
            told(f"no PostgreSQL: {error}")
            environ = {MISSING: str(error)}
        yield environ


@contextmanager
def _running(found: Path, folder: Path, account: pwd.struct_passwd | None) -> Iterator[dict[str, str]]:
    # A socket's path has at most 107 bytes (unix(7)); other accounts connect to it.
    sockets = Path(tempfile.mkdtemp(prefix="pg-", dir=None if len(tempfile.gettempdir()) < _SHORT else "/tmp"))
    environ = {"BENCH_POSTGRES_HOST": str(sockets), "BENCH_POSTGRES_NAME": _NAME, "BENCH_POSTGRES_USER": _NAME}
    server: subprocess.Popen[bytes] | None = None
    try:
        sockets.chmod(0o755)
        _make(found, folder, account, sockets)
        server = _started(found, folder, account, sockets)
        _wait(found, server, sockets, folder)
        _run([str(found / "createdb"), "-h", str(sockets), "-U", _NAME, _NAME], account)
        yield environ
    finally:
        if server:
            _stop(server)
        shutil.rmtree(sockets, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _by_number(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in "".join(c if c.isdigit() else " " for c in str(folder)).split())


def _account() -> pwd.struct_passwd | None:
    """Who the server runs as; None: as this process does."""
    if os.geteuid():
        return None
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Missing("PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as")


def _make(found: Path, folder: Path, account: pwd.struct_passwd | None, sockets: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    if account:
        for one in (folder, sockets):
            os.chown(one, account.pw_uid, account.pw_gid)
        barred = accounts.can_enter(accounts.by_uid(account.pw_uid), folder)
        if barred:
            raise RuntimeError(f"{account.pw_name}, who PostgreSQL runs as, may not enter {barred}")
    initdb = [str(found / "initdb"), "-D", str(folder), "-U", _NAME, "--auth=trust", "--encoding=UTF8", "--locale=C"]
    _run(initdb, account)


def _started(found: Path, folder: Path, account: pwd.struct_passwd | None, sockets: Path) -> subprocess.Popen[bytes]:
    argv = [str(found / "postgres"), "-D", str(folder), "-k", str(sockets), "-c", "listen_addresses="]
    argv += ["-c", f"max_connections={_CONNECTIONS}"]
    with _log(folder).open("ab") as log:
        return subprocess.Popen(
            argv,
            cwd="/",
            env=_environ(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **_as(account),
        )


def _wait(found: Path, server: subprocess.Popen[bytes], sockets: Path, folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    ready = [str(found / "pg_isready"), "-q", "-h", str(sockets), "-d", "postgres", "-U", _NAME]
    while subprocess.run(ready, cwd="/", check=False, env=_environ()).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            said = _log(folder).read_text(encoding="utf-8", errors="replace").strip()[-1000:]
            raise RuntimeError(f"PostgreSQL did not start: {said}")
        time.sleep(0.05)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """SIGINT is its fast shutdown (https://www.postgresql.org/docs/current/server-shutdown.html)."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
    try:
        server.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _run(argv: Sequence[str], account: pwd.struct_passwd | None) -> None:
    done = subprocess.run(argv, cwd="/", env=_environ(), capture_output=True, text=True, check=False, **_as(account))
    if done.returncode:
        raise RuntimeError(f"{Path(argv[0]).name}: {(done.stderr or done.stdout).strip()[-1000:]}")


def _log(folder: Path) -> Path:
    return folder / "server.log"


def _environ() -> Mapping[str, str]:
    """Without PGPORT, PGDATA and their like."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _as(account: pwd.struct_passwd | None) -> dict:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
