"""Processes that die or hang under load."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from faults.load import MIX, Client
from faults.rows import Row, Seen, under_load
from faults.stacks import CONFIG, Stack, continued, stopped
from support.crew import Crew

#: Two instances of two workers. A hanging one is given up after 4 s, which the 2 s requests still fit into.
TWO_INSTANCES = (
    'instances = 2\n[nginx]\nclient_max_body_size = "20m"\nuwsgi_read_timeout = "4s"\n'
    '[uwsgi]\nprocesses = 2\nthreads = 6\nharakiri = "3s"\n'
)
ONLY_EXECUTED = "no GET lost but those the killed process executed; good answers again within 1 s"
BACK = "good answers again within 3 s"


def _kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _row(
    stack: Stack, fault: str, seen: Seen, promise: str, kept: bool | None, remark: str = "", in_time: bool = True
) -> Row:
    remarks = [text for text in (seen.remark, remark) if text]
    all_ = tuple(seen.load.outcomes)
    return Row(fault, stack.server, seen.load.summary, seen.next_s, promise, kept, "; ".join(remarks), all_, in_time)


def _back_s(seen: Seen) -> float:
    """The longer of the next 200 and the longest gap: what dies may still answer for a moment before the gap begins."""
    return max(seen.next_s, seen.load.summary.gap_s)


def _uwsgi_killed(stack: Stack, fault: str, victims: tuple[int, ...], dying: set[int]) -> Row:
    """`victims` are killed, and `dying` are all whose requests end with them."""

    def act() -> str:
        _kill(*victims)
        return ""

    seen = under_load(stack.port, act)
    executed = stack.application.began_by(dying)
    unexplained = [o for o in seen.lost if o.method == "GET" and o.id not in executed]
    in_flight = [o for o in seen.lost if o.id in executed]
    remark = f"{len(in_flight)} of the lost were being executed" if seen.lost else ""
    return _row(stack, fault, seen, ONLY_EXECUTED, not unexplained, remark, in_time=_back_s(seen) <= 1)


def uwsgi_worker(stack: Stack) -> Row:
    victim = stack.crew().uwsgi[1]
    return _uwsgi_killed(stack, "kill -9 of a uWSGI worker", (victim,), {victim})


def uwsgi_master(stack: Stack) -> Row:
    """The only instance there is: its workers end with it (no-orphans), and nobody serves until a new one has loaded."""
    everybody = stack.crew().uwsgi

    def act() -> str:
        _kill(everybody[0])
        return ""

    seen = under_load(stack.port, act)
    return _row(stack, "kill -9 of the uWSGI master (one instance)", seen, BACK, _back_s(seen) <= 3)


def instance(stack: Stack) -> Row:
    """All processes of one of two instances at once."""
    stack.crew()
    group = stack.group(0)
    return _uwsgi_killed(stack, "kill -9 of one of two instances", group, set(group))


def _back(fault: str, victim: Callable[[Crew], int]) -> Callable[[Stack], Row]:
    def measure(stack: Stack) -> Row:
        pid = victim(stack.crew())

        def act() -> str:
            _kill(pid)
            return ""

        seen = under_load(stack.port, act)
        return _row(stack, fault, seen, BACK, _back_s(seen) <= 3)

    return measure


nginx_worker = _back("kill -9 of an nginx worker", lambda who: who.nginx[1])
nginx_master = _back("kill -9 of the nginx master", lambda who: who.nginx[0])


def supervisor(stack: Stack) -> Row:
    """Nobody but a command brings the supervisor back; the site must not notice either."""

    def act() -> str:
        _kill(pid)
        time.sleep(1)
        ran = stack.portico("up", "-d")
        return f"`portico up -d` took over (exit code {ran.code})"

    pid = stack.crew().supervisor
    seen = under_load(stack.port, act)
    return _row(stack, "kill -9 of the supervisor", seen, BACK, _back_s(seen) <= 3)


def hanging_instance(stack: Stack) -> Row:
    """Every process of one of two instances is stopped: it takes connections and never answers. 20 s, then it goes on."""
    stack.crew()
    group = stack.group(0)

    def act() -> str:
        stopped(*group)
        try:
            time.sleep(20)
        finally:
            continued(*group)
        return "stopped for 20 s"

    seen = under_load(stack.port, act)
    begun = stack.application.began_by(set(group))
    gets = [o for o in seen.lost if o.method == "GET" and o.id not in begun]
    remark = f"slowest good answer {max(o.ended - o.began for o in seen.load.outcomes if o.good):.1f} s"
    promise = "no GET lost but those whose answer had begun"
    return _row(stack, "one of two instances hangs (SIGSTOP)", seen, promise, not gets, remark)


def full_listen_queue(stack: Stack) -> Row:
    """All workers are stopped for 3 s while 100 requests a second arrive and the queue holds 16: the rest is told at
    once."""
    workers = stack.crew().uwsgi[1:]

    def act() -> str:
        stopped(*workers)
        time.sleep(3)
        continued(*workers)
        return "100 requests a second, a queue of 16, workers stopped for 3 s"

    seen = under_load(stack.port, act, (Client("short GET", rate=100),))
    after = [o for o in seen.lost if o.began > seen.moment + 3.3]
    told = {o.status for o in seen.lost} <= {502, 503}
    promise = "each one refused is told by 502 or 503; none lost once the workers go on"
    return _row(stack, "the listen queue is full", seen, promise, told and not after)


KILLS: dict[str, Callable[[Stack], Row]] = {
    "uwsgi-worker": uwsgi_worker,
    "uwsgi-master": uwsgi_master,
    "nginx-worker": nginx_worker,
    "nginx-master": nginx_master,
    "supervisor": supervisor,
}
#: Faults that need a configuration of their own.
CONFIGURED: dict[str, tuple[str, Callable[[Stack], Row]]] = {
    "instance": (TWO_INSTANCES, instance),
    "hang": (TWO_INSTANCES, hanging_instance),
    "queue": (CONFIG + "listen = 16\n", full_listen_queue),
}
MIX_WITHOUT_UPLOADS = tuple(client for client in MIX if client.path != "/upload")
