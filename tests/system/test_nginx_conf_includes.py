"""Which files an include leads to: order, parts of a configuration, paths of another machine, what cannot be read."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from portico.hops.nginx.tree import tree
from portico.model.adoption import NO_MAP, PathMap
from portico.model.directive import Directive
from portico.system.nginx_conf import read


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def look(conf: Path, paths: PathMap = NO_MAP) -> tuple[Directive, tuple[str, ...]]:
    found, errors = tree(read(conf, paths=paths), str(conf))
    assert found, errors
    return found, errors


def sets(root: Directive) -> list[str]:
    """The words of all `set` directives, in their order."""
    return [" ".join(entry.args) for entry in root.deep("set")]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root folder of another machine; its name would be a pattern."""
    folder = tmp_path / "ma[c]hine"
    write(
        folder, "etc/nginx/nginx.conf", "http { include conf.d/*.conf; include /etc/nginx/sites-enabled/*; include mime; }"
    )
    write(folder, "etc/nginx/mime", "set mime 1;")
    write(folder, "etc/nginx/conf.d/a.conf", "set a 1;")
    write(folder, "etc/nginx/sites-available/site", "server { include snippets/s; include uwsgi_params; }")
    write(folder, "etc/nginx/uwsgi_params", "set params 1;")
    write(folder, "etc/nginx/snippets/s", "set s 1;")
    (folder / "etc/nginx/sites-enabled").mkdir()
    (folder / "etc/nginx/conf.d/b.conf").symlink_to(folder / "etc/nginx/conf.d/b")
    write(folder, "etc/nginx/conf.d/b", "set b 1;")
    (folder / "etc/nginx/sites-enabled/site").symlink_to("/etc/nginx/sites-available/site")
    return folder


def test_the_root_of_another_machine(machine: Path) -> None:
    root, errors = look(machine / "etc/nginx/nginx.conf", PathMap((("", str(machine)),)))
    assert errors == ()
    assert sets(root) == ["a 1", "b 1", "s 1", "params 1", "mime 1"]
    assert [entry.where for entry in root.deep("server")] == [f"{machine}/etc/nginx/sites-enabled/site:1"]


def test_a_folder_of_another_machine(machine: Path) -> None:
    conf = write(machine, "main.conf", "http { include /etc/nginx/conf.d/*.conf; include /etc/nginx/mime; }")
    root, errors = look(conf, PathMap((("/etc/nginx", f"{machine}/etc/nginx"),)))
    assert errors == ()
    assert sets(root) == ["a 1", "b 1", "mime 1"]


@pytest.mark.parametrize("name", ["sites-enabled/site", "sites-available/site"])
def test_a_site_alone_finds_what_lies_beside_its_main_configuration(machine: Path, name: str) -> None:
    root, errors = look(machine / "etc/nginx" / name, PathMap((("", str(machine)),)))
    assert errors == ()
    assert sets(root) == ["s 1", "params 1"]


def test_a_site_from_elsewhere_looks_in_the_folder_that_nginx_was_built_for(machine: Path, tmp_path: Path) -> None:
    conf = write(tmp_path, "deploy/site.conf", "server { include uwsgi_params; include none; include /gone; }")
    root, errors = look(conf, PathMap((("", str(machine)),)))
    assert sets(root) == ["params 1"]
    missing, gone = errors
    assert missing == (
        f"{conf}:1: [Errno 2] No such file or directory: '{tmp_path}/deploy/none', nor in {machine}/etc/nginx"
    )
    assert gone == f"{conf}:1: [Errno 2] No such file or directory: '{machine}/gone'"
    write(tmp_path, "deploy/uwsgi_params", "set beside 1;")
    assert sets(look(conf, PathMap((("", str(machine)),)))[0]) == ["beside 1"]


def test_a_site_finds_the_main_configuration_a_folder_above(tmp_path: Path) -> None:
    write(tmp_path, "nginx/nginx.conf", "events {}")
    write(tmp_path, "nginx/of_this_test", "set above 1;")
    site = write(tmp_path, "nginx/sites/site.conf", "server { include of_this_test; }")
    assert sets(look(site)[0]) == ["above 1"]


