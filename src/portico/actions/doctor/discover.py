"""Files of a deployment that somebody wrote by hand, found where tutorials put them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portico.system.look import texts

_PASSES = ("uwsgi_pass", "proxy_pass")
_SYSTEM_CONF = ("/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", "/opt/nginx/conf/nginx.conf")
_MOST_FILES = 200
_LOG = re.compile(r"uwsgi.*\.log$")
_SKIPPED = {".git", ".portico", ".venv", "venv", "env", "node_modules", "__pycache__", "site-packages"}


@dataclass(frozen=True)
class Found:
    """Paths; empty where there is none."""

    conf: str = ""
    uwsgi: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()


def hand_written(project: Path) -> Found:
    """nginx's and uWSGI's configuration in a project's folder or the one below, else the system's nginx where it knows
    this folder."""
    candidates = list(_candidates(project))
    confs = [path for path in candidates if path.suffix == ".conf" and _is_nginx(path)]
    inis = [path for path in candidates if path.suffix == ".ini" and "[uwsgi" in _head(path).lower()]
    logs = [path for path in candidates if path.suffix == ".log" and "uwsgi" in path.name]
    conf = next(iter(confs), None) or next((Path(path) for path in _SYSTEM_CONF if _mentions(Path(path), project)), None)
    return Found(str(conf or ""), tuple(map(str, inis)), tuple(map(str, logs)))


def logs_beside(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Logs of uWSGI in the folders of these files: the only trace of one that has died and whose log no option names."""
    folders = dict.fromkeys(str(Path(path).parent) for path in paths if path)
    found = [path for folder in folders for path in _entries(Path(folder)) if _LOG.search(path.name)]
    found += sorted(Path("/var/log/uwsgi").glob("**/*.log")) if Path("/var/log/uwsgi").is_dir() else []
    return tuple(str(path) for path in found[:8])


def _candidates(project: Path) -> Iterator[Path]:
    count = 0
    for folder in (project, *_folders(project)):
        for path in _entries(folder):
            if path.suffix in (".conf", ".ini", ".log") and path.is_file():
                count += 1
                yield path
            if count >= _MOST_FILES:
                return


def _folders(project: Path) -> list[Path]:
    return [path for path in _entries(project) if path.name not in _SKIPPED and path.is_dir() and not path.is_symlink()]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _head(path: Path) -> str:
    return texts.head(str(path))


def _is_nginx(path: Path) -> bool:
    text = _head(path)
    return "server" in text and "{" in text and any(word in text for word in _PASSES)


def _mentions(conf: Path, project: Path) -> bool:
    texts = [
        _head(conf),
        *(_head(path) for folder in ("sites-enabled", "conf.d") for path in _entries(conf.parent / folder)),
    ]
    return any(str(project) in text for text in texts)
