from django.contrib import admin

from journal.models import Upload


@admin.register(Upload)
class UploadAdmin(admin.ModelAdmin):
    list_display = ("name", "note", "created")
    search_fields = ("file", "note")
    date_hierarchy = "created"
