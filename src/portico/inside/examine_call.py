"""Call the application once, as a server would, and hold its answer against PEP 3333 (`call` of the examination).

Standard library only, Python 3.8 and later; loaded by `examine_project`. Only GET and HEAD are ever called.
https://peps.python.org/pep-3333/#specification-details
"""

from __future__ import annotations

import io
import os
import re
import sys
import time
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

_BODY_BYTES = 2048
#: More of an answer is not read: it may have no end.
_MOST_BYTES = 16 << 20
_STATUS = re.compile(r"\d{3}(?:\s|$)")
_PRIVATE = ("set-cookie", "authorization", "proxy-authorization", "www-authenticate")
_TEXT = re.compile(r"text/|json|xml|javascript|x-www-form", re.IGNORECASE)


def examine(job: Any, found: dict[str, Any]) -> None:
    request = job.request
    method, path = str(request.get("method") or "GET").upper(), str(request.get("path") or "/")
    found.update(method=method, path=path, host=str(request.get("host") or "localhost"))
    if method not in ("GET", "HEAD"):
        found["reason"] = f"a {method} is never repeated"
        return
    if job.application is None:
        found["reason"] = "the application could not be loaded"
        return
    observers: Any = sys.modules["portico_inside_loading"].beside("examine_request")
    job.harmless.seen.reset()
    exchange = Exchange(job, found)
    observer = observers.Observer(job)
    try:
        with observer:
            exchange.go(environ(found, request))
    finally:
        found.update(observer.found())
        seen = job.harmless.seen
        found.update(sql_count=seen.statements, sql_failed=seen.failed, refused=seen.refused)
    found["match"] = observers.match(job, found["path"])
    _judge(found, seen.broke)


def _judge(found: dict[str, Any], broke: bool) -> None:
    wrong = bool(found["problems"] or found["exceptions"] or found["suspicious"] or found["status"] >= 500)
    if wrong and broke:
        found["reason"] = f"it may have failed because something was not let through: {', '.join(found['refused'])}"
        return
    found["ok"] = not wrong


