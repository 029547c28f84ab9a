"""nginx's own error pages, by which a line of the access log tells more than its status.

The texts are those of `ngx_http_special_response.c`; they are the same in all versions.
"""

from __future__ import annotations

HTTPS_PORT = "The plain HTTP request was sent to HTTPS port"
HEADER_TOO_LARGE = "Request Header Or Cookie Too Large"


def sizes(text: str, version: tuple[int, ...]) -> frozenset[int]:
    """How many bytes nginx's page for a special 400 may have: with its version, without (`server_tokens off`), and with the
    name of the system that Ubuntu adds."""
    number = ".".join(map(str, version))
    names = ("nginx", f"nginx/{number}", f"nginx/{number} (Ubuntu)")
    page = (
        f"<html>\r\n<head><title>400 {text}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n"
        f"<center>{text}</center>\r\n<hr><center></center>\r\n</body>\r\n</html>\r\n"
    )
    return frozenset(len(page) + len(name) for name in names)
