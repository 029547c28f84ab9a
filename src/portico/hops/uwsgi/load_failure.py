"""Why an instance did not start, from what it wrote since its start. Pure."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from portico.hops.uwsgi import tracebacks

FailureKind = Literal[
    "traceback", "no-app", "hang", "unknown-option", "bind", "socket-name", "backlog", "path", "python", "killed", "silent"
]
_LAST_LINES = 8
_INSTALL = ("python -m pip install pyuwsgi   # in the project's environment",)


@dataclass(frozen=True)
class Frame:
    """A place in the project's own code; `code` is the source line, where Python showed it."""

    file: str
    line: int
    function: str
    code: str = ""


@dataclass(frozen=True)
class LoadFailure:
    """Why an instance failed. `cause` is one sentence, `evidence` the lines of the log that say so, `fix` in order.

    `exception` and `message` are Python's, `frame` is the last one in the project's own code; `errno` is the number behind
    uWSGI's text, 0 if there is none.
    """

    kind: FailureKind
    cause: str
    evidence: tuple[str, ...]
    fix: tuple[str, ...] = ()
    exception: str = ""
    message: str = ""
    frame: Frame | None = None
    errno: int = 0


def load_failure(log_text: str) -> LoadFailure | None:
    """The first of the known reasons that the log of one start shows, or None when it shows none of them.

    `log_text` is what the process wrote since it was started; uWSGI's own hard errors win over what the application
    printed before them.
    """
    lines = [line.rstrip() for line in log_text.splitlines() if line.strip()]
    for reader in (_launcher, _unknown_option, _backlog, _socket_name, _system_call, _python_home):
        if failure := reader(lines):
            return failure
    if any(line.startswith("WSGI app 0 ") and " ready in " in line for line in lines):
        return _killed(lines)
    return _not_loaded(lines) or _hanging(lines) or _killed(lines) or _silent(lines)


def _first(lines: list[str], pattern: str) -> re.Match[str] | None:
    return next((match for line in lines if (match := re.match(pattern, line))), None)


def _launcher(lines: list[str]) -> LoadFailure | None:
    match = _first(lines, r"(uwsgi_launcher|guard): (.+)")
    if match is None:
        return None
    if match[1] == "guard":
        # It also reports the processes it stopped; only its last words before an exit are a failure.
        return LoadFailure("path", match[2], (match.string,)) if match.string == lines[-1] and "cannot" in match[2] else None
    return LoadFailure("python", match[2], (match.string,), _INSTALL)


def _unknown_option(lines: list[str]) -> LoadFailure | None:
    match = _first(lines, r"\[strict-mode\] unknown config directive: (.+)")
    if match is None:
        return None
    if match[1] in ("module", "wsgi-file", "callable", "pythonpath", "home"):
        cause = f"this uWSGI does not know `{match[1]}`: it was built without Python"
        return LoadFailure(
            "python", cause, (match.string,), ("python -m pip install pyuwsgi, in the project's environment",)
        )
    fix = (f"correct or remove `{match[1]}` where it was given (extra lines of [uwsgi])",)
    return LoadFailure("unknown-option", f"uWSGI has no option `{match[1]}`", (match.string,), fix)


def _backlog(lines: list[str]) -> LoadFailure | None:
    match = _first(lines, r"Listen queue size is greater than the system max net\.core\.somaxconn \((\d+)\)")
    if match is None:
        return None
    cause = f"the listen queue is longer than the kernel allows: net.core.somaxconn is {match[1]}"
    return LoadFailure("backlog", cause, (match.string,), (f"[uwsgi] listen = {match[1]}", "or raise net.core.somaxconn"))


def _socket_name(lines: list[str]) -> LoadFailure | None:
    match = _first(lines, r"invalid socket name$")
    if match is None:
        return None
    return LoadFailure("socket-name", "the path of a socket is longer than the 102 bytes uWSGI takes", (match.string,))


#: `bind(): Address already in use [core/socket.c line 769]`, `open("/x/y"): Permission denied [core/logging.c line 288]`.
_CALL = re.compile(r"(?:\w+\(\)/)?(bind|listen|mkfifo|chdir|open)\((?:\"(.*)\")?\): (.+) \[core/\w+\.c line \d+\]")


