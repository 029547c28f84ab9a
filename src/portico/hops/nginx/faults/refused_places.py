"""Refusals that are about this machine: accounts, files, addresses, certificates, names."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from portico.hops.nginx.facts import Emerg
from portico.hops.nginx.faults import refusal_kinds as kinds
from portico.hops.nginx.faults import start_kinds
from portico.hops.nginx.faults.standing import absolute, of_system
from portico.model.evidence import Evidence
from portico.model.finding import Finding
from portico.model.remedy import EditLine, MakeFolder, Remedy

_LOGS = ("error_log", "access_log")
#: OpenSSL's code of an error of the system ends with errno: 80000002 since 3.0, 02001002 before.
_SSL_ERRNO = re.compile(r"error:(?:80000|02001)([0-9A-Fa-f]{3}):")
_LAST_ROOT_PORT = 1023


def host(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """A name that does not resolve."""
    found = re.match(
        r'(host not found|invalid host) in (?:upstream|"\w+" of the "\w+" directive|resolver) "([^"/]+)"', emerg.message
    )
    if not found or found[1] == "invalid host":
        return None
    name = found[2]
    bare = name.rpartition(":")[0] or name
    return kinds.NO_HOST.found(
        cause=f"{emerg.file}:{emerg.line} names the host {bare}, which this machine cannot resolve",
        fix=[
            f"getent hosts {bare}   # must answer before nginx starts: start the backend first, or correct the name",
            f"or the address itself instead of {bare}",
            f"or resolve it for each request: resolver 127.0.0.11; set $backend {bare}:PORT; uwsgi_pass $backend;",
        ],
    )


def account(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """`user`."""
    found = re.match(r'get(pw|gr)nam\("(.*)"\) failed', emerg.message)
    if not found:
        return None
    what = "account" if found[1] == "pw" else "group"
    user, group = evidence.machine.web_account
    directive = evidence.nginx.tree.first("user") if evidence.nginx.tree else None
    here = emerg.file and directive and directive.where == f"{emerg.file}:{emerg.line}"
    new = f"{user} {group}"
    edit = EditLine(emerg.file, emerg.line or 0, " ".join(directive.args), new) if here and directive and user else None
    return kinds.NO_ACCOUNT.found(
        cause=f"{emerg.file}:{emerg.line}: this machine has no {what} {found[2]}",
        evidence=[f"{directive.where}: {directive.text}"] if directive else [],
        fix=[f"user {new if user else 'www-data'};   # at {emerg.file}:{emerg.line}", "nginx -t"],
        remedy=Remedy(f"write `user {new};` at {emerg.file}:{emerg.line}", (edit,)) if edit else None,
    )


def tls(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """Certificates and keys."""
    text = emerg.message
    if not re.search(r'cannot load certificate|SSL_CTX_|no "ssl_certificate|BIO_new_file|PEM_read', text):
        return None
    path = re.search(r'"(/[^"]+)"', text)
    code = _SSL_ERRNO.search(text)
    number = int(code[1], 16) if code else 0
    tree = evidence.nginx.tree
    named = [one for one in tree.deep("ssl_certificate", "ssl_certificate_key") if one.args] if tree else []
    rows = [f"{one.where}: {one.text}" for one in named if path and absolute(evidence.nginx, one.args[0]) == path[1]] or [
        f"{one.where}: {one.text}" for one in named[:4]
    ]
    name = path[1] if path else "the certificate"
    cause, fix = _certificate(text, name, number, emerg)
    return kinds.TLS_FILES.found(cause=cause, evidence=rows, fix=fix)


def _certificate(text: str, name: str, number: int, emerg: Emerg) -> tuple[str, list[str]]:
    if "key values mismatch" in text:
        check = [f"openssl pkey -in {name} -pubout   # must print the same as: openssl x509 -in CERTIFICATE -noout -pubkey"]
        return f"the key {name} does not belong to the certificate", [
            *check,
            "name the key that the certificate was made with",
        ]
    if text.startswith("no "):
        where = f"{emerg.file}:{emerg.line}" if emerg.file else "a server with `listen ... ssl`"
        return f"{where} asks for TLS and names no certificate", [
            "ssl_certificate /path/fullchain.pem; ssl_certificate_key /path/key.pem;"
        ]
    if number == 2:
        return f"{name} does not exist", [
            f"ls -l {name}",
            "name the file certbot made: /etc/letsencrypt/live/NAME/fullchain.pem",
        ]
    if number == 13:
        return f"nginx may not read {name}", [
            f"namei -l {name}",
            "start nginx as root: the master reads keys before it drops rights",
        ]
    return f"{name} is no certificate or key that OpenSSL understands", [
        f"openssl x509 -in {name} -noout -text",
        f"head -2 {name}",
    ]


def place(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """Folders that are missing, addresses that are not ours."""
    missing = re.match(r'(mkdir|open)\(\) "(.*)" failed \(2:', emerg.message)
    if missing and not emerg.file:
        temp = missing[1] == "mkdir"
        folder = str(PurePosixPath(missing[2]).parent)
        directive = _names(evidence, missing[2], _LOGS)
        if not temp and not directive:
            return None
        kind = kinds.NO_TEMP_PARENT if temp else kinds.NO_LOG_FOLDER
        shown = _names(
            evidence, missing[2], tuple(f"{one}_temp_path" for one in ("client_body", "proxy", "uwsgi", "fastcgi", "scgi"))
        )
        row = shown if temp else directive
        return kind.found(
            cause=f"the folder {folder} does not exist",
            evidence=[row] if row else [],
            fix=[f"mkdir -p {folder}", "then start nginx"],
            remedy=Remedy(f"make the folder {folder}", (MakeFolder(folder),)),
        )
    foreign = re.match(r"(?:bind|socket)\(\) (?:to )?(\S+) failed \((?:99|97):", emerg.message)
    if not foreign:
        return None
    return start_kinds.NO_SUCH_ADDRESS.found(
        cause=f"this machine has no address for `listen {foreign[1]}`",
        evidence=[row for row in [_listen(evidence, foreign[1])] if row],
        fix=[f"remove `listen {foreign[1]};` or write an address of this machine", "ip address   # shows them", "nginx -t"],
    )


def _names(evidence: Evidence, path: str, names: tuple[str, ...]) -> str:
    tree = evidence.nginx.tree
    for one in tree.deep(*names) if tree else ():
        if one.args and absolute(evidence.nginx, one.args[0]) == path:
            return f"{one.where}: {one.text}"
    return ""


def _listen(evidence: Evidence, address: str) -> str:
    tree = evidence.nginx.tree
    found = (
        next((one for one in tree.deep("listen") if one.args and one.args[0] in (address, address.rpartition(":")[0])), None)
        if tree
        else None
    )
    return f"{found.where}: {found.text}" if found else ""


def permission(evidence: Evidence, emerg: Emerg) -> Finding | None:
    """What an ordinary user may not do, or root neither."""
    if emerg.errno != 13:
        return None
    bound = re.match(r"bind\(\) to (\S+) failed", emerg.message)
    path = re.match(r'(?:open|mkdir|chown|unlink)\(\) "(.*?)"', emerg.message)
    port = bound[1].rpartition(":")[2] if bound else ""
    low = port.isdigit() and int(port) <= _LAST_ROOT_PORT
    if bound:
        cause = f"nginx was started by an ordinary user, who may not listen on {bound[1]}" + (
            ": its port is below 1024" if low else ""
        )
        fix = ["listen 8080;   # a port above 1023", "or start it as root"]
    else:
        cause = f"nginx may not write {path[1] if path else 'a file'} as the user who starts it"
        fix = ["set pid, error_log, access_log and the five *_temp_path to paths of that user", "or start it as root"]
    row = _listen(evidence, bound[1]) if bound else _names(evidence, path[1], (*_LOGS, "pid")) if path else ""
    command = ["sudo systemctl start nginx" if of_system(evidence.nginx) else "sudo nginx ..."]
    return kinds.NOT_ROOT.found(
        cause=cause, evidence=[row] if row else [], fix=[*fix, *command[:1]] if of_system(evidence.nginx) else fix
    )
