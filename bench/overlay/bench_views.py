import time

from bench_version import VERSION
from books.models import Book
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

SHOWN = 20
PIECE_BYTES = 64 * 1024
SLEEP_S = 0.05


@require_safe
def as_json(request: HttpRequest) -> JsonResponse:
    """A small object: no database, no template."""
    return JsonResponse({"name": "destiny", "numbers": [1, 2, 3], "ready": True})


@require_safe
def page(request: HttpRequest, database: str) -> HttpResponse:
    """Twenty of the books, newest first, as a page; `?page=` is its number. 404 when there is no such database."""
    if database not in settings.DATABASES:
        raise Http404(database)
    books = Paginator(Book.objects.using(database).select_related("author"), SHOWN)
    return render(request, "books/shelf.html", {"page": books.get_page(request.GET.get("page"))})


@require_safe
def sleep(request: HttpRequest) -> HttpResponse:
    """Waits 50 ms, as for a service elsewhere."""
    time.sleep(SLEEP_S)
    return HttpResponse("slept\n", content_type="text/plain")


@csrf_exempt
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Reads the body as it comes and answers how many bytes it had."""
    count = 0
    while piece := request.read(PIECE_BYTES):
        count += len(piece)
    return HttpResponse(f"{count}\n", content_type="text/plain")


@require_safe
def version(request: HttpRequest) -> HttpResponse:
    """The version of the code that this process has loaded."""
    return HttpResponse(VERSION, content_type="text/plain")
