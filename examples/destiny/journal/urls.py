from django.urls import path

from journal import views

app_name = "journal"
urlpatterns = [
    path("", views.home, name="home"),
    path("uploads/", views.upload, name="upload"),
    path("api/hello/", views.hello, name="hello"),
    path("api/uploads/", views.uploads, name="uploads"),
    path("slow/", views.slow, name="slow"),
    path("stream/", views.stream, name="stream"),
    path("boom/", views.boom, name="boom"),
    path("healthz/", views.healthz, name="healthz"),
]
