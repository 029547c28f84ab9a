"""The last step of a remedy that changed nginx's configuration."""

from __future__ import annotations

from portico.model.evidence import Evidence
from portico.model.remedy import ReloadNginx


def reload_step(evidence: Evidence) -> tuple[ReloadNginx, ...]:
    """Prove the file and let the running master read it; nothing without a binary to prove it with."""
    nginx = evidence.nginx
    if not nginx.binary or not nginx.conf:
        return ()
    return (ReloadNginx(nginx.binary, nginx.conf, nginx.prefix, nginx.masters[0].pid if nginx.masters else 0),)
