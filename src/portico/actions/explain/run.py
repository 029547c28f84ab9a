"""`portico explain [NAME]`: the flow, a rendered file, or whatever is called so."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from portico.actions.explain.file import file_data
from portico.actions.explain.findings import finding_matches, is_id
from portico.actions.explain.flow import flow
from portico.actions.explain.names import known_names, name_matches
from portico.actions.explain.path_table import path_table
from portico.actions.explain.places import path_matches, rendered_file
from portico.actions.explain.subject import FILES, Subject, subject
from portico.actions.options import Options
from portico.model.errors import Exit, PorticoError
from portico.model.finding import Kind
from portico.model.result import Result

UNKNOWN = Kind(
    "config.E022",
    "config",
    "Nothing here is called that",
    "`portico explain` knows the names that this stack has, and an explanation of something else would mislead.",
    source="docs/howto-explain.md",
    shows="`portico explain NAME` ends with exit status 2, and says which names are nearest.",
    example="portico explain procesess",
    cure="Names are those of rendered files (`nginx.conf`), keys of portico.toml (`uwsgi.processes`), directives of nginx, "
    "options of uWSGI, variables of a request (`REMOTE_ADDR`), ids of findings (`nginx.E001`), hops, paths of the stack.",
)
_HOPS = ("client", "nginx", "uwsgi", "wsgi", "django")
_MOST = 3


def explain(options: Options, name: str, kinds: Callable[[], Mapping[str, Kind]]) -> Result:
    """Without a name the flow of the project; with one a rendered file or everything of that name. Changes nothing. `kinds`
    gives all kinds of findings there are. Raises PorticoError for a name that nothing has."""
    if is_id(name) and (found := finding_matches(name, kinds())):
        return Result("explain", {"about": "names", "name": name, "matches": found, "notes": []})
    about = subject(options)
    if not name:
        return Result("explain", {"about": "flow", **flow(about), "notes": _notes(about)})
    if file := rendered_file(name, about):
        return Result("explain", {"about": "file", **file_data(file, about), "notes": _notes(about)})
    matches = [*_hop(name, about), *name_matches(name, about), *path_matches(name, about)]
    if not matches:
        raise _unknown(name, about, kinds)
    project = str(about.where.project)
    data = {"about": "names", "name": name, "project": project, "live": about.is_live, "matches": matches}
    return Result("explain", {**data, "notes": _notes(about)})


def _notes(about: Subject) -> list[str]:
    said = "portico.toml has changed since this release was made of it: `portico up` applies that"
    return [said] if about.changed else []


def _hop(name: str, about: Subject) -> list[dict[str, object]]:
    hops = flow(about)["hops"] if name.lower() in _HOPS else []
    return [{"kind": "hop", "name": hop["hop"], "what": hop["role"], **hop} for hop in hops if hop["hop"] == name.lower()]


def _unknown(name: str, about: Subject, kinds: Callable[[], Mapping[str, Kind]]) -> PorticoError:
    here, elsewhere = known_names(about)
    here += [*about.texts, *(row["name"] for row in path_table(about)), *_HOPS, *kinds()]
    cause = f"nothing in this stack is called {about.discreet(name)!r}"
    if name in FILES:
        cause = f"this stack has no {name}: {FILES[name]}"
        return PorticoError(UNKNOWN.found(cause=cause, evidence=[f"it has {', '.join(about.texts)}"]), Exit.USAGE)
    close = _close(name, here) or _close(name, elsewhere)
    fix = [f"portico explain {one}" for one in close] or ["portico explain   # the flow, and where everything lies"]
    hint = f"; did you mean {' or '.join(f'`{one}`' for one in close)}?" if close else ""
    return PorticoError(UNKNOWN.found(cause=cause + hint, fix=fix), Exit.USAGE)


def _close(name: str, known: list[str]) -> list[str]:
    """The nearest names as they are written, dashes and capitals apart."""
    spelled = {one.lower().replace("-", "_"): one for one in known}
    wanted = name.lower().replace("-", "_")
    return [spelled[one] for one in difflib.get_close_matches(wanted, list(spelled), n=_MOST, cutoff=0.7)]
