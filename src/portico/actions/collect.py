"""Static files with Django's own command, side by side for each release; the live one's are behind a symlink.

`inside/static_tree.py` says what lies in the folder `static`.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portico.actions import static_copies
from portico.actions.ask import asking
from portico.actions.places import Places
from portico.actions.prepare import Prepared
from portico.hops.django.static import kept_elsewhere
from portico.inside import static_tree
from portico.model.command import Outcome
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.system import accounts, files
from portico.system.accounts import acting_as

COLLECT_LIMIT_S = 600.0

NOT_COLLECTED = Kind(
    "django.E020",
    "django",
    "collectstatic failed",
    "Without collected files pages come without style sheets, scripts and images.",
    "https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/#collectstatic",
    shows="`portico up` ends with exit status 2, or 5 on a full disk, and what was live serves on.",
    example="ValueError: The file 'img/logo.png' could not be found with <ManifestStaticFilesStorage ...>",
    cure="`manage.py collectstatic` shows it fail by itself. Correct the name in the style sheet, free the disk, or let "
    "the application's account write there; `collect_static = false` in portico.toml does without.",
)


@dataclass(frozen=True)
class Collected:
    """`line` is for people, empty where nothing is collected. `changed`: files of the project's own STATIC_ROOT are not what
    they were before. `compress` makes smaller copies of the files and returns what to say of them behind the line."""

    line: str = ""
    changed: bool = False
    compress: Callable[[], str] = str


def collect_static(prepared: Prepared) -> str:
    """Run it, and return a line for people; empty when there is nothing to collect. Raises PorticoError when it fails."""
    with collecting(prepared) as collected:
        done = collected()
        return done.line + done.compress()


@contextlib.contextmanager
def collecting(prepared: Prepared) -> Iterator[Callable[[], Collected]]:
    """It runs beside what is done with this; what is yielded waits for it and raises PorticoError when it failed."""
    if not prepared.collects:
        yield lambda: Collected(kept_elsewhere(prepared.django) if prepared.django else "")
        return
    plan = prepared.plan
    name = f"static/{plan.uwsgi.instance}"
    request = {
        **prepared.request,
        "settings": plan.site.settings,
        "destination": str(prepared.where.state / name),
        "again": live_static(prepared.where) == name,
    }
    question = prepared.question("collect_static.py", request, "collect the static files", COLLECT_LIMIT_S)
    with asking(question) as answer:
        yield lambda: _collected(prepared, Path(request["destination"]), *answer())


def _collected(prepared: Prepared, destination: Path, answer: dict[str, Any] | None, outcome: Outcome) -> Collected:
    if not answer or not answer.get("ok"):
        raise _failed(answer or {}, outcome.stderr, prepared.plan.interpreter.executable)
    kept = f", {answer['kept']} of earlier releases kept" if answer["kept"] else ""
    count = answer["copied"] + answer["unmodified"]
    return Collected(
        f"static files: {count} in {answer['destination']}{kept}",
        answer["changed"],
        lambda: static_copies.make(prepared.plan, destination, prepared.machine.cores),
    )


def live_static(where: Places) -> str:
    """Where the link to the live static files points, for `restore_static`; empty when there is none."""
    return str(where.static_link.readlink()) if where.static_link.is_symlink() else ""


def switch_static(where: Places, number: int) -> None:
    """nginx serves the static files of that release from now on, if it collected any. Raises PorticoError."""
    root, live = where.state / "static", live_static(where).rpartition("/")[2]
    if not (root / str(number)).is_dir():
        return
    if live.isdigit() and int(live) > number:
        # Pages of the later release are still open in browsers.
        with files.writing(root), acting_as(accounts.owner(root)):
            static_tree.add_tree(str(root / live), str(root / str(number)))
    files.swap_link(where.static_link, f"static/{number}")


def restore_static(where: Places, target: str) -> None:
    """The link as `live_static` found it."""
    if target:
        files.swap_link(where.static_link, target)
    else:
        files.remove(where.static_link)


def forget_static(where: Places, keep: Collection[int]) -> Callable[[], None]:
    """What removes the static files of all other releases, but never those that are served: a project whose files are no
    longer collected goes on with the last ones. No release takes in any of them from now on."""
    root, live = where.state / "static", live_static(where).rpartition("/")[2]
    doomed: list[Path] = []
    for path in root.iterdir() if root.is_dir() else ():
        number = path.name.removesuffix(".list")
        if number.isdigit() and number != live and int(number) not in keep:
            (files.remove if path.suffix else doomed.append)(path)

    def remove() -> None:
        for path in doomed:
            files.remove(path)

    return remove


def _failed(answer: dict[str, Any], stderr: str, python: str) -> PorticoError:
    said = [*answer.get("output", ()), *(answer.get("traceback") or stderr.strip().splitlines())[-4:]]
    cause = f"{answer.get('type', 'no answer')}: {answer.get('message', 'the process ended without a word')}"
    full = answer.get("errno") in (errno.ENOSPC, errno.EDQUOT)
    fix = _fixes(answer, cause, python) if not full else ["df -h; df -i   # the disk is full: free some space or inodes"]
    return PorticoError(NOT_COLLECTED.found(cause=cause, evidence=said, fix=fix), Exit.NEEDS_HANDS if full else Exit.USAGE)


def _fixes(answer: dict[str, Any], cause: str, python: str) -> list[str]:
    first = f"{python} manage.py collectstatic   # see it fail by itself"
    last = "or do without: collect_static = false in portico.toml"
    if answer.get("errno") in (errno.EACCES, errno.EROFS):
        return [f"ls -ld {answer.get('path')}   # the application's account must be able to write there", last]
    if "Missing staticfiles manifest" in cause or "could not be found" in cause:
        named = "a style sheet or script names a file that does not exist: correct the name or remove the reference"
        return [named, first, last]
    return [first, last]
