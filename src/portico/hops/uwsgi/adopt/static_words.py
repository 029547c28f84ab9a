"""Files that uWSGI serves itself."""

from __future__ import annotations

from portico.hops.uwsgi.adopt.word import Word, each

_EXPIRES = (
    "nginx serves files, and says how long they keep: `[nginx] static_max_age`; files with a hash in their name keep a year"
)
_GZIP = "nginx serves files, and the compressed ones beside them: `[nginx] gzip`"

WORDS: dict[str, Word] = {
    **each(
        "check-static",
        "raw",
        "a file there goes before the application for any path; `static` says it by prefix, in nginx",
        "path",
    ),
    **each("static-index static-skip-ext static-cache-paths static-cache-paths-name check-static-docroot", "raw"),
    **each("static-safe", "raw", "", "path"),
    **each("static-expires static-expires-mtime static-expires-type static-expires-type-mtime", "differs", _EXPIRES),
    **each(
        "static-expires-uri static-expires-uri-mtime static-expires-path-info static-expires-path-info-mtime",
        "differs",
        _EXPIRES,
    ),
    **each("static-gzip static-gzip-all static-gzip-dir static-gzip-ext", "differs", _GZIP),
    **each("mimefile", "differs", "nginx serves files, with the content types that Portico writes"),
    **each("file-serve-mode", "differs", "nginx serves files; what the application sends itself, uWSGI sends"),
}
