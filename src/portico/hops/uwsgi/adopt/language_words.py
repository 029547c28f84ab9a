"""Options that are the language of the file: they name, repeat, include, and have no effect of their own."""

from __future__ import annotations

from portico.hops.uwsgi.adopt.word import Word, each

_READ = "what it stands for was read, and has entries of its own"

WORDS: dict[str, Word] = {
    **each("ini include inherit config xmlconfig yaml json", "same", _READ),
    **each("set", "same", "the option that it sets has an entry of its own"),
    **each("set-placeholder", "same", "a placeholder: what uses it has its value"),
    **each("for for-glob for-readline for-times endfor endif endfor end-for end-if endif", "same", _READ),
    **each(
        "blacklist whitelist end-blacklist end-whitelist",
        "left",
        "it says which options the file may have; portico.toml is the site's own",
    ),
    **each(
        "declare-option declare-option2",
        "left",
        "an option of the file's own: write out in `[uwsgi] extra` what it stands for",
    ),
    **each("show-config", "differs", "`portico render` shows what uWSGI is given"),
    **each("print iprint", "same", "a text for whoever starts it"),
    **each("exit", "left", "it ends uWSGI while the file is read"),
    **each("fallback-config", "left", "a release that does not start is refused, and the one before goes on"),
    **each("resolve get", "left", "it looks a name up when uWSGI starts: write the address"),
}
PREFIXES: tuple[tuple[str, Word], ...] = (("if-", Word("same", _READ)), ("ifdir", Word("same", _READ)))
