"""What each hop of a stack is for, and the form in which neighbours hand a request to each other. Texts for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """`role` is one sentence; `why` says what would be missing without it."""

    title: str
    role: str
    why: str


CLIENT = Role(
    "a browser, curl, another program",
    "Opens a connection, writes a request in HTTP and waits for the answer.",
    "It knows nothing of what stands behind the address, and none of it is its business.",
)
NGINX = Role(
    "the front",
    "Takes every request from outside, answers files from the disk itself, and hands everything else to uWSGI.",
    "uWSGI could speak to browsers alone. nginx waits for slow clients so that no worker has to, refuses what is too large "
    "or malformed before Python sees it, sends files at next to no cost (Django with DEBUG off sends none), and can share "
    "requests among several uWSGIs.",
)
NGINX_ELSEWHERE = Role(
    "the front, on another machine",
    NGINX.role,
    "This machine has the role `app`: an nginx elsewhere lists its address under `servers`.",
)
UWSGI = Role(
    "the application server",
    "Keeps processes with the application loaded, gives each request to a free one, and calls the application with it.",
    "An application is a function, not a server: something has to load it, keep several copies at work, and replace one "
    "that hangs or dies.",
)
UWSGI_CHOSEN = Role(
    UWSGI.title,
    "Keeps processes with the application loaded, each with a socket of its own; nginx gives a request to the one that has "
    "the fewest, which calls the application with it.",
    UWSGI.why,
)
UWSGI_DIRECT = Role(
    "the application server, and the front",
    "Speaks HTTP to browsers itself, and calls the application in one of its workers.",
    'With `front = "none"` there is no nginx: fit for development, where nobody is slow or hostile.',
)
UWSGI_ELSEWHERE = Role(
    "the application servers, on other machines",
    UWSGI.role,
    "This machine has the role `front`: only nginx runs here, for the uWSGIs listed under `servers`.",
)
WSGI = Role(
    "an agreement, not a process (PEP 3333)",
    "Says how a server calls a Python application: one callable, given the request as a dictionary, returns the body in "
    "pieces.",
    "Because both sides keep it, uWSGI need not know Django nor Django uWSGI; either can be replaced.",
)
WSGI_APPLICATION = Role(
    "the application, called as PEP 3333 says",
    "One callable, given the request as a dictionary, returns the body of the answer in pieces.",
    "It is what all before it is there for.",
)
DJANGO = Role(
    "the application",
    "Makes a request object, walks it through the middleware, finds the view for its path, and makes a response of what "
    "that returns.",
    "It is what all before it is there for.",
)

#: The forms: name, and why it is this one.
HTTP = "HTTP/1.1"
UWSGI_PACKET = "uwsgi packet"
UWSGI_ANSWER = "HTTP response, unwrapped"
ENVIRON = "environ, start_response"
ITERABLE = "status, headers, an iterable of bytes"
REQUEST = "HttpRequest"
RESPONSE = "HttpResponse"

WHY_HTTP = "What every client speaks; the connection stays open for the next request."
WHY_PACKET = (
    "A binary form of the same request: each variable with its length before it, so that uWSGI has nothing to search for. "
    "The answer comes back as plain HTTP, without any wrapping."
)
WHY_ENVIRON = "Within one process: no bytes are sent, a function is called. The variables of the packet are in environ."
WHY_OBJECTS = (
    "Django's handler is the callable: it makes an HttpRequest of environ, and calls start_response with what the "
    "HttpResponse says."
)
