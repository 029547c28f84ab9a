"""`static-map`: prefixes that are answered from folders."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from functools import lru_cache

from portico.hops.uwsgi.adopt.context import Context, Rule, reference
from portico.hops.uwsgi.adopt.fates import key, left, raw, same
from portico.hops.uwsgi.escape import below
from portico.model.adoption import Carried
from portico.model.directive import Option

#: Hidden files below a prefix, as Portico's template has it.
_HIDDEN = r"(.*/)?\."
_MISSING = "nginx answers 404 for what is not there, where uWSGI would ask the application"
_MEDIA = ("media", "uploads", "upload")


def _static_map(option: Option, context: Context) -> Sequence[Carried]:
    prefix, sign, folder = option.value.partition("=")
    if not sign or not prefix.startswith("/") or not folder:
        return (left(option, "it does not read PREFIX=FOLDER"),)
    if found := reference(option):
        return (left(option, f"{found} is known only where uWSGI is started: say the folder in `static`"),)
    if option.name == "static-map2":
        folder = folder.rstrip("/") + prefix
    path = context.path(folder)
    if not path:
        return (left(option, "the folder is relative to where uWSGI is started, which the file does not tell"),)
    if prefix.strip("/") == "":
        why = "every path is looked for there before the application; a key can only say a prefix"
        return (raw(option, context, why, "after"),)
    if _is_file(prefix, path):
        return (raw(option, context, "it is one file, and a key can only say folders", "after"),)
    why = context.guessed(folder) or _MISSING
    return (key(option, _kind(prefix, path), {f"/{prefix.strip('/')}/": path}, why),)


def _is_file(prefix: str, path: str) -> bool:
    """`/favicon.ico=/srv/favicon.ico`: both ends have the same suffix."""
    suffix = posixpath.splitext(prefix)[1]
    return bool(suffix) and posixpath.splitext(path)[1] == suffix


def _kind(prefix: str, path: str) -> str:
    words = (prefix.strip("/").rpartition("/")[2].lower(), posixpath.basename(path.rstrip("/")).lower())
    return "media" if any(word in _MEDIA for word in words) else "static"


def _mimefile(option: Option, context: Context) -> Sequence[Carried]:
    return (same(option),) if context.beside(option.value) else ()


@lru_cache(maxsize=1)
def _around(context: Context) -> frozenset[str]:
    """The routes of the folders in a file that Portico made."""
    prefixes = [one.value.partition("=")[0] for one in context.named.get("static-map", ()) if context.ours]
    hidden = (f"{below(prefix, _HIDDEN)} break:404 Not Found" for prefix in prefixes)
    return frozenset((*hidden, *(f"{below(prefix, '')} addheader:X-Content-Type-Options: nosniff" for prefix in prefixes)))


def _beside_maps(option: Option, context: Context) -> Sequence[Carried]:
    """What Portico writes around each folder that uWSGI serves for it."""
    texts = _around(context)
    goes = option.value in texts if option.name == "route" else bool(texts)
    return (same(option, "it goes with `static-map`"),) if goes else ()


RULES: dict[str, Rule] = {
    "static-map": _static_map,
    "static-map2": _static_map,
    "mimefile": _mimefile,
    **dict.fromkeys(("route", "honour-range", "offload-threads"), _beside_maps),
}
