from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=120)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    published = models.DateField(db_index=True)
    pages = models.PositiveIntegerField()
    summary = models.TextField()

    class Meta:
        ordering = ("-published", "-pk")

    def __str__(self) -> str:
        return self.title