def _system_call(lines: list[str]) -> LoadFailure | None:
    for number, line in enumerate(lines):
        match = _CALL.match(line)
        if match is None:
            continue
        call, path, text = match.groups()
        code = _errno(text)
        if call in ("bind", "listen"):
            taken = re.search(r"on the same address \((.+)\)", lines[number - 1]) if number else None
            evidence = (lines[number - 1], line) if taken else (line,)
            what = f"{taken[1]} is taken" if taken else "uWSGI cannot listen on its address"
            return LoadFailure("bind", f"{what}: {text} (errno {code})", evidence, errno=code)
        what = f"{path} cannot be opened" if path else f"{call}() failed"
        return LoadFailure("path", f"{what}: {text} (errno {code})", (line,), errno=code)
    match = _first(lines, r"realpath\(\) of (.+) failed: (.+) \[core/")
    if match is None:
        return None
    return LoadFailure("path", f"{match[1]} cannot be read: {match[2]}", (match.string,), errno=_errno(match[2]))


def _errno(text: str) -> int:
    """The number of a C library's text on this machine, which is the one uWSGI printed it with; 0 if it is unknown."""
    return next((code for code in errno.errorcode if os.strerror(code) == text), 0)


def _python_home(lines: list[str]) -> LoadFailure | None:
    match = _first(lines, r"(!!! Python Home is not a directory: .+|ModuleNotFoundError: No module named 'encodings')")
    if match is None:
        return None
    cause = "uWSGI's own Python does not fit the project's environment"
    return LoadFailure("python", cause, (match.string,), _INSTALL)


def _not_loaded(lines: list[str]) -> LoadFailure | None:
    end = next((n for n, line in enumerate(lines) if line.startswith(("unable to load app ", "*** no app loaded"))), None)
    if end is None:
        return None
    said = lines[end - 1] if end else ""
    for pattern, cause in (
        (r"failed to open python file (.+)", "there is no Python file {}"),
        (r'unable to find "application" callable in file (.+)', "{} has no callable of the name that was asked for"),
    ):
        if match := re.match(pattern, said):
            return LoadFailure("no-app", cause.format(match[1]), (said, lines[end]))
    return _traceback(lines[:end]) or LoadFailure(
        "no-app",
        "the module was imported, but it has no callable of the name that was asked for",
        (lines[end],),
        ('name the WSGI callable: [site] module = "package.module:callable"',),
    )


#: An exception where no traceback stands before it, so that an ordinary line is not taken for one.
_LONE_EXCEPTION = re.compile(r"([A-Z]\w*(?:Error|Exception|Exit|Interrupt))(?::\s(.*))?$")
_FRAME = re.compile(r'\s+File "(.+)", line (\d+)(?:, in (.+))?$')
_LIBRARY = re.compile(r"^<|/(site|dist)-packages/|/lib(64)?/python\d[\d.]*/|/lib-dynload/|\.zip/")


def _traceback(lines: list[str]) -> LoadFailure | None:
    blocks = tracebacks.every(lines)
    if not blocks:
        match = _LONE_EXCEPTION.fullmatch(lines[-1]) if lines else None
        if match:
            # Without a traceback uWSGI itself could not import the module that it was given.
            return _failed_with(match[1], match[2] or "", None, (lines[-1],))
        if any(tracebacks.HEADER in line for line in lines):
            return LoadFailure("traceback", "the application failed while it was loaded", tuple(lines[-_LAST_LINES:]))
        return None
    # The further lines of its message may look like anything.
    last = lines[blocks[-1][0] :]
    at = tracebacks.ends(tracebacks.without_margin(last))[-1][1]
    said = tracebacks.facts(last)
    pieces = [piece for begin, end in blocks for piece in tracebacks.pieces(lines[begin:end])]
    frame = next((found for piece in reversed(pieces) if (found := _project_frame(piece))), None)
    evidence = tuple(last[max(0, at + 1 - _LAST_LINES) : at + _LAST_LINES])
    return _failed_with(said["exception"] or last[0], said["message"], frame, evidence)


def _project_frame(block: list[str]) -> Frame | None:
    """The last frame that is neither Python's, nor an installed package's, nor the entry module's own."""
    found = [(n, match) for n, line in enumerate(block) if (match := _FRAME.match(line))]
    entry = found[0][1][1] if found and found[0][1][1].endswith("/entry.py") else ""
    for number, match in reversed(found):
        if match[1] != entry and not _LIBRARY.search(match[1]):
            code = block[number + 1].strip() if number + 1 < len(block) and block[number + 1].startswith("    ") else ""
            return Frame(match[1], int(match[2]), match[3] or "", code)
    return None