def test_a_whole_configuration_looks_in_its_own_folder_only(machine: Path, tmp_path: Path) -> None:
    conf = write(tmp_path, "deploy/nginx.conf", "events {} http { include uwsgi_params; server { set x 1; } }")
    root, errors = look(conf, PathMap((("", str(machine)),)))
    assert sets(root) == ["x 1"]
    assert errors == (f"{conf}:1: [Errno 2] No such file or directory: '{tmp_path}/deploy/uwsgi_params'",)


def test_patterns_are_in_the_order_of_bytes_and_may_find_nothing(tmp_path: Path) -> None:
    for name in ("b.conf", "B.conf", "a.conf", "10.conf", "9.conf", ".hidden.conf", "\u00e9.conf"):
        write(tmp_path, f"d/{name}", f"set {name} 1;")
    conf = write(
        tmp_path, "nginx.conf", "http { include d/*.conf; include none/*; include d/[xy].conf; include d/?.con[f]; }"
    )
    root, errors = look(conf)
    assert errors == ()
    names = [word.removesuffix(".conf 1") for word in sets(root)]
    assert names == ["10", "9", "B", "a", "b", "\u00e9", "9", "B", "a", "b", "\u00e9"]


def test_a_file_that_is_included_twice_is_there_twice(tmp_path: Path) -> None:
    write(tmp_path, "common", "set c 1; include more;")
    write(tmp_path, "more", "set m 1;")
    conf = write(tmp_path, "nginx.conf", "http { server { include common; } server { include common; } }")
    root, errors = look(conf)
    assert (sets(root), errors) == (["c 1", "m 1", "c 1", "m 1"], ())


def test_entries_of_a_map_in_a_file_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, "hosts", "default 0;\nlisten;\nserver 1;\nUpper 2;\n")
    conf = write(tmp_path, "nginx.conf", "http { map $host $x { include hosts; } }")
    root, errors = look(conf)
    assert errors == ()
    assert [entry.name for entry in next(root.deep("map")).block or ()] == ["default", "listen", "server", "Upper"]


def test_what_cannot_be_read_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "d-fifo")
    (tmp_path / "d-folder").mkdir()
    (tmp_path / "d-loop").symlink_to("d-loop")
    write(tmp_path, "d-elf", b"\x7fELF\n\0\0")
    write(tmp_path, "d-wide", "set w 1;".encode("utf-16"))
    write(tmp_path, "d-large", "#" * (10 << 20))
    write(tmp_path, "d-wrong", "set w 1;\n}")
    write(tmp_path, "d-latin", b"# caf\xe9\nset latin 1;")
    conf = write(tmp_path, "nginx.conf", "http {\n include d-*;\n set after 1;\n}")
    began = time.process_time()
    root, errors = look(conf)
    assert time.process_time() - began < 10
    assert sets(root) == ["latin 1", "after 1"]
    text = "\n".join(errors)
    assert f"{conf}:2: {tmp_path}/d-elf is not a text: there is a NUL byte in line 2" in text
    assert f"{conf}:2: {tmp_path}/d-fifo is not an ordinary file" in text
    assert f"{conf}:2: [Errno 21] Is a directory: '{tmp_path}/d-folder'" in text
    assert f"{conf}:2: {tmp_path}/d-large is larger than 4 MiB" in text
    assert f"{conf}:2: [Errno 40]" in text
    assert f"{conf}:2: {tmp_path}/d-wide is UTF-16" in text
    assert f'{tmp_path}/d-wrong:2:1: unexpected "}}"' in text
    assert len(errors) == 7


def test_thousands_of_files(tmp_path: Path) -> None:
    for number in range(2_100):
        write(tmp_path, f"d/{number:04}", f"set a {number};")
    conf = write(tmp_path, "nginx.conf", "http { include d/1*; }")
    root, errors = look(conf)
    assert (len(sets(root)), errors) == (1_000, ())
    root, errors = look(write(tmp_path, "nginx.conf", "http { include d/*; }"))
    assert len(sets(root)) == 1_999
    assert errors == (f"{conf}:1: includes are left unread from here on: more than 2000 files or 8 MiB",)


def test_lua_that_is_newer_than_the_parser(tmp_path: Path) -> None:
    conf = write(tmp_path, "nginx.conf", "http { server { server_rewrite_by_lua_block { a = { b = 1 } } set x 1; } }")
    root, errors = look(conf)
    assert (sets(root), errors) == (["x 1"], ())
    assert next(root.deep("server_rewrite_by_lua_block")).args == (" a = { b = 1 } ",)
