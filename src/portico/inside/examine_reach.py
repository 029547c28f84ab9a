"""Why a database server cannot be reached, by error numbers: its client library may say so in any language.

Standard library only, Python 3.8 and later; loaded by `examine_database`.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

_PATIENCE_S = 1.5
_PORTS = {"postgresql": 5432, "mysql": 3306, "oracle": 1521}
_KINDS = {errno.ECONNREFUSED: "refused", errno.ENOENT: "socket-missing", errno.ETIMEDOUT: "timeout"}


def kind(settings: dict[str, Any], vendor: str) -> str:
    """One of the kinds of `DatabaseKind`; empty where the server can be reached, or it is not known where it is."""
    host = str(settings.get("HOST") or "")
    port = str(settings.get("PORT") or "") or str(_PORTS.get(vendor, ""))
    if not host or not port.isdigit() or "," in host:
        return ""
    if host.startswith("/"):
        name = os.path.join(host, f".s.PGSQL.{port}") if vendor == "postgresql" else host
        return _unix(name)
    try:
        with socket.create_connection((host, int(port)), timeout=_PATIENCE_S):
            return ""
    except socket.gaierror:
        return "unknown-host"
    except socket.timeout:  # noqa: UP041 - another class before Python 3.10
        return "timeout"
    except OSError as error:
        return _KINDS.get(error.errno or 0, "")


def _unix(path: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PATIENCE_S)
        try:
            probe.connect(path)
        except OSError as error:
            return _KINDS.get(error.errno or 0, "")
    return ""
