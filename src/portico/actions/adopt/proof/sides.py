"""A pair of nginx and uWSGI that runs aside, and asking it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portico.model.proof import Answer, Ask
from portico.system import answers

#: How long one answer may take.
ANSWER_S = 15.0


@dataclass(frozen=True)
class Side:
    """One of the two, while it runs. `ports` maps a port of the old deployment (as text) to where this side answers for it;
    `own` is the site's own port among them; `tls` are the ports that speak TLS here."""

    ports: Mapping[str, int]
    own: str
    tls: frozenset[int] = frozenset()

    def port(self, ask: Ask) -> int:
        return self.ports.get(str(ask.port) if ask.port else self.own, self.ports[self.own])

    def answer(self, ask: Ask, since: str, timeout_s: float) -> Answer:
        """Ask it; `since` is the date for If-Modified-Since, empty for none."""
        port = self.port(ask)
        return answers.ask(
            f"127.0.0.1:{port}", head(ask, since), ask.method, timeout_s, ask.body_bytes, port in self.tls, ask.host
        )


def head(ask: Ask, since: str) -> bytes:
    """The request as it goes over the wire, without its body."""
    fields = [("Host", ask.host)] if ask.host else []
    fields += [("User-Agent", "portico-adopt"), ("Accept", "*/*"), *ask.headers]
    fields += [("Connection", "close")] if ask.version == "1.1" else []
    fields += [("Cookie", "portico=" + "x" * ask.cookie_bytes)] if ask.cookie_bytes else []
    fields += [("If-Modified-Since", since)] if ask.conditional and since else []
    fields += [("Content-Length", str(ask.body_bytes))] if ask.method in ("POST", "PUT", "PATCH") else []
    lines = [f"{ask.method} {ask.path} HTTP/{ask.version}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
