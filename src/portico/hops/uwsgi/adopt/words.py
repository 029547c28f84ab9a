"""The fates that need no looking at the value: one table by name, one by how a name begins."""

from __future__ import annotations

from portico.hops.uwsgi.adopt import (
    front_words,
    jobs_words,
    language_words,
    log_words,
    process_words,
    python_words,
    request_words,
    static_words,
)
from portico.hops.uwsgi.adopt.context import Context
from portico.hops.uwsgi.adopt.fates import differs, left, raw, same
from portico.hops.uwsgi.adopt.word import Word
from portico.model.adoption import Carried
from portico.model.directive import Option

_TABLES = (front_words, jobs_words, language_words, log_words, process_words, python_words, request_words, static_words)
WORDS: dict[str, Word] = {name: word for table in _TABLES for name, word in table.WORDS.items()}
_PREFIXES = (*front_words.PREFIXES, *jobs_words.PREFIXES, *language_words.PREFIXES)


def word(option: Option, context: Context) -> Carried | None:
    """The fate that a table gives to the option; None where none does."""
    said = WORDS.get(option.name) or next((said for prefix, said in _PREFIXES if option.name.startswith(prefix)), None)
    if said is None:
        return None
    if said.fate == "written":
        return _written(option, context, said)
    if said.fate == "raw":
        return raw(option, context, said.why, said.paths)
    return {"same": same, "differs": differs, "left": left}[said.fate](option, said.why)


def _written(option: Option, context: Context, said: Word) -> Carried | None:
    """What Portico writes itself, though here with another value or not at all."""
    if context.rendered is None and option.value == "true":
        return same(option)
    return differs(option, said.why) if context.rendered is None or context.written(option.name) else None
