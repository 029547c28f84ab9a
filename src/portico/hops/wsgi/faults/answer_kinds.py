"""Kinds: the application is loaded, but it does not answer as PEP 3333 wants it."""

from __future__ import annotations

from portico.model.finding import Kind

_PEP = "https://peps.python.org/pep-3333/"

NOT_CALLABLE = Kind(
    "wsgi.E120",
    "wsgi",
    "What uWSGI loaded as the application cannot be called",
    "uWSGI takes any object of that name, and calls it only when the first request comes: `need-app` does not see it.",
    source=f"{_PEP}#the-application-framework-side",
    shows="uWSGI says `WSGI app 0 ready`; every page is 502. Its log: `TypeError: 'str' object is not callable` before "
    "`0 headers in 0 bytes`.",
    example='application = "shop"',
    cure="Let `module` (or `callable`) name the function or object that takes (environ, start_response).",
)
ASGI = Kind(
    "wsgi.E121",
    "wsgi",
    "The application is ASGI; uWSGI calls WSGI applications",
    "ASGI is called with (scope, receive, send), WSGI with (environ, start_response).",
    source="https://asgi.readthedocs.io/en/latest/specs/main.html",
    shows="uWSGI says `WSGI app 0 ready`; every page is 502: `TypeError: ... missing 1 required positional argument: "
    "'send'`.",
    example="module = mysite.asgi:application",
    cure="Django has both: `module = mysite.wsgi:application`. What is ASGI only (FastAPI, Starlette) needs a server "
    "such as "
    "uvicorn.",
)
WRONG_ARGUMENTS = Kind(
    "wsgi.E122",
    "wsgi",
    "The application cannot be called with (environ, start_response)",
    "Most often the name is that of a function that makes the application.",
    source="https://flask.palletsprojects.com/en/stable/deploying/uwsgi/",
    shows="uWSGI says `WSGI app 0 ready`; every page is 502. Its log: `TypeError` about the number of arguments.",
    example="module = shop:create_app",
    cure="Call it once: `module = shop:create_app()`, or `application = create_app()` in a module of its own.",
)
NO_BYTES = Kind(
    "wsgi.E123",
    "wsgi",
    "The application does not return bytes, and its pages are empty",
    "The body must be an iterable of bytes; uWSGI drops everything else and the status is still 200.",
    source=f"{_PEP}#unicode-issues",
    shows="200 with an empty page. uWSGI's log: `[ERROR] Unhandled object from iterator`, or `'NoneType' object is not "
    "iterable`.",
    example='return ["hello"]',
    cure='`return [b"hello"]`, or `[text.encode()]`.',
)
NO_START_RESPONSE = Kind(
    "wsgi.E124",
    "wsgi",
    "The application answers without calling start_response",
    "Without a status and headers there is no HTTP answer that nginx could pass on.",
    source=f"{_PEP}#the-start-response-callable",
    shows="502 for every page, without any traceback; uWSGI's log has `generated N bytes` with `0 headers in 0 bytes`.",
    example='def application(environ, start_response):\n    return [b"hello"]',
    cure='`start_response("200 OK", [("Content-Type", "text/plain")])` before the first part of the body.',
)
RAISES = Kind(
    "wsgi.E125",
    "wsgi",
    "The application raises an exception",
    "What is not caught before start_response was called leaves uWSGI without an answer.",
    source=f"{_PEP}#error-handling",
    shows="502 or 500 for this page; uWSGI's log has the traceback.",
    example="  File \"/srv/site/hello.py\", line 12, in application\nKeyError: 'user'",
    cure="Correct the line that the traceback names.",
)
BAD_HEAD = Kind(
    "wsgi.E126",
    "wsgi",
    "The application calls start_response with something that is no status or no header",
    "The status is a str such as `200 OK`, the headers are a list of pairs of str.",
    source=f"{_PEP}#the-start-response-callable",
    shows="502, or 200 with an empty page. uWSGI's log: `TypeError: http status must be a string`, or `http header "
    "value must "
    "be a string`.",
    example='start_response(200, [("Content-Length", 5)])',
    cure='`start_response("200 OK", [("Content-Length", "5")])`.',
)
WRONG_LENGTH = Kind(
    "wsgi.E127",
    "wsgi",
    "Content-Length is not the length of the body",
    "A client waits for bytes that never come, or does not take those that are too many.",
    source=f"{_PEP}#handling-the-content-length-header",
    shows="Pages that break off or do not finish loading, with a status of 200.",
    example='start_response("200 OK", [("Content-Length", str(len(text)))])    # characters, and the body is UTF-8',
    cure="Count bytes: `body = text.encode(); str(len(body))`, or leave the header out.",
)
NEVER_ANSWERS = Kind(
    "wsgi.E128",
    "wsgi",
    "The application does not answer",
    "A page that waits holds its worker; when all of them wait, every page does.",
    source="https://uwsgi-docs.readthedocs.io/en/latest/Options.html#harakiri",
    shows="504 from nginx after uwsgi_read_timeout, for this page; others may be well.",
    example="requests.get(url)          # without timeout=",
    cure="Give what it waits for a time limit; `harakiri` frees the worker after all.",
)
ASCII = Kind(
    "wsgi.E130",
    "wsgi",
    "Python runs with an ASCII locale",
    "Names of files and what is printed are encoded as ASCII: everything else raises UnicodeEncodeError.",
    source="https://docs.python.org/3/library/os.html#python-utf-8-mode",
    shows="`UnicodeEncodeError: 'ascii' codec can't encode characters`, for uploads and names with umlauts, only in "
    "production.",
    example="LC_ALL=C with PYTHONCOERCECLOCALE=0, or a Python that is embedded in a uWSGI without LANG",
    cure="`LANG=C.UTF-8` (or PYTHONUTF8=1) in the environment that uWSGI is started with: `Environment=LANG=C.UTF-8` "
    "in its unit.",
    leads_to=("wsgi.E125", "django.E110"),
)
ASCII_YET = Kind(
    "wsgi.W131",
    "wsgi",
    "Python runs with an ASCII locale",
    "The first name of a file that has another letter raises UnicodeEncodeError.",
    source="https://docs.python.org/3/library/os.html#python-utf-8-mode",
    shows="Nothing yet; then `UnicodeEncodeError: 'ascii' codec can't encode characters`, only in production.",
    example="LC_ALL=C with PYTHONCOERCECLOCALE=0 and PYTHONUTF8=0",
    cure="`LANG=C.UTF-8` (or PYTHONUTF8=1) in the environment that uWSGI is started with.",
)
