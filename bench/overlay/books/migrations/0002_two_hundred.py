"""Two hundred books, always the same."""

import datetime
import random

from django.db import migrations

BOOKS, AUTHORS = 200, 24
GIVEN = ("Ada", "Bruno", "Clara", "Dario", "Edith", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kavya", "Lena")
FAMILY = ("Abel", "Brandt", "Costa", "Duarte", "Ekman", "Fontaine", "Gruber", "Hashimi", "Ivanov", "Jansen")
WORDS = (
    "river harbour winter letter garden window silence mountain lantern bridge orchard station island market shadow "
    "river copper thread season evening compass chimney stranger morning paper road summer kitchen voyage border"
)


def fill(apps, editor):
    chance, words = random.Random(1815), WORDS.split()
    alias = editor.connection.alias
    author_of, book_of = apps.get_model("books", "Author"), apps.get_model("books", "Book")
    names = [f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}" for _ in range(AUTHORS)]
    author_of.objects.using(alias).bulk_create([author_of(pk=number, name=name) for number, name in enumerate(names, 1)])
    book_of.objects.using(alias).bulk_create(
        [
            book_of(
                title=f"The {chance.choice(words)} & the {chance.choice(words)}".title(),
                author_id=chance.randint(1, AUTHORS),
                published=datetime.date(1950, 1, 1) + datetime.timedelta(days=chance.randint(0, 27_000)),
                pages=chance.randint(90, 800),
                summary=" ".join(chance.choice(words) for _ in range(30)).capitalize() + ".",
            )
            for _ in range(BOOKS)
        ]
    )


class Migration(migrations.Migration):
    dependencies = (("books", "0001_initial"),)
    operations = (migrations.RunPython(fill),)
