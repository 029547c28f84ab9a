"""What leaves the doctor leaves without secrets: those that the deployment keeps, and what by its form is one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from portico.actions.doctor import clues, secrets
from portico.inside.masking import MASK, Masker, secret_name
from portico.model.errors import PorticoError
from portico.model.finding import CouldNotTell, Finding

if TYPE_CHECKING:
    from portico.model.evidence import Evidence, ProcessSeen, UwsgiSeen

#: A text that was cut short may end within a secret: so much of a long one's beginning is enough to know it.
_ENOUGH = 12
_LONG = 16
#: What keys that Django made begin with is in its own words, too.
_PREFIX = "django-insecure-"
#: Where a text was cut in its middle (`model.finding`).
_CUT = " ... "
_LEAST = 4
_AUTHORIZATION = re.compile(
    r"(?i)((?<![a-z])authorization[\"']?\s*[:=]\s*[\"']?(?:(?:basic|bearer|digest|token|negotiate|apikey)\s+)?)[^\s\"',;]+"
)
#: `Basic authentication` is a word for people: credentials have a digit or a `=` in them.
_SCHEME = re.compile(r"(?i)\b(basic|bearer)\s+(?=\S*[0-9=])[A-Za-z0-9+/=._~-]{8,}")
_COOKIES = re.compile(r"(?i)(\b(?:set-)?cookie[\"']?:\s*[\"']?)(?=[^\s=;]+=)(?![^\s=;]+=\.\.\.)[^\n]+")
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
#: How Django begins the keys that it makes (https://docs.djangoproject.com/en/stable/ref/checks/#security, W009).
_INSECURE = re.compile(r"\bdjango-insecure-[\w!@#$%^&*(+=)-]+")
#: The link with which Django lets somebody set a new password.
_RESET = re.compile(r"\b[0-9a-z]{5,8}-[0-9a-f]{20,64}\b")
#: `uwsgi://unix:@name` is an abstract socket.
_USERINFO = re.compile(r"(\w://)(?!unix:@)[^\s/?#@\"'<>]+@")
_PARAMETER = re.compile(r"(?P<head>[?&](?P<name>[\w.\-\[\]%]+)=)(?P<value>[^&\s\"'#;<>)]+)")
_NAME = r"(?P<head>(?<![\w$?&%.-])(?:--?)?(?P<name>[A-Za-z_][\w-]*)"
_VALUE = r"(?P<value>[^\s,;&\"'<>()\[\]{}]+)"
_PAIR = re.compile(rf"{_NAME}=){_VALUE}")
_SPACED = re.compile(rf"{_NAME} = ){_VALUE}")
#: What stands behind an `=` and only says where the value comes from.
_REFERENCE = re.compile(
    r"(\*\*\*|os\.|env|config|get|self\.|\$|%|/|\.\.\.|value(?![\w-]))|(true|false|none|null|yes|no|on|off|\d{1,3})$", re.I
)
#: `key = value` is how people write that something is a pair.
_LABELS = frozenset(("key", "name"))
#: What programs find a value by.
_FIELD = re.compile(r"[a-z][a-z_]*")
#: Words for programs.
_PLAIN = frozenset(("for", "hop", "id", "outcome", "check"))


class Discretion(Masker):
    """Knows the secrets of one deployment. `spared` are words in small letters that it takes for none."""

    def __init__(
        self,
        evidence: Evidence | None = None,
        environ: Mapping[str, str] | None = None,
        url: str = "",
        spared: Iterable[str] = (),
    ) -> None:
        self._spared = frozenset(spared)
        self._begins: tuple[str, ...] = ()
        super().__init__()
        self.learn(secrets.of_url(url))
        if evidence is not None:
            self.learn(secrets.named(evidence, environ or {}))

    def told(self) -> list[str]:
        """All that is known, for `take` of another one."""
        return sorted(self._values)

    def take(self, values: Iterable[str]) -> None:
        """What another one has `told`."""
        self._take(*values)
        self._pattern = None

    def learn(self, named: Iterable[tuple[str, str]]) -> None:
        """Take the secrets out of names and values, in every form in which a value may be written."""
        for name, value in set(named):
            if not secrets.is_secret(name) and "@" not in value:
                continue
            # A name that only we call a secret gets one that the masker knows as such.
            known = "secret" if secrets.is_secret(name) and not secret_name(name) else name
            if "pass" in name and not secrets.is_secret(name):
                known = ""
            for form in _forms(value):
                self.add({known: form})

    def _take(self, *values: Any) -> None:
        super()._take(*(value for value in values if not isinstance(value, str) or value.lower() not in self._spared))
        # As much of each as `_pieces` knows it by.
        self._begins = tuple({_beginning(value) if len(value) >= _LONG else value for value in self._values})

    def text(self, text: str) -> str:
        """The text with every secret replaced by `***`."""
        if clues.form_in(text) or _CUT in text or any(begin in text for begin in self._begins):
            return self._without(text)
        return text

    def lines(self, text: str) -> str:
        """The same of each line by itself, so that there are as many afterwards."""
        return "\n".join(map(self.text, text.split("\n"))) if "\n" in text else self.text(text)

    def _without(self, text: str) -> str:
        text = self._pieces(super().text(text))
        text = _USERINFO.sub(rf"\1{MASK}@", text)
        text = _AUTHORIZATION.sub(rf"\1{MASK}", text)
        text = _SCHEME.sub(rf"\1 {MASK}", text)
        text = _COOKIES.sub(rf"\1{MASK}", text)
        text = _INSECURE.sub(MASK, _RESET.sub(MASK, _JWT.sub(MASK, text)))
        return _SPACED.sub(_spaced, _PAIR.sub(_pair, _PARAMETER.sub(_parameter, text)))

    def _pieces(self, text: str) -> str:
        """Without what is left of a secret that was cut."""
        for value in self._values:
            if len(value) >= _LONG:
                text = _without_beginning(text, value)
            if _CUT in text:
                head, _, tail = text.partition(_CUT)
                text = _without_end(head, value) + _CUT + _without_end(tail[::-1], value[::-1])[::-1]
        return text

    def data(self, value: Any) -> Any:
        """JSON-ready data, every text in it without secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                name if _FIELD.fullmatch(str(name)) else self.data(name): item if name in _PLAIN else self.data(item)
                for name, item in value.items()
            }
        return [self.data(item) for item in value] if isinstance(value, (list, tuple)) else value

    def finding(self, finding: Finding) -> Finding:
        """The same finding; its remedy does what it did, and says less."""
        remedy = finding.remedy
        return replace(
            finding,
            title=self.text(finding.title),
            cause=self.text(finding.cause),
            evidence=tuple(map(self.text, finding.evidence)),
            fix=tuple(map(self.text, finding.fix)),
            remedy=replace(remedy, says=self.text(remedy.says)) if remedy else None,
        )

    def findings(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        return tuple(map(self.finding, findings))

    def error(self, error: PorticoError) -> PorticoError:
        """The same error."""
        first, *others = self.findings(error.findings)
        return PorticoError(first, error.code, others)

    def evidence(self, evidence: Evidence) -> Evidence:
        """With command lines without secrets: what is made of them is cut short, and half a secret is not known as one."""

        def each(processes: Sequence[ProcessSeen]) -> tuple[ProcessSeen, ...]:
            return tuple(replace(one, command=self.command(one.command)) for one in processes)

        def whole(seen: UwsgiSeen) -> UwsgiSeen:
            master, who = each((seen.master,) if seen.master else ()), each((seen.pid_process,) if seen.pid_process else ())
            return replace(
                seen,
                master=next(iter(master), None),
                pid_process=next(iter(who), None),
                workers=each(seen.workers),
                holders=each(seen.holders),
            )

        nginx = evidence.nginx
        taken = tuple((address, next(iter(each((who,) if who else ())), None)) for address, who in nginx.taken)
        return replace(
            evidence,
            nginx=replace(
                nginx, masters=each(nginx.masters), workers=each(nginx.workers), strangers=each(nginx.strangers), taken=taken
            ),
            uwsgi=tuple(map(whole, evidence.uwsgi)),
            others=tuple(map(whole, evidence.others)),
            backends=tuple(replace(one, processes=each(one.processes)) for one in evidence.backends),
            front_processes=each(evidence.front_processes),
            unseen=tuple(CouldNotTell(one.check, self.text(one.reason)) for one in evidence.unseen),
        )

    def command(self, words: Sequence[str]) -> tuple[str, ...]:
        """A command line with `***` for each secret."""
        shown: list[str] = []
        for number, word in enumerate(words):
            before = words[number - 1] if number else ""
            valued = before.startswith("-") and "=" not in before and secrets.is_secret(before) and not word.startswith("-")
            shown.append(MASK if valued and word else self.text(word))
        return tuple(shown)


def _parameter(found: re.Match[str]) -> str:
    return found["head"] + MASK if secrets.is_secret(found["name"]) else found[0]


def _pair(found: re.Match[str]) -> str:
    is_one = secrets.is_secret(found["name"]) and found["name"] not in _LABELS
    return found["head"] + MASK if is_one and not _REFERENCE.match(found["value"]) else found[0]


def _spaced(found: re.Match[str]) -> str:
    """With spaces around its sign it may be a line of prose: only where the name says all."""
    return _pair(found) if secret_name(found["name"]) else found[0]


def _forms(value: str) -> list[str]:
    """How a value may be written: as it is, in a URL, in Python, in JSON, and line by line."""
    forms = [value, quote(value, safe="", errors="surrogateescape"), quote_plus(value, errors="surrogateescape")]
    forms += [repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]]
    forms += [line.strip() for line in value.splitlines() if len(line.strip()) >= _LONG]
    return list(dict.fromkeys(forms))


def _beginning(secret: str) -> str:
    return secret[: _ENOUGH + (len(_PREFIX) if secret.startswith(_PREFIX) else 0)]


def _without_beginning(text: str, secret: str) -> str:
    known = _beginning(secret)
    begin = text.find(known)
    while begin >= 0:
        end = begin + len(known)
        while end < len(text) and end - begin < len(secret) and text[end] == secret[end - begin]:
            end += 1
        text = text[:begin] + MASK + text[end:]
        begin = text.find(known, begin + len(MASK))
    return text


def _without_end(text: str, secret: str) -> str:
    """Without the beginning of a secret at the very end."""
    for length in range(min(len(secret) - 1, len(text)), _LEAST - 1, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + MASK
    return text
