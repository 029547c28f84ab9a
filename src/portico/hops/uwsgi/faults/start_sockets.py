"""uWSGI and the addresses it wants to listen on: from the last words of its log, and from who listens there now."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from portico.hops.uwsgi.faults import start_kinds as kinds
from portico.hops.uwsgi.faults.start_rows import basis, has_ended, ini_of, last, place, row, rows
from portico.hops.uwsgi.options import elsewhere, sockets
from portico.model.directive import Option
from portico.model.evidence import Evidence, ListenerSeen, PathSeen, ProcessSeen, UwsgiSeen
from portico.model.finding import Finding
from portico.model.log import Event
from portico.model.remedy import EditLine, MakeFolder, Remedy

_LOW_PORT = 1024
#: Folders that belong to everybody: their rights are not to be changed.
_SHARED = ("/", "/run", "/var/run", "/tmp", "/var/tmp", "/etc", "/home", "/root", "/srv", "/var", "/opt")  # noqa: S108


def _failed(seen: UwsgiSeen, number: int) -> Event | None:
    found = last(seen, "bind-failed")
    return found if found and found.data.get("errno") == str(number) else None


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _members(seen: UwsgiSeen) -> set[int]:
    return {process.pid for process in (seen.master, *seen.workers) if process}


def taken(evidence: Evidence) -> Iterator[Finding]:
    """An address that somebody else had."""
    for seen in evidence.uwsgi:
        event = _failed(seen, errno.EADDRINUSE)
        if event is None:
            continue
        said = last(seen, "other-instance")
        address = event.data.get("address") or (said.data["address"] if said else "")
        there = [one for one in seen.listeners if _port(one.address) == _port(address)]
        pids = {pid for one in there for pid in one.pids}
        owner = next((one for one in (*evidence.uwsgi, *evidence.others) if _members(one) & pids), None)
        evidence_rows = [said.text, event.text] if said else [event.text]
        if owner and owner.master and owner in evidence.uwsgi:
            yield _second(seen, owner.master, address, evidence_rows)
        else:
            holder = (owner and owner.master) or next((one for one in seen.holders if one.pid in pids), None)
            yield _taken(seen, address, there, holder, evidence_rows)


def _second(seen: UwsgiSeen, master: ProcessSeen, address: str, evidence: list[str]) -> Finding:
    return kinds.SECOND_START.found(
        cause=f"{address} is held by the uWSGI that runs already, pid {master.pid}; the second start ended",
        evidence=[*evidence, master.line],
        fix=[
            f"to run the new one: stop the first (kill -INT {master.pid}, or with the supervisor that started it), "
            "then start uWSGI again",
            "let only one of systemd, supervisor, cron and shell start it, and no `daemonize` under a supervisor",
        ],
        basis="state",
    )


def _taken(
    seen: UwsgiSeen, address: str, there: list[ListenerSeen], holder: ProcessSeen | None, evidence: list[str]
) -> Finding:
    if holder:
        cause = f"{address} is held by {holder.line}"
    elif there:
        cause = f"{address} is held by a process of {there[0].user or 'another account'}"
    else:
        cause = f"{address} was taken when uWSGI started; now nobody listens there"
    port = _port(address)
    fix = [f"sudo ss -ltnp 'sport = :{port}'   # whose it is"] if port.isdigit() else ["sudo ss -lxp"]
    if holder:
        fix.append(f"stop it with what started it (systemctl status {holder.pid} tells), or: kill {holder.pid}")
    fix.append(f"or another address in {ini_of(seen)} and in nginx's uwsgi_pass" if there else "start uWSGI again")
    return kinds.PORT_TAKEN.found(
        cause=cause,
        evidence=[*evidence, *_bound_by(seen, address)],
        fix=fix,
        certainty="certain" if there else "likely",
        basis=basis(seen),
    )


def _bound_by(seen: UwsgiSeen, address: str) -> list[str]:
    """The option that asks for the address."""
    return [row(option) for _, named, option in sockets(seen.options) if _port(named) == _port(address)][-1:]


def two_on_one(evidence: Evidence) -> Iterator[Finding]:
    """A unix socket that a newer uWSGI took from an older one."""
    told: set[str] = set()
    for seen in evidence.uwsgi:
        for address in dict.fromkeys(one.address for one in seen.listeners if one.address.startswith("unix:")):
            there = [one for one in seen.listeners if one.address == address]
            if address not in told and len({one.pids for one in there}) > 1:
                told.add(address)
                yield _two(evidence, address, there)
        event = last(seen, "vacuum-inode")
        if event and not told:
            yield kinds.TWO_ON_ONE_SOCKET.found(
                cause=f"while a uWSGI listened on {event.data['path']}, another one was started there and took its place",
                evidence=[event.text],
                fix=["let one supervisor start uWSGI, once; stop the older one before a newer is started"],
                basis="log",
            )


def _two(evidence: Evidence, address: str, there: list[ListenerSeen]) -> Finding:
    everybody = {process.pid: process for seen in (*evidence.uwsgi, *evidence.others) for process in seen.holders}
    masters = [process for one in there for pid in one.pids[:1] if (process := everybody.get(pid))]
    masters.sort(key=lambda process: process.started_s)
    older = masters[0] if masters else None
    path = address.removeprefix("unix:")
    return kinds.TWO_ON_ONE_SOCKET.found(
        cause=f"{len(there)} uWSGIs listen on {path}; only the newest gets requests"
        + (f", pid {older.pid} is left over" if older else ""),
        evidence=[f"{one.address}: pid {', '.join(map(str, one.pids)) or 'hidden'}" for one in there]
        + [process.line for process in masters],
        fix=[
            f"kill -INT {older.pid}   # the older one" if older else f"sudo ss -lxp src {path}   # and stop the older one",
            "let one supervisor start uWSGI",
        ],
        basis="state",
    )


def backlog(evidence: Evidence) -> Iterator[Finding]:
    """`listen` against the kernel's limit."""
    for seen in evidence.uwsgi:
        event = last(seen, "backlog-too-long")
        option = seen.option("listen")
        limit = int(event.data["somaxconn"]) if event else evidence.machine.somaxconn
        wanted = int(option.value) if option and option.value.isdigit() else 0
        if limit is None or (option and wanted <= limit) or not (event or (option and has_ended(seen))):
            continue
        yield kinds.BACKLOG.found(
            cause=f"listen is {wanted or 'larger than that'}, and net.core.somaxconn is {limit}",
            evidence=[*([row(option)] if option else []), *([event.text] if event else [f"net.core.somaxconn = {limit}"])],
            fix=[
                f"listen = {limit}   # {option.where if option else 'in uwsgi.ini'}",
                f"or: sudo sysctl net.core.somaxconn={wanted or 1024}   # and in /etc/sysctl.d/ to keep it",
                "then start uWSGI again",
            ],
            basis=basis(seen) if event else "configuration",
            remedy=_lower(option, limit),
        )


