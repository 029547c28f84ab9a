"""What `rewrite`, `return`, `set`, `if` and `break` of one block do to a request.

https://nginx.org/en/docs/http/ngx_http_rewrite_module.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from portico.hops.nginx.listens import PASSES
from portico.hops.nginx.locations import CannotTell
from portico.hops.nginx.variables import Scope
from portico.model.directive import Directive

_CODES = ("rewrite", "return", "set", "if", "break")


@dataclass(frozen=True)
class Step:
    """How the block's rewrites ended. `on`: go on here. `again`: the URI changed, look for a location again. `return`: the
    client has its answer, `target` (`301 https://example.com/`), from `directive`. `inside` is the `if` whose settings are
    in force now; `moved`: the URI was changed to stay here (`break`), where an alias does not work any more. `stopped`: no
    further rewrite counts."""

    kind: Literal["on", "again", "return"] = "on"
    directive: Directive | None = None
    target: str = ""
    inside: Directive | None = None
    moved: bool = False
    stopped: bool = False


def run(block: Directive, scope: Scope) -> Step:
    """Run them in order; changes `scope`. Raises CannotTell when something unknown decides."""
    codes = tuple(block.all(*_CODES))
    return _run(codes, scope, Step())


def _run(codes: Sequence[Directive], scope: Scope, step: Step) -> Step:
    for number, code in enumerate(codes):
        if code.name == "if":
            step = _if(code, scope, step, bool(codes[number + 1 :]))
        elif code.name == "set":
            _set(code, scope)
        elif code.name == "return":
            written = " ".join(code.args)
            return Step("return", code, scope.expand(written) or written, step.inside, stopped=True)
        elif code.name == "break":
            return _at_break(step, code)
        else:
            step = _rewrite(code, scope, step)
        if step.stopped:
            return step
    return step


def _at_break(step: Step, code: Directive) -> Step:
    return Step("on", code, inside=step.inside, moved=step.moved or step.kind == "again", stopped=True)


def _set(code: Directive, scope: Scope) -> None:
    if len(code.args) == 2:
        scope.assign(code.args[0].removeprefix("$"), scope.expand(code.args[1]))


def _rewrite(code: Directive, scope: Scope, step: Step) -> Step:
    if len(code.args) < 2:
        return step
    matched = scope.search(code.args[0], scope.uri)
    if matched is None:
        raise CannotTell(code)
    if not matched:
        return step
    flag = code.args[2] if len(code.args) > 2 else ""
    target = scope.expand(code.args[1])
    if target is None:
        raise CannotTell(code)
    path, _, args = target.partition("?")
    # A question mark at the end drops the client's own arguments; elsewhere they follow the new ones.
    kept = "" if target.endswith("?") else scope.args
    args = "&".join(part for part in (args.removesuffix("?"), kept) if part)
    if flag in ("redirect", "permanent") or code.args[1].startswith(("http://", "https://", "$scheme")):
        status = "301" if flag == "permanent" else "302"
        return Step("return", code, f"{status} {path}{'?' + args if args else ''}", step.inside, stopped=True)
    scope.uri, scope.args = path, args
    if flag == "break":
        return Step("on", code, inside=step.inside, moved=True, stopped=True)
    return Step("again", code, inside=step.inside, stopped=flag == "last")


def _if(code: Directive, scope: Scope, step: Step, more: bool) -> Step:
    true = condition(code.args, scope)
    inner = tuple(code.all(*_CODES))
    if true is None:
        _unknown(code, inner, scope, more)
        return step
    if not true:
        return step
    if step.inside and step.inside.first(*PASSES):
        # Two are true, and the first passes on: nginx mixes the handler of one with the settings of the other.
        raise CannotTell(code)
    here = Step(step.kind, step.directive, inside=code, moved=step.moved)
    return _run(inner, scope, here)


def _unknown(code: Directive, inner: Sequence[Directive], scope: Scope, more: bool) -> None:
    """A condition that cannot be told: only what could change the way makes the way unknown. A pass in it is left aside."""
    for entry in inner:
        if entry.name == "return" or (entry.name == "break" and more):
            raise CannotTell(code)
        if entry.name == "rewrite" and entry.args and scope.copy().search(entry.args[0], scope.uri) is not False:
            raise CannotTell(code)
        if entry.name == "set" and entry.args:
            scope.assign(entry.args[0].removeprefix("$"), None)


def condition(words: Sequence[str], scope: Scope) -> bool | None:
    """Whether an `if` is true; None when that depends on more than the request and the configuration."""
    if len(words) == 1:
        value = scope.expand(words[0])
        return None if value is None else value not in ("", "0")
    if len(words) == 2 and words[0] == "-f" and words[1].endswith("/$portico_accepted/$portico_file"):
        # Portico's own: the copy it looks for is another form of the same file.
        return False
    if len(words) != 3:
        return None
    left, sign, right = scope.expand(words[0]), words[1], words[2]
    if left is None:
        return None
    if sign in ("=", "!="):
        value = scope.expand(right)
        return None if value is None else (left == value) is (sign == "=")
    if sign in ("~", "~*", "!~", "!~*"):
        matched = scope.search(right, left, sign.endswith("*"))
        return None if matched is None else matched is not sign.startswith("!")
    return None
