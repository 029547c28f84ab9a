"""What Django itself said about a project (`django` in the JSON of `inside/inspect_project.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class WsgiPlace:
    """Where the WSGI callable is. `module` and `file` empty: `django.core.wsgi.get_wsgi_application()` makes one.

    `origin` is `target`, `WSGI_APPLICATION`, `package` (a wsgi.py beside the settings) or `fallback`.
    """

    module: str = ""
    file: str = ""
    callable: str = "application"
    origin: str = "fallback"
    importable: bool = True


@dataclass(frozen=True)
class DjangoFacts:
    """Settings as Django sees them; empty text stands for unset, folders are absolute.

    `settings_origin` is `request`, `environment`, `.env`, `manage.py` or `wsgi module`; `wsgi_settings` the module that
    wsgi.py would choose by itself, empty if it chooses none. `static_url` and `media_url` carry the script prefix; the
    `*_url_set` fields say whether the project set them at all. `*_real` are the same paths with symbolic links resolved.
    `data_upload_max_bytes` is None for no limit. `databases` maps an alias to (engine, name). `shows_errors` is whether a
    logging handler would show the traceback of a failed request.
    """

    version: str = ""
    settings: str = ""
    settings_origin: str = ""
    settings_file: str = ""
    settings_file_real: str = ""
    configuration: str = ""
    wsgi: WsgiPlace = WsgiPlace()
    wsgi_settings: str = ""
    asgi_application: str = ""
    root_urlconf: str = ""
    debug: bool = False
    allowed_hosts: tuple[str, ...] = ()
    static_url: str = ""
    static_url_set: bool = False
    static_root: str = ""
    static_root_real: str = ""
    media_url: str = ""
    media_url_set: bool = False
    media_root: str = ""
    media_root_real: str = ""
    staticfiles_installed: bool = False
    static_storage: str = ""
    static_storage_error: str = ""
    static_storage_manifest: bool = False
    static_storage_local: bool = False
    force_script_name: str = ""
    secure_ssl_redirect: bool = False
    secure_proxy_ssl_header: tuple[str, ...] = ()
    session_cookie_secure: bool = False
    csrf_cookie_secure: bool = False
    use_x_forwarded_host: bool = False
    data_upload_max_bytes: int | None = None
    databases: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    time_zone: str = ""
    shows_errors: bool = False


def parse(data: Mapping[str, Any]) -> DjangoFacts:
    """Facts from the JSON; missing keys take the defaults above, unknown ones are ignored."""
    known = {name: data[name] for name in DjangoFacts.__dataclass_fields__ if name in data}
    for name in ("allowed_hosts", "secure_proxy_ssl_header"):
        known[name] = tuple(known.get(name) or ())
    place = known.get("wsgi") or {}
    known["wsgi"] = WsgiPlace(**{name: place[name] for name in WsgiPlace.__dataclass_fields__ if name in place})
    databases = known.get("databases") or {}
    known["databases"] = {alias: (entry.get("engine", ""), entry.get("name", "")) for alias, entry in databases.items()}
    return DjangoFacts(**known)
