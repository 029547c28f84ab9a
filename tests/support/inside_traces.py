"""A listener for the recorder, and a Django project that does everything a trace can show."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portico.hops.django.traced import django_hop
from portico.hops.wsgi.traced import wsgi_hop
from support.inside_projects import INSIDE, Served, clean_environ, django_project, release, write

SETTINGS = """
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "mysite.layers.marks",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "mysite.layers.Async",
    "mysite.layers.Answers",
    "mysite.layers.Unused",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.gzip.GZipMiddleware",
]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
DEBUG = bool(__import__("os").environ.get("SITE_DEBUG"))
INSTALLED_APPS += ["django.contrib.sessions", "django.contrib.auth", "mysite"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "pages"]}]
"""

LAYERS = """
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse

def marks(get_response):
    def middleware(request):
        request.marked = 1
        response = get_response(request)
        response["X-Mark"] = "1"
        response.set_cookie("mark", "secret-value")
        return response
    return middleware

class Async:
    sync_capable = False
    async_capable = True
    def __init__(self, get_response):
        assert iscoroutinefunction(get_response)
        self.get_response = get_response
        markcoroutinefunction(self)
    async def __call__(self, request):
        return await self.get_response(request)

class Answers:
    def __init__(self, get_response):
        self.get_response = get_response
    def __call__(self, request):
        if request.path == "/answered/":
            return HttpResponse("me", status=418)
        response = self.get_response(request)
        request.late = 1
        return response

class Unused:
    def __init__(self, get_response):
        raise MiddlewareNotUsed
"""

MODELS = """
from django.db import models
from django.db.models.signals import post_save
from django.dispatch import Signal, receiver

class Entry(models.Model):
    title = models.CharField(max_length=50)

@receiver(post_save, sender=Entry)
def saved(**_):
    pass

written = Signal()
"""

URLS = """
import io, threading, time
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.views import View
from mysite.models import Entry, written

PATCHED = ("django.core.handlers.base.BaseHandler.resolve_request", "django.template.base.Template.render",
           "django.dispatch.dispatcher.Signal.send", "django.db.utils.ConnectionHandler.create_connection")

def hello(request):
    return HttpResponse("hello")
def patched(request):
    from django.utils.module_loading import import_string
    names = [name for name in PATCHED if "trace_" in vars(import_string(name.rpartition(".")[0]))[
        name.rpartition(".")[2]].__code__.co_filename]
    ours = [wrapper for wrapper in connection.execute_wrappers if "trace" in wrapper.__module__]
    return HttpResponse(f"{len(names)} {len(ours)}")
def environ(request):
    return HttpResponse(repr(sorted(name for name in request.META if "PORTICO" in name)))
def save(request):
    entry = Entry.objects.create(title=request.GET.get("title", "one"))
    written.send(sender=Entry)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO mysite_entry (title) VALUES (%s)", [["a"], ["b"]])
    request.session["last"] = entry.pk
    return HttpResponse("saved")
