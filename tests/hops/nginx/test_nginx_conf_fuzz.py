"""Whatever stands in a file of nginx's configuration, reading it ends, soon, with a tree or with what is wrong."""

from __future__ import annotations

import random
import re
import tempfile
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from portico.hops.nginx.contexts import as_main, kind_of
from portico.hops.nginx.listens import first_url, listens
from portico.hops.nginx.passes import all_passes, backends
from portico.hops.nginx.route import route
from portico.hops.nginx.tree import tree
from portico.hops.nginx.written import written
from portico.model.directive import Directive
from portico.system.nginx_conf import read
from support.mutated import mutated

WHOLE = r"""user www-data;
events { worker_connections 768; }
http {
    include conf.d/*.conf;
    log_format main '$remote_addr "$request" ' "$status";
    map $http_upgrade $connection { default upgrade; '' close; ~^/x\.(y|z)$ "a b"; }
    upstream django { server unix:///run/app.sock fail_timeout=0; server 127.0.0.1:8001 backup; }
    server {
        listen 80 default_server; listen [::]:443 ssl;
        server_name example.com *.example.org ~^www\d+\.example\.net$;
        if ($host !~ "^(a|b)\.c{2}$") { return 444; }
        location ~* \.(css|js)$ { root "/srv/my site"; expires 30d; add_header X-A "b\"c" always; }
        location = /hook { content_by_lua_block { ngx.say("}") -- it's
        } }
        location / { uwsgi_pass django; include uwsgi_params; uwsgi_param A ${host}b; }
    }
}
"""
SECONDS = 1.0


def judged(data: bytes) -> None:
    """Reads the bytes as a file that may include itself, and does all that is done with a tree."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        conf = Path(folder, "a")
        conf.write_bytes(data)
        Path(folder, "conf.d").mkdir()
        Path(folder, "conf.d/b.conf").write_bytes(data[::2])
        root, problems = tree(read(conf), str(conf))
        assert all(isinstance(problem, str) and problem.startswith("/") for problem in problems)
        if root:
            walked(root)
        if root and not problems:
            conf.write_text("\n".join(written(root)), encoding="utf-8", newline="")
            assert shape(tree(read(conf), str(conf))[0]) == shape(root)
    assert time.process_time() - began < SECONDS


def walked(root: Directive) -> None:
    whole = as_main(root)
    assert kind_of(root) != "empty"
    assert names(whole) >= names(root)
    assert "\n".join(written(whole)).strip()
    first_url(whole, root=True)
    listens(whole)
    for directive, action in all_passes(whole):
        backends(whole, directive, action)
    route(whole, "http", "127.0.0.1", 80, "example.com", "/hook")


def shape(entry: Directive | None) -> object:
    assert entry
    return entry.name, entry.args, None if entry.block is None else tuple(map(shape, entry.block))


def names(block: Directive) -> set[str]:
    return {name for entry in block.block or () for name in (entry.name, *names(entry))}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | st.text(st.sampled_from("ab {};\"'\\#$()\n\u00a0"), max_size=60).map(str.encode))
def test_anything(data: bytes) -> None:
    judged(data)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_real_ones_that_were_broken(chance: random.Random) -> None:
    judged(mutated(WHOLE, chance).encode())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(WHOLE)))
def test_real_ones_that_end_early(end: int) -> None:
    """Each but a whole one, and those that end within the first lines, is told to be unfinished."""
    text = WHOLE[:end]
    judged(text.encode())
    with tempfile.TemporaryDirectory() as folder:
        conf = Path(folder, "nginx.conf")
        conf.write_text(text, encoding="utf-8")
        _, problems = tree(read(conf), str(conf))
    unfinished = (text.strip() and text.strip()[-1] not in ";}") or text.count("{") > text.count("}")
    if unfinished and end < WHOLE.index("map "):
        assert any(re.match(rf"{re.escape(str(conf))}:\d+:\d+: ", problem) for problem in problems), problems
