"""Find the project: the folder with manage.py here or one level down, or the application the user named."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from portico.actions.configure import Loaded
from portico.actions.options import Options
from portico.hops.wsgi.project import Found, Target, discover, parse_target
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.origin import Origin
from portico.system import files

NO_PROJECT = Kind(
    "project.E002",
    "project",
    "No project here",
    "Portico looks for manage.py here and one level down; a WSGI application without Django has to be named.",
    shows="The command ends with exit status 2 and shows what is in the folder.",
    example="$ ls\nREADME.md  docs  hello.py",
    cure="Go to the folder with manage.py or name it with `portico -C DIR up`. Without Django name the application: "
    "`portico up hello.py` or `portico up package.module:callable`.",
)
TWO_PROJECTS = Kind(
    "project.E003",
    "project",
    "More than one project here",
    "Each manage.py is a project of its own; guessing would start the wrong one.",
    shows="The command ends with exit status 2 and lists the projects it found.",
    example="$ ls */manage.py\nblog/manage.py  shop/manage.py",
    cure="Name one: `portico -C shop up`. Each is a stack of its own, with a port of its own.",
)
BAD_TARGET = Kind(
    "project.E004",
    "project",
    "The application's name cannot be understood",
    "An application is named by a file, or by a module and a callable.",
    "https://peps.python.org/pep-3333/",
    shows="The command ends with exit status 2; where a file is not there, it lists the Python files beside it.",
    example="portico up shop/wsgi:application",
    cure="`portico up hello.py`, `portico up hello.py:app` or `portico up package.module:callable`. A file ends in .py, a "
    "module is written with dots.",
)


@dataclass(frozen=True)
class Located:
    """The folder with manage.py (or the project's), the path of manage.py or "", and what the user named, if anything."""

    directory: Path
    manage: str
    target: Target | None
    origin: Origin


def locate(options: Options, loaded: Loaded, project: Path, needed: bool = True) -> Located | None:
    """None where there is no project and none is `needed`. Raises PorticoError when there is none, more than one, or the
    named application is not there."""
    named = options.target or loaded.config.uwsgi.module or ""
    origin = Origin("flag", "TARGET") if options.target else Origin("file", loaded.places.get("uwsgi.module", loaded.file))
    if named:
        try:
            target = parse_target(named, str(project), (project / named).is_dir())
        except ValueError as error:
            finding = BAD_TARGET.found(
                cause=str(error),
                evidence=[f"{origin.detail}: {named!r}"],
                fix=["portico up hello.py", "portico up package.module:callable"],
            )
            raise PorticoError(finding, Exit.USAGE) from None
        if not target.directory:
            return _beside_target(target, origin, loaded, project)
        project = Path(target.directory)
    found = discover(_listing(project))
    if len(found.manage) == 1:
        manage = project / found.manage[0]
        return Located(manage.parent, str(manage), None, Origin("detected", str(manage.relative_to(project))))
    if not needed and not found.manage:
        return None
    raise _not_one_project(project, found)


def _beside_target(target: Target, origin: Origin, loaded: Loaded, project: Path) -> Located:
    """A named application runs in `chdir`, else in the project folder; a file that is not there is an error now."""
    directory = (project / (loaded.config.uwsgi.chdir or ".")).resolve()
    if target.file and not Path(target.file).is_file():
        near = sorted(path.name for path in Path(target.file).parent.glob("*.py"))[:5]
        finding = BAD_TARGET.found(
            cause=f"{target.file} is not there",
            evidence=[f"Python files in {Path(target.file).parent}: {', '.join(near) or 'none'}"],
            fix=[f"portico up {shlex.quote(name)}" for name in near[:2]] or ["name a file that exists"],
            title="The named application does not exist",
        )
        raise PorticoError(finding, Exit.USAGE)
    manage = directory / "manage.py"
    return Located(directory, str(manage) if manage.is_file() and target.module else "", target, origin)


def _listing(project: Path) -> list[str]:
    names: list[str] = []
    try:
        for entry in sorted(project.iterdir()):
            if entry.is_file():
                names.append(entry.name)
            elif entry.is_dir() and not entry.name.startswith("."):
                names += [f"{entry.name}/{name}" for name in ("manage.py", "wsgi.py") if (entry / name).is_file()]
    except OSError as error:
        raise files.read_error(project, error) from error
    return names


def _not_one_project(project: Path, found: Found) -> PorticoError:
    if found.manage:
        finding = TWO_PROJECTS.found(
            cause=f"{len(found.manage)} projects were found",
            evidence=[str(project / path) for path in found.manage],
            fix=[f"portico -C {shlex.quote(str(project / Path(path).parent))} up" for path in found.manage],
        )
        return PorticoError(finding, Exit.USAGE)
    seen = ", ".join(sorted(path.name for path in project.iterdir() if not path.name.startswith("."))[:8]) or "nothing"
    finding = NO_PROJECT.found(
        cause=f"there is no manage.py in {project} or one level below it",
        evidence=[f"in {project}: {seen}"],
        fix=[f"portico up {shlex.quote(name)}   # it may hold a WSGI application" for name in found.modules[:3]]
        or ["cd to the folder with manage.py, or name it: portico -C DIR up", "portico up hello.py   # a WSGI application"],
    )
    return PorticoError(finding, Exit.USAGE)