def environ(found: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """What a server hands over: https://peps.python.org/pep-3333/#environ-variables"""
    parts = urlsplit(found["path"])
    scheme = request.get("scheme") or "http"
    name, _, port = found["host"].rpartition(":") if re.search(r":\d+$", found["host"]) else (found["host"], "", "")
    here = {
        "REQUEST_METHOD": found["method"],
        "SCRIPT_NAME": request.get("script_name") or "",
        "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": found["path"],
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "",
        "SERVER_NAME": name,
        "SERVER_PORT": port or ("443" if scheme == "https" else "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": found["host"],
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "portico",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": open(os.devnull, "w", encoding="utf-8", errors="replace"),  # noqa: SIM115 - as long as the process
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    return {**here, "HTTPS": "on"} if scheme == "https" else here


class Exchange:
    """One call. What it finds goes into `found` as it happens, so that a hang leaves what came before."""

    def __init__(self, job: Any, found: dict[str, Any]) -> None:
        self._job = job
        self._found = found
        self._place = job.failures.place_of(job.application)
        self._started = False
        self._kept = b""
        found.update(
            status=0, reason_phrase="", headers=[], body_bytes=0, body="", problems=[], exceptions=[], suspicious=False
        )

    def go(self, given: dict[str, Any]) -> None:
        began = time.monotonic()
        result: Any = None
        try:
            result = self._job.application(given, self._start_response)
            self._read(result)
        except BaseException as error:
            failure = self._job.describe(error)
            kind = "hang" if failure["exception"] == "Hang" else "raised"
            message = failure["message"] if kind == "hang" else f"{failure['exception']}: {failure['message']}"
            self._problem(kind, message, failure["frame"], failure)
        finally:
            self._close(result)
            self._found["call_s"] = round(time.monotonic() - began, 4)
            self._found["body"] = self._text()

    def _problem(self, kind: str, message: str, frame: Any = None, failure: Any = None) -> None:
        if all(problem["kind"] != kind for problem in self._found["problems"]):
            about = {"kind": kind, "message": message, "frame": frame or self._place, "failure": failure}
            self._found["problems"].append(about)

    def _start_response(self, status: Any, headers: Any, exc_info: Any = None) -> Any:
        if exc_info and exc_info[1] is not None:
            self._found["exceptions"].append(self._job.describe(exc_info[1]))
        self._started = True
        if isinstance(status, str) and _STATUS.match(status):
            self._found["status"] = int(status[:3])
            self._found["reason_phrase"] = status[4:]
        else:
            self._problem("bad-status", f"the status is {_shown(status)}, not text such as '200 OK'")
        self._headers(headers)
        return self._take

    def _headers(self, headers: Any) -> None:
        if not isinstance(headers, list):
            self._problem("bad-header", f"the headers are a {type(headers).__name__}, not a list")
        kept = []
        for pair in headers if isinstance(headers, (list, tuple)) else ():
            if not isinstance(pair, tuple) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
                types = [type(part).__name__ for part in pair] if isinstance(pair, (tuple, list)) else type(pair).__name__
                self._problem("bad-header", f"a header is made of {types}, not a tuple of two texts")
                continue
            name, value = pair
            if "\n" in name + value or "\r" in name + value:
                self._problem("bad-header", f"the header {name.split()[0] if name.split() else ''} has a line break in it")
            kept.append((name, "***" if name.lower() in _PRIVATE else value))
        self._found["headers"] = kept

    def _read(self, result: Any) -> None:
        if result is None:
            self._problem("returns-none", "it returned None instead of an iterable of bytes")
            return
        if isinstance(result, str):
            self._problem("returns-str", "it returned a str instead of an iterable of bytes")
            return
        if isinstance(result, (bytes, bytearray)):
            # Allowed, though each byte is then a piece by itself; in Python 3 they are numbers.
            self._problem("not-iterable", "it returned bytes itself; an iterable of them is needed: [body]")
            return
        try:
            pieces = iter(result)
        except TypeError:
            self._problem("not-iterable", f"it returned a {type(result).__name__}, which cannot be iterated over")
            return
        for piece in pieces:
            if not isinstance(piece, bytes):
                self._problem("yields-str", f"it yielded a {type(piece).__name__} instead of bytes")
                continue
            self._take(piece)
            if self._found["body_bytes"] > _MOST_BYTES:
                return
        if not self._started:
            self._problem("no-start-response", "it returned without calling start_response")
            return
        self._length()

    def _take(self, piece: bytes) -> None:
        if piece and not self._started:
            self._problem("no-start-response", "it sent a body without calling start_response")
        self._found["body_bytes"] += len(piece)
        self._kept += piece[: max(0, _BODY_BYTES - len(self._kept))]

    def _length(self) -> None:
        said = self._header("content-length")
        sent = self._found["body_bytes"]
        bodiless = self._found["method"] == "HEAD" or self._found["status"] in (204, 304) or self._found["problems"]
        if said.isdigit() and not bodiless and int(said) != sent:
            self._problem("wrong-length", f"Content-Length is {said}, but the body has {sent} bytes")

    def _close(self, result: Any) -> None:
        close = getattr(result, "close", None)
        if callable(close):
            try:
                close()
            except Exception as error:
                failure = self._job.describe(error)
                self._problem("raised", f"close(): {failure['exception']}: {failure['message']}", failure["frame"], failure)

    def _header(self, name: str) -> str:
        return next((value for key, value in self._found["headers"] if key.lower() == name), "")

    def _text(self) -> str:
        kind = self._header("content-type")
        if self._header("content-encoding") or (kind and not _TEXT.search(kind)):
            return ""
        return self._kept.decode("utf-8", "replace")


def _shown(value: Any) -> str:
    return f"{value!r} ({type(value).__name__})"[:80]
