"""Words of nginx's configuration that not every nginx knows: those of modules, those that came or went with a version."""

from __future__ import annotations

from dataclasses import dataclass

Version = tuple[int, ...]


@dataclass(frozen=True)
class Lifetime:
    """From which version nginx knows the word, and from which it does not any more. `instead` is what to write then."""

    instead: str
    first: Version = (0,)
    gone: Version = (999,)

    def elsewhere(self, version: Version) -> bool:
        """Whether that version does not know it."""
        return bool(version) and not self.first <= version < self.gone


def since(entry: Lifetime) -> str:
    """`came with nginx 1.25.1` or `is gone since nginx 1.25.1`."""
    if entry.first != (0,):
        return f"came with nginx {'.'.join(map(str, entry.first))}"
    return f"is gone since nginx {'.'.join(map(str, entry.gone))}"


#: https://nginx.org/en/CHANGES
VERSIONS = {
    "http2": Lifetime("listen 443 ssl http2;   # instead of `http2 on;`", (1, 25, 1)),
    "http3": Lifetime("remove it: this nginx has no HTTP/3", (1, 25, 0)),
    "quic": Lifetime("remove `quic` from listen: this nginx has no HTTP/3", (1, 25, 0)),
    "ssl": Lifetime("listen 443 ssl;   # instead of `ssl on;`", gone=(1, 25, 1)),
    "$is_request_port": Lifetime(
        "uwsgi_param HTTP_HOST $http_host;   # instead of $host$is_request_port$request_port", (1, 29, 3)
    ),
    "$request_port": Lifetime(
        "uwsgi_param HTTP_HOST $http_host;   # instead of $host$is_request_port$request_port", (1, 29, 3)
    ),
    "ssl_reject_handshake": Lifetime("a server with any certificate and `return 444;`", (1, 19, 4)),
    "ssl_conf_command": Lifetime("remove it", (1, 19, 4)),
    "proxy_cookie_flags": Lifetime('proxy_cookie_path / "/; secure";', (1, 19, 3)),
    "keepalive_time": Lifetime("remove it", (1, 19, 10)),
    "keepalive_min_timeout": Lifetime("remove it", (1, 27, 4)),
    "early_hints": Lifetime("remove it", (1, 29, 0)),
    "add_header_inherit": Lifetime("repeat the add_header lines in the inner block", (1, 29, 3)),
    "ssl_certificate_cache": Lifetime("remove it", (1, 27, 4)),
    "spdy_headers_comp": Lifetime("remove it: SPDY is gone, HTTP/2 has come", gone=(1, 9, 5)),
}

#: Beginnings of directives by the module that knows them, as `hops.nginx.build` names modules.
_BY_MODULE = {
    "http_gzip_static": ("gzip_static",),
    "http_stub_status": ("stub_status",),
    "http_sub": ("sub_filter",),
    "http_slice": ("slice",),
    "http_dav": ("dav_", "create_full_put_path", "min_delete_depth"),
    "http_addition": ("add_before_body", "add_after_body", "addition_types"),
    "http_gunzip": ("gunzip",),
    "http_image_filter": ("image_filter",),
    "http_perl": ("perl",),
    "http_geoip": ("geoip_",),
    "http_geoip2": ("geoip2",),
    "http_xslt": ("xslt_", "xml_entities"),
    "http_brotli_filter": ("brotli",),
    "headers_more": ("more_set_", "more_clear_"),
    "echo": ("echo",),
    "njs": ("js_",),
    "http_lua": (
        "lua_",
        "content_by_lua",
        "access_by_lua",
        "rewrite_by_lua",
        "header_filter_by_lua",
        "set_by_lua",
        "init_by_lua",
    ),
    "http_auth_request": ("auth_request",),
    "http_secure_link": ("secure_link",),
    "http_realip": ("set_real_ip_from", "real_ip_"),
    "http_ssl": ("ssl_",),
    "http_v2": ("http2_",),
    "http_v3": ("http3", "quic"),
    "http_mp4": ("mp4",),
    "http_flv": ("flv",),
    "http_random_index": ("random_index",),
    "http_modsecurity": ("modsecurity",),
    "http_fancyindex": ("fancyindex",),
    "http_upload": ("upload_",),
    "http_uploadprogress": ("upload_progress", "track_uploads"),
    "http_uwsgi": ("uwsgi_",),
    "http_passenger": ("passenger_",),
    "rtmp": ("rtmp",),
    "stream": ("stream",),
    "mail": ("mail",),
}
MODULES = frozenset(word for words in _BY_MODULE.values() for word in words if not word.endswith("_"))
PACKAGES = {
    "http_image_filter": "libnginx-mod-http-image-filter",
    "http_perl": "libnginx-mod-http-perl",
    "http_geoip": "libnginx-mod-http-geoip",
    "http_geoip2": "libnginx-mod-http-geoip2",
    "http_xslt": "libnginx-mod-http-xslt-filter",
    "http_brotli_filter": "libnginx-mod-http-brotli-filter",
    "headers_more": "libnginx-mod-http-headers-more-filter",
    "echo": "libnginx-mod-http-echo",
    "http_lua": "libnginx-mod-http-lua",
    "http_fancyindex": "libnginx-mod-http-fancyindex",
    "http_modsecurity": "libnginx-mod-http-modsecurity",
    "rtmp": "libnginx-mod-rtmp",
    "stream": "libnginx-mod-stream",
    "mail": "libnginx-mod-mail",
}


def module_of(word: str) -> str:
    """The module that knows words with this beginning, empty for what is in every nginx or in none. `ssl_certificat` is a
    misspelling of one whose module may well be there."""
    return next((name for name, heads in _BY_MODULE.items() if word.startswith(heads)), "")
