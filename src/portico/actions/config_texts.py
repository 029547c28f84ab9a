"""Texts in the configuration that no file, path or environment can hold, found before anything is made of them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # `status` needs `problem` and can do without pydantic.
    from portico.model.config import Config

#: One name in a folder (NAME_MAX, limits.h(0p)), and well below the 4096 bytes that nginx takes for one argument.
_NAME_BYTES, _TEXT_BYTES = 255, 1024
#: One string of execve(2): 32 pages of 4096 bytes with its name, `=` and closing NUL.
_VARIABLE_BYTES = 32 * 4096 - 1
#: A Host header (RFC 9110, 7.2).
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
#: Written as they are, line by line.
_RAW = ("extra", "extra_main", "extra_http", "extra_server", "extra_location")
#: Folders that nginx answers from.
_SERVED = ("static.", "media.", "nginx.public")
_LOGS = ("nginx.access_log", "nginx.error_log", "uwsgi.log", "uwsgi.daemonize")


def problem(text: str) -> str:
    """Why a text can be no path, name or argument; empty when it can."""
    if not text.strip():
        return "it is empty: leave the key out to have the default"
    control = next((character for character in text if unicodedata.category(character) == "Cc"), "")
    if control:
        return f"it holds the control character {control!r}, which would end a line or a name in the files made from it"
    if len(os.fsencode(text)) > _TEXT_BYTES:
        return f"it is longer than {_TEXT_BYTES} bytes"
    return ""


def problems(config: Config) -> Iterator[tuple[str, str, str]]:
    """The dotted keys whose value cannot be used, why, and the value as it may be shown (those of `env` may be secrets)."""
    for name, value in (config.env or {}).items():
        if wrong := _variable(name, value):
            yield f"env.{name}", wrong, ""
    for key, text in _texts(config.model_dump(exclude={"env"}), ""):
        if wrong := problem(text) or _special(key, text):
            yield key, wrong, repr(text)[:160]


def lost_paths(config: Config, project: Path) -> Iterator[tuple[str, str, str]]:
    """The same for paths that are not what their key needs, on this machine and for this account."""
    for key, text in _texts(config.model_dump(exclude={"env"}), ""):
        if wrong := _path(key, text, project):
            yield key, wrong, repr(text)[:160]


def holds_project(config: Config, project: Path) -> Iterator[tuple[str, str]]:
    """The dotted keys of folders that visitors are served from and that hold the project in `project` itself, with the
    folder."""
    for key, text in _texts(config.model_dump(exclude={"env"}), ""):
        if key.startswith(_SERVED) and project.is_relative_to((project / text).resolve()):
            yield key, str((project / text).resolve())


def _texts(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            if key in ("static", "media"):
                yield from ((key, url) for url in value)
            yield from _texts(value, f"{key}.")
        elif name not in _RAW:
            texts = value if isinstance(value, tuple) else (value,)
            yield from ((key, text) for text in texts if isinstance(text, str))


def _variable(name: str, value: str) -> str:
    if not name or "=" in name or "\0" in name + value:
        return "a variable needs a name without '=', and neither name nor value can hold a NUL (environ(7))"
    if len(os.fsencode(f"{name}={value}")) > _VARIABLE_BYTES:
        return f"a variable and its name take at most {_VARIABLE_BYTES} bytes (execve(2)): put it into a file"
    return ""


def _special(key: str, text: str) -> str:
    if key == "health_host" and not _HOST.fullmatch(text):
        return "it is not a host name, with or without a port"
    if key in ("static", "media") and not text.strip("/"):
        return "'/' is the whole site: a prefix that is answered from a folder has to be more than that"
    if key == "health_path":
        return "" if text.isascii() else "write it as a browser sends it: percent-encoded"
    if any(len(os.fsencode(part)) > _NAME_BYTES for part in text.split("/")):
        return f"a name in it is longer than {_NAME_BYTES} bytes"
    return ""


def _path(key: str, text: str, project: Path) -> str:
    """What keeps a configured path from being what its key needs."""
    path = project / text
    if key == "state_dir" and _is_used(path):
        return f"{path} holds other things, which would be mixed with Portico's: name a folder that is not there yet"
    if key == "uwsgi.chdir" and not path.is_dir():
        return f"there is no folder {path}, or this account may not enter it"
    if key == "nginx.uwsgi_params" and not path.is_file():
        return f"there is no file {path}, or this account may not read it"
    if key in _LOGS and text != "off" and (path.is_dir() or not path.parent.is_dir()):
        return f"{path} is a folder" if path.is_dir() else f"there is no folder {path.parent} to write it in"
    if key == "nginx.public" and path.exists() and not path.is_dir():
        return f"{path} is no folder"
    if key.startswith(_SERVED) and project.is_relative_to(path.resolve()):
        return f"{path.resolve()} holds the project itself: its code and settings would be handed to anybody who asks"
    return ""


def _is_used(folder: Path) -> bool:
    """Whether a folder holds files but no state: a state folder has a lock, and a fresh file system its lost+found."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return False
    return bool(names - {"lost+found"}) and "lock" not in names
