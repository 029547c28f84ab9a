"""The application under load, as a plain WSGI module and as a Django project; each write of it is a release of its own."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from support.stack import start_project

#: What both variants share. A line in the journal says which process began which request, before anything else happens.
_CORE = '''
import os, time
VERSION = "{version}"  # {padding}
JOURNAL = os.open("{journal}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)

def answer(path, name, stream):
    """Pieces of the body: id, length of the request's body, version, pid; then what the path adds."""
    os.write(JOURNAL, (name + " " + str(os.getpid()) + "\\n").encode())
    length = 0
    while piece := stream.read(65536):
        length += len(piece)
    if path == "/slow":
        time.sleep(2)
    yield (name + " " + str(length) + " " + VERSION + " " + str(os.getpid()) + "\\n").encode()
    if path == "/stream":
        for number in range(64):
            time.sleep(0.005)
            yield b"." * 999 + b"\\n"
        yield ("end " + name + "\\n").encode()
'''
_WSGI = """
def application(environ, start_response):
    name = environ["QUERY_STRING"] or "probe"
    pieces = answer(environ["PATH_INFO"], name, environ["wsgi.input"])
    if environ["PATH_INFO"] == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return pieces
    body = b"".join(pieces)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
_DJANGO = """
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

@csrf_exempt
def view(request):
    pieces = answer(request.path, request.META["QUERY_STRING"] or "probe", request)
    if request.path == "/stream":
        return StreamingHttpResponse(pieces, content_type="text/plain")
    return HttpResponse(b"".join(pieces), content_type="text/plain")

urlpatterns = [re_path("", view)]
"""
BROKEN = "import a_module_that_does_not_exist\n"
#: Loads for whoever only looks at it, and not where it is to serve.
BROKEN_IN_UWSGI = f"import sys\nif 'uwsgi' in sys.modules:\n    {BROKEN}"
SLOW = "import time\ntime.sleep({seconds})\n"


@dataclass
class Application:
    """The code in a folder. `release` writes the next version of it and returns its name."""

    folder: Path
    django: bool = False
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        if self.django:
            start_project(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.release()

    @property
    def target(self) -> tuple[str, ...]:
        """What `portico up` is told: nothing for Django, which is found."""
        return () if self.django else ("shop.py",)

    @property
    def journal(self) -> Path:
        return self.folder / "journal.txt"

    def release(self, before: str = "") -> str:
        """The padding makes each version's size differ: Python takes a .pyc of the same second and size for current."""
        number = next(self._numbers)
        core = _CORE.format(version=f"v{number}", padding="." * number, journal=self.journal)
        path = self.folder / ("mysite/urls.py" if self.django else "shop.py")
        path.write_text(before + core + (_DJANGO if self.django else _WSGI), encoding="utf-8")
        return f"v{number}"

    def began_by(self, pids: set[int]) -> set[str]:
        """Ids of requests that one of these processes had begun to execute."""
        lines = (line.split() for line in self.journal.read_text().splitlines())
        return {words[0] for words in lines if len(words) == 2 and int(words[1]) in pids}