def _lower(option: Option | None, limit: int) -> Remedy | None:
    where = place(option)
    if option is None or where is None or option.raw != option.value:
        return None
    edit = EditLine(*where, option.raw, str(limit))
    return Remedy(f"write listen = {limit} at {option.where} (then start uWSGI again)", (edit,))


def refused(evidence: Evidence) -> Iterator[Finding]:
    """The kernel said no for another reason than that the address is taken."""
    for seen in evidence.uwsgi:
        event = last(seen, "bind-failed")
        number = int(event.data["errno"]) if event else 0
        if event is None or number == errno.EADDRINUSE or last(seen, "worker-spawned"):
            continue
        if number == errno.ENOENT:
            yield from _no_folder(seen, event)
        elif number == errno.EADDRNOTAVAIL:
            yield kinds.ADDRESS_ELSEWHERE.found(
                cause=f"no interface here has the address of {_asked(seen) or 'the socket'}",
                evidence=[event.text, *_socket_rows(seen)],
                fix=[f"socket = 127.0.0.1:PORT   # in {ini_of(seen)}, and the same in nginx's uwsgi_pass", "ip -br address"],
                basis=basis(seen),
            )
        else:
            yield from _denied(seen, event, number)


def _socket_rows(seen: UwsgiSeen) -> list[str]:
    return [row(option) for kind, _, option in sockets(seen.options) if kind != "stats"][:3]


def _asked(seen: UwsgiSeen) -> str:
    return next((address for kind, address, _ in sockets(seen.options) if kind != "stats"), "")


