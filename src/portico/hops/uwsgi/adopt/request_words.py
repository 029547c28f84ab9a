"""How requests are taken and answered, and how many workers there are at a time: what uWSGI alone knows of."""

from __future__ import annotations

from portico.hops.uwsgi.adopt.word import Word, each

_LISTED = "it prints what this uWSGI has, and changes nothing"
_CHEAPER = "`processes` is then the most there are, and this the least"
_RIGHTS = "uWSGI is started as the account `user` and never has root's rights, so it has none to give up"

WORDS: dict[str, Word] = {
    **each("alarm-list clock-list logger-list loop-list plugins-list cheaper-algo-list router-list", "left", _LISTED),
    **each("imperial-monitor-list python-version", "left", _LISTED),
    **each("cheaper", "raw", _CHEAPER),
    **each("drop-after-apps drop-after-init", "left", _RIGHTS),
    **each("abstract-socket", "differs", "Portico's socket is a file in its runtime directory, which permissions protect"),
    **each("auto-weight weight", "left", "it is for subscriptions; nginx knows every instance: `servers` takes a weight"),
    **each("autoload", "left", "pyuwsgi loads no plugin from a file: what it has is built in"),
    **each("force-gateway", "left", "it is for uWSGI's own routers; nginx is the front"),
    **each("safe-fd", "left", "it keeps a file open that another program passed on; Portico's supervisor passes none on"),
    **each("python-raw", "left", "it answers without WSGI; Portico runs a WSGI application"),
    **each("profiler", "left", "it is for development: it slows every request down"),
    **each("upload-progress", "raw", "nginx sends a body on when it has all of it, so there is little to see", "path"),
    **each("error-page-403 error-page-404 error-page-500 file-write dlopen", "raw"),
    **each("import shared-import py-sharedarea", "raw", "every instance runs it, before or beside the application"),
    **each("alarm", "raw", "every instance has the alarm", "words"),
    **each("catch-exceptions", "raw", "visitors see tracebacks of the application: for development only"),
    **each("reuse-port", "raw"),
}
