"""The plan of a stack that runs aside: the project's own, on another port and in other places."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portico.actions.aside import raw
from portico.actions.aside.raw import Ground
from portico.actions.configure import Loaded
from portico.actions.options import Options
from portico.actions.places import Places
from portico.actions.prepare import Prepared, prepare
from portico.hops.uwsgi.moved import quiet
from portico.model.config import Config
from portico.system.accounts import ourselves


def prepared_aside(options: Options, loaded: Loaded, folder: Path) -> Prepared:
    """The plan of that configuration with its places in `folder`. Raises PorticoError.

    Where Django names a STATIC_ROOT nothing is collected: it would be into the folder that the live site serves.
    """
    root = ourselves().uid == 0
    state = folder / "state"
    where = Places(options.project, folder / "dot" if root else state, state, folder / "run")
    found = prepare(options, loaded, where)
    if found.collects and found.django and found.django.static_root:
        config = loaded.config.model_copy(update={"collect_static": False})
        found = prepare(options, Loaded(config, loaded.file, loaded.places), where)
    return found


def moved(config: Config, port: int, ground: Ground) -> Config:
    """The same site on that port of 127.0.0.1: its own sockets and logs, no hooks, crons or daemons, no other machines.
    `ground` is for its raw lines."""
    nginx_config = config.nginx.model_copy(
        update={
            "access_log": None,
            "error_log": None,
            "extra_http": raw.moved(config.nginx.extra_http, ground),
            "extra_server": raw.moved(config.nginx.extra_server, ground),
            "extra_location": raw.moved(config.nginx.extra_location, ground),
        }
    )
    extra = quiet(config.uwsgi.extra or ())
    uwsgi_config = config.uwsgi.model_copy(update={"address": None, "log": None, "daemonize": None, "extra": extra or None})
    release = config.release.model_copy(update={"hooks": None, "fast": None, "warm": None})
    return config.model_copy(
        update={
            **dict.fromkeys(("servers", "role", "state_dir")),
            **{"listen": f"127.0.0.1:{port}", "nginx": nginx_config, "uwsgi": uwsgi_config, "release": release},
        }
    )


def believing(config: Config) -> dict[str, Any]:
    """The values with which its nginx believes what a load balancer would say: X-Forwarded-For, -Proto."""
    return {"nginx.trusted_proxies": [*(config.nginx.trusted_proxies or ()), "127.0.0.1"]}


def raw_listens(config: Config) -> dict[str, bool]:
    """The ports of `listen` among the raw lines of http and server, and whether each speaks TLS."""
    return raw.listens((*(config.nginx.extra_http or ()), *(config.nginx.extra_server or ())))


def changed(config: Config, values: Mapping[str, Any]) -> Config:
    """The configuration with other values, by the names they have in portico.toml: `{"uwsgi.threads": 4, "instances": 2}`;
    None takes a key out. Raises ValueError for a name or a value that cannot be."""
    data = config.model_dump(exclude_none=True)
    for name, value in values.items():
        *tables, key = name.split(".")
        table = data
        for part in tables:
            table = table.setdefault(part, {})
        table[key] = value
    return Config.model_validate(data)
