"""nginx's workers may not read what they found: a folder on the way, the file itself, or a policy of the system."""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Iterator

from portico.hops.nginx.file_paths import root_of
from portico.model.command import Command
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.remedy import Chmod, PorticoUp, Remedy, Run, Step
from portico.model.seen import PathSeen, Route, Visit
from portico.seams.faults import static_path_kinds as kinds
from portico.seams.faults.static_paths import uri_of
from portico.seams.faults.static_seen import basis, examined, logged, path_shown, routed, shown, way

_READABLE = 0o044


def rights(evidence: Evidence) -> Iterator[Finding]:
    """Requests for files that were refused."""
    for visit, route in routed(evidence):
        if route.action != "file" or visit.exchange.status not in (403, 404):
            continue
        shut = closed(visit)
        if shut and _is_the_file(shut):
            yield _file(evidence, visit, route, shut)
        elif shut:
            yield _folder(evidence, visit, route, shut)
        elif visit.exchange.status == 403:
            yield from _others(evidence, visit, route)


def closed(visit: Visit) -> PathSeen | None:
    """The first file on the request's way that nginx's workers cannot come to."""
    return next((seen for seen in visit.files if seen.closed), None)


def _is_the_file(seen: PathSeen) -> bool:
    return seen.kind == "file" and seen.closed in (seen.path, seen.symlink)


def _folder(evidence: Evidence, visit: Visit, route: Route, seen: PathSeen) -> Finding:
    who = seen.account or evidence.nginx.worker_user or "nginx's workers"
    home = seen.closed == "/root" or seen.closed.startswith("/root/")
    through = (
        f"sudo chmod o+x {seen.closed}   # others may pass through, not list it; then the same for the next one, if any"
    )
    return kinds.CLOSED_FOLDER.found(
        cause=f"nginx's workers ({who}) may not enter {seen.closed} on the way to {seen.path}",
        evidence=[
            visit.exchange.line,
            f"{seen.closed_mode} {seen.closed}",
            *way(route),
            *[entry.line for entry in logged(evidence, visit, seen.path)],
        ],
        fix=[
            "collect into a folder that everybody may enter, /srv or /var/www, and name it in STATIC_ROOT and in nginx",
            *([] if home else [through]),
            f"namei -l {seen.path}",
        ],
        basis=basis(visit),
    )


def _file(evidence: Evidence, visit: Visit, route: Route, seen: PathSeen) -> Finding:
    who = seen.account or evidence.nginx.worker_user or "nginx's workers"
    folder = _collected_in(evidence, seen)
    return kinds.CLOSED_FILE.found(
        cause=f"nginx's workers ({who}) may not read {seen.path}, which is {seen.mode} of {seen.owner}",
        evidence=[
            visit.exchange.line,
            path_shown(seen),
            *way(route),
            *[entry.line for entry in logged(evidence, visit, seen.path)],
        ],
        fix=[
            f"chmod -R u=rwX,go=rX {folder or posixpath.dirname(seen.path)}",
            "run collectstatic with umask 022"
            if folder
            else "FILE_UPLOAD_PERMISSIONS = 0o644   # in the settings, for uploads",
        ],
        basis=basis(visit),
        remedy=_readable(evidence, seen, folder),
    )


def _collected_in(evidence: Evidence, seen: PathSeen) -> str:
    """STATIC_ROOT, where the file is one of its: everything in it is for everybody."""
    root = examined(evidence).django.static.root
    return root if root and seen.path.startswith(f"{root.rstrip('/')}/") else ""


def _readable(evidence: Evidence, seen: PathSeen, folder: str) -> Remedy | None:
    if evidence.managed:
        return Remedy("put the stack in order: portico up", (PorticoUp(),))
    mode = _bits(seen.mode)
    if seen.symlink or not mode:
        return None
    if folder:
        argv = ("chmod", "-R", "u=rwX,go=rX", folder)
        step: Step = Run(Command(argv, why="let everybody read the static files"))
        return Remedy(f"let everybody read the static files in {folder}", (step,))
    return Remedy(f"let everybody read {seen.path}", (Chmod(seen.path, mode | _READABLE),))


def _bits(mode: str) -> int:
    """The permission bits of `-rw-------`."""
    return sum(1 << (8 - place) for place, sign in enumerate(mode[1:10]) if sign in "rwxst")


def _others(evidence: Evidence, visit: Visit, route: Route) -> Iterator[Finding]:
    """The file could be read, or there is none because a folder was asked for."""
    lines = logged(evidence, visit, route.target)
    is_folder = uri_of(visit).endswith("/")
    refused = any(entry.errno == errno.EACCES for entry in lines)
    if refused and visit.files:
        enforced = evidence.machine.selinux == "enforcing"
        yield kinds.POLICY.found(
            cause=f"mode and owner of {visit.files[0].path} permit it, but the kernel refuses nginx",
            evidence=[
                visit.exchange.line,
                path_shown(visit.files[0]),
                *[entry.line for entry in lines],
                f"security module: {evidence.machine.selinux or 'none seen'}",
            ],
            fix=[
                "sudo ausearch -m avc -ts recent   # what SELinux refused",
                f"sudo restorecon -Rv {posixpath.dirname(visit.files[0].path)}   # after semanage fcontext, see the page",
                "systemctl show nginx -p ProtectHome,InaccessiblePaths,ProtectSystem",
            ],
            certainty="certain" if enforced else "likely",
            basis=basis(visit),
        )
    elif is_folder and not _denied(route) and (not lines or any("directory index of" in entry.message for entry in lines)):
        found = root_of(route.chain)[0]
        yield kinds.FOLDER_ASKED.found(
            cause=f"{visit.exchange.path} is a folder, and nginx lists none unless it is told to (autoindex)",
            evidence=[visit.exchange.line, *([shown(found)] if found else []), *[entry.line for entry in lines]],
            fix=[f"ask for a file: {uri_of(visit)}admin/css/base.css, for example"],
            basis=basis(visit),
        )


def _denied(route: Route) -> bool:
    """Whether the configuration itself refuses some clients."""
    return any(route.setting(name) for name in ("deny", "auth_basic", "auth_request"))


RULES = (rights,)
