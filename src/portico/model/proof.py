"""What was asked of an old deployment and of the new stack, what both answered, and what that proves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from portico.model.finding import Finding

Verdict = Literal["same", "same but for what is meant", "different", "could not tell"]
#: What a request is for: a page of the application, a file, a folder of files, or a limit that is tried.
Aim = Literal["page", "file", "folder", "limit"]
#: The error of an answer that did not come in time.
SILENCE = "no whole answer in time"
#: What is shown of a header that is there and says nothing.
EMPTY = "empty"
#: Of these headers nothing is shown: their values are credentials.
SECRET_HEADERS = ("set-cookie", "cookie", "authorization", "proxy-authorization")


@dataclass(frozen=True)
class Ask:
    """One request. `name` says what for, to people. `path` is as it goes over the wire. `host` is the Host header, empty for
    none. `headers` come besides; `cookie_bytes` more bytes are sent as a cookie, and `body_bytes` zeros as a body. `port`
    is the port of the old deployment that it is for; 0 is the site's own. `conditional`: with If-Modified-Since, as each
    side itself dated the file."""

    name: str
    method: str
    path: str
    host: str = "localhost"
    headers: tuple[tuple[str, str], ...] = ()
    version: Literal["1.0", "1.1"] = "1.1"
    cookie_bytes: int = 0
    body_bytes: int = 0
    port: int = 0
    aim: Aim = "page"
    conditional: bool = False


@dataclass(frozen=True)
class Answer:
    """What one side answered. `status` 0: nothing that is an answer, `error` says why. Header names are lower case; `body`
    is as it came, without the frames of its chunks."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""

    def header(self, name: str) -> str:
        """The first value of that header; empty without one."""
        return next((value for key, value in self.headers if key == name), "")

    def data(self) -> dict[str, Any]:
        """For programs: of cookies only the names, of the body only its size and digest."""
        shown = [[name, masked(value) if name in SECRET_HEADERS else value] for name, value in self.headers]
        digest = hashlib.sha256(self.body).hexdigest()
        found = {"status": self.status, "headers": shown, "body_bytes": len(self.body), "body_sha256": digest}
        return {**found, "error": self.error} if self.error else found


def masked(value: str) -> str:
    """A cookie or a credential without what is secret in it: `csrftoken=…; Path=/`."""
    first, *rest = value.split(";")
    name, sign, _ = first.partition("=")
    return ";".join([f"{name}=…" if sign else "…", *rest])


@dataclass(frozen=True)
class Difference:
    """`what` is `status`, `body` or a header's name; `old` and `new` are as they may be shown, empty where there is none.
    `intended`: Portico means it, and `why` says so; else `why` may be empty."""

    what: str
    old: str
    new: str
    intended: bool = False
    why: str = ""

    def data(self) -> dict[str, Any]:
        """For programs."""
        return {"what": self.what, "old": self.old, "new": self.new, "intended": self.intended, "why": self.why}


@dataclass(frozen=True)
class Compared:
    """One request, the answers of both sides and where they differ."""

    ask: Ask
    old: Answer
    new: Answer
    differences: tuple[Difference, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Whether one of the sides let the time pass without an answer."""
        return SILENCE in (self.old.error, self.new.error)

    @property
    def verdict(self) -> Verdict:
        if self.old.error == self.new.error == SILENCE:
            return "could not tell"
        if not self.differences:
            return "same"
        return "same but for what is meant" if all(one.intended for one in self.differences) else "different"

    def data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.ask.name,
            "method": self.ask.method,
            "path": self.ask.path if len(self.ask.path) < 200 else f"{self.ask.path[:80]}… ({len(self.ask.path)} bytes)",
            "host": self.ask.host,
            "old": self.old.data(),
            "new": self.new.data(),
            "verdict": self.verdict,
            "differences": [one.data() for one in self.differences],
        }


@dataclass(frozen=True)
class Proof:
    """`adjusted` is what had to be changed in the old files besides ports and places, so that they run here; `notes` what
    was not asked and why. With `failed` one of the sides did not run, or time was over. `findings` say it as findings."""

    adjusted: tuple[str, ...] = ()
    requests: tuple[Compared, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    failed: bool = False

    @property
    def verdict(self) -> Verdict:
        """Over all requests. A difference that was seen stands, whatever else could not be told."""
        seen = {one.verdict for one in self.requests}
        if "different" in seen:
            return "different"
        if self.failed or not seen or "could not tell" in seen:
            return "could not tell"
        return "same but for what is meant" if "same but for what is meant" in seen else "same"

    def data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "verdict": self.verdict,
            "adjusted": list(self.adjusted),
            "requests": [one.data() for one in self.requests],
            "notes": list(self.notes),
        }
