"""Kinds: a request's body or kind that one side sends and the other does not take."""

from __future__ import annotations

from portico.model.finding import Kind

UNREAD_BODY = Kind(
    "nginx-uwsgi.E132",
    "nginx-uwsgi",
    "The application answered without reading the request's body, and its answer was lost",
    "uWSGI closes the connection while the body is still on its way; the kernel then resets it, and the answer that was "
    "already sent goes with it.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/ThingsToKnow.html",
    shows="502 for some POST requests, large ones most often (a refused upload, an early 403), while uWSGI's log has a "
    "normal "
    "line with a status for them. nginx: `recv() failed (104)` or `sendfile() failed (32)`.",
    example="recv() failed (104: Connection reset by peer) while reading response header from upstream, "
    'request: "POST /upload/ HTTP/1.1"',
    cure="`post-buffering = 8192` in uwsgi.ini (uWSGI reads the body first; not together with `threads` and "
    "`harakiri`), or read "
    "the body in the application before it answers.",
)
OTHER_MODIFIER = Kind(
    "nginx-uwsgi.E133",
    "nginx-uwsgi",
    "nginx asks uWSGI for another kind of request than WSGI",
    "uwsgi_modifier1 chooses the plugin that handles a request; 0, the default, is Python.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html",
    shows="502 for every page of that location. uWSGI: `-- unavailable modifier requested: N --`.",
    example="uwsgi_modifier1 30;",
    cure="Remove `uwsgi_modifier1`. For a site under a path prefix set SCRIPT_NAME instead, or `mount` in uwsgi.ini.",
)
