"""One view for each way a request can go wrong."""

import ctypes
import os
import signal
import time

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from .models import Item

NAMES = "items write slow bighdr env read upload uni form segv oom boom stream absolute big".split()


def home(request):
    return HttpResponse("<html><head><link rel=stylesheet href=/static/admin/css/base.css></head>home ok</html>\n")


def items(request):
    return HttpResponse(f"items {Item.objects.count()}\n")


def write(request):
    Item.objects.create(name="x")
    return HttpResponse("wrote\n")


def slow(request):
    time.sleep(float(request.GET.get("s", "3")))
    return HttpResponse("slow done\n")


def bighdr(request):
    response = HttpResponse("bighdr\n")
    response["X-Big"] = "a" * int(request.GET.get("n", "5000"))
    return response


def env(request):
    shown = {key: str(value) for key, value in sorted(request.META.items()) if key.isupper()}
    return JsonResponse({key: value for key, value in shown.items() if key.startswith(("HTTP_", "SERVER_", "REQUEST_"))})


@csrf_exempt
def read(request):
    return HttpResponse(f"read {len(request.body)} bytes\n")


@csrf_exempt
def upload(request):
    from django.core.files.storage import default_storage

    file = request.FILES["f"]
    return HttpResponse(f"saved {default_storage.save(file.name, file)}\n")


def uni(request):
    path = f"/tmp/uni-{os.getpid()}-\u4f60\u597d.txt"
    with open(path, "w") as file:
        file.write("na\u00efve")
    os.unlink(path)
    return HttpResponse("written\n")


def form(request):
    return HttpResponse("posted ok\n") if request.method == "POST" else render(request, "form.html")


def segv(request):
    ctypes.string_at(0)


def oom(request):
    os.kill(os.getpid(), signal.SIGKILL)


def boom(request):
    raise ValueError("boom")


def stream(request):
    def parts():
        for number in range(int(request.GET.get("n", "5"))):
            yield f"chunk {number}\n" * 100
            time.sleep(0.3)

    return StreamingHttpResponse(parts())


def absolute(request):
    return HttpResponse(f"{request.build_absolute_uri()} secure={request.is_secure()}\n")


def big(request):
    return HttpResponse("x" * int(request.GET.get("n", "1000000")))
