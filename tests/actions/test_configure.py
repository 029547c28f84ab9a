"""Reading portico.toml: what is accepted, and how exactly a mistake is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.actions.configure import key_lines, load
from portico.model.errors import Exit, PorticoError


def write(folder: Path, text: str, name: str = "portico.toml") -> Path:
    (folder / name).write_text(text)
    return folder


def failure(folder: Path) -> PorticoError:
    with pytest.raises(PorticoError) as caught:
        load(folder)
    return caught.value


def test_no_file_is_an_empty_configuration(tmp_path: Path) -> None:
    assert load(tmp_path).config.listen is None


def test_every_option_of_a_hand_written_pair_has_a_key(tmp_path: Path) -> None:
    loaded = load(
        write(
            tmp_path,
            """
            listen = "0.0.0.0:80"
            server_name = "localhost"
            [static]
            "/static/" = "destiny/static"
            [media]
            "/media/" = "media"
            [nginx]
            charset = "utf-8"
            access_log = "nginx_access.log"
            error_log = "nginx_error.log"
            client_max_body_size = "75M"
            uwsgi_params = "/etc/nginx/uwsgi_params"
            extra_server = "deny 10.0.0.1;"
            [uwsgi]
            address = "127.0.0.1:9090"
            chdir = "/wwwroot/destiny"
            module = "destiny.wsgi"
            master = true
            processes = 2
            threads = 2
            max_requests = 2000
            chmod_socket = "664"
            vacuum = true
            daemonize = "uwsgi.log"
            extra = ["mule = 1"]
            """,
        )
    )
    config = loaded.config
    assert config.nginx.client_max_body_size == 75 << 20
    assert config.server_name == ("localhost",)
    assert config.nginx.extra_server == ("deny 10.0.0.1;",)
    assert config.uwsgi.chmod_socket == "664"
    assert loaded.places["nginx.client_max_body_size"] == "portico.toml:12"


def test_pyproject_table_is_read_when_there_is_no_portico_toml(tmp_path: Path) -> None:
    write(tmp_path, '[project]\nname = "x"\n\n[tool.portico]\nlisten = 8001\n', "pyproject.toml")
    loaded = load(tmp_path)
    assert loaded.config.listen == 8001
    assert loaded.places["listen"] == "pyproject.toml:5"


def test_a_pyproject_without_our_table_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, '[project]\nname = "x"\n', "pyproject.toml")
    assert load(tmp_path).file == ""


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('lisen = "8000"', "portico.toml:1", "`listen`"),
        ("[nginx]\nclient_max_body = 1", "portico.toml:2", "`client_max_body_size`"),
        ("\n\nprocesses = 4", "portico.toml:3", "`uwsgi.processes`"),
        ("[uwsgi]\nmax-requests = 4", "portico.toml:2", "`max_requests`"),
    ],
)
def test_an_unknown_key_is_an_error_with_place_and_suggestion(tmp_path: Path, text: str, place: str, hint: str) -> None:
    error = failure(write(tmp_path, text))
    finding = error.findings[0]
    assert error.code == Exit.USAGE
    assert finding.id == "config.E002"
    assert finding.evidence[0].startswith(place)
    assert hint in finding.fix[0]


@pytest.mark.parametrize(
    "text",
    [
        "[uwsgi]\nprocesses = 0",
        '[uwsgi]\nprocesses = "many"',
        '[uwsgi]\nharakiri = "soon"',
        "[uwsgi]\nmaster = false",
        '[nginx]\nclient_max_body_size = "75 parsecs"',
        'front = "apache"',
        'health_path = "no slash"',
        '[uwsgi]\nchmod_socket = "999"',
        "nginx = 3",
    ],
)
def test_a_bad_value_is_an_error_with_its_place(tmp_path: Path, text: str) -> None:
    finding = failure(write(tmp_path, text)).findings[0]
    assert finding.id == "config.E003"
    assert finding.evidence[0].startswith("portico.toml:")


def test_broken_toml_names_line_and_column(tmp_path: Path) -> None:
    finding = failure(write(tmp_path, 'listen = "8000"\nname = destiny\n')).findings[0]
    assert finding.id == "config.E001"
    assert "portico.toml:2:" in finding.cause


def test_several_mistakes_are_all_reported(tmp_path: Path) -> None:
    assert len(failure(write(tmp_path, "a = 1\nb = 2")).findings) == 2


def test_key_lines_knows_tables_dotted_and_quoted_keys() -> None:
    lines = key_lines('a = 1\n[nginx]\ncharset = "x"\n[tool.portico.env]\n"A B" = "1"\n[x]\ny.z = 3\n')
    assert lines["a"] == 1
    assert lines["nginx.charset"] == 3
    assert lines["tool.portico.env.A B"] == 5
    assert lines["x.y.z"] == 7
