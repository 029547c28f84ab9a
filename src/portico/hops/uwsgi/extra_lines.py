"""Raw lines for uwsgi.ini (`extra` in portico.toml) that fight with the plan they are added to."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator

from portico.hops.uwsgi import extra_kinds as kinds
from portico.hops.uwsgi.option_names import ALIASES, KNOWN
from portico.model.finding import Finding
from portico.model.plan import Plan

_AWAY = {"daemonize", "daemonize2"}
_DOORS = {"http-socket", "http11-socket", "http-socket-modifier1", "https-socket", "http", "https", "httprouter"}
_PLUGINS = {"plugins", "plugins-dir"}
#: Options that the plan has a key for, by the key of portico.toml; those that Portico alone decides have none.
_KEYS = {
    "processes": "processes",
    "threads": "threads",
    "harakiri": "harakiri",
    "listen": "listen",
    "buffer-size": "buffer_size",
    "max-requests": "max_requests",
    "chmod-socket": "chmod_socket",
    "vacuum": "vacuum",
    "master": "",
    "die-on-term": "",
    "module": "module",
    "wsgi-file": "",
    "callable": "",
    "chdir": "chdir",
    "stats": "",
    "master-fifo": "",
    "strict": "",
    "uid": "",
    "gid": "",
}


def options(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Name (of the option's first spelling), value and line of each raw line that sets something."""
    return _options(plan.uwsgi.extra)


def names(extra: Iterable[str]) -> frozenset[str]:
    """The options, by their first spelling, that raw lines set."""
    return frozenset(name for name, _, _ in _options(extra))


def _options(extra: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for entry in extra:
        for line in map(str.strip, entry.splitlines()):
            if line and line[0] not in ";#[":
                name, _, value = (part.strip() for part in line.partition("="))
                yield ALIASES.get(name, name), value, line


def check(plan: Plan) -> list[Finding]:
    """A finding for each raw line that cannot do what it was written for."""
    rules: tuple[Callable[[str, str, Plan], Finding | None], ...] = (_away, _unknown, _plugin, _silent, _door, _twice)
    found = []
    for name, value, line in options(plan):
        first = next((finding for rule in rules if (finding := rule(name, value, plan))), None)
        if first:
            found.append(_with_line(first, line, plan))
    return found


def refuses(name: str) -> bool:
    """Whether `check` would find fault with any raw line of that option (its first name), in a site with nginx."""
    return name in _AWAY | _DOORS | _PLUGINS or name in ("need-plugins", "env", "home") or name in _KEYS


def _with_line(finding: Finding, line: str, plan: Plan) -> Finding:
    """The same with the line itself, whose value may be a secret, and where it is written."""
    origin = plan.origins.get("uwsgi.extra")
    where = origin.detail if origin and origin.detail else "portico.toml"
    name, equals, _ = line.partition("=")
    shown = f"{name.strip()} = ..." if equals and ALIASES.get(name.strip(), name.strip()) == "env" else line
    return Finding(**{**vars(finding), "evidence": (f"{where} ([uwsgi] extra): {shown}", *finding.evidence)})


def _away(name: str, value: str, plan: Plan) -> Finding | None:
    if name not in _AWAY or not plan.uwsgi.entry:
        return None
    fix = [f'[uwsgi]\nlog = "{value}"   # in portico.toml, instead of the raw line, if the log is to be there']
    return kinds.RUNS_AWAY.found(cause=f"`{name}` forks uWSGI into the background", fix=fix)


def _unknown(name: str, value: str, plan: Plan) -> Finding | None:
    """Only of pyuwsgi are all options known: another uWSGI may have plugins with options of their own."""
    if name in KNOWN or plan.interpreter.uwsgi.kind != "pyuwsgi":
        return None
    close = difflib.get_close_matches(name.replace("_", "-"), KNOWN, n=1, cutoff=0.75)
    fix = [f"{close[0]} = {value}   # if that was meant" if close else "remove the line"]
    return kinds.NO_OPTION.found(cause=f"uWSGI has no option `{name}`", fix=fix, title=f"uWSGI has no option `{name}`")


def _plugin(name: str, value: str, plan: Plan) -> Finding | None:
    if name != "need-plugins" or plan.interpreter.uwsgi.kind != "pyuwsgi":
        return None
    cause = f"there is no {value}_plugin.so for pyuwsgi, and `need-plugin` ends uWSGI when it is missing"
    return kinds.NEEDS_PLUGIN.found(cause=cause, fix=["remove the line from `extra`: Python is built in"])


def _silent(name: str, value: str, plan: Plan) -> Finding | None:
    if plan.interpreter.uwsgi.kind != "pyuwsgi":
        return None
    if name == "env":
        variable = value.partition("=")[0].strip()
        cause = f"the application's os.environ is made before uWSGI reads its file: {variable} does not get there"
        return kinds.NO_EFFECT.found(cause=cause, fix=[f'[env]\n{variable} = "..."   # in portico.toml'])
    if name == "home":
        python = plan.interpreter.executable
        cause = f"the Python that runs is {python}, whatever `home` says"
        return kinds.NO_EFFECT.found(
            cause=cause, fix=[f'python = "{value}/bin/python"   # in portico.toml, if it is another']
        )
    if name in _PLUGINS:
        cause = "pyuwsgi loads no plugin from a file; it logs that it cannot, and goes on"
        return kinds.NO_EFFECT.found(cause=cause, fix=["remove the line from `extra`: the Python plugin is built in"])
    return None


def _door(name: str, value: str, plan: Plan) -> Finding | None:
    if name not in _DOORS or plan.front == "none":
        return None
    cause = f"`{name} = {value}` speaks HTTP to whoever connects, beside nginx"
    return kinds.SIDE_DOOR.found(cause=cause, fix=["remove the line from `extra`"])


def _twice(name: str, value: str, plan: Plan) -> Finding | None:
    if name not in _KEYS:
        return None
    key = _KEYS[name]
    fix = [f"[uwsgi]\n{key} = {_toml(value)}   # in portico.toml, instead of the raw line"] if key else []
    cause = f"`{name}` is in uwsgi.ini already, and the last one counts"
    return kinds.SAID_TWICE.found(cause=cause, fix=fix or ["remove the line from `extra`: Portico decides this one"])


def _toml(value: str) -> str:
    return value if value.isdigit() or value in ("true", "false") else f'"{value}"'
