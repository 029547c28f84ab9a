"""Send one request through a tap and gather what every hop shows of it, before it is put together."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from portico.actions.places import Places
from portico.actions.trace.asked import Request
from portico.hops.nginx.render import local_addresses
from portico.hops.uwsgi import packet
from portico.hops.uwsgi.probe import request_variables
from portico.model.plan import Plan
from portico.system import clock, files, wire
from portico.system.tap import Recorder, Tap, Tapped, listening
from portico.system.wire import Received

#: The variable by which the application's process knows that a request is recorded.
VARIABLE = "PORTICO_TRACE"
#: Lines that belong to an answer that has arrived come at once, or not at all.
_LATE_S = 2.0
#: A worker that has not yet said the last of a request is still busy with it: with what the application does after its
#: answer, or for want of a CPU.
_TALKS_S = 10.0
_KILLED_AFTER_S = 4 * 3600


@dataclass
class Captured:
    """All that was seen. `taps` are the connections nginx made to the tap, `events` the lines of the application's process,
    `access` and `errors` what nginx's logs gained meanwhile. `packet` is the one that was sent straight to uWSGI."""

    received: Received
    taps: list[Tapped] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    access: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    packet: bytes = b""
    address: str = ""


def capture(where: Places, plan: Plan, request: Request, timeout_s: float) -> Captured:
    """Make the request, and wait until every hop that saw it has told. Raises OSError where no socket can be made in the
    runtime directory."""
    folder = where.run / "app"
    _forget_killed(folder)
    access = Path(plan.nginx.access_log) if plan.nginx and plan.nginx.access_log != "off" else None
    error = Path(plan.nginx.error_log) if plan.nginx else None
    before = [files.size(path) if path else 0 for path in (access, error)]
    with contextlib.ExitStack() as stack:
        recorder = Recorder(stack.enter_context(listening(folder / f"trace-{request.number}.sock")))
        recorder.start()
        tap = None
        if plan.nginx:
            listener = stack.enter_context(listening(folder / f"tap-{request.number}.sock"))
            tap = Tap(listener, upstreams(plan), (VARIABLE, request.number), timeout_s)
            tap.start()
        captured = _send(plan, request, timeout_s)
        captured.taps = tap.seen if tap else []
        clock.wait_for(lambda: recorder.silent and all(one.ended_ns for one in captured.taps), _TALKS_S)
        captured.events = list(recorder.lines)
    if access:
        clock.wait_for(lambda: request.number in files.tail(access, before[0]), _LATE_S)
        captured.access = [line for line in files.tail(access, before[0]).split("\n") if request.number in line]
    if error:
        captured.errors = files.tail(error, before[1]).rstrip("\n").split("\n")
    return captured


def _forget_killed(folder: Path) -> None:
    """A command that was killed leaves its sockets. No trace takes as long as these are old."""
    for path in (*folder.glob("tap-*.sock"), *folder.glob("trace-*.sock")):
        if clock.now() - files.modified_ns(path) / 1e9 > _KILLED_AFTER_S:
            files.remove(path)


def upstreams(plan: Plan) -> Sequence[str]:
    """Where the tap passes the request on to, in this order: the instances of this machine, then the others."""
    return [*local_addresses(plan.uwsgi), *(server.address for server in plan.upstream.servers if not server.down)]


def _send(plan: Plan, request: Request, timeout_s: float) -> Captured:
    if plan.front != "elsewhere":
        address = str(replace(plan.listen, host=plan.listen.connect_host))
        received = wire.exchange(address, request.head, request.method, timeout_s, request.body)
        return Captured(received, address=address)
    straight = packet.encode(_variables(request))
    address = plan.uwsgi.address
    received = wire.exchange(address, straight, request.method, timeout_s, request.body)
    return Captured(received, packet=straight, address=address)


def _variables(request: Request) -> dict[str, str]:
    """What nginx would send, for a stack whose nginx is on another machine."""
    ours = request_variables(request.host, request.path, request.number)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers}
    length, kind = headers.pop("HTTP_CONTENT_LENGTH", ""), headers.pop("HTTP_CONTENT_TYPE", "")
    return {
        **ours,
        **headers,
        "REQUEST_METHOD": request.method,
        "CONTENT_LENGTH": length,
        "CONTENT_TYPE": kind,
        VARIABLE: request.number,
    }
