"""What `uwsgi --show-config` prints: the configuration as uWSGI has it after all (show_config in core/uwsgi.c). Pure."""

from __future__ import annotations

_BEGIN = ";uWSGI instance configuration\n[uwsgi]\n"
_END = ";end of configuration"


def parse(output: str) -> tuple[tuple[str, str], ...] | None:
    """Names and values in order; None when uWSGI ended before it came to that. A value goes on over lines without ` = `."""
    _, mark, rest = output.partition(_BEGIN)
    shown, end, _ = rest.partition(_END)
    if not mark or not end:
        return None
    pairs: list[tuple[str, str]] = []
    for line in shown.removesuffix("\n").split("\n"):
        name, sign, value = line.partition(" = ")
        if sign or not pairs:
            pairs.append((name, value))
        else:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]}\n{line}")
    return tuple(pairs)


def last_words(output: str) -> str:
    """What uWSGI said last before it gave up: one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("[uWSGI] ")]
    return lines[-1][:200] if lines else "it said nothing"