def broken_sql(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT title FROM nowhere")
def boom(request):
    password = "local-secret"
    raise ValueError("boom")
def denied(request):
    raise PermissionDenied("not you")
def entry(request, pk):
    return HttpResponse(get_object_or_404(Entry, pk=pk).title)
async def counted(request):
    return HttpResponse(str(await Entry.objects.acount()))
class Counted(View):
    async def get(self, request):
        return HttpResponse(str(await Entry.objects.acount()))
def page(request):
    return TemplateResponse(request, "child.html", {"entries": Entry.objects.all})
def stream(request):
    def parts():
        yield "first"
        yield str(Entry.objects.count())
        if request.GET.get("boom"):
            raise KeyError("midway")
        yield "x" * 70000
    return StreamingHttpResponse(parts())
def file(request):
    return FileResponse(open(__file__, "rb"))
def memory(request):
    return FileResponse(io.BytesIO(b"x" * 100000))
def posted(request):
    return HttpResponse(str(len(request.body)))
def waits(request):
    for number in range(5):
        Entry.objects.filter(title=request.GET["mark"]).count()
        time.sleep(0.02)
    return HttpResponse(request.GET["mark"])
def dies(request):
    import os, signal
    Entry.objects.count()
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(5)
urlpatterns = [
    path("", hello, name="home"), path("patched/", patched), path("environ/", environ), path("save/", save),
    path("broken-sql/", broken_sql), path("boom/", boom), path("denied/", denied),
    path("entry/<int:pk>/", entry, name="entry"),
    path("async/", counted), path("async-class/", Counted.as_view()), path("page/", page), path("stream/", stream),
    path("file/", file), path("memory/", memory), path("posted/", posted), path("waits/", waits), path("dies/", dies),
]
"""

#: The application is not Django's own object.
AROUND = """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
class Around:
    def __init__(self, inner):
        self.inner = inner
    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/around/":
            raise LookupError("outside of Django")
        return self.inner(environ, start_response)
application = Around(get_wsgi_application())
"""

PAGES = {
    "pages/base.html": "<p>{% block body %}{% endblock %}{% include 'part.html' %}",
    "pages/child.html": "{% extends 'base.html' %}{% block body %}{{ entries }}{% endblock %}",
    "pages/part.html": "part",
}


def traced_project(folder: Path, python: str, settings: str = "") -> Path:
    """The project, with its tables."""
    project = django_project(folder, SETTINGS + settings, urls=URLS, wsgi=AROUND)
    write(project, {"mysite/layers.py": LAYERS, "mysite/models.py": MODELS, **PAGES})
    migrate = [python, "manage.py", "migrate", "-v0", "--run-syncdb"]
    subprocess.run(migrate, cwd=project, check=True, env=clean_environ())
    return project


def traced_release(folder: Path, project: Path, sockets: Path, **config: Any) -> Path:
    """A release whose requests can be traced with the header; returns the path of entry.py."""
    full = {"trace_dir": str(sockets), "trace_header": True, **config}
    for module in INSIDE.glob("trace_*.py"):
        write(folder, {module.name: module.read_text(encoding="utf-8")})
    return release(folder, project, **full)


def django_release(folder: Path, project: Path, sockets: Path) -> Path:
    return traced_release(folder, project, sockets, module="mysite.wsgi", settings="mysite.settings", framework="django")


@dataclass
class Listener:
    """Who listens for one trace: `events` has all of them when the block has ended."""

    nonce: str
    events: list[dict[str, Any]] = field(default_factory=list)
    began_ns: int = 0


@contextlib.contextmanager
def listening(sockets: Path, lines: int = -1) -> Iterator[Listener]:
    """Listen for a trace; after `lines` events the listener goes away, in the middle of the request."""
    found = Listener(os.urandom(16).hex(), began_ns=time.monotonic_ns())
    server = socket.socket(socket.AF_UNIX)
    # A unix socket's path may have 107 bytes: `sockets` must be short.
    server.bind(str(sockets / f"trace-{found.nonce}.sock"))
    server.listen(1)
    server.settimeout(30)

    def read() -> None:
        with contextlib.suppress(TimeoutError), server.accept()[0] as channel, channel.makefile(encoding="ascii") as file:
            while len(found.events) != lines and (line := file.readline()):
                found.events.append(json.loads(line))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield found
    finally:
        reader.join()
        server.close()


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool
    events: list[dict[str, Any]]
    began_ns: int

    @property
    def wsgi(self) -> dict[str, Any]:
        hop = wsgi_hop(self.events, self.began_ns)
        assert hop is not None
        return hop

    @property
    def django(self) -> dict[str, Any]:
        hop = django_hop(self.events, self.began_ns)
        assert hop is not None
        return hop


def ask(site: Served, path: str, nonce: str = "", method: str = "GET", token: str = "", body: bytes | None = None) -> Answer:
    """One request, traced when it has a nonce."""
    headers = {"Host": "example.com", **({"X-Portico-Trace-Token": f"{token}{nonce}"} if nonce else {})}
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    with contextlib.closing(connection):
        try:
            connection.request(method, path, body=body, headers=headers)
            got = connection.getresponse()
        except (http.client.HTTPException, ConnectionError):
            return Answer(0, [], b"", False, [], 0)
        try:
            return Answer(got.status, got.getheaders(), got.read(), True, [], 0)
        except http.client.HTTPException as error:
            return Answer(got.status, got.getheaders(), getattr(error, "partial", b""), False, [], 0)


def trace(site: Served, sockets: Path, path: str, **how: Any) -> Answer:
    """One traced request and its events."""
    with listening(sockets) as listener:
        answer = ask(site, path, listener.nonce, **how)
    answer.events, answer.began_ns = listener.events, listener.began_ns
    return answer
