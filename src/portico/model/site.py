"""A site: one WSGI application, its static and media paths, and its server names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StaticMap:
    """A URL prefix answered from a folder, never by the application.

    `url` starts and ends with `/`; `root` is the absolute folder that stands for it (nginx's `alias`).
    `hashed` means file names under it carry a content hash (Django's ManifestStaticFilesStorage), so they may be
    cached for ever. `served_by` is `uwsgi` where nginx's workers cannot reach the folder, and with `front = "none"`.
    `source` is the project's STATIC_ROOT where `root` is a release's copy of it, else empty.
    """

    url: str
    root: str
    kind: Literal["static", "media"]
    hashed: bool = False
    served_by: Literal["nginx", "uwsgi"] = "nginx"
    source: str = ""


@dataclass(frozen=True)
class Site:
    """The unit a user configures.

    `directory` is the absolute folder the application is run in (uWSGI's chdir); `python_path` are absolute folders
    put in front of sys.path. The application is `module` (dotted) or `file` (absolute path of a .py), one of them empty,
    and the `callable` in it. `settings` is Django's settings module, empty for plain WSGI. `health_host` is a Host header
    that ALLOWED_HOSTS permits; `health_path` starts with `/`.
    """

    name: str
    directory: str
    python_path: tuple[str, ...]
    framework: Literal["django", "wsgi"]
    module: str
    file: str
    callable: str
    settings: str
    server_names: tuple[str, ...]
    maps: tuple[StaticMap, ...]
    health_path: str
    health_host: str