def _failed_with(exception: str, message: str, frame: Frame | None, evidence: tuple[str, ...]) -> LoadFailure:
    name = exception.rpartition(".")[2]
    first = message.splitlines()[0] if message else ""
    said = f"{name}: {first}" if first else name
    where = f" in {frame.file} line {frame.line}" if frame else ""
    # The entry module itself found that the name it was given is no application.
    kind: FailureKind = "no-app" if frame is None and name in ("AttributeError", "TypeError") else "traceback"
    return LoadFailure(kind, said + where, evidence, _fix(name, first, frame), exception, message, frame)


def _fix(exception: str, message: str, frame: Frame | None) -> tuple[str, ...]:
    missing = re.match(r"No module named '([\w.]+)'", message)
    if exception == "ModuleNotFoundError" and missing:
        package = missing[1].partition(".")[0]
        if frame is None:
            return (f"name the module that exists: {missing[1]!r} is not found from the site's directory",)
        return (f"python -m pip install PACKAGE, the one that has {package!r}, in the project's environment",)
    if exception == "KeyError" and frame and "environ" in frame.code:
        return (f"set the environment variable {message.strip(chr(39))} for the application",)
    return (f"correct {frame.file} line {frame.line}",) if frame else ()


#: What faulthandler writes when the time for loading is nearly over (see `portico/inside/entry.py`), with all threads.
_STILL_LOADING = re.compile(r"Timeout \((\d+):(\d\d):(\d\d)(?:\.\d+)?\)!$")
_THREAD = re.compile(r"(?:Current thread|Thread) 0x[0-9a-f]+ .*\(most recent call first\):$")
_PLACE = re.compile(r'  File "(.+)", line (\d+) in (.+)$')


def _hanging(lines: list[str]) -> LoadFailure | None:
    """The stacks of an import that was still going on: the frame nearest to the end that is the project's own."""
    start = next((n for n, line in enumerate(lines) if _STILL_LOADING.match(line)), None)
    if start is None:
        return None
    stacks: list[list[re.Match[str]]] = []
    for line in lines[start + 1 :]:
        if _THREAD.match(line):
            stacks.append([])
        elif stacks and (match := _PLACE.match(line)):
            stacks[-1].append(match)
    stack = next((s for s in stacks if any(m[1].endswith("/entry.py") and m[3] == "_load" for m in s)), [])
    stack = stack or next((s for s in reversed(stacks) if s), [])
    if not stack:
        return None
    own = (m for m in stack if not _LIBRARY.search(m[1]) and not m[1].endswith("/entry.py"))
    place = next(own, stack[0])
    after = sum(int(part) * unit for part, unit in zip(_STILL_LOADING.findall(lines[start])[0], (3600, 60, 1), strict=True))
    cause = f"after {after} s the import is still at {place[1]} line {place[2]} in {place[3]}"
    frame = Frame(place[1], int(place[2]), place[3])
    fix = (
        f"{place[1]} line {place[2]}: give what it waits for a time limit, or do it at the first request",
        '[release] load_timeout = "10m"   # in portico.toml, if it only needs longer',
    )
    return LoadFailure("hang", cause, tuple(m.string for m in stack[:_LAST_LINES]), fix, frame=frame)


_SIGNAL: Callable[[str], re.Match[str] | None] = re.compile(
    r"DAMN ! worker \d+ \(pid: \d+\) died(?:, killed by signal (\d+))?|!!! uWSGI process \d+ got Segmentation Fault !!!"
).match


def _killed(lines: list[str]) -> LoadFailure | None:
    found = [match for line in lines if (match := _SIGNAL(line))]
    if not found:
        return None
    crashed = any("Segmentation Fault" in match[0] for match in found)
    harakiri = tuple(line for line in lines if "HARAKIRI ON WORKER" in line)
    if crashed:
        cause = "a compiled extension of the application crashed (segmentation fault)"
    elif harakiri:
        cause = "a request took longer than harakiri allows, and its worker was killed"
    elif found[0][1] == "9":
        cause = "a worker was killed (signal 9): out of memory, or by hand"
    else:
        cause = f"a worker died{f' of signal {found[0][1]}' if found[0][1] else ''}"
    return LoadFailure("killed", cause, (*harakiri[:1], *dict.fromkeys(match.string for match in found[:4])))


def _silent(lines: list[str]) -> LoadFailure | None:
    if not any(line.startswith("*** Operational MODE") for line in lines):
        return None
    cause = (
        "nothing more was written once the application began to load: "
        "it hangs, it ended the process itself (os._exit), or the process was killed (out of memory?)"
    )
    return LoadFailure("silent", cause, tuple(lines[-3:]))
