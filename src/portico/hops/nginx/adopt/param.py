"""The variables that the application gets with each request."""

from __future__ import annotations

from collections.abc import Iterator

from portico.hops.nginx.adopt import fates
from portico.hops.nginx.adopt.levels import raw
from portico.hops.nginx.adopt.params import is_standard, says_host
from portico.hops.nginx.adopt.secure import BELIEVED, claims_https, decides, depends, secure
from portico.hops.nginx.adopt.site import Site
from portico.model.adoption import Carried
from portico.model.directive import Directive


def param(entry: Directive, level: str, site: Site) -> Iterator[Carried]:
    """A variable for the application, wherever it stands."""
    if not site.gives(entry):
        yield fates.same(entry, "without effect on the application: lines further in replace it")
        return
    name = entry.args[0] if entry.args else ""
    written = site.stands.at("location", "uwsgi_param")
    if entry.file == site.params_file:
        yield fates.key(entry, "nginx.uwsgi_params", entry.file, "it says more than Portico's own")
        yield from decides(entry, site)
    elif is_standard(entry) or site.stands.among(entry, written) or name == "HTTP_X_PORTICO_TRACE_TOKEN":
        yield fates.same(entry)
    elif claims_https(entry, site):
        yield from secure(entry, site)
    elif says_host(entry):
        yield fates.same(entry, "Portico passes the Host that nginx chose the server by")
    elif other := next((one for one in written if one.args[:1] == (name,)), None):
        cure = f"; {BELIEVED}" if depends(entry) else ""
        yield fates.differs(entry, f"Portico passes `{other.text}`; with a second one uWSGI would be given both{cure}")
    else:
        yield from raw(entry, "location", site)
