"""The text of `portico bench`: what was measured, each page with what bounds it, the memory, and what to know about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from portico.cli.drawing import width, wrapped
from portico.cli.trace_rows import bar, harmless
from portico.model.units import human_bytes

Data = Mapping[str, Any]

_LABEL = 10
_BAR = 30
_HOPS = {"uwsgi workers": "workers", "uwsgi master": "master", "uwsgi router": "router", "uwsgi rest": "rest"}


def text(data: Data) -> str:
    """The whole screen."""
    data = harmless(data)
    lines = [*_head(data)]
    if data["interrupted"]:
        lines += _row("attention", "stopped before the end: this is what was measured by then", "yellow")
    for page in data["pages"]:
        lines += ["", *_page(page)]
    lines += ["", *_memory(data)]
    if data["floor_missing"]:
        lines += _row("floor", f"not measured: {data['floor_missing']}")
    for note in data["notes"]:
        lines += _row("note", note)
    if data.get("curve"):
        lines += ["", *_curve(data["curve"])]
    return "\n".join(lines)


def _head(data: Data) -> Iterator[str]:
    what = "the site itself" if data["live"] else "a stack of its own, stopped again"
    yield f"{_bold(data['project'])}  {what}"
    uwsgi = data["uwsgi"]
    several = f"{uwsgi['instances']} instances of " if uwsgi["instances"] > 1 else ""
    parts = [f"nginx {data['nginx']}"] if data["nginx"] else []
    if uwsgi["instances"]:
        size = f"{_many(uwsgi['processes'], 'process', 'es')} x {_many(uwsgi['threads'], 'thread', 's')}"
        parts.append(f"{several}uWSGI with {size}")
    parts += [f"Python {data['python']['version']}", f"{data['cores']} cores"]
    yield from _row("stack", ", ".join(parts))
    heads = f"; headers {', '.join(data['headers'])} (values not shown)" if data["headers"] else ""
    many = "1 round" if data["rounds"] == 1 else f"{data['rounds']} interleaved rounds"
    times = f"{many} of {data['seconds']:g} s"
    yield from _row("load", f"GET only, {data['clients']} clients, kept connections, {times}; median (quartiles){heads}")


def _many(number: int, word: str, plural: str) -> str:
    return f"{number} {word}{'' if number == 1 else plural}"


def _page(page: Data) -> Iterator[str]:
    yield f"{_bold('GET ' + page['path'])}  {page['host']}"
    if page["warning"]:
        yield from _row("attention", page["warning"], "yellow")
    yield from _row("answers", ", ".join(_answers(page)), "red" if page["lost"] or _has_5xx(page) else None)
    yield from _row("requests", f"{_spread(page['per_s'])} a second")
    if page["total_us"]:
        yield from _row("latency", "  ".join(f"{name} {page[f'{name}_ms']:,.1f} ms" for name in ("p50", "p90", "p99")))
        yield from _cpu(page)
    yield from _row("workers", ", ".join(_workers(page)))
    yield from _row("bound by", page["says"], "cyan")
    if page["next"]:
        yield f"  {'next':<{_LABEL}}{page['next']}"


def _answers(page: Data) -> Iterator[str]:
    for status, number in page["statuses"].items():
        yield f"{status} x {number:,}"
    for reason, number in page["lost"].items():
        yield f"lost ({reason}) x {number:,}"
    if page["others"]:
        yield f"and {page['others']:,} of visitors"
    if page["content_type"]:
        size = "more than 1 MB" if page["bytes"] is None else human_bytes(page["bytes"])
        yield f"{page['content_type']}, {size}"


def _has_5xx(page: Data) -> bool:
    return any(status.startswith("5") for status in page["statuses"])


def _cpu(page: Data) -> Iterator[str]:
    """The bars share one scale: the whole of a request."""
    whole = page["total_us"]["median"]
    added = f"; nginx and uWSGI add {page['added_us']:,.0f} us to the application" if page["added_us"] is not None else ""
    yield from _row("CPU", f"{_spread(page['total_us'])} us a request{added}")
    rows = [(_HOPS.get(hop, hop), us, "") for hop, us in page["cpu_us"].items()]
    if page["floor_us"]:
        share = "" if page["app_share"] is None else f", {page['app_share'] * 100:.0f} %"
        rows.append(("floor", page["floor_us"]["median"], f"  the application alone{share}"))
    for name, us, said in rows:
        drawn = bar(0, round(min(us, whole) * 1000), max(1, round(whole * 1000)), _BAR, "░" if said else "█")
        yield f"  {'':<{_LABEL}}{name:<8} {us:>9,.0f}  {drawn if said else drawn.rstrip()}{said}"
    if page["floor_note"]:
        yield from _row("", page["floor_note"], "yellow")


def _workers(page: Data) -> Iterator[str]:
    if page["slots"]:
        yield "threads busy not measured" if page["busy"] is None else f"{page['busy']:.1f} of {page['slots']} threads busy"
        worker = "not measured" if page["worker"] is None else f"{page['worker'] * 100:.0f} % of a core"
        yield f"each process {worker}"
    if page["queue"] is not None:
        yield f"longest queue {page['queue']}"
    yield f"machine {page['machine'] * 100:.0f} % busy, the load itself {page['client'] * 100:.0f} % of a core"


def _memory(data: Data) -> Iterator[str]:
    taken = data["memory_bytes"]
    told = ", ".join(f"{name} {human_bytes(taken[name])}" for name in ("nginx", "uwsgi", "supervisor") if name in taken)
    yield from _row("memory", f"{told} (shared pages counted once)")


def _curve(curves: list[Data]) -> Iterator[str]:
    from portico.actions.bench.curve import picture
    from portico.cli.plot_text import text as plot

    yield from plot(picture(curves), width(), colour=True)
    for one in curves:
        yield ""
        yield f"  {one['path']}"
        yield f"  {'clients':>9} {'req/s':>9} {'p50 ms':>9} {'p99 ms':>9} {'CPU us':>9} {'lost':>6}"
        for point in one["points"]:
            yield (
                f"  {point['clients']:>9} {point['per_s']:>9,.0f} {point['p50_ms']:>9,.1f} {point['p99_ms']:>9,.1f} "
                f"{point['cpu_us']:>9,.0f} {point['lost']:>6}"
            )


def _spread(one: Data) -> str:
    return f"{one['median']:,.0f} ({one['low']:,.0f}-{one['high']:,.0f})"


def _row(label: str, said: str, colour: str | None = None) -> list[str]:
    """A sentence beside its label, on as many lines as it needs."""
    rows = wrapped(said, width() - 2 - _LABEL)
    return [
        f"  {'' if at else label:<{_LABEL}}{click.style(row, fg=colour) if colour else row}" for at, row in enumerate(rows)
    ]


def _bold(value: str) -> str:
    return click.style(value, bold=True)
