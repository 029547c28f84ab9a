"""Reading nginx's configuration from disk: whatever is there, an answer comes back."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from portico.hops.nginx.tree import tree
from portico.system.nginx_conf import read

SIMPLE = "events {}\nhttp { server { listen 80; } }\n"


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problems(payload: dict[str, Any], conf: Path) -> str:
    return "\n".join(tree(payload, str(conf))[1])


def test_a_missing_file_a_folder_and_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("missing", "fifo", ".", "a\0b"):
        payload = read(tmp_path / name)
        assert payload["status"] == "failed"
        assert payload["config"] == []
        assert payload["errors"][0]["error"]
        assert tree(payload, name)[0] is None


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    conf = write(tmp_path, "nginx.conf", SIMPLE)
    conf.chmod(0)
    if os.access(conf, os.R_OK):
        pytest.skip("this account may read everything")
    assert "[Errno 13]" in read(conf)["errors"][0]["error"]


def test_a_relative_file_starts_at_the_prefix(tmp_path: Path) -> None:
    write(tmp_path, "conf/nginx.conf", SIMPLE)
    found, _ = tree(read(Path("conf/nginx.conf"), f"{tmp_path}/"), "conf/nginx.conf")
    assert found
    assert [entry.where for entry in found.deep("listen")] == [f"{tmp_path}/conf/nginx.conf:2"]


def test_includes_start_at_the_folder_of_the_first_file(tmp_path: Path) -> None:
    conf = write(tmp_path, "nginx.conf", "http { include sites/*.conf; include 'none/*'; include gone.conf; }\n")
    write(tmp_path, "sites/b.conf", "server { include params; }")
    write(tmp_path, "sites/a.conf", "\nserver { listen 1; }")
    write(tmp_path, "params", "listen 2;")
    found, errors = tree(read(conf), str(conf))
    assert found
    assert [(entry.args, entry.where) for entry in found.deep("listen")] == [
        (("1",), f"{tmp_path}/sites/a.conf:2"),
        (("2",), f"{tmp_path}/params:1"),
    ]
    assert len(errors) == 1
    assert errors[0].startswith(f"{conf}:1: ")
    assert "gone.conf" in errors[0]


def test_includes_in_a_circle_end(tmp_path: Path) -> None:
    conf = write(tmp_path, "nginx.conf", "http { include a; include a; }")
    write(tmp_path, "a", "server { listen 1; }\ninclude b;")
    write(tmp_path, "b", "include a;\ninclude nginx.conf;")
    found, errors = tree(read(conf), str(conf))
    assert found
    assert len(list(found.deep("listen"))) == 2
    assert f"{tmp_path}/b:1: includes itself" in errors


def test_includes_that_double_at_each_step_end(tmp_path: Path) -> None:
    for number in range(40):
        write(tmp_path, f"f{number}", f"include f{number + 1};\ninclude f{number + 1};\n")
    write(tmp_path, "f40", "x 1;\n")
    conf = write(tmp_path, "nginx.conf", "include f0;")
    began = time.process_time()
    _, errors = tree(read(conf), str(conf))
    assert time.process_time() - began < 20
    assert any("directives" in error for error in errors)


def test_a_long_chain_and_a_deep_nest_end(tmp_path: Path) -> None:
    for number in range(150):
        write(tmp_path, f"f{number}", f"include f{number + 1};\n")
    write(tmp_path, "f150", "x 1;\n")
    assert "within each other" in problems(read(write(tmp_path, "chain", "y 1; include f0;")), tmp_path)
    nest = write(tmp_path, "nest", "a {" * 300 + "}" * 300)
    assert "within each other" in problems(read(nest), nest)
    assert problems(read(write(tmp_path, "abyss", "a {" * 20_000 + "}" * 20_000)), tmp_path)


def test_a_device_among_the_includes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("/dev/zero", "fifo"):
        conf = write(tmp_path, "nginx.conf", f"http {{ server {{ listen 80; }} include {name}; }}")
        found, errors = tree(read(conf), str(conf))
        assert found
        assert [entry.args for entry in found.deep("listen")] == [("80",)]
        assert any("not an ordinary file" in error for error in errors)


def test_a_comment_is_no_include(tmp_path: Path) -> None:
    conf = write(tmp_path, "nginx.conf", "# include /dev/zero;\nhttp { include a; # include /dev/null;\n}")
    write(tmp_path, "a", "server { listen 80; }")
    found, errors = tree(read(conf), str(conf))
    assert found
    assert list(found.deep("listen"))
    assert not errors


def test_a_file_too_large(tmp_path: Path) -> None:
    conf = write(tmp_path, "nginx.conf", "include large;\nevents {}")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 30)
    began = time.process_time()
    assert "larger than" in problems(read(conf), conf)
    assert "larger than" in read(tmp_path / "large")["errors"][0]["error"]
    assert time.process_time() - began < 5


def test_a_byte_order_mark_and_bytes_of_another_encoding(tmp_path: Path) -> None:
    conf = write(tmp_path, "nginx.conf", b"\xef\xbb\xbfuser www;\r\n# caf\xe9\r\nhttp { root /caf\xe9; }\r\n")
    found, errors = tree(read(conf), str(conf))
    assert found
    assert [entry.name for entry in found.block or ()] == ["user", "http"]
    assert errors == (f"{conf}:1: begins with a byte order mark, which nginx takes for a part of the first directive",)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("events {}\nhttp { server { listen 80 } }", "2:26"),
        ("http { server { listen 80; }\n", "2:1"),
        ("events {} }\n", "1:11"),
        ('http { root "open; }\n', "1:13"),
        ("http {\n server { uwsgi_pass unix:/a\n location / { return 200; } } }", "2:29"),
    ],
)
def test_mistakes_have_a_place(tmp_path: Path, text: str, place: str) -> None:
    conf = write(tmp_path, "nginx.conf", text)
    told = problems(read(conf), conf)
    assert told.startswith(f"{conf}:{place}: "), told
    assert told.count(str(conf)) == 1


@pytest.mark.parametrize("size", [0, 1, 4096, 100_000])
def test_noise(tmp_path: Path, size: int) -> None:
    conf = tmp_path / "nginx.conf"
    conf.write_bytes(os.urandom(size))
    tree(read(conf), str(conf))
