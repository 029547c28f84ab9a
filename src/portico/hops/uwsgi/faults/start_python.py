"""uWSGI and its Python: which one it is, what it found, and what of the configuration reached it."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.uwsgi.faults import start_python_kinds as kinds
from portico.hops.uwsgi.faults.start_rows import basis, has_ended, ini_of, is_core, is_well, last, row
from portico.hops.uwsgi.option_names import SHORT
from portico.hops.uwsgi.options import elsewhere, unknown
from portico.model.directive import Option
from portico.model.evidence import Evidence, HomeSeen, UwsgiSeen
from portico.model.finding import Certainty, Finding
from portico.model.log import Event

_PYTHON_PLUGINS = ("python", "python3", "python2")


def no_app(evidence: Evidence) -> Iterator[Finding]:
    """It serves without an application, or has refused to."""
    for seen in evidence.uwsgi:
        over, dynamic = last(seen, "game-over"), last(seen, "no-app-dynamic")
        failed = last(seen, "app-not-loaded")
        if seen.saw("no-request-plugin") or (seen.saw("app-ready") and not over):
            continue
        why = _reason(seen)
        if over:
            yield kinds.APP_REFUSED.found(
                cause=f"the application could not be loaded{f': {why[-1]}' if why else ''}",
                evidence=[*why, *([failed.text] if failed else []), over.text],
                fix=["correct what is said above `unable to load app`", "then start uWSGI again"],
                basis="log",
            )
        elif dynamic and (seen.master or not evidence.visits) and not is_well(evidence):
            yield _serves_nothing(evidence, seen, failed or dynamic, why)


def _reason(seen: UwsgiSeen) -> list[str]:
    """The last exception before uWSGI gave up."""
    events = list(seen.events)
    at = next((number for number, event in enumerate(events) if event.kind in ("app-not-loaded", "game-over")), len(events))
    kinds_ = ("traceback", "open-python-file-failed", "no-callable")
    event = next((event for event in reversed(events[:at]) if event.kind in kinds_), None)
    if event is None:
        return []
    if event.kind != "traceback":
        return [event.text]
    place = f"{event.data['file']}:{event.data['line']}" if event.data.get("file") else ""
    said = f"{event.data['exception']}: {event.data['message'].splitlines()[0] if event.data['message'] else ''}"
    return [*([place] if place else []), said]


def _serves_nothing(evidence: Evidence, seen: UwsgiSeen, failed: Event, why: list[str]) -> Finding:
    visit = evidence.visit
    asked = visit is not None and visit.exchange.maker == "uwsgi"
    request = last(seen, "no-app-request", "request")
    told = failed.kind == "app-not-loaded"
    what = (
        f"the application could not be loaded{f' ({why[-1]})' if why else ''}" if told else "no option names an application"
    )
    return kinds.NO_APP.found(
        cause=f"{what}, and uWSGI serves without one",
        evidence=[
            *([visit.exchange.line] if asked and visit else []),
            *why,
            failed.text,
            *([request.text] if request and request.data.get("app", "-1") == "-1" else []),
        ],
        fix=[
            "correct what is said above `unable to load app`" if told else f"module = PACKAGE.wsgi   # in {ini_of(seen)}",
            f"need-app = true   # in {ini_of(seen)}: uWSGI then does not start without",
        ],
        basis="request" if asked else "log",
    )


def env(evidence: Evidence) -> Iterator[Finding]:
    """`env` under pyuwsgi: nothing of it is in os.environ."""
    for seen in evidence.uwsgi:
        if seen.kind != "pyuwsgi":
            continue
        lost = [option for option in seen.options if option.name == "env" and not _is_given(seen, option)]
        if lost:
            missed = [option for option in lost if _is_missed(evidence, seen, option)]
            yield _env(seen, missed or lost, bool(missed))


def _name(option: Option) -> str:
    return option.value.partition("=")[0].strip()


def _is_given(seen: UwsgiSeen, option: Option) -> bool:
    """Whether the process itself has it from elsewhere, and with that value."""
    environ = seen.master.environ if seen.master else None
    return environ is not None and environ.get(_name(option)) == option.value.partition("=")[2]


def _is_missed(evidence: Evidence, seen: UwsgiSeen, option: Option) -> bool:
    """Whether the application looked for it, or runs with other settings than it names."""
    answer = (evidence.project.answer if evidence.project and seen is evidence.instance else None) or {}
    load = answer.get("load") or {}
    failure = load.get("failure") or {}
    name, _, value = option.value.partition("=")
    if name in (load.get("environ_missing") or ()) or name == failure.get("missing_variable"):
        return True
    if name == "DJANGO_SETTINGS_MODULE" and load.get("settings") not in (None, "", value):
        return True
    said = [event for event in seen.saw("traceback") if event.data.get("exception", "").endswith("KeyError")]
    return any(event.data["message"].strip("'\"") == name for event in said)


def _env(seen: UwsgiSeen, lost: list[Option], missed: bool) -> Finding:
    names = list(dict.fromkeys(map(_name, lost)))
    kind = kinds.ENV_LOST if missed else kinds.ENV_IGNORED
    initialized = last(seen, "vm-initialized")
    return kind.found(
        cause=f"{', '.join(names)} of uwsgi.ini does not reach os.environ: this is pyuwsgi",
        evidence=[
            *[f"{option.where}: env = {_name(option)}=..." for option in lost[:4]],
            *([f"{seen.master.line}: its environment has no such value"] if seen.master and seen.master.environ else []),
            *([initialized.text] if initialized else []),
        ],
        fix=[
            f'Environment={names[0]}=...   # in the unit\'s [Service] (supervisord: environment={names[0]}="...")',
            f"{names[0]}=... uwsgi --ini {ini_of(seen)}   # by hand",
            f"and remove {lost[0].where}" if ":" in lost[0].where else "and remove --env",
        ],
        basis="state" if seen.master else "log",
    )


def home(evidence: Evidence) -> Iterator[Finding]:
    """`home` under pyuwsgi, and a home of another version under a compiled uWSGI."""
    for seen in evidence.uwsgi:
        option = seen.option("home")
        if seen.kind == "pyuwsgi" and option:
            yield from _ignored(evidence, seen, option)
        elif seen.kind == "binary":
            yield from _minor(seen)


def _ignored(evidence: Evidence, seen: UwsgiSeen, option: Option) -> Iterator[Finding]:
    there = next((one for one in seen.homes if one.path == option.value), None)
    if there and seen.prefix and there.real == seen.prefix:
        return
    missing = next((event for event in seen.saw("traceback") if event.data["exception"] == "ModuleNotFoundError"), None)
    kind = kinds.HOME_LOST if missing else kinds.HOME_IGNORED
    runs = seen.prefix or "the environment of the `uwsgi` that was started"
    start = f"{there.path}/bin/uwsgi" if there and there.exists else "/path/to/venv/bin/uwsgi"
    certainty: Certainty = "likely" if missing and not (there and there.exists) else "certain"
    yield kind.found(
        cause=f"{option.value}{'' if there and there.exists else ', which does not exist,'} is ignored: "
        f"uWSGI's Python is that of {runs}",
        evidence=[
            row(option),
            *([seen.master.line] if seen.master else []),
            *([missing.text.splitlines()[-1]] if missing else []),
        ],
        fix=[f"{start} --ini {ini_of(seen)}   # with pyuwsgi installed there", f"and remove the line: {option.where}"],
        basis="state" if seen.master else "log",
        certainty=certainty,
    )


def _minor(seen: UwsgiSeen) -> Iterator[Finding]:
    said = last(seen, "python-version")
    version = ".".join(said.data["version"].split(".")[:2]) if said else ""
    wrong = next((one for one in seen.homes if one.exists and one.version and one.version != version), None)
    if said and wrong and not seen.saw("app-ready"):
        yield kinds.MINOR_MISMATCH.found(
            cause=f"uWSGI's Python is {version}, the environment {wrong.path} is for {wrong.version}",
            evidence=[said.text, *_home_rows(seen, wrong), f"{wrong.path}: Python {wrong.version}"],
            fix=[
                f"{wrong.python or wrong.path + '/bin/python'} -m pip install pyuwsgi, then start {wrong.path}/bin/uwsgi",
                f"or make it anew with the Python of uWSGI: python{version} -m venv --clear {wrong.path}",
            ],
            basis="state",
        )


def _home_rows(seen: UwsgiSeen, home: HomeSeen) -> list[str]:
    option = seen.option("home")
    return [row(option)] if option and option.value == home.path else []


def no_library(evidence: Evidence) -> Iterator[Finding]:
    """A Python without its standard library."""
    for seen in evidence.uwsgi:
        bad = last(seen, "python-home-bad")
        lost = next((e for e in seen.saw("traceback") if e.data["message"] == "No module named 'encodings'"), None)
        if not bad and not lost:
            continue
        option = seen.option("home")
        named = bad.data["path"] if bad else option.value if option else ""
        yield kinds.NO_LIBRARY.found(
            cause=f"{named} is no Python environment" if named else "PYTHONHOME names no Python environment",
            evidence=[*([row(option)] if option else []), *[event.text for event in (bad, lost) if event]],
            fix=[
                f"home = /path/to/venv   # the folder that has bin/python; {option.where if option else ini_of(seen)}"
                if named
                else "unset PYTHONHOME   # in the unit, the supervisor or the shell that starts uWSGI"
            ],
            basis=basis(seen),
        )


def other_uwsgi(evidence: Evidence) -> Iterator[Finding]:
    """A core without Python."""
    for seen in evidence.uwsgi:
        plugin = last(seen, "no-request-plugin")
        asked = last(seen, "modifier")
        option = last(seen, "unrecognized-option")
        refused = option if option and is_core(option) and _is_known(option.data["name"]) else None
        if not plugin and not refused:
            continue
        path = last(seen, "binary-path")
        program = (seen.master and seen.master.exe) or (path and path.data["path"]) or _program(refused) or "this uwsgi"
        yield kinds.OTHER_UWSGI.found(
            cause=f"{program} is a uWSGI without Python; it is not the one of the project",
            evidence=[event.text for event in (path, plugin, asked, refused) if event],
            fix=[
                f"/path/to/venv/bin/uwsgi --ini {ini_of(seen)}   # the project's own, by its path; `type -a uwsgi` "
                f"lists them",
                "or: sudo apt install uwsgi-plugin-python3, and plugin = python3 as the first line below [uwsgi]",
            ],
            basis="request" if asked and evidence.visit and evidence.visit.failing else basis(seen),
        )


def _is_known(name: str) -> bool:
    """Whether uWSGI with Python has that option."""
    asked = [Option(SHORT.get(name, name), "", "")]
    return not unknown(asked) and not elsewhere(asked)


def _program(event: Event | None) -> str:
    return event.text.partition(": ")[0] if event else ""


def plugins(evidence: Evidence) -> Iterator[Finding]:
    """Lines for a build with plugins or TLS."""
    for seen in evidence.uwsgi:
        failed = seen.saw("plugin-failed")
        fatal = next((event for event in failed if event.data["fatal"] == "true"), None)
        refused = last(seen, "unrecognized-option", "option-unknown")
        other = refused if refused and elsewhere([Option(refused.data["name"], "", "")]) else None
        option = seen.option("need-plugins" if fatal else "plugins", other.data["name"] if other else "plugins")
        if fatal or other:
            yield _needed(seen, fatal, other, option)
        elif failed and seen.kind == "pyuwsgi":
            yield kinds.PLUGIN_LINE.found(
                cause=f"pyuwsgi cannot load {failed[-1].data['name'].partition(':')[0]}, and does not need to",
                evidence=[*([row(option)] if option else []), failed[-1].text],
                fix=[f"remove the line: {option.where}" if option else "remove `plugins`"],
                basis="state" if seen.master else "log",
            )


def _needed(seen: UwsgiSeen, fatal: Event | None, other: Event | None, option: Option | None) -> Finding:
    name = (fatal or other).data["name"]  # type: ignore[union-attr]
    where = f"{option.where}: {option.name}" if option else "command line"
    if fatal:
        built_in = name.startswith("python") and seen.kind != "binary"
        cause = f"need-plugin asks for {name}, and there is no {name}_plugin.so"
        fix = f"remove the line ({where}): Python is built into pyuwsgi" if built_in else f"install the plugin {name}"
    else:
        cause = f"this uWSGI was built without `{name}`"
        fix = f"remove `{name}` ({where}): nginx does TLS, and passes the request on to a plain socket"
    return kinds.PLUGIN_NEEDED.found(
        cause=cause,
        evidence=[event.text for event in (fatal, other) if event] + ([where] if option else []),
        fix=[fix],
        basis=basis(seen),
    )


def no_pyuwsgi(evidence: Evidence) -> Iterator[Finding]:
    """The script `uwsgi` of an environment whose packages are gone, told from a reload that went astray."""
    for seen in evidence.uwsgi:
        event = last(seen, "python-module-missing-pyuwsgi")
        if event and has_ended(seen) and not seen.saw("reload-exec"):
            script = event.data.get("last_file") or "the script uwsgi"
            folder = script.rpartition("/bin/")[0]
            yield kinds.NO_PYUWSGI.found(
                cause=f"the Python of {script} has no pyuwsgi: the environment was made for another one",
                evidence=[event.text.splitlines()[-1], script],
                fix=[
                    f"ls {folder or '/path/to/venv'}/lib   # which version its packages are for",
                    f"python3 -m venv --clear {folder or '/path/to/venv'}, then pip install pyuwsgi and the requirements",
                ],
                basis=basis(seen),
            )


RULES = (no_app, env, home, no_library, other_uwsgi, plugins, no_pyuwsgi)
