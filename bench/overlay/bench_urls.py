"""What is measured, and the sample's own pages."""

import bench_views
from django.urls import include, path

urlpatterns = [
    path("json/", bench_views.as_json),
    path("page/sqlite/", bench_views.page, {"database": "default"}),
    path("page/postgres/", bench_views.page, {"database": "postgres"}),
    path("sleep/", bench_views.sleep),
    path("upload/", bench_views.upload),
    path("version/", bench_views.version),
    path("", include("destiny.urls")),
]
