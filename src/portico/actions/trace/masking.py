"""A record that may be shown: bodies, cookies, credentials and secrets of the environment are gone from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portico.actions import site_secrets
from portico.actions.doctor.discretion import Discretion
from portico.actions.doctor.secrets import is_secret, of_url
from portico.hops.nginx.trace_map import HEADER
from portico.inside.masking import MASK

Data = dict[str, Any]
#: Hidden whole, whatever they hold.
_HEADERS = frozenset(("cookie", "set-cookie", "authorization", "proxy-authorization", "x-csrftoken", HEADER.lower()))
_VARIABLES = frozenset(f"HTTP_{name.upper().replace('-', '_')}" for name in _HEADERS)
#: Ids and words that name things; a password that happens to be one of them must not blot them out.
_NAMES = ("request_id", "traceparent", "kind", "died_at", "release", "hop")


def masked(data: Data, environ: Mapping[str, str]) -> Data:
    """The same record without what is nobody's business. `environ` is the application's, whose secrets are known by name."""
    discretion = site_secrets.discretion(Path(data["project"]))
    discretion.learn(of_url(data["url"]))
    discretion.add(dict(environ))
    shown = {key: value if key in _NAMES else discretion.data(value) for key, value in data.items() if key != "hops"}
    return {**shown, "masked": True, "hops": [_hop(hop, discretion) for hop in data["hops"]]}


def _hop(hop: Data, discretion: Discretion) -> Data:
    packet = hop.get("in", {}).get("packet_hex")
    hidden: Data = _without(hop)
    for row in hidden.get("sql") or []:
        row.pop("params", None)
    shown: Data = {**discretion.data({key: value for key, value in hidden.items() if key != "hop"}), "hop": hop["hop"]}
    if packet:
        shown["in"]["packet_hex"] = _packet(bytes.fromhex(packet), hop.get("vars", {}), shown.get("vars", {})).hex()
    return {"hop": shown.pop("hop"), **shown}


def _without(value: Any) -> Any:
    """Without bodies, and without the values of headers and variables whose name says enough."""
    if isinstance(value, Mapping):
        return {name: _named(name, item) for name, item in value.items() if name != "body"}
    if isinstance(value, (list, tuple)):
        if len(value) in (2, 3) and isinstance(value[0], str) and value[0].lower().replace("_", "-") in _DASHED:
            return [value[0], *(_cookie(value[0], str(item)) for item in value[1:])]
        return [_without(item) for item in value]
    return value


_DASHED = _HEADERS | {f"http-{name}" for name in _HEADERS}


def _named(name: str, value: Any) -> Any:
    if isinstance(value, str) and value and (name in _VARIABLES or (name.isupper() and is_secret(name))):
        return MASK
    return _without(value)


def _cookie(name: str, value: str) -> str:
    """Of a cookie that is set the name and the attributes stay."""
    given, equals, rest = value.partition("=")
    if name.lower() != "set-cookie" or not equals:
        return MASK
    _, semicolon, attributes = rest.partition(";")
    return f"{given}={MASK}{semicolon}{attributes}"


def _packet(packet: bytes, real: Mapping[str, str], shown: Mapping[str, str]) -> bytes:
    """The packet with each hidden value overwritten, so that every length stays as it was."""
    for name, value in real.items():
        if value and shown.get(name) != value:
            raw, key = value.encode("utf-8", "surrogateescape"), name.encode("utf-8", "surrogateescape")
            whole = len(key).to_bytes(2, "little") + key + len(raw).to_bytes(2, "little")
            packet = packet.replace(whole + raw, whole + b"*" * len(raw))
    return packet