def _folders(seen: UwsgiSeen) -> list[PathSeen]:
    """The folders of its unix sockets."""
    names = [address.removeprefix("unix:") for _, address, _ in sockets(seen.options) if address.startswith("unix:")]
    return [found for found in seen.paths if any(name.rpartition("/")[0] == found.path for name in names)]


def _no_folder(seen: UwsgiSeen, event: Event) -> Iterator[Finding]:
    folders = _folders(seen)
    gone = next((found for found in folders if found.missing), None)
    if folders and gone is None:
        return
    name = gone.path if gone else "the folder of the socket"
    user = seen.value("uid") or (gone.account if gone else "")
    yield kinds.NO_SOCKET_FOLDER.found(
        cause=f"{gone.missing if gone else name} does not exist",
        evidence=[event.text, *_socket_rows(seen)],
        fix=[
            f"sudo install -d{f' -o {user}' if user else ''} {name}",
            f"in the unit: RuntimeDirectory={name.rpartition('/')[2]}   # makes it under /run at each start"
            if name.startswith("/run/")
            else "or correct the path in both uwsgi.ini and nginx",
            "then start uWSGI again",
        ],
        basis=basis(seen),
        certainty="certain" if gone else "likely",
        remedy=Remedy(f"make {gone.path} (then start uWSGI again)", (MakeFolder(gone.path, user),)) if gone else None,
    )


def _denied(seen: UwsgiSeen, event: Event, number: int) -> Iterator[Finding]:
    dropped = seen.saw("setuid", "setgid")
    named = [address for kind, address, _ in sockets(seen.options) if kind != "stats"]
    low = next((one for one in named if _port(one).isdigit() and int(_port(one)) < _LOW_PORT), "")
    folders = _folders(seen)
    closed = next((found for found in folders if found.closed), None)
    if number == errno.EACCES and folders and closed is None and not low:
        return
    kind = kinds.DROPPED_TOO_EARLY if dropped and number == errno.EACCES else kinds.BIND_DENIED
    who = (
        (closed.account if closed else "")
        or seen.value("uid")
        or (f"uid {dropped[-1].data.get('uid', '')}" if dropped else "")
    )
    what = f"may not write to {closed.closed}" if closed else f"may not bind {low}" if low else "may not bind its address"
    yield kind.found(
        cause=f"uWSGI{f', by then {who},' if dropped else ''} {what}"
        + ("" if number == errno.EACCES else f" (errno {number})"),
        evidence=[
            *[one.text for one in dropped[-2:]],
            event.text,
            *([f"{closed.closed_mode} {closed.closed}"] if closed else []),
            *_socket_rows(seen),
            *rows(seen, "uid", "gid"),
        ],
        fix=[
            *_open(closed, who),
            *(["bind a port above 1023 behind nginx, or shared-socket = :80 with socket = =0"] if low else []),
        ]
        or ["a unix socket: give its folder to the account; a port below 1024: choose another one"],
        basis=basis(seen),
        certainty="certain" if closed or low else "likely",
    )


def _open(closed: PathSeen | None, who: str) -> list[str]:
    if closed is None:
        return []
    if closed.closed in _SHARED:
        return [f"a folder of its own: RuntimeDirectory=site in the unit, socket = /run/site/app.sock (not {closed.closed})"]
    return [
        f"sudo chown {who or 'ACCOUNT'} {closed.closed}",
        "or RuntimeDirectory=site in the unit, and socket = /run/site/app.sock",
        "or chown-socket = ACCOUNT:www-data: then uWSGI binds the socket before it gives up its privileges",
    ]


def no_socket(evidence: Evidence) -> Iterator[Finding]:
    """It was told no address."""
    for seen in evidence.uwsgi:
        event = last(seen, "no-socket")
        if event is None or seen.saw("ini-no-section") or sockets(seen.options):
            continue
        tls = [option for option in elsewhere(seen.options) if option.name.startswith("https")]
        read = ", ".join(seen.files)
        yield kinds.NO_SOCKET.found(
            cause=f"no option of {read} names a socket" if read else "uWSGI was started without a file and without a socket",
            evidence=[event.text, *(row(option) for option in tls)],
            fix=[
                f"socket = 127.0.0.1:9090   # in {ini_of(seen)}, as in nginx's uwsgi_pass",
                *(["pyuwsgi has no TLS: let nginx do it"] if tls else []),
            ],
            basis=basis(seen),
        )


RULES = (taken, two_on_one, backlog, refused, no_socket)
