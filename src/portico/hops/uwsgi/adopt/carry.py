"""What becomes of each option of a uWSGI configuration under Portico."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portico.hops.uwsgi.adopt import application, logs, loops, python_plugins, sockets, static, workers
from portico.hops.uwsgi.adopt.context import Context, Rule, line_of
from portico.hops.uwsgi.adopt.fates import left, raw, same
from portico.hops.uwsgi.adopt.words import word
from portico.hops.uwsgi.option_names import FLAGS, KNOWN, SCALARS
from portico.hops.uwsgi.options import elsewhere, unknown
from portico.model.adoption import Carried, PathMap
from portico.model.directive import Option

_RULES: dict[str, Rule] = {
    **application.RULES,
    **workers.RULES,
    **sockets.RULES,
    **logs.RULES,
    **static.RULES,
    **python_plugins.RULES,
    **loops.RULES,
}

_FOREIGN = "the uWSGI that Portico runs has no such option: it belongs to another build, or to another language"
_TLS_NAMES = ("https", "http-to-https", "ssl", "sni", "suwsgi")
_TLS = "the uWSGI that Portico runs has no TLS: nginx ends TLS, and answers browsers"


def carry(
    options: Sequence[Option], rendered: Sequence[Option] | None, paths: PathMap, folder: str = ""
) -> tuple[Carried, ...]:
    """At least one entry for each option, in uWSGI's order; only `pythonpath` is turned round, because a later one comes
    before an earlier one in sys.path, and the key is the list as it stands there.

    `options` are in uWSGI's order, under their first names. `rendered` are those that Portico itself would write for this
    site, without raw lines of `uwsgi.extra`; None in a first pass. `folder` is the absolute folder of the file, where
    relative paths start that nothing else says more of; empty when unknown. Never fails.
    """
    written = None if rendered is None else tuple(rendered)
    context = Context(tuple(options), written, paths, folder)
    strange = {id(option): near for option, near in unknown(context.options)}
    foreign = {id(option) for option in elsewhere(context.options)}
    found = []
    for option in context.options:
        if id(option) in strange:
            found.append(_misspelt(option, strange[id(option)]))
        elif id(option) in foreign:
            found.append(left(option, _TLS if option.name.startswith(_TLS_NAMES) else _FOREIGN))
        else:
            found += _fate(option, context)
    return tuple(_turned(found))


def _fate(option: Option, context: Context) -> Sequence[Carried]:
    if unknown_value := loops.unresolved(option, context):
        return (unknown_value,)
    if later := context.superseded(option):
        return (same(option, f"{line_of(later, option)} counts"),)
    if option.name not in KNOWN:
        return (same(option, "a placeholder of the file itself: what uses it has its value"),)
    rule = _RULES.get(option.name)
    entries = rule(option, context) if rule else ()
    if entries and any(entry.fate == "key" for entry in entries):
        return entries
    if context.writes(option):
        return (same(option),)
    return entries or _plain(option, context)


def _plain(option: Option, context: Context) -> Sequence[Carried]:
    scalar = option.name in FLAGS or option.name in SCALARS
    if option.name in FLAGS and option.value == "false" and "true" not in context.written(option.name):
        return (same(option, "off, as it is without the line"),)
    own = context.written(option.name)
    why = f"Portico's own `{option.name} = {own[-1]}` stands before it, and the last one counts" if own and scalar else ""
    return (word(option, context) or raw(option, context, why),)


def _misspelt(option: Option, near: str) -> Carried:
    hint = f": did you mean `{near}`?" if near else ""
    return left(option, f"uWSGI has no option `{option.name}` and ignores the line{hint}")


def _turned(found: Sequence[Carried]) -> Iterator[Carried]:
    backwards = [entry for entry in reversed(found) if entry.key == "uwsgi.pythonpath"]
    waiting = iter(backwards)
    for entry in found:
        yield next(waiting) if entry.key == "uwsgi.pythonpath" else entry
