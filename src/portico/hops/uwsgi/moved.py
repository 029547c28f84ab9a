"""The options of a hand-written uWSGI rewritten so that it runs aside: another socket, other places, nobody else touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from portico.hops.uwsgi.options import KNOWN, elsewhere, sockets, unknown
from portico.model.adoption import PathMap
from portico.model.directive import Option


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What uWSGI is known by when it has taken up work; it is the last that it says before.
STARTED = re.compile(r"spawned uWSGI worker \d+")
_UWSGI = ("socket", "uwsgi-socket", "puwsgi-socket", "suwsgi-socket")
_HTTP = ("http-socket", "http11-socket", "http")
#: Read already, or told anew below.
_READ = _names(
    "ini include inherit config xml xmlconfig yaml yml json set set-placeholder set-ph for endfor if-env if-not-env if-opt "
    "if-not-opt if-exists if-not-exists if-file if-not-file if-dir if-not-dir if-reload if-not-reload end endif print echo "
    "binary-path home declare-option need-plugin plugin-dir plugins-dir need-app no-orphans env"
)
#: Loops and conditions, whose lines have been read as what they come to.
_FLOW = re.compile(r"(for|if|end)(-.*|for|if|times|glob)?|(if|end)(dir|env|exists|plugin|hostname)")
#: Where it writes, what it is called, what others control it by.
_PLACES = re.compile(
    r"(safe-)?pidfile2?|stats(-http|-server|-min.*|-no.*)?|master-fifo|daemonize2?|logto2?|log-(socket|syslog|master.*|reopen|"
    r"date|format.*|maxsize|backupname|truncate|drain.*|route|req-route|encoder|req-encoder|file-chown)|logformat.*|"
    r"(threaded-|req-)?logger(-list)?|logfile-.*|loggers-list|touch-.*|fs-.*reload.*|(py-)?auto-?reload|py-autoreload|"
    r"procname.*|auto-procname|chmod(-socket)?|chown(-socket)?|vacuum|map-socket|socket-protocol|logger-req|logdate|py-tracebacker|"
    r"http-(to|stats.*|uid|gid|zerg)|(early-)?envdir"
)
#: What would act on somebody else, or be done a second time beside the running one.
_DEEDS = re.compile(
    r"emperor.*|vassal.*|imperial.*|early-emperor|zerg.*|(smart-)?attach-(daemon|control).*|legion.*|(unique-|legion-)?cron2?|"
    r"spooler.*|mules?|farm|exec-.*|(un)?hook-.*|call-.*|subscri.*|start-unsubscribed|carbon.*|statsd.*|stats-push.*|"
    r"snmp.*|alarm.*|metrics-dir.*|cache2|cache-s.*|sharedarea|idle|die-on-idle|cheap|chroot|unshare|pivot.*|cgroup.*|"
    r"setns.*|jailed|mount-.*|umount.*|https.*|fastrouter.*|rawrouter.*|sslrouter.*|rsyslog.*|mongo.*|tuntap.*|"
    r"worker-exec.*|forkpty.*|crypto.*|reload-os-env|upgrade.*|signal.*|nagios|show-config|no-server|command-mode|"
    r"stop|reload|pause|suspend|resume|ping|exit|extract|connect-and-read|file-write|binary-append-data|flock.*|udp|multicast.*|"
    r"(undeferred-)?shared-socket|queue-store.*|rrdtool.*|.*alarm.*|wait-.*|py(thon-)?shell.*|heartbeat|namespace.*|ns(-net)?|"
    r"unshare2|notify-socket|cache-udp.*|http-(.*subscri.*)|(rb)?timer|fs-signal|immediate-.*|add-gid|.*privileged-binary.*|"
    r"master-as-root|build-plugin|metric-dir.*|cluster.*|fork-server.*"
)
#: Options whose value is a path, or a list of them.
_PATHS = _names(
    "chdir chdir2 pythonpath pp python-path wsgi-file file mimefile mime-file check-static static-safe pidfile eval-file "
    "route-file cache-dir pyshell-file paste ini-paste ini-paste-logged dyn-file env-file manage-file"
)
_PASTE = _names("ini-paste ini-paste-logged")
_PAIRS = _names("static-map static-map2 mount worker-mount")
#: A percent sign that begins nothing that only the machine knows
#: (https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html#magic-variables).
_PERCENT = re.compile(r"%(?![hivVkuUgGtTjbr(])")
_VARIABLE = re.compile(r"[A-Za-z_]\w*")
_PYTHON = re.compile(r"python\d*(\.\d+)?(/.*)?|python.*|http|corerouter|router_.*|gevent|0:.*")


@dataclass(frozen=True)
class Aside:
    """Where it runs: it speaks uwsgi on the unix socket `socket`, and HTTP on `http_port` of 127.0.0.1 (0: not). `folder` is
    where its file lies. `account(name)` tells whether an account or group is here; `as_root`: it may become another.
    `somaxconn` is the longest queue this kernel allows."""

    folder: str
    socket: str
    http_port: int
    paths: PathMap
    as_root: bool
    account: Callable[[str], bool]
    somaxconn: int


@dataclass(frozen=True)
class Moved:
    """`text` is its ini file, `home` its Python environment here (empty: none is named). `adjusted` are changes
    besides places, one sentence each. `http` are the addresses that it spoke HTTP on (`127.0.0.1:8000`). `becomes`: it
    gives up root by itself."""

    text: str
    home: str
    adjusted: tuple[str, ...]
    http: tuple[str, ...]
    becomes: bool


def folders_of_variables(options: Sequence[Option], paths: PathMap) -> tuple[str, ...]:
    """The folders of which each file is a variable of the environment (`envdir`), here."""
    return tuple(paths.here(option.value) for option in options if option.name in ("envdir", "early-envdir"))


def variables(options: Sequence[Option]) -> tuple[tuple[str, str], ...]:
    """What it puts into its environment, in order. They have to be there before Python begins, where uWSGI is a module that
    Python has loaded: `os.environ` is made once (https://docs.python.org/3/library/os.html#os.environ)."""
    pairs = (option.value.partition("=") for option in options if option.name == "env")
    return tuple((name, value) for name, _, value in pairs if _VARIABLE.fullmatch(name))


def speaks_http(options: Sequence[Option]) -> tuple[str, ...]:
    """The addresses that it speaks HTTP on."""
    return tuple(address for kind, address, _ in sockets(options) if kind in _HTTP)


def quiet(lines: Sequence[str]) -> tuple[str, ...]:
    """Raw lines `name = value` without those that write outside of its folder, or act on more than the requests."""
    names = ((line, line.partition("=")[0].strip()) for line in lines)
    return tuple(line for line, name in names if not _DEEDS.fullmatch(name) and not _PLACES.fullmatch(name))


def moved(options: Sequence[Option], aside: Aside) -> Moved:
    """The same options in the same order, but for those that have to be otherwise beside a running one."""
    mover = _Mover(options, aside)
    lines = tuple(mover.lines())
    own = ["need-app = true", "no-orphans = true", f"socket = {aside.socket}", "chmod-socket = 666"]
    own += [f"{mover.http_kind} = 127.0.0.1:{aside.http_port}"] if aside.http_port else []
    homes = [option.value for option in options if option.name == "home" and option.value]
    text = "\n".join(["[uwsgi]", *lines, *own, ""])
    return Moved(
        text, aside.paths.here(homes[-1]) if homes else "", tuple(mover.adjusted), speaks_http(options), mover.becomes
    )


class _Mover:
    def __init__(self, options: Sequence[Option], aside: Aside) -> None:
        self._options = options
        self._aside = aside
        self._listening = {id(option) for _, _, option in sockets(options)}
        kinds = [kind for kind, _, _ in sockets(options) if kind in _HTTP]
        self.http_kind = kinds[0] if kinds else "http-socket"
        self._misspelt = {id(option) for option, _ in unknown(options)}
        self._foreign = {id(option) for option in elsewhere(options)}
        self.adjusted: dict[str, None] = {}
        self.becomes = False

    def _say(self, option: Option, why: str) -> None:
        self.adjusted[f"{option.where}: `{option.name}` is left out: {why}"] = None

    def lines(self) -> Iterator[str]:
        for option in self._options:
            kept = self._kept(option)
            if kept is not None and option.name in _PASTE:
                # Read once more it would bring back all that was left out.
                yield f"paste = config:{_safe(kept)}"
            elif kept is not None:
                yield f"{option.name} = {_safe(kept)}"

    def _kept(self, option: Option) -> str | None:
        """The value it has here; None where it is left out."""
        name, value = option.name, option.value
        if (
            id(option) in self._listening
            or name in (*_UWSGI, "protocol")
            or name in _READ
            or _FLOW.fullmatch(name)
            or _PLACES.fullmatch(name)
        ):
            return None
        if name not in KNOWN and id(option) not in self._misspelt:
            if id(option) in self._foreign:
                self._say(option, "the uWSGI that is used here was built without it")
            return None
        if _DEEDS.fullmatch(name):
            self._say(option, "it would act on more than the requests of the comparison")
            return None
        if name in ("uid", "gid"):
            return self._account(option)
        if name in ("plugins", "plugin"):
            self._plugins(option)
            return None
        if name == "listen" and value.isdigit() and int(value) > self._aside.somaxconn:
            self.adjusted[f"{option.where}: `listen = {value}` is {self._aside.somaxconn} here, the kernel's somaxconn"] = (
                None
            )
            return str(self._aside.somaxconn)
        return self._placed(name, value)

    def _account(self, option: Option) -> str | None:
        if not self._aside.as_root:
            self._say(option, "only root can become another account, so the old uWSGI runs as this one")
            return None
        if not self._aside.account(option.value):
            self._say(option, f"there is no {option.value} on this machine")
            return None
        self.becomes = self.becomes or option.name == "uid"
        return option.value

    def _plugins(self, option: Option) -> None:
        others = [part for part in option.value.split(",") if not _PYTHON.fullmatch(part.strip())]
        if others:
            self._say(option, f"the uWSGI that is used here has no plugin {', '.join(others)}")

    def _here(self, path: str) -> str:
        """What magic variables made of the file's own path is a path of this machine already."""
        folders = [new for _, new in self._aside.paths.pairs]
        known = any(path == new or path.startswith(new + "/") for new in folders if new)
        return path if known else self._aside.paths.here(path)

    def _placed(self, name: str, value: str) -> str:
        here = self._here
        if name in _PATHS:
            return here(value)
        if name in _PAIRS and "=" in value:
            url, _, path = value.partition("=")
            return f"{url}={here(path)}"
        if name == "module" and value.startswith("/"):
            return here(value)
        return value


def _safe(value: str) -> str:
    """As uWSGI reads it back. What its reader here has left to the machine (`%k`, `$(NAME)`, `@(file)`) stays for it."""
    return _PERCENT.sub("%%", value).replace("\n", " ").strip()
