"""`$(NAME)`, `@(FILE)` and `%(name)` in values: uwsgi_apply_config_pass and uwsgi_manage_placeholder of uWSGI. Pure."""

from __future__ import annotations

from collections.abc import Callable

Lookup = Callable[[str], str | None]
#: What refers to itself makes uWSGI grow or turn for ever.
_MOST_REPLACED = 200
LONGEST = 1 << 16


class Effort:
    """How many characters may still be put together, for all values of a configuration."""

    def __init__(self, most: int = 1 << 24) -> None:
        self.left = most

    def spend(self, size: int) -> bool:
        """Whether there is as much left."""
        self.left -= size
        return self.left >= 0


def expanded(value: str, symbol: str, lookup: Lookup, effort: Effort) -> tuple[str, bool]:
    """The value with each `SYMBOL(key)` replaced that `lookup` knows, and whether it came to an end.

    After each replacement uWSGI begins anew with the second character, so that what was put in is looked at, too.
    """
    at, replaced = 0, 0
    if len(value) > LONGEST:
        return value, False
    while (found := _next(value, symbol, at)) is not None:
        start, end = found
        text = lookup(value[start + 2 : end])
        if text is None:
            at = end + 1
            continue
        value = value[:start] + text + value[end + 1 :]
        at, replaced = 1, replaced + 1
        if replaced > _MOST_REPLACED or len(value) > LONGEST or not effort.spend(len(value)):
            return value[:LONGEST], False
    return value, True


def _next(value: str, symbol: str, at: int) -> tuple[int, int] | None:
    """The next `SYMBOL(`...`)` from there that is not empty: its first and its last character. Brackets inside it pair; the
    symbol inside begins another one."""
    while (start := value.find(symbol + "(", at)) >= 0:
        depth = 0
        for end in range(start + 2, len(value)):
            letter = value[end]
            if letter == symbol:
                break
            depth += letter == "("
            if letter == ")":
                if not depth:
                    if end > start + 2:
                        return start, end
                    break
                depth -= 1
        else:
            return None
        at = end
    return None


def placeholder(key: str, option: Lookup) -> str | None:
    """The value of `%(key)`: of an option, or of a chain such as `%(processes cores + 2)`, worked off from left to right."""
    if " " not in key:
        return option(key)
    current: str | None = None
    state = ""
    for word in key.split(" "):
        if word in ("+", "-", "*", "/"):
            state = word
        elif word in ("++", "--"):
            if current is not None:
                current = _bounded(_whole(current) + (1 if word == "++" else -1))
            state = ""
        elif word:
            value = word if word.isascii() and word.isdigit() else option(word) or ""
            current = _combined(state, current, value)
            state = ""
    return current


def _combined(state: str, current: str | None, value: str) -> str:
    if not state:
        return (current or "") + value
    left, right = _whole(current or ""), _whole(value)
    if state == "/":
        # C cuts a quotient off towards zero, and uWSGI divides nothing by zero.
        whole = abs(left) // abs(right) if right else 0
        return str(whole if (left < 0) == (right < 0) else -whole)
    return _bounded({"+": left + right, "-": left - right, "*": left * right}[state])


def _bounded(number: int) -> str:
    """As 64 bits hold it."""
    return str((number + (1 << 63)) % (1 << 64) - (1 << 63))


def _whole(text: str) -> int:
    """As C's strtoll reads it."""
    text = text.lstrip()
    sign = -1 if text[:1] == "-" else 1
    digits = ""
    for letter in text[1:] if text[:1] in ("+", "-") else text:
        if letter not in "0123456789":
            break
        digits += letter
    return max(-(1 << 63), min((1 << 63) - 1, sign * int(digits[:25] or "0")))
