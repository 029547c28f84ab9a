"""uWSGI and the files it reads and writes when it starts: the configuration, logs, pid files, the project's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.uwsgi.faults import start_kinds as kinds
from portico.hops.uwsgi.faults.start_rows import basis, has_ended, ini_of, is_core, last, path, row, shown
from portico.hops.uwsgi.option_names import SHORT
from portico.hops.uwsgi.options import application, elsewhere, sockets, unknown
from portico.model.directive import Option
from portico.model.evidence import Evidence, UwsgiSeen
from portico.model.finding import Finding
from portico.model.log import Event
from portico.model.remedy import EditLine, MakeFolder, Remedy

_SECTION = re.compile(
    r"(?P<file>.+?)(?::(?P<line>\d+))?: there is no section \[uwsgi\], so all of it is ignored(?:; there is (?P<there>.*))?$"
)
_BOM = "\ufeff"
_SCRIPT = re.compile(r"/bin/(?:py)?uwsgi$")


def no_section(evidence: Evidence) -> Iterator[Finding]:
    """A file whose section has another name: as the file is now, or where it was not seen, as the log tells."""
    for seen in evidence.uwsgi:
        logged = {event.data["file"]: event for event in seen.saw("ini-no-section")}
        problems = [match for problem in seen.problems if (match := _SECTION.match(problem))]
        for match in problems:
            event = logged.get(match["file"])
            if event or has_ended(seen):
                yield _section(match, event)
        for file, event in logged.items():
            if file not in seen.files and not problems:
                yield kinds.NO_SECTION.found(
                    cause=f"{file} has no section [{event.data['section']}]",
                    evidence=[event.text, *(found.text for found in seen.saw("no-socket"))],
                    fix=[f"[{event.data['section']}]   # as the first line of {file}, in lower case"],
                    basis=basis(seen),
                )


def _section(match: re.Match[str], event: Event | None) -> Finding:
    where = f"{match['file']}:{match['line']}" if match["line"] else match["file"]
    there = match["there"] or "no section at all"
    remedy = _rename(match["file"], int(match["line"] or 0), there)
    return kinds.NO_SECTION.found(
        cause=f"{where} has {there} where uWSGI looks for [uwsgi]",
        evidence=[f"{where}: {there}", *([event.text] if event else [])],
        fix=[f"[uwsgi]   # {where}", "then start uWSGI again"],
        basis="state" if event else "configuration",
        certainty="certain" if event or remedy else "likely",
        remedy=remedy,
    )


def _rename(file: str, line: int, there: str) -> Remedy | None:
    """Only where it is plain that [uwsgi] is meant."""
    if not line:
        return None
    if there.startswith("a byte order mark before [uwsgi]"):
        edit = EditLine(file, line, _BOM, "")
        return Remedy(f"remove the byte order mark of {file} (then start uWSGI again)", (edit,))
    if there.strip().strip("[]").strip().lower() != "uwsgi":
        return None
    edit = EditLine(file, line, there, "[uwsgi]")
    return Remedy(f"write [uwsgi] at {file}:{line} (then start uWSGI again)", (edit,))


def no_ini(evidence: Evidence) -> Iterator[Finding]:
    """The file of the command is not there."""
    for seen in evidence.uwsgi:
        event = last(seen, "ini-file-missing")
        if event is None:
            continue
        named = event.data["path"]
        now = next((found for found in seen.paths if found.path.endswith(named) and found.need == "r"), None)
        if now and now.usable:
            continue
        written = [file for file in dict.fromkeys((*seen.near, *_configured(evidence))) if file != named]
        other = next(iter(written), "")
        yield kinds.NO_INI.found(
            cause=f"uWSGI was started with {named}, which {_why(event)}" + (f"; there is {other}" if other else ""),
            evidence=[event.text, *(f"there is {file}" for file in written[:3])],
            fix=[f"uwsgi --ini {other or '/path/to/uwsgi.ini'}   # the absolute path of the file that exists"],
            basis=basis(seen),
        )


def _why(event: Event) -> str:
    return "does not exist" if "No such file" in event.data["error"] else f"cannot be read ({event.data['error']})"


def _configured(evidence: Evidence) -> list[str]:
    """Files of uWSGIs that do not run, and those that were named to us."""
    return [file for seen in evidence.uwsgi if has_ended(seen) for file in seen.files]


def not_an_ini(evidence: Evidence) -> Iterator[Finding]:
    """A suffix that uWSGI does not know."""
    for seen in evidence.uwsgi:
        event = last(seen, "config-unreadable")
        if event and not _SCRIPT.search(event.data["path"]):
            named = event.data["path"]
            yield kinds.NOT_AN_INI.found(
                cause=f"uWSGI cannot tell from its name what kind of file {named} is",
                evidence=[event.text],
                fix=[f"uwsgi --ini {named}", "or rename it so that it ends in .ini"],
                basis=basis(seen),
            )


def other_ini(evidence: Evidence) -> Iterator[Finding]:
    """A configuration that nobody runs with, while a uWSGI of the same application runs with another or with none."""
    for seen in evidence.uwsgi:
        if not has_ended(seen) or not seen.files or not (sockets(seen.options) or application(seen.options)[0]):
            continue
        for running in evidence.uwsgi:
            if running.master and seen.files[0] not in running.files and _is_same(seen, running):
                yield _other(evidence, seen, running)
                break


def _is_same(seen: UwsgiSeen, running: UwsgiSeen) -> bool:
    """The same application, or the same folder."""
    ours, theirs = application(seen.options), application(running.options)
    folders = {running.value("chdir"), running.master.cwd if running.master else None} - {"", None}
    in_folder = (seen.value("chdir") or seen.files[0].rpartition("/")[0]) in folders
    return in_folder and (ours[:2] == theirs[:2] or not any(theirs[:2]) or not any(ours[:2]))


def _other(evidence: Evidence, seen: UwsgiSeen, running: UwsgiSeen) -> Finding:
    wanted = {address for kind, address, _ in sockets(seen.options) if kind != "stats"}
    bound = {one.address for one in running.listeners}
    deserted = any(backend.address in wanted and not backend.listeners for backend in evidence.backends)
    started = running.files[0] if running.files else ""
    process = running.master.line if running.master else ""
    kind = kinds.OTHER_INI if deserted else kinds.OTHER_INI_UNUSED
    return kind.found(
        cause=f"uWSGI runs with {started or 'the options of its command line'}, not with {seen.files[0]}",
        evidence=[process, *_differences(seen, running, bound)],
        fix=[
            f"stop it ({_stop(running)}), then: uwsgi --ini {seen.files[0]}",
            *([f"or make {started} the one file, and remove {seen.files[0]}"] if started else []),
        ],
        basis="state",
    )


def _stop(running: UwsgiSeen) -> str:
    return f"kill -INT {running.master.pid}" if running.master else "with what started it"


def _differences(seen: UwsgiSeen, running: UwsgiSeen, bound: set[str]) -> list[str]:
    """The sockets of both first, then what else they say differently."""
    found = [row(option) for kind, address, option in sockets(seen.options) if kind != "stats" and address not in bound]
    found += [f"it listens on {', '.join(sorted(bound))}"] if bound else []
    for option in seen.options:
        theirs = running.option(option.name)
        if theirs and theirs.value != option.value and row(option) not in found:
            found += [row(option), row(theirs)]
    return found[:6]


def no_log(evidence: Evidence) -> Iterator[Finding]:
    """A log or a pid file that cannot be opened."""
    for seen in evidence.uwsgi:
        event = next((one for one in reversed(seen.saw("open-failed")) if one.data["what"] in ("log", "pid")), None)
        if event is None or last(seen, "worker-spawned"):
            continue
        name = event.data["path"]
        folder = name.rpartition("/")[0]
        there = path(seen, folder)
        if there and there.usable and event.data["errno"] in ("2", "13"):
            continue
        option = next((one for one in seen.options if one.value == name), None)
        gone = there.missing if there else ""
        what = "log" if event.data["what"] == "log" else "pid file"
        user = there.account if there else ""
        yield kinds.NO_LOG_FOLDER.found(
            cause=f"uWSGI cannot write its {what} {name}: "
            + (f"{gone} does not exist" if gone else event.data["error"] + f" (errno {event.data['errno']})"),
            evidence=[event.text, *([row(option)] if option else []), *_closed(seen, folder)],
            fix=[f"sudo install -d{f' -o {user}' if user else ''} {folder}", "then start uWSGI again"],
            basis=basis(seen),
            remedy=Remedy(f"make {folder} (then start uWSGI again)", (MakeFolder(folder, user),)) if gone else None,
        )


def _closed(seen: UwsgiSeen, folder: str) -> list[str]:
    there = path(seen, folder)
    return [f"{there.closed_mode} {there.closed}"] if there and there.closed else []


def no_chdir(evidence: Evidence) -> Iterator[Finding]:
    """A project folder that cannot be entered."""
    for seen in evidence.uwsgi:
        event = last(seen, "chdir-failed")
        before = last(seen, "chdir")
        name = before.data["path"] if before else seen.value("chdir")
        there = next((found for found in seen.paths if found.path == name and found.need == "x"), None)
        if event is None or (there and there.usable):
            continue
        option = seen.option("chdir")
        yield kinds.NO_CHDIR.found(
            cause=f"{name or 'the folder'} "
            + (
                f"does not exist: {there.missing}"
                if there and there.missing
                else f"cannot be entered (errno {event.data['errno']})"
            ),
            evidence=[event.text, *([row(option)] if option else [])],
            fix=[f"chdir = {evidence.directory or '/path/to/project'}   # {option.where if option else ini_of(seen)}"],
            basis=basis(seen),
        )


def refused_option(evidence: Evidence) -> Iterator[Finding]:
    """An option that ends uWSGI because it does not know it."""
    for seen in evidence.uwsgi:
        event = last(seen, "option-unknown", "unrecognized-option")
        if event is None:
            continue
        name = event.data["name"]
        option = seen.option(name)
        if event.kind == "option-unknown" and seen.files and option is None:
            continue
        asked = option or Option(name, "", "command line")
        if elsewhere([asked]) or _is_pythons(name, event):
            continue
        near = next((near for _, near in unknown([asked])), "")
        yield kinds.OPTION_REFUSED.found(
            cause=f"uWSGI has no option `{name}`" + (f"; `{near}` is meant" if near else ""),
            evidence=[event.text, *([f"{option.where}: {option.name}"] if option else [])],
            fix=[
                f"{near} = {shown(near, option.value) if option else '...'}   # {asked.where}"
                if near
                else f"remove `{name}` ({asked.where})",
                f"a variable of your own: set-placeholder = {name}=VALUE",
            ],
            basis=basis(seen),
        )


def _is_pythons(name: str, event: Event) -> bool:
    """An option of the Python plugin, which a core without it does not have: `uwsgi: unrecognized option '--module'`."""
    return not unknown([Option(SHORT.get(name, name), "", "")]) and is_core(event)


def at_file(evidence: Evidence) -> Iterator[Finding]:
    """`@(file)` in a value."""
    for seen in evidence.uwsgi:
        for event in seen.saw("open-failed"):
            name = event.data["path"]
            option = next((one for one in seen.options if f"@({name})" in one.raw), None)
            if option and event.data["what"] == "config":
                yield kinds.NO_AT_FILE.found(
                    cause=f"the value of `{option.name}` takes in {name}, which cannot be read (errno "
                    f"{event.data['errno']})",
                    evidence=[event.text, f"{option.where}: {option.name} = ...@({name})..."],
                    fix=[f"make {name}, or write the value without @( ): {option.where}"],
                    basis=basis(seen),
                )


def no_account(evidence: Evidence) -> Iterator[Finding]:
    """`uid` and `gid` that nobody has."""
    for seen in evidence.uwsgi:
        event = last(seen, "no-user", "no-group")
        if event:
            kind = "uid" if event.kind == "no-user" else "gid"
            option = seen.option(kind)
            account, group = evidence.machine.web_account
            yield kinds.NO_ACCOUNT.found(
                cause=f"there is no {'user' if kind == 'uid' else 'group'} {event.data['name']} on this machine",
                evidence=[event.text, *([row(option)] if option else [])],
                fix=[
                    f"{kind} = {(account if kind == 'uid' else group) or 'www-data'}   # "
                    f"{option.where if option else ini_of(seen)}"
                ],
                basis=basis(seen),
            )


RULES = (no_section, no_ini, not_an_ini, other_ini, no_log, no_chdir, refused_option, at_file, no_account)
