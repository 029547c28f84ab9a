from django.contrib import admin
from django.urls import path

from shop import views

urlpatterns = [path("", views.home), path("admin/", admin.site.urls)]
urlpatterns += [path(f"{name}/", getattr(views, name)) for name in views.NAMES]
