"""A Django project with a view for every way a response can go."""

from __future__ import annotations

from pathlib import Path

from support.stack import Project, start_project

VIEWS = """
import time
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import etag


def hello(request):
    users = [User.objects.filter(username=str(n)).count() for n in range(3)]
    response = JsonResponse({"users": users, "text": "long " * 400})
    response["Server-Timing"] = 'db;dur=1.5;desc="the users"'
    return response


@csrf_exempt
def echo(request):
    return HttpResponse(request.body, content_type="application/octet-stream")


@csrf_exempt
def upload(request):
    return JsonResponse({name: file.size for name, file in request.FILES.items()})


def stream(request):
    def parts():
        for number in range(5):
            yield b"%d" % number * 1000

    return StreamingHttpResponse(parts(), content_type="text/plain")


def broken(request):
    def parts():
        yield b"one"
        raise ValueError("no second part")

    return StreamingHttpResponse(parts())


class Lingering(HttpResponse):
    def close(self):
        time.sleep(2.5)
        super().close()


def linger(request):
    return Lingering("at once")


def move(request):
    return HttpResponseRedirect("/hello/")


def boom(request):
    raise ValueError("the password is hunter2hunter2")


@etag(lambda request: '"one"')
def tagged(request):
    return HttpResponse("tagged")


async def later(request):
    count = await sync_to_async(User.objects.count)()
    return HttpResponse(f"{count} users, later")


def slow(request):
    time.sleep(float(request.GET["s"]))
    return HttpResponse(request.GET["s"])


def seen(request):
    return JsonResponse({name: str(value) for name, value in request.META.items() if "TRACE" in name.upper()})


urlpatterns = [
    path("hello/", hello), path("echo/", echo), path("upload/", upload), path("stream/", stream), path("move/", move),
    path("boom/", boom), path("tagged/", tagged), path("later/", later), path("slow/", slow), path("seen/", seen),
    path("broken/", broken), path("linger/", linger),
]
"""


def traced_site(folder: Path) -> Project:
    """The project with its tables and a style sheet under /static/."""
    site = Project(start_project(folder))
    site.write("mysite/urls.py", VIEWS)
    site.write("assets/site.css", "body { color: black }\n" * 50)
    settings = site.folder / "mysite" / "settings.py"
    more = "STATICFILES_DIRS = [BASE_DIR / 'assets']\n"
    site.write("mysite/settings.py", settings.read_text() + more)
    return site
