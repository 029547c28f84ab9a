"""A request to ask an instance whether it serves, as the variables nginx would send for a browser's GET."""

from __future__ import annotations

from urllib.parse import unquote


def request_variables(
    host: str,
    path: str,
    request_id: str,
    *,
    scheme: str = "http",
    port: int = 80,
    remote_addr: str = "127.0.0.1",
) -> dict[str, str]:
    """The variables of `GET path` with that Host: what PEP 3333 and RFC 3875 ask for and nginx's uwsgi_params send.

    `path` is as in a request line: it starts with `/`, is percent-encoded, and may hold a query. The application sees
    `request_id` as X-Request-ID, and uWSGI writes it into its log.
    """
    encoded, _, query = path.partition("?")
    variables = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": path,
        "PATH_INFO": unquote(encoded, errors="surrogateescape"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "",
        "CONTENT_LENGTH": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": remote_addr,
        "REMOTE_PORT": "0",
        "REQUEST_SCHEME": scheme,
        "UWSGI_SCHEME": scheme,
        "HTTP_HOST": host,
        "HTTP_USER_AGENT": "portico",
        "HTTP_ACCEPT": "*/*",
        "HTTP_X_FORWARDED_PROTO": scheme,
        "HTTP_X_REQUEST_ID": request_id,
        "REQUEST_ID": request_id,
    }
    return {**variables, "HTTPS": "on"} if scheme == "https" else variables
