"""Which application, where it runs, with which Python and environment."""

from __future__ import annotations

import keyword
import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache

from portico.hops.uwsgi.adopt.context import Context, Rule, line_of, reference
from portico.hops.uwsgi.adopt.fates import differs, key, left, raw, same
from portico.model.adoption import Carried
from portico.model.directive import Option

_KEY = "uwsgi.module"
_CALLABLE = re.compile(r"[^\W\d]\w*(?:\(\))?")
_FILES = (".py", ".wsgi")
_GLOB = re.compile(r"[*?\[\\]")
_MOUNTS = ("mount", "worker-mount")


@lru_cache(maxsize=1)
def loaded(context: Context) -> Option | None:
    """The option that names the application at the root: uWSGI loads `module` before `wsgi-file`, and mounts last; the first
    at a place stays (`mountpoint already configured. skip.`)."""
    for name in ("module", "wsgi-file"):
        if option := context.last(name):
            return option
    mounts = [*context.named.get("mount", ()), *context.named.get("worker-mount", ())]
    return next((option for option in mounts if _prefix(option) == ""), mounts[0] if mounts else None)


def _prefix(mount: Option) -> str:
    return mount.value.partition("=")[0].strip().rstrip("/")


def _target(option: Option) -> str:
    return option.value.partition("=")[2].strip() if option.name in _MOUNTS else option.value


def said(option: Option, context: Context) -> tuple[str, str]:
    """The value of `uwsgi.module` for an option that names the application, and else why there is none."""
    target, name = _target(option), context.value("callable")
    if found := reference(option):
        return "", f"{found} is known only where uWSGI is started"
    path, colon, own = target.rpartition(":")
    if not colon:
        path, own = target, ""
    name = own or name
    if name and not _CALLABLE.fullmatch(name):
        return "", f"`{name}` is no name of a callable"
    suffix = f":{name}" if name and (own or name != "application") else ""
    if option.name == "wsgi-file":
        return _file(path if path.endswith(_FILES) else target, suffix, context)
    # A mount that ends so is a file to uWSGI, whatever it was meant for; a module is one with a folder in its name.
    if path.endswith(_FILES) and (option.name in _MOUNTS or path.endswith(".py") or "/" in path):
        return _file(path, suffix, context)
    if option.name in _MOUNTS and not colon and "." not in path:
        return (
            "",
            "uWSGI takes it for neither a file nor a module: write `package.module:callable` or a path that ends in .py",
        )
    return _module(path, suffix)


def _file(path: str, suffix: str, context: Context) -> tuple[str, str]:
    whole = context.path(path)
    if not whole:
        return "", "the path is relative to the folder uWSGI is started in, which the file does not tell"
    if not whole.endswith(".py"):
        copy = re.sub(r"(\.wsgi)?$", "_wsgi.py", posixpath.basename(whole), count=1)
        return "", f"Portico takes a file only if it ends in .py: make a link `{copy}` to it and name that in `module`"
    if ":" in whole:
        return "", "the `:` in the path would end it: rename the folder, or name the module with dots"
    return whole + suffix, ""


def _module(path: str, suffix: str) -> tuple[str, str]:
    if path and all(part.isidentifier() and not keyword.iskeyword(part) for part in path.split(".")):
        return path + suffix, ""
    return "", f"`{path}` is no module that Python can import: name it as package.module:callable"


def _application(option: Option, context: Context) -> Sequence[Carried]:
    winner = loaded(context)
    if winner is not None and winner is not option:
        why = f"`{winner.name}` ({line_of(winner, option)}) is loaded first, and uWSGI skips a second application there"
        return (same(option, why),)
    return (_named(option, context),)


def _named(option: Option, context: Context, more: str = "") -> Carried:
    value, why = said(option, context)
    if not value:
        return left(option, why)
    said_of = (more, *_about_file(option, context)) if value.startswith("/") else (more,)
    return key(option, _KEY, value, "; ".join(text for text in said_of if text))


def _about_file(option: Option, context: Context) -> tuple[str, ...]:
    target = _target(option)
    if option.name == "module" or (option.name in _MOUNTS and ":" in target):
        return "uWSGI takes it for a module and does not find it; the file of that name was meant", context.guessed(target)
    return (context.guessed(target),)


def _callable(option: Option, context: Context) -> Sequence[Carried]:
    winner = loaded(context)
    if winner is None:
        return (left(option, "no option names the module or file that it would be in"),)
    value, why = said(winner, context)
    if not value:
        return (left(option, why),)
    if _target(winner).rpartition(":")[1] and winner.name != "wsgi-file":
        return (same(option, f"`{winner.name}` ({line_of(winner, option)}) names its callable itself"),)
    return (key(option, _KEY, value),)


