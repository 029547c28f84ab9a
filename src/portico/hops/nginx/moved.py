"""A hand-written configuration rewritten so that one of its sites runs aside: other ports, other places, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from portico.hops.nginx.listens import PASSES, http_block
from portico.hops.nginx.moved_servers import key_of, listens_of, of_the_site, place_of
from portico.model.adoption import NO_MAP, PathMap
from portico.model.directive import Directive

#: Directives whose arguments of these numbers are files or folders; relative ones start in the folder of nginx.conf.
_CONF_FILES = {
    **dict.fromkeys(("ssl_certificate", "ssl_certificate_key", "ssl_trusted_certificate", "ssl_client_certificate"), (0,)),
    **dict.fromkeys(("ssl_dhparam", "ssl_crl", "ssl_password_file", "ssl_session_ticket_key", "ssl_stapling_file"), (0,)),
    **dict.fromkeys(("auth_basic_user_file", "auth_jwt_key_file", "include", "geoip_country", "geoip_city"), (0,)),
    **dict.fromkeys(("js_path", "perl_modules", "modsecurity_rules_file", "xslt_stylesheet", "geoip2"), (0,)),
}
#: The same; relative ones start at nginx's prefix, which the files do not tell.
_PREFIX_FILES = {"root": (0,), "alias": (0,), "load_module": (0,)}
_TEMPORARY = ("client_body_temp_path", "proxy_temp_path", "uwsgi_temp_path", "fastcgi_temp_path", "scgi_temp_path")
_CACHES = ("proxy_cache_path", "uwsgi_cache_path", "fastcgi_cache_path", "scgi_cache_path")
#: Of the main context: what is set here anew, or means nothing for one site that runs in front of somebody.
_MAIN_REPLACED = ("daemon", "master_process", "pid", "lock_file", "worker_processes", "working_directory", "worker_priority")
_MAIN_LEFT = ("stream", "mail", "google_perftools_profiles", "debug_points", "worker_cpu_affinity", "ssl_engine")
#: Limits on how often one client may ask would meet the comparison itself.
_RATES = ("limit_req", "limit_conn")
#: These would connect to somebody, or listen where nothing else does.
_ABROAD = ("ssl_stapling", "ssl_stapling_verify", "quic_retry", "quic_gso", "http3", "http3_hq", "quic_bpf", "quic_host_key")
_LISTEN_KEPT = ("ssl", "default_server", "default")


@dataclass(frozen=True)
class Aside:
    """Where it runs: `folder` is for all it writes. `ports` maps each address as `wanted` names it to a free port of
    127.0.0.1. `uwsgi` is where the application speaks uwsgi (empty: nowhere), `http` maps a port that it speaks HTTP on to
    the one it has here. `unreadable` are files of `named_files` that this account cannot read. `keep_user`: nginx is
    started by root, and the accounts it names are here. `types` are the lines of a types block, for files that have none."""

    folder: str
    ports: Mapping[str, int]
    uwsgi: str
    http: Mapping[str, int] = field(default_factory=dict)
    paths: PathMap = NO_MAP
    unreadable: frozenset[str] = frozenset()
    keep_user: bool = False
    types: tuple[Directive, ...] = ()
    params: tuple[Directive, ...] = ()


@dataclass(frozen=True)
class Moved:
    """`tree` is the whole configuration, for `written`. `adjusted` are changes besides ports and places, one sentence each.
    `silent` are the locations (as the configuration names them) whose pass goes to another application, which answer 502
    here. `servers` are the blocks that were taken. `plain`: no TLS is spoken,
    for want of a certificate."""

    tree: Directive
    adjusted: tuple[str, ...]
    silent: tuple[str, ...]
    servers: tuple[Directive, ...]
    plain: bool = False


def moved(root: Directive, server: Directive, aside: Aside) -> Moved:
    """The configuration of that site alone, as it is but for what has to be otherwise beside a running one."""
    return _Mover(root, server, aside).all()


class _Mover:
    def __init__(self, root: Directive, server: Directive, aside: Aside) -> None:
        self._root = root
        self._server = server
        self._aside = aside
        self._servers = of_the_site(root, server)
        self._adjusted: dict[str, None] = {}
        self._silent: dict[str, None] = {}
        self._location = ""
        self._defaults: set[int] = set()
        self._plain = self._lacks_certificate()

    def all(self) -> Moved:
        http = http_block(self._root)
        outside = tuple(self._main()) if http is not self._root else ()
        events = self._root.first("events") or _simple("events", block=())
        inner = tuple(self._http(http)) if http else ()
        tree = Directive("", (), self._root.file, 0, (*outside, events, _simple("http", block=inner)))
        return Moved(tree, tuple(self._adjusted), tuple(self._silent), self._servers, self._plain)

    def _say(self, text: str) -> None:
        self._adjusted[text] = None

    def _lacks_certificate(self) -> bool:
        """Whether a certificate that these servers need cannot be read, so that they speak plain HTTP here."""
        blocks = [*self._servers, *(entry for entry in (http_block(self._root),) if entry)]
        keys = [entry for block in blocks for entry in block.all("ssl_certificate", "ssl_certificate_key") if entry.args]
        lost = [entry for entry in keys if place_of(entry, self._aside.paths, self._root.file) in self._aside.unreadable]
        for entry in lost[:1]:
            path = place_of(entry, self._aside.paths, self._root.file)
            self._say(f"{entry.where}: {path} cannot be read here, so both sides speak plain HTTP where TLS is spoken")
        return bool(lost)

    def _main(self) -> Iterator[Directive]:
        yield _simple("daemon", "off")
        yield _simple("pid", f"{self._aside.folder}/nginx.pid")
        yield _simple("worker_processes", "1")
        for entry in self._root.block or ():
            if entry.name in ("events", "http", *_MAIN_REPLACED):
                continue
            if entry.name in _MAIN_LEFT or (entry.name == "user" and not self._aside.keep_user):
                self._say(f"{entry.where}: `{entry.text}` is left out")
            elif (
                entry.name == "load_module" and place_of(entry, self._aside.paths, self._root.file) in self._aside.unreadable
            ):
                self._say(f"{entry.where}: {entry.text}: there is no such module here, so it is left out")
            else:
                yield from self._moved(entry)
        if not self._root.first("error_log"):
            yield _simple("error_log", f"{self._aside.folder}/nginx-error.log", "info")

    def _http(self, http: Directive) -> Iterator[Directive]:
        for name in _TEMPORARY:
            yield _simple(name, f"{self._aside.folder}/{name}")
        if not next(http.deep("types"), None) and self._aside.types:
            self._say("the files name no types of files: those that nginx brings are taken")
            yield _simple("types", block=self._aside.types)
            if not http.first("default_type"):
                yield _simple("default_type", "application/octet-stream")
        if not http.first("access_log"):
            yield _simple("access_log", f"{self._aside.folder}/nginx-access.log")
        for entry in http.block or ():
            if entry.name == "server" and entry.block is not None:
                if entry in self._servers:
                    yield from self._moved(entry)
            elif entry.name not in ("upstream", *_MAIN_REPLACED, "user", "events"):
                yield from self._moved(entry)

    def _moved(self, entry: Directive) -> Iterator[Directive]:
        rule = _RULES.get(entry.name)
        if rule:
            yield from rule(self, entry)
        elif entry.name in (*_TEMPORARY, *_ABROAD) or (self._plain and entry.name.startswith("ssl")):
            return
        elif entry.name in _CONF_FILES or entry.name in _PREFIX_FILES:
            yield self._with_path(entry)
        elif entry.block is not None:
            yield replace(entry, block=tuple(self._inside(entry)))
        else:
            yield entry

    def _inside(self, entry: Directive) -> Iterator[Directive]:
        for inner in entry.block or ():
            yield from self._moved(inner)

    def _with_path(self, entry: Directive) -> Directive:
        if not entry.args:
            return entry
        relative = entry.name in _PREFIX_FILES
        first = self._aside.paths.here(entry.args[0]) if relative else place_of(entry, self._aside.paths, self._root.file)
        return replace(entry, args=(first, *entry.args[1:]))

    def _rate(self, entry: Directive) -> Iterator[Directive]:
        self._say(f"{entry.where}: `{entry.text}` is left out: the comparison asks faster than people do")
        yield from ()

    def _log(self, entry: Directive) -> Iterator[Directive]:
        if entry.name == "access_log" and entry.args[:1] != ("off",):
            formats = entry.args[1:2] if entry.args[1:2] and "=" not in entry.args[1] else ()
            yield replace(entry, args=(f"{self._aside.folder}/nginx-access.log", *formats))
        elif entry.name == "error_log":
            yield replace(entry, args=(f"{self._aside.folder}/nginx-error.log", *entry.args[1:2]))
        else:
            yield entry

    def _cache(self, entry: Directive) -> Iterator[Directive]:
        rest = tuple(arg for arg in entry.args[1:] if not arg.startswith(("use_temp_path", "purger")))
        yield replace(entry, args=(f"{self._aside.folder}/cache-{entry.line}", *rest))

    def _listen(self, entry: Directive) -> Iterator[Directive]:
        # Written by `_one_server`, which knows which of them fall together.
        yield from ()

    def _is_gone(self, word: str, port: int) -> bool:
        """Whether a word of `listen` cannot be said: for want of a certificate, or because addresses fall together here."""
        if word in ("default", "default_server"):
            taken = port in self._defaults
            self._defaults.add(port)
            return taken
        return self._plain and word == "ssl"

    def _http2(self, entry: Directive) -> Iterator[Directive]:
        self._say(f"{entry.where}: http2 is left out: nobody here speaks it")
        yield from ()

    def _one_server(self, entry: Directive) -> Iterator[Directive]:
        if entry not in self._servers:
            # That of an upstream, a map or a geo block.
            yield entry
            return
        given: dict[int, list[str]] = {}
        for found in listens_of(self._root, entry):
            words = found.directive.args[1:] if found.directive else ()
            kept = [word for word in words if word in _LISTEN_KEPT]
            kept += ["ssl"] if found.ssl and "ssl" not in kept else []
            port = self._aside.ports[key_of(found)]
            merged = given.setdefault(port, [])
            merged += [word for word in kept if word not in merged and not self._is_gone(word, port)]
            for word in ("proxy_protocol", "http2"):
                if word in words and found.directive:
                    self._say(f"{found.directive.where}: {word} is left out: nobody here speaks it")
        lines = tuple(_simple("listen", f"127.0.0.1:{port}", *words) for port, words in given.items())
        yield replace(entry, block=(*lines, *self._inside(entry)))

    def _place_of(self, entry: Directive) -> Iterator[Directive]:
        before, self._location = self._location, " ".join(entry.args)
        yield replace(entry, block=tuple(self._inside(entry)))
        self._location = before

    def _pass(self, entry: Directive) -> Iterator[Directive]:
        target = self._target(entry)
        if target is None:
            self._silent[self._location] = None
            self._say(f"{entry.where}: `{entry.text}` goes to another application: 502 here, and that location is not asked")
            yield _simple("return", "502")
            return
        several = len(list(self._behind(entry.args[0]))) if entry.args else 0
        if several > 1:
            self._say(f"{entry.where}: {entry.args[0]} has {several} servers: here one uWSGI takes all requests")
        if entry.name == "uwsgi_pass" and not self._has_params(entry):
            self._say(f"{entry.where}: no uwsgi_param PATH_INFO comes with it, so those that nginx brings are added")
            yield from self._inherited_params(entry)
            yield from self._aside.params
        yield replace(entry, args=(target, *entry.args[1:]))

    def _target(self, entry: Directive) -> str | None:
        """Where it goes here; None for another application."""
        if entry.name == "uwsgi_pass":
            return self._aside.uwsgi or None
        if entry.name != "proxy_pass" or not entry.args or not entry.args[0].startswith("http://"):
            return None
        address, slash, uri = entry.args[0].removeprefix("http://").partition("/")
        for found in self._behind(address):
            port = self._aside.http.get(found)
            if port:
                return f"http://127.0.0.1:{port}{slash}{uri}"
        return None

    def _behind(self, name: str) -> Iterator[str]:
        """The addresses of an upstream, or that address itself."""
        block = next((entry for entry in self._root.deep("upstream") if entry.args[:1] == (name,)), None)
        if block is None:
            yield name if ":" in name else f"{name}:80"
        else:
            yield from (entry.args[0] for entry in block.all("server") if entry.args)

    def _has_params(self, entry: Directive) -> bool:
        """Whether the path of a request goes along."""
        return any(one.args[:1] == ("PATH_INFO",) for block in self._around(entry) for one in block.all("uwsgi_param"))

    def _inherited_params(self, entry: Directive) -> Iterator[Directive]:
        """Those of the blocks around, which a block with any of its own would lose."""
        blocks = list(self._around(entry))
        if blocks and not blocks[-1].first("uwsgi_param"):
            nearest = next((block for block in reversed(blocks) if block.first("uwsgi_param")), None)
            yield from nearest.all("uwsgi_param") if nearest else ()

    def _around(self, entry: Directive) -> Iterator[Directive]:
        """The blocks that directive stands in, the outermost first."""
        block = http_block(self._root)
        while block is not None:
            yield block
            inside = (one for one in block.block or () if one.block is not None)
            block = next((one for one in inside if any(found is entry for found in one.deep(entry.name))), None)


def _simple(name: str, *args: str, block: tuple[Directive, ...] | None = None) -> Directive:
    return Directive(name, args, "", 0, block)


_RULES: Mapping[str, Callable[[_Mover, Directive], Iterator[Directive]]] = {
    **dict.fromkeys(("access_log", "error_log"), _Mover._log),
    **dict.fromkeys(_RATES, _Mover._rate),
    **dict.fromkeys(_CACHES, _Mover._cache),
    **dict.fromkeys(PASSES, _Mover._pass),
    "listen": _Mover._listen,
    "http2": _Mover._http2,
    "server": _Mover._one_server,
    "location": _Mover._place_of,
}
