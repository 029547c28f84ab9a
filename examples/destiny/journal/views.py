import logging
import os
import time
from collections.abc import Iterator

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from journal.forms import UploadForm
from journal.models import Upload

logger = logging.getLogger(__name__)

SHOWN = 12
SLOWEST_S = 30.0
#: The page needs nothing from elsewhere and no inline script or style; the browser is told to hold it to that.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The request's way, things to try, and the latest uploads. Works without a database, and says so."""
    return _page(request, UploadForm())


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Stores a file in MEDIA_ROOT and its note in the database; a form with faults comes back with them, as 422."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        stored = form.save()
    except DatabaseError as error:
        logger.warning("upload refused: %s", error)
        form.instance.file.delete(save=False)  # the file is written before its row
        return _page(request, form, status=503)
    logger.info("stored %s, %d bytes", stored.file.name, stored.file.size)
    return redirect(reverse("journal:home") + "#uploads")


@require_safe
def hello(request: HttpRequest) -> JsonResponse:
    """The smallest useful answer: no database, no template."""
    return JsonResponse({"hello": "world", "request_id": request.headers.get("X-Request-ID", ""), "worker": os.getpid()})


@require_safe
def uploads(request: HttpRequest) -> JsonResponse:
    """The latest uploads from the database; 503 when it does not answer or has no tables yet."""
    try:
        count, latest = Upload.objects.count(), list(Upload.objects.all()[:SHOWN])
    except DatabaseError:
        return JsonResponse({"error": "the database is not ready: run manage.py migrate"}, status=503)
    items = [{"name": item.name, "url": item.file.url, "note": item.note, "created": item.created} for item in latest]
    return JsonResponse({"count": count, "uploads": items})


@require_safe
def slow(request: HttpRequest) -> JsonResponse:
    """Keeps a thread busy for `?s=` seconds (0 to 30, default 2)."""
    try:
        seconds = float(request.GET.get("s", "2"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= SLOWEST_S:
        return JsonResponse({"error": f"s is a number of seconds from 0 to {SLOWEST_S:g}"}, status=400)
    time.sleep(seconds)
    return JsonResponse({"slept_s": seconds, "worker": os.getpid()})


@require_safe
def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Ten lines, one every 0.3 s, each sent when it is made."""
    response = StreamingHttpResponse(_lines(), content_type="text/plain; charset=utf-8")
    # nginx collects an answer before it sends it on, unless it is told not to:
    # https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html#uwsgi_buffering
    response["X-Accel-Buffering"] = "no"
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def boom(request: HttpRequest) -> HttpResponse:
    """Raises, so that one can see where a traceback ends up."""
    raise RuntimeError("this view raises on purpose")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether the process answers; it deliberately asks nothing of the database."""
    return HttpResponse("ok\n", content_type="text/plain")


def _page(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    try:
        latest, ready = list(Upload.objects.all()[:SHOWN]), True
    except DatabaseError:
        latest, ready = [], False
    context = {"form": form, "uploads": latest, "database_ready": ready}
    response = render(request, "journal/home.html", context, status=status)
    response["Content-Security-Policy"] = CSP
    return response


def _lines() -> Iterator[str]:
    for number in range(1, 11):
        yield f"line {number} of 10\n"
        time.sleep(0.3)
