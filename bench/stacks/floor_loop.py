"""Calls a WSGI application in a loop: MODULE PATH SECONDS PROCESSES; prints {"cpu_us", "per_s", "answers"}.

Run by the Python of the project, in its folder; standard library only.
"""

import importlib
import io
import json
import os
import sys
import time

#: The warm-up opens the database and compiles the templates.
WARM_UP_CALLS = 50
#: The clock is read once in so many calls.
BETWEEN_LOOKS = 20


def main():
    module, path, seconds, processes = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    sys.path.insert(0, os.getcwd())  # noqa: PTH109
    # What the application prints or logs is no answer of ours.
    answers, sys.stdout = sys.stdout, sys.stderr
    application = importlib.import_module(module).application
    pipes = [_child(application, path, seconds) for _ in range(processes)]
    figures = []
    for pid, reading in pipes:
        with os.fdopen(reading) as pipe:
            figures.append(pipe.read())
        if os.waitpid(pid, 0)[1]:
            sys.exit("a process of the loop failed")
    figures = [json.loads(one) for one in figures]
    calls = sum(one["calls"] for one in figures)
    found = {
        "cpu_us": sum(one["cpu_s"] for one in figures) / calls * 1e6,
        "per_s": sum(one["calls"] / one["wall_s"] for one in figures),
        "answers": float(calls),
    }
    print(json.dumps(found), file=answers)


def _child(application, path, seconds):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    code = 1
    try:
        with os.fdopen(writing, "w") as pipe:
            json.dump(_loop(application, path, seconds), pipe)
        code = 0
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def _loop(application, path, seconds):
    for _ in range(WARM_UP_CALLS):
        _call(application, path)
    calls, cpu, wall = 0, time.process_time(), time.monotonic()
    while time.monotonic() - wall < seconds:
        for _ in range(BETWEEN_LOOKS):
            _call(application, path)
        calls += BETWEEN_LOOKS
    return {"calls": calls, "cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall}


def _call(application, path):
    """One request as a server makes it (PEP 3333), its body read and closed."""
    seen = []
    body = application(_environ(path), lambda status, headers, exc_info=None: seen.append(status))
    try:
        for _ in body:
            pass
    finally:
        if hasattr(body, "close"):
            body.close()
    if not seen or not seen[0].startswith("200"):
        raise ValueError(f"{path} was answered {seen or 'nothing'}")


def _environ(path):
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


if __name__ == "__main__":
    main()
