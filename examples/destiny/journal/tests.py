"""The application's own tests: `python manage.py test`."""

import tempfile
from pathlib import Path
from unittest import mock

from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import SimpleTestCase, TestCase, override_settings
from django.urls import reverse

from destiny.database import database
from destiny.secret import secret_key
from journal import models, views
from journal.models import Upload

# The hashed names exist only after collectstatic; tests run without it.
plain_static = override_settings(
    STORAGES={
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
)


@plain_static
class Pages(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.media = Path(folder.name)
        settings = override_settings(MEDIA_ROOT=self.media)
        settings.enable()
        self.addCleanup(settings.disable)

    def send(self, name: str = "note.txt", content: bytes = b"hello\n", note: str = ""):
        return self.client.post(reverse("journal:upload"), {"file": SimpleUploadedFile(name, content), "note": note})

    def test_home_allows_nothing_inline_and_nothing_from_elsewhere(self) -> None:
        answer = self.client.get("/")
        self.assertContains(answer, "The way of a request")
        self.assertIn("default-src 'none'", answer["Content-Security-Policy"])
        for forbidden in (" style=", "<style", "<script>", " onclick=", "//cdn"):
            self.assertNotContains(answer, forbidden)

    def test_an_upload_is_stored_listed_and_readable_by_others(self) -> None:
        self.assertRedirects(self.send("Mein Foto.png", note="<b>mine</b>"), "/#uploads", fetch_redirect_response=False)
        stored = Upload.objects.get()
        self.assertEqual(stored.name, "Mein_Foto.png")
        path = Path(stored.file.path)
        self.assertEqual(path.read_bytes(), b"hello\n")
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        self.assertEqual(path.parent.stat().st_mode & 0o777, 0o755)
        page = self.client.get("/")
        self.assertContains(page, f'href="/media/{stored.file.name}"')
        self.assertContains(page, "&lt;b&gt;mine&lt;/b&gt;")
        listed = self.client.get(reverse("journal:uploads")).json()
        self.assertEqual(listed["count"], 1)
        self.assertEqual(listed["uploads"][0]["url"], f"/media/{stored.file.name}")

    def test_what_a_browser_would_run_is_refused(self) -> None:
        for name in ("page.html", "drawing.svg", "noextension"):
            with self.subTest(name):
                self.assertContains(self.send(name), "not allowed", status_code=422)
        self.assertEqual(list(self.media.iterdir()), [])

    def test_a_file_that_is_too_big_is_refused(self) -> None:
        with mock.patch.object(models, "MAX_UPLOAD_MB", 0):
            self.assertContains(self.send(), "larger than", status_code=422)

    def test_without_tables_the_pages_answer_and_nothing_is_left_in_media(self) -> None:
        with mock.patch.object(Upload, "objects") as objects, mock.patch.object(Upload, "save_base") as save:
            objects.all.side_effect = objects.count.side_effect = save.side_effect = OperationalError("no such table")
            self.assertContains(self.client.get("/"), "manage.py migrate")
            self.assertEqual(self.client.get(reverse("journal:uploads")).status_code, 503)
            with self.assertLogs("journal.views", "WARNING"):
                self.assertContains(self.send(), "manage.py migrate", status_code=503)
        self.assertEqual([path for path in self.media.rglob("*") if path.is_file()], [])


class Api(SimpleTestCase):
    def test_hello_repeats_the_request_id(self) -> None:
        answer = self.client.get("/api/hello/", headers={"X-Request-ID": "abc-123"})
        self.assertEqual(answer.json()["hello"], "world")
        self.assertEqual(answer.json()["request_id"], "abc-123")

    def test_slow_sleeps_within_its_bounds(self) -> None:
        with mock.patch.object(views.time, "sleep") as sleep:
            self.assertEqual(self.client.get("/slow/?s=0.5").json()["slept_s"], 0.5)
            sleep.assert_called_once_with(0.5)
            for refused in ("31", "-1", "nan", "inf", "soon"):
                with self.subTest(refused):
                    self.assertEqual(self.client.get(f"/slow/?s={refused}").status_code, 400)
            sleep.assert_called_once()

    def test_the_stream_is_sent_line_by_line(self) -> None:
        with mock.patch.object(views.time, "sleep"):
            answer = self.client.get("/stream/")
            self.assertTrue(answer.streaming)
            self.assertEqual(answer["X-Accel-Buffering"], "no")
            self.assertEqual(len(list(answer.streaming_content)), 10)

    def test_boom_is_a_500_and_its_traceback_is_logged(self) -> None:
        self.client.raise_request_exception = False
        with self.assertLogs("django.request", "ERROR") as logs:
            self.assertEqual(self.client.get("/boom/").status_code, 500)
        self.assertIn("on purpose", logs.output[0])

    def test_health_needs_no_database(self) -> None:
        self.assertEqual(self.client.get("/healthz/").content, b"ok\n")


class Configuration(SimpleTestCase):
    def test_database_url(self) -> None:
        found = database("postgres://us%40er:p%2Fw%23@db.example:5433/jour%20nal?sslmode=require", Path("/x"))
        self.assertEqual(found["ENGINE"], "django.db.backends.postgresql")
        self.assertEqual((found["NAME"], found["USER"], found["PASSWORD"]), ("jour nal", "us@er", "p/w#"))
        self.assertEqual((found["HOST"], found["PORT"]), ("db.example", "5433"))
        self.assertEqual(found["OPTIONS"], {"sslmode": "require"})
        self.assertEqual(database("", Path("/x"))["NAME"], Path("/x"))

    def test_a_wrong_database_url_is_refused_without_repeating_its_password(self) -> None:
        for url in ("mysql://u:secret@h/n", "postgresql://u:secret@h/", "postgresql://u:secret@h:port/n", "secret"):
            with self.subTest(url), self.assertRaises(ImproperlyConfigured) as caught:
                database(url, Path("/x"))
            self.assertNotIn("secret", str(caught.exception))

    def test_the_secret_key_is_made_once_and_private(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "secret-key"
            key = secret_key(path)
            self.assertEqual(secret_key(path), key)
            self.assertGreaterEqual(len(key), 50)
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            self.assertEqual([entry.name for entry in Path(folder).iterdir()], ["secret-key"])
            path.write_text("")
            with self.assertRaisesMessage(ImproperlyConfigured, "is empty"):
                secret_key(path)