def _mount(option: Option, context: Context) -> Sequence[Carried]:
    if loaded(context) is not option:
        return (raw(option, context, "a second application in the same workers; no key can say it", "after"),)
    if _prefix(option) == "":
        return (_named(option, context),)
    main = _named(option, context, "Portico needs an application for the paths outside the prefix as well")
    why = (
        "the application is mounted below a prefix, which no key can say: it needs manage-script-name or nginx's SCRIPT_NAME"
    )
    return main, raw(option, context, why, "after")


def _script_name(option: Option, context: Context) -> Sequence[Carried]:
    mounted = [one for name in _MOUNTS for one in context.named.get(name, ()) if _prefix(one)]
    if option.value != "true" or not mounted:
        return (same(option, "nothing is mounted below a prefix, so there is no name to split off"),)
    return (raw(option, context, f"it goes with `{mounted[0].name}` ({line_of(mounted[0], option)})"),)


def _chdir(option: Option, context: Context) -> Sequence[Carried]:
    if found := reference(option):
        return (left(option, f"{found} is known only where uWSGI is started: say the folder in `[uwsgi] chdir`"),)
    path = context.path("")
    if not path:
        return (left(option, "it is relative to the folder uWSGI is started in, which the file does not tell"),)
    return (key(option, "uwsgi.chdir", path.rstrip("/") or "/", context.guessed(option.value)),)


def _pythonpath(option: Option, context: Context) -> Sequence[Carried]:
    if found := reference(option):
        return (raw(option, context, f"{found} is known only where uWSGI is started"),)
    if not option.value:
        return (same(option, "an empty path adds nothing"),)
    path = context.path(_literal(option.value))
    if not path:
        return (left(option, "it is relative to the folder uWSGI is started in, which the file does not tell"),)
    if _GLOB.search(_literal(option.value)):
        return (raw(option, context, "it is a pattern, and a key names single folders", "path"),)
    if context.named["pythonpath"][0] is option and path.rstrip("/") == context.path("").rstrip("/"):
        return (same(option, "the folder the application runs in is always there, behind the others"),)
    return (key(option, "uwsgi.pythonpath", (path,), context.guessed(option.value)),)


def _literal(pattern: str) -> str:
    """A glob(3) pattern that matches one path only, as that path: what `escape.literal_path` writes."""
    return re.sub(r"\[([*?\[])\]", r"\1", pattern) if not _GLOB.search(re.sub(r"\[[*?\[]\]", "", pattern)) else pattern


def _home(option: Option, context: Context) -> Sequence[Carried]:
    path = "" if reference(option) or not option.value else context.path(option.value)
    if not path:
        return (left(option, 'where it lies is not in the file: say `python = "FOLDER/bin/python"`'),)
    return (key(option, "python", f"{path.rstrip('/')}/bin/python", context.guessed(option.value)),)


def _binary_path(option: Option, context: Context) -> Sequence[Carried]:
    path = context.path(option.value)
    if posixpath.basename(path).startswith("python") and not context.last("home"):
        return (key(option, "python", path),)
    return (differs(option, "Portico runs the uWSGI of the project's own Python (`python`)"),)


def _env(option: Option, context: Context) -> Sequence[Carried]:
    name, sign, value = option.value.partition("=")
    name = name.strip()
    if not sign or not name:
        return (left(option, "it has no value: uWSGI takes the variable away, or sets nothing"),)
    if found := reference(option):
        return (left(option, f"the value of {name} is taken from {found} when uWSGI starts: set it in [env] or env_files"),)
    if name.startswith("UWSGI_"):
        return (left(option, "Portico gives uWSGI no variables that are options to it"),)
    later = context.variables[name]
    if later is not option:
        return (same(option, f"{line_of(later, option)} counts"),)
    if name == "DJANGO_SETTINGS_MODULE" and not value.strip():
        return (left(option, "it names no settings module"),)
    if name == "DJANGO_SETTINGS_MODULE":
        return (key(option, "settings", value.strip()),)
    return (key(option, "env", {name: value}),)


def _unenv(option: Option, context: Context) -> Sequence[Carried]:
    name = option.value.partition("=")[0]
    why = f"uWSGI takes {name} out of the environment; start Portico without the variable, or set it in [env]"
    return (left(option, why),)


RULES: dict[str, Rule] = {
    "module": _application,
    "wsgi-file": _application,
    "callable": _callable,
    "mount": _mount,
    "worker-mount": _mount,
    "manage-script-name": _script_name,
    "chdir": _chdir,
    "pythonpath": _pythonpath,
    "home": _home,
    "binary-path": _binary_path,
    "env": _env,
    "unenv": _unenv,
}
