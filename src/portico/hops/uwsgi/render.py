"""The hop's files: a plan in, uwsgi.ini with what it names out. Pure; nothing is read but the packaged templates."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined

from portico.hops.uwsgi.escape import (
    PLACEHOLDERS,
    IniValue,
    below,
    ini_value,
    literal_path,
    log_path,
    mountpoint,
    unix_socket,
)
from portico.model.file import File
from portico.model.plan import Interpreter, Plan, UwsgiPlan
from portico.model.site import Site, StaticMap

INI = "uwsgi.ini"
POOL = "pool.ini"
MIME_TYPES = "uwsgi-mime.types"

#: Numbers, and the id that the front made or checked: uWSGI writes a variable's value as it is.
LOG_FORMAT = (
    '{"t":%(tmsecs),"rid":"%(var.REQUEST_ID)","status":%(status),"us":%(micros),'
    '"bytes":%(rsize),"worker":%(wid),"core":%(core)}'
)
#: The release that knows max-requests-delta: https://uwsgi-docs.readthedocs.io/en/latest/Changelog-2.0.29.html
_REQUESTS_DELTA = (2, 0, 29)


def files(plan: Plan) -> tuple[File, ...]:
    """uwsgi.ini for each instance and, if uWSGI serves files of the site, the content types for them.

    They belong in one folder: `plan.paths.conf`. With `plan.uwsgi.entry` the file is for a supervisor, which gives the
    process its account and its log; without, it runs on its own (`uwsgi --ini`) and sets both. Raises ValueError with the
    value and the reason when a value of the plan cannot be said in uWSGI's configuration.
    """
    each = (replace(plan, uwsgi=instance) for instance in plan.uwsgi.each())
    rendered = [File(one.uwsgi.ini, _template(INI + ".j2", _view(one)), 0o640) for one in each]
    if _maps(plan.site):
        rendered.append(File(MIME_TYPES, _template(MIME_TYPES), 0o644))
    return tuple(rendered)


def zerg_path(plan: Plan) -> str:
    """Where the instances of a site with a TCP address get its socket from; empty where each listens for itself: on a unix
    socket, and in files that run without Portico."""
    uwsgi = plan.uwsgi
    pooled = bool(uwsgi.entry) and not uwsgi.address.startswith("unix:") and uwsgi.instances > 0
    return f"{plan.paths.run}/ctl/zerg.sock" if pooled else ""


def pool_files(plan: Plan) -> tuple[File, ...]:
    """pool.ini, for the process that holds the TCP socket of a site
    (https://uwsgi-docs.readthedocs.io/en/latest/Zerg.html); nothing where there is no such socket."""
    zerg = zerg_path(plan)
    if not zerg:
        return ()
    view = {
        "zerg": ini_value(unix_socket(zerg)),
        "address": ini_value(plan.uwsgi.address),
        "backlog": plan.uwsgi.backlog,
    }
    return (File(POOL, _template(POOL + ".j2", view), 0o640),)


def _only_escaped(value: object) -> object:
    """Holds the template to printing whole numbers and what `escape` has passed."""
    if isinstance(value, (IniValue, Undefined)) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise TypeError(f"the template prints {value!r}, which nothing has escaped")


#: One for all files: each template is compiled once, however many instances and releases are rendered.
_TEMPLATES = Environment(  # noqa: S701 - not HTML; _only_escaped does for ini what autoescape does for HTML
    loader=PackageLoader("portico.hops.uwsgi"),
    undefined=StrictUndefined,
    finalize=_only_escaped,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def compile_templates() -> None:
    """Now, and not when the first file is rendered."""
    for name in _TEMPLATES.list_templates(extensions=["j2"]):
        _TEMPLATES.get_template(name)


def _template(name: str, view: dict[str, Any] | None = None) -> str:
    return _TEMPLATES.get_template(name).render(view or {})


def _view(plan: Plan) -> dict[str, Any]:
    """Every name the template uses, escaped."""
    return {
        "site_name": ini_value(plan.site.name),
        "placeholders": [IniValue(placeholder) for placeholder in PLACEHOLDERS],
        **_python(plan),
        **_application(plan),
        **_addresses(plan),
        **_lifetimes(plan),
        **_watching(plan),
        **_static(plan),
        "extra": [IniValue(line) for line in plan.uwsgi.extra],
    }


def _python(plan: Plan) -> dict[str, Any]:
    interpreter = plan.interpreter
    embedded = interpreter.uwsgi.kind == "binary"
    return {
        "binary_path": "" if embedded else ini_value(interpreter.executable),
        "home": ini_value(_prefix(interpreter)) if embedded else "",
        # With pyuwsgi the command line is the interpreter's, which uWSGI cannot rewrite.
        "procname_prefix": IniValue(re.sub(r"[^A-Za-z0-9._-]", "-", plan.site.name)) if embedded else "",
    }


def _prefix(interpreter: Interpreter) -> str:
    """sys.prefix of an interpreter that lies in PREFIX/bin, as every POSIX virtualenv's does
    (https://docs.python.org/3/library/venv.html); empty where it lies elsewhere."""
    folder = PurePosixPath(interpreter.executable).parent
    return str(folder.parent) if folder.name == "bin" else ""


def _application(plan: Plan) -> dict[str, Any]:
    site, entry = plan.site, plan.uwsgi.entry
    module = "" if entry or site.file else f"{site.module or 'django.core.wsgi'}:{_callable(site)}"
    return {
        "chdir": ini_value(site.directory),
        # Each is put in front of those before it.
        "python_path": [ini_value(literal_path(path)) for path in reversed(site.python_path)],
        "wsgi_file": ini_value(entry or site.file) if entry or site.file else "",
        "callable": ini_value("application" if entry else _callable(site)),
        "module": ini_value(module),
    }


def _callable(site: Site) -> str:
    """The name uWSGI looks up in the module: a plain one, or with `()` one that it calls first, in modules only."""
    if not site.module and not site.file:
        return "get_wsgi_application()"
    name = site.callable or "application"
    if not name.removesuffix("()").isidentifier():
        raise ValueError(f"{name!r} cannot be loaded by uWSGI alone: it takes a plain name, or one with '()'")
    if site.file and name.endswith("()"):
        raise ValueError(f"{name!r} in {site.file!r} cannot be loaded by uWSGI alone: it calls factories only in modules")
    return name


def _addresses(plan: Plan) -> dict[str, Any]:
    uwsgi = plan.uwsgi
    zerg = zerg_path(plan)
    tcp = () if uwsgi.address.startswith("unix:") or zerg else (uwsgi.address,)
    own = tuple(map(unix_socket, uwsgi.sockets)) if uwsgi.instance_socket else ()
    http = plan.front == "none"
    host = "0.0.0.0" if plan.listen.host == "*" else f"[{plan.listen.host}]" if ":" in plan.listen.host else plan.listen.host  # noqa: S104
    return {
        "sockets": [ini_value(address) for address in own + tcp],
        "mapped": [IniValue(f"{number}:{number + 1}") for number in range(len(own) * uwsgi.worker_sockets)],
        "zerg": ini_value(zerg),
        "lazy_apps": uwsgi.lazy_apps,
        "http": ini_value(f"{host}:{plan.listen.port:d}") if http else "",
        "http_timeout_s": max(60, uwsgi.harakiri_s + 5) if uwsgi.harakiri_s else 600,
        "reuse_port": http or bool(tcp),
        "chmod_socket": ini_value(uwsgi.chmod_socket),
        "chown_socket": _socket_owner(plan),
        "backlog": uwsgi.backlog,
        "buffer_bytes": uwsgi.buffer_bytes,
        "post_buffering": _post_buffering(uwsgi),
        "vacuum": uwsgi.vacuum,
        "uid": ini_value(uwsgi.user),
        "gid": ini_value(uwsgi.group),
    }


def _post_buffering(uwsgi: UwsgiPlan) -> int:
    """Bytes of a body that are read into memory before the application runs, 0 for none. The entry module reads bodies to
    their end itself; without it uWSGI has to, unless its threads share one harakiri: reading a body for one would set a
    deadline in the past for another (https://github.com/unbit/uwsgi/issues/2706)."""
    shared = uwsgi.threads > 1 and uwsgi.harakiri_s > 0
    return 0 if uwsgi.entry or shared else 65536


def _socket_owner(plan: Plan) -> IniValue | str:
    """Who owns the sockets of a stand-alone file that root starts; the group is that of nginx's workers."""
    if plan.uwsgi.entry or not plan.uwsgi.user:
        return ""
    group = (plan.nginx and plan.nginx.group) or plan.uwsgi.group
    return ini_value(f"{plan.uwsgi.user}:{group}" if group else plan.uwsgi.user)


def _lifetimes(plan: Plan) -> dict[str, Any]:
    uwsgi = plan.uwsgi
    known = _version(plan.interpreter.uwsgi.version) >= _REQUESTS_DELTA
    return {
        "processes": uwsgi.processes,
        "threads": uwsgi.threads,
        "harakiri_s": uwsgi.harakiri_s,
        "max_requests": uwsgi.max_requests,
        "max_requests_delta": max(1, uwsgi.max_requests // 10) if known and uwsgi.processes > 1 else 0,
        "graceful_s": uwsgi.graceful_s,
    }


def _version(text: str) -> tuple[int, ...]:
    """`2.0.30.post1` is (2, 0, 30); an unknown version is older than any."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _watching(plan: Plan) -> dict[str, Any]:
    uwsgi = plan.uwsgi
    own_log = not uwsgi.entry and not uwsgi.daemonize
    return {
        "stats": ini_value(unix_socket(uwsgi.stats_socket)) if uwsgi.stats_socket else "",
        "fifo": ini_value(uwsgi.fifo),
        "logto": ini_value(log_path(uwsgi.log)) if own_log else "",
        "daemonize": "" if uwsgi.entry else ini_value(log_path(uwsgi.daemonize)),
        "log_format": IniValue(LOG_FORMAT),
        "request_log": uwsgi.request_log,
    }


def _maps(site: Site) -> list[StaticMap]:
    return [entry for entry in site.maps if entry.served_by == "uwsgi"]


def _static(plan: Plan) -> dict[str, Any]:
    return {
        "static_maps": [_map(entry, plan) for entry in _maps(plan.site)],
        "mimefile": ini_value(f"{plan.paths.conf}/{MIME_TYPES}"),
    }


def _map(entry: StaticMap, plan: Plan) -> dict[str, IniValue]:
    """A worker resolves the folder once, so it must not be the link to the live release's."""
    prefix = mountpoint(entry.url)
    return {
        "key": IniValue(entry.kind),
        "map": ini_value(f"{prefix}={entry.of_release(plan.paths.static, plan.uwsgi.instance)}"),
        "all": ini_value(below(prefix, "")),
        "hidden": ini_value(below(prefix, r"(.*/)?\.")),
    }
