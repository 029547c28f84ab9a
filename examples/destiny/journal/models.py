from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.validators import FileExtensionValidator
from django.db import models

MAX_UPLOAD_MB = 50
# Only kinds a browser shows or saves without running them: an HTML or SVG file from this site's own address could act
# in the name of whoever opens it (https://docs.djangoproject.com/en/5.2/topics/security/#user-uploaded-content).
EXTENSIONS = ("avif", "csv", "gif", "jpeg", "jpg", "md", "mp3", "mp4", "pdf", "png", "txt", "webp", "zip")


def not_too_big(file: File) -> None:
    if file.size > MAX_UPLOAD_MB * 1_000_000:
        raise ValidationError(f"The file is larger than {MAX_UPLOAD_MB} MB.")


class Upload(models.Model):
    """A file in MEDIA_ROOT with a word about it."""

    file = models.FileField(upload_to="uploads/%Y/%m/", validators=[FileExtensionValidator(EXTENSIONS), not_too_big])
    note = models.CharField(max_length=140, blank=True)
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-created", "-pk")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The file's own name, without its folder."""
        return self.file.name.rpartition("/")[2]
