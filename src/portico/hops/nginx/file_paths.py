"""Which file a URI stands for: the arithmetic of `root`, `alias`, `index` and `try_files`.

https://nginx.org/en/docs/http/ngx_http_core_module.html#alias
"""

from __future__ import annotations

from collections.abc import Sequence

from portico.hops.nginx.locations import parts
from portico.hops.nginx.variables import Scope
from portico.model.directive import Directive


def root_of(chain: Sequence[Directive]) -> tuple[Directive | None, Directive | None]:
    """The `root` or `alias` in force and the block it stands in; None without one (nginx's default is the folder html)."""
    for block in reversed(chain):
        found = block.first("root", "alias")
        if found and found.args:
            return found, block
    return None, None


def path_of(chain: Sequence[Directive], scope: Scope, prefix: str) -> str | None:
    """The file for the URI of `scope`; None when a variable in it is unknown. Relative folders start at `prefix`."""
    setting, block = root_of(chain)
    if setting is None or setting.name == "root":
        base = _root(setting, scope, prefix)
        return None if base is None else base + scope.uri
    base = _full(scope.expand(setting.args[0]), prefix)
    cut = _alias_length(block)
    if base is None or cut is None:
        return base
    return base + scope.uri[cut:]


def tried(chain: Sequence[Directive], scope: Scope, prefix: str, name: str) -> str | None:
    """The file that `try_files` looks at for one of its arguments; None when a variable in it is unknown."""
    value = scope.expand(name)
    setting, block = root_of(chain)
    if value is None:
        return None
    if setting is None or setting.name == "root":
        base = _root(setting, scope, prefix)
        return None if base is None else base + value
    base = _full(scope.expand(setting.args[0]), prefix)
    cut = _alias_length(block)
    if base is None:
        return None
    # With variables, and beginning like the URI, it loses what the alias replaces (ngx_http_try_files_handler).
    if cut is not None and "$" in name and value[:cut] == scope.uri[:cut]:
        value = value[cut:]
    return base + value


def _root(setting: Directive | None, scope: Scope, prefix: str) -> str | None:
    written = setting.args[0].removesuffix("/") if setting else "html"
    if setting and not written:
        return ""
    return _full(scope.expand(written), prefix)


def _full(path: str | None, prefix: str) -> str | None:
    if path is None or path.startswith("/") or not prefix:
        return path
    return f"{prefix.rstrip('/')}/{path}"


def _alias_length(block: Directive | None) -> int | None:
    """How much of the URI an alias replaces; None for all of it, which it does in a regex location."""
    modifier, name = parts(block) if block else ("", "")
    return None if modifier in ("~", "~*") else len(name)


def indexes(chain: Sequence[Directive], scope: Scope, path: str) -> tuple[str, ...]:
    """The files nginx looks for in a folder (https://nginx.org/en/docs/http/ngx_http_index_module.html)."""
    names = next((found for block in reversed(chain) if (found := tuple(block.all("index")))), ())
    words = [word for directive in names for word in directive.args] or ["index.html"]
    known = (scope.expand(word) for word in words)
    return tuple(path + name for name in known if name and not name.startswith("/"))
