"""Call the application in a loop, without any server, and say what a request costs: the floor of `portico bench`.

Standard library only, Python 3.8 and later. It talks in lines of JSON. The first on standard input says what to load:
{"folder": of the release, whose entry.py loads the application; "requests": [{"path", "host", "headers": [[name, value]]}]}
It answers {"ok": true, "python", "optimized"}, or {"ok": false, "message"} where the application does not load.

Then each line {"at", "seconds"} has it call the request `at` for so long, at least once; the answer is
{"calls", "cpu_us", "wall_us", "delayed_us", "statuses"}: microseconds of all calls together on a CPU, by the clock, and
ready to run without a CPU (null where the kernel does not tell). The end of standard input is its end.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import platform
import re
import sys
import sysconfig
import time
from typing import Any
from urllib.parse import unquote_to_bytes

_NAME = "portico_floor_entry"


def main() -> None:
    # What the project prints goes where nobody reads it: the channels are ours.
    asked, told = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    try:
        job = json.loads(asked.readline())
        application = _load(job["folder"])
        environs = [_environ(request) for request in job["requests"]]
    except BaseException as error:
        _tell(told, {"ok": False, "message": f"{type(error).__name__}: {error}"})
        os._exit(1)
    os.dup2(nowhere, 2)
    _tell(told, {"ok": True, **_python()})
    for line in asked:
        order = json.loads(line)
        _tell(told, _measure(application, environs[order["at"]], order["seconds"]))
    # Threads and exit functions of the project are not waited for.
    os._exit(0)


def _tell(told: Any, what: dict[str, Any]) -> None:
    told.write(json.dumps(what) + "\n")
    told.flush()


def _load(folder: str) -> Any:
    """The callable that uWSGI has, from the same module."""
    # Our own folder is none of the project's.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != os.path.dirname(os.path.abspath(__file__))]
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location(_NAME, os.path.join(folder, "entry.py"))
    if spec is None or spec.loader is None:
        raise ImportError(folder)
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)
    return module.application  # type: ignore[attr-defined, unused-ignore]


def _python() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "optimized": _optimized(),
    }


def _optimized() -> Any:
    """Whether it was built with profile-guided optimization; None where that cannot be told.

    https://docs.python.org/3/using/configure.html#performance-options
    """
    args = sysconfig.get_config_var("CONFIG_ARGS")
    if platform.python_implementation() != "CPython" or not args:
        return None
    if "--enable-optimizations" in args or any("-fprofile-use" in str(value) for value in _flags()):
        return True
    # What a distribution builds is told by its own rules, not by these: Debian's has the option nowhere, and is optimized.
    return None if sys.base_prefix == "/usr" else False


def _flags() -> Any:
    names = ("PY_CFLAGS", "PY_CORE_CFLAGS", "PY_CFLAGS_NODIST", "CFLAGS_NODIST")
    return [sysconfig.get_config_var(name) for name in names]


def _environ(request: dict[str, Any]) -> dict[str, Any]:
    """What a server hands over: https://peps.python.org/pep-3333/#environ-variables"""
    path, _, query = request["path"].partition("?")
    host = request["host"]
    port = re.search(r":(\d+)$", host)
    found = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": request["path"],
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "",
        "SERVER_NAME": host[: port.start()] if port else host,
        "SERVER_PORT": port.group(1) if port else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": open(os.devnull, "w", encoding="utf-8", errors="replace"),  # noqa: SIM115 - as long as the process
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request["headers"]:
        found[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return found


def _measure(application: Any, environ: dict[str, Any], seconds: float) -> dict[str, Any]:
    statuses: dict[str, int] = {}
    calls = 0
    delayed = _delayed_us()
    cpu, began = time.process_time_ns(), time.perf_counter_ns()
    end = began + int(seconds * 1e9)
    while True:
        status = _call(application, dict(environ))
        statuses[status] = statuses.get(status, 0) + 1
        calls += 1
        now = time.perf_counter_ns()
        if now >= end:
            break
    cpu = time.process_time_ns() - cpu
    after = _delayed_us()
    return {
        "calls": calls,
        "cpu_us": cpu / 1000,
        "wall_us": (now - began) / 1000,
        "delayed_us": None if delayed is None or after is None else after - delayed,
        "statuses": statuses,
    }


def _call(application: Any, environ: dict[str, Any]) -> str:
    """One request, its whole answer thrown away; its status as three digits."""
    said = ["000"]

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        said[0] = status[:3]
        return lambda data: None

    environ["wsgi.input"] = io.BytesIO()
    body = None
    try:
        body = application(environ, start_response)
        for _ in body:
            pass
    except Exception:
        said[0] = "500"
    finally:
        close = getattr(body, "close", None)
        if close:
            close()
    return said[0]


def _delayed_us() -> Any:
    """How long this thread was ready and had no CPU (/proc/PID/schedstat, proc(5))."""
    try:
        with open("/proc/thread-self/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1000
    except (OSError, ValueError, IndexError):
        return None


if __name__ == "__main__":
    main()
