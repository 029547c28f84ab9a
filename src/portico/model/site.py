"""A site: one WSGI application, its static and media paths, and its server names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

#: The link to the collected files of the live release, beside the folder that holds those of every release.
LIVE = "static-live"
#: The folder in those of a release that holds smaller copies of its files, below the name of their content coding.
ENCODED = ".encoded"
#: The content codings (RFC 9110, 8.4.1; RFC 7932) that copies are made in, the best first.
CODINGS = ("br", "gzip")


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

    def of_release(self, static: str, number: int) -> str:
        """The folder itself where `root` is the link to the live release's; `static` is the plan's `paths.static`."""
        live = PurePosixPath(static).with_name(LIVE)
        return f"{static}/{number}" if self.root == str(live) else self.root


def application_name(module: str, file: str, callable_: str) -> str:
    """The application for people; without a module and a file it is the one that Django makes."""
    return f"{module or file}:{callable_}" if module or file else "django.core.wsgi:get_wsgi_application()"


@dataclass(frozen=True)
class Site:
    """The unit a user configures.

    `directory` is the absolute folder the application is run in (uWSGI's chdir); `python_path` are absolute folders
    put in front of sys.path. The application is `module` (dotted) or `file` (absolute path of a .py), one of them empty,
    and the `callable` in it; both are empty where Django makes one. `settings` is Django's settings module, empty for plain
    WSGI. `health_host` is a Host header that ALLOWED_HOSTS permits; `health_path` starts with `/`.
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
