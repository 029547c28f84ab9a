"""Refusals that are about what is written in one line of the configuration."""

from __future__ import annotations

import difflib
import re
from pathlib import PurePosixPath

from crossplane.analyzer import DIRECTIVES

from portico.hops.nginx.facts import Emerg
from portico.hops.nginx.faults import refusal_kinds as kinds
from portico.hops.nginx.faults.standing import at_line
from portico.hops.nginx.faults.words import MODULES, PACKAGES, VERSIONS, module_of, since
from portico.model.command import Command
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.remedy import EditLine, Remedy, Run

#: Files that nginx needs and that Portico has at hand.
_TEMPLATES = PurePosixPath(__file__).parent.parent / "templates"
_HAVE = ("uwsgi_params", "mime.types")
_SIZE = re.compile(r"(\d+)\s*([kmg])i?b$", re.IGNORECASE)
_BOM = "\ufeff"


def _where(emerg: Emerg) -> str:
    return f"{emerg.file}:{emerg.line}" if emerg.file else "the configuration"


def address(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """The address of a pass or of a server in an upstream."""
    wrong = re.fullmatch(
        r'(invalid host|no port|invalid port|no path in the unix domain socket|no host) in upstream "(.*)"', emerg.message
    )
    directive = at_line(evidence.nginx.tree, emerg.file, emerg.line)
    if emerg.message == "invalid URL prefix":
        target = directive.args[0] if directive and directive.args else "HOST:PORT"
        return _address(emerg, f"{target} lacks http://", [f"proxy_pass http://{target};   # at {_where(emerg)}"])
    if not wrong:
        return None
    target = wrong[2]
    if target.startswith("/"):
        edit = EditLine(emerg.file, emerg.line or 0, target, f"unix:{target}")
        remedy = Remedy(f"write unix:{target} at {_where(emerg)}", (edit,)) if emerg.file else None
        name = directive.name if directive else "uwsgi_pass"
        return _address(
            emerg, f"{target} is a path, and lacks `unix:`", [f"{name} unix:{target};   # at {_where(emerg)}"], remedy
        )
    if "://" in target:
        rest = target.partition("://")[2].rstrip("/")
        fix = [
            f"uwsgi_pass {rest};   # at {_where(emerg)}, if uWSGI's `socket` is there",
            f"proxy_pass {target};   # if it speaks HTTP",
        ]
        return _address(emerg, f"uwsgi_pass takes an address, not the URL {target}", fix)
    return _address(emerg, f"{target} is no whole address", [f"write host:port or unix:/path at {_where(emerg)}"])


def _address(emerg: Emerg, cause: str, fix: list[str], remedy: Remedy | None = None) -> Finding:
    return kinds.BAD_ADDRESS.found(cause=f"{_where(emerg)}: {cause}", fix=fix, remedy=remedy)


def include(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """An include, or the configuration itself, that is not there."""
    path = re.fullmatch(r'open\(\) "(.*)" failed \(2:.*', emerg.message)
    if not path or (not emerg.file and path[1] != evidence.nginx.conf and not path[1].endswith(".conf")):
        return None
    name = PurePosixPath(path[1]).name
    steps = (Run(Command(("cp", "-n", str(_TEMPLATES / name), path[1]), why=f"write {name}")),)
    remedy = Remedy(f"write nginx's usual {name} to {path[1]}", steps) if name in _HAVE else None
    seen = next((one for one in evidence.nginx.files if one.path == path[1]), None)
    if seen and seen.symlink:
        fix = [f"rm {path[1]}   # or make {seen.symlink} again"]
        what = f"is a link to nothing: {seen.symlink} does not exist"
    else:
        fix = [f"write the whole path of the file in the include at {_where(emerg)}", f"or put a file at {path[1]}"]
        fix = [f"include /etc/nginx/{name};   # at {_where(emerg)}, where that is", *fix[1:]] if name in _HAVE else fix
        what = "does not exist"
    return kinds.NO_INCLUDE.found(cause=f"{_where(emerg)} includes {path[1]}, which {what}", fix=fix, remedy=remedy)


def unknown_word(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """A directive, parameter or variable that this nginx does not know: misspelt, of a module, or of another version."""
    found = re.fullmatch(r'(?:unknown directive "(.*)"|unknown "(.*)" variable|invalid parameter "(.*)")', emerg.message)
    version = ".".join(map(str, evidence.nginx.version))
    if _needs(emerg):
        return _module(evidence, emerg, _needs(emerg), emerg.message)
    if not found:
        return _dynamic(evidence, emerg)
    word = found[1] or (f"${found[2]}" if found[2] else found[3]) or ""
    if word.startswith(_BOM):
        cause = f"{emerg.file} begins with a byte order mark, which nginx takes for a part of the first word"
        return kinds.SYNTAX.found(cause=cause, fix=[rf"sed -i '1s/^\xEF\xBB\xBF//' {emerg.file}"])
    if word in VERSIONS and VERSIONS[word].elsewhere(evidence.nginx.version):
        entry = VERSIONS[word]
        place = _where(emerg) if emerg.file else _uses(evidence, word)
        return kinds.OTHER_VERSION.found(
            cause=f"{place}: `{word}` {since(entry)}, and this is nginx {version}",
            evidence=[f"{evidence.nginx.binary}: nginx {version}"],
            fix=[entry.instead, "or another nginx: `nginx -v` says which one this is"],
        )
    module = module_of(word)
    if module and module not in evidence.nginx.modules:
        return _module(evidence, emerg, module, f"`{word}`")
    return _misspelt(emerg, word)


def _needs(emerg: Emerg) -> str:
    """`the "quic" parameter requires ngx_http_v3_module`."""
    found = re.search(r"requires (?:ngx_)?(\w+?)(?:_module)?$", emerg.message)
    return found[1] if found else ""


def _uses(evidence: Evidence, variable: str) -> str:
    """Where a variable is used, for nginx does not say."""
    tree = evidence.nginx.tree
    names = (
        "set",
        "uwsgi_param",
        "proxy_set_header",
        "fastcgi_param",
        "return",
        "add_header",
        "map",
        "if",
        "log_format",
        "rewrite",
    )
    found = next((one for one in tree.deep(*names) if variable in " ".join(one.args)), None) if tree else None
    return found.where if found else "the configuration"


def _module(evidence: Evidence, emerg: Emerg, module: str, what: str) -> Finding:
    package = PACKAGES.get(module)
    fix = [f"remove it at {_where(emerg)}", "or use an nginx that has the module: the distribution's has most"]
    fix += [f"sudo apt install {package}   # Debian and Ubuntu"] if package else []
    return kinds.NO_MODULE.found(
        cause=f"{_where(emerg)}: {what} needs the module {module}, which this nginx was built without",
        evidence=[f"{evidence.nginx.binary}: nginx {'.'.join(map(str, evidence.nginx.version))}, without {module}"],
        fix=fix,
    )


def _dynamic(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """A load_module."""
    found = re.match(r'dlopen\(\) "(.*?)" failed|module "(.*?)" (?:version|is not binary compatible)', emerg.message)
    if not found:
        return None
    path = found[1] or found[2]
    reason = "this nginx cannot load modules" if "not supported" in emerg.message else "the file is missing or does not fit"
    return kinds.NO_MODULE.found(
        cause=f"{_where(emerg)}: nginx cannot load {path}: {reason}",
        evidence=[f"{evidence.nginx.binary}: nginx {'.'.join(map(str, evidence.nginx.version))}"],
        fix=[f"install the module of exactly this version of nginx, or remove the line at {_where(emerg)}"],
    )


def _misspelt(emerg: Emerg, word: str) -> Finding:
    close = difflib.get_close_matches(word, [*DIRECTIVES, *MODULES], n=1, cutoff=0.75)
    hint = [f"`{close[0]}` instead of `{word}` at {_where(emerg)}"] if close else [f"correct {_where(emerg)}"]
    return kinds.SYNTAX.found(cause=f"{_where(emerg)}: nginx knows no `{word}`", fix=[*hint, "nginx -t"])


def written_wrongly(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """Everything else that has a place in the configuration."""
    if not emerg.file:
        return None
    return kinds.SYNTAX.found(cause=f"{_where(emerg)}: {emerg.message}", fix=[*_hint(evidence, emerg), "nginx -t"])


def _hint(evidence: Evidence, emerg: Emerg) -> list[str]:
    where, text = _where(emerg), emerg.message
    if "is not terminated by" in text or text.startswith("invalid number of arguments"):
        return [f"look for a missing `;` at {where} or in the line above it"]
    if text.startswith("unexpected end of file"):
        return ["a `{`, or a quote, is never closed: count them upwards from the end"]
    if text.startswith('unexpected "}"'):
        return [f"at {where} a `}}` is too many, or a `;` is missing in the line above it"]
    directive = at_line(evidence.nginx.tree, emerg.file, emerg.line)
    size = _SIZE.search(directive.args[-1]) if directive and directive.args else None
    if "invalid value" in text and directive and size:
        return [f"{directive.name} {size[1]}{size[2].lower()};   # nginx's units are k, m and g"]
    if "is not allowed here" in text:
        return [f"move what stands at {where} into the block it belongs to: a pass into a location, a server into http"]
    if "is duplicate" in text or text.startswith(("duplicate", "a duplicate")):
        return [f"remove one of the two: the second is at {where}"]
    return [f"correct {where}"]
