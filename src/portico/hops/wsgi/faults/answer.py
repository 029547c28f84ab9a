"""The application is loaded, but breaks PEP 3333: from uWSGI's log of its requests, and from calling it once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico.hops.wsgi.examination import Examination, Problem, parse
from portico.hops.wsgi.faults import answer_kinds as kinds
from portico.hops.wsgi.faults.requests import Handled, handled, same_page
from portico.model.evidence import Evidence, Exchange
from portico.model.finding import Basis, Finding, Kind

#: What uWSGI's Python says when it calls the callable, and when it reads what came back; no frame of the project is in it.
_CALLED: tuple[tuple[Kind, str], ...] = (
    (kinds.NOT_CALLABLE, r"object is not callable$"),
    (kinds.ASGI, r"missing \d+ required positional arguments?:.*'send'"),
    (kinds.WRONG_ARGUMENTS, r"positional arguments?\b|unexpected keyword argument"),
    (kinds.NO_BYTES, r"object is not iterable$"),
)
_HEAD = re.compile(r"^http (?:status|header|headers)\b.*must be|^headers must be|^invalid http header", re.IGNORECASE)
_LOADED: dict[str, Kind] = {
    "not-callable": kinds.NOT_CALLABLE,
    "asgi": kinds.ASGI,
    "wrong-arguments": kinds.WRONG_ARGUMENTS,
}
_PROBLEMS: dict[str, Kind] = {
    "no-start-response": kinds.NO_START_RESPONSE,
    "returns-str": kinds.NO_BYTES,
    "yields-str": kinds.NO_BYTES,
    "returns-none": kinds.NO_BYTES,
    "not-iterable": kinds.NO_BYTES,
    "bad-status": kinds.BAD_HEAD,
    "bad-header": kinds.BAD_HEAD,
    "wrong-length": kinds.WRONG_LENGTH,
    "hang": kinds.NEVER_ANSWERS,
}
_FIXES: dict[str, str] = {
    kinds.NOT_CALLABLE.id: "let `module` (or `callable`) name the function or object that takes (environ, start_response)",
    kinds.ASGI.id: "module = {package}.wsgi:application   # instead of {module}; what is ASGI only needs uvicorn",
    kinds.WRONG_ARGUMENTS.id: "module = {module}:{name}()   # if it makes the application; then restart uWSGI",
    kinds.NO_BYTES.id: "return [body.encode()]   # bytes, in a list",
    kinds.NO_START_RESPONSE.id: 'start_response("200 OK", [("Content-Type", "text/html")])   # before the body',
    kinds.BAD_HEAD.id: 'start_response("200 OK", [("X-Name", "text")])   # a str, and a list of pairs of str',
    kinds.WRONG_LENGTH.id: "count bytes, not characters, or leave Content-Length out",
    kinds.NEVER_ANSWERS.id: "give what it waits for a time limit (timeout=...)",
}


def breaks_rules(evidence: Evidence) -> Iterator[Finding]:
    """What the log says of the request just made; without that, what calling it in its own Python shows of the same."""
    said = parse(evidence.project.answer if evidence.project else None)
    asked = evidence.visit.exchange if evidence.visit else None
    told = list(_of_log(evidence, said))
    yield from told
    if not told and asked and _is_bad(asked):
        yield from _of_examination(evidence, said, asked)


def _is_bad(asked: Exchange) -> bool:
    """No answer, none that the application finished, or an empty page."""
    cut = bool(asked.status and asked.error)
    return asked.status in (0, 500, 502, 504) or cut or (asked.status == 200 and asked.size == 0)


def _of_log(evidence: Evidence, said: Examination) -> Iterator[Finding]:
    seen = evidence.instance
    well = [visit.exchange.path for visit in evidence.visits if not _is_bad(visit.exchange)]
    found: dict[str, Finding] = {}
    for one in handled(seen.events) if seen else ():
        kind = _kind(one)
        if kind and not any(same_page(one.path, path) for path in well):
            basis: Basis = "request" if any(one.is_of(visit.exchange) for visit in evidence.visits) else "log"
            rows = [*(event.text.splitlines()[-1] for event in one.said[-1:]), *([one.line] if one.line else [])]
            found[kind.id] = _finding(evidence, said, kind, rows, basis)
    yield from found.values()


def _kind(one: Handled) -> Kind | None:
    for event in one.said:
        if event.kind == "bad-iterator":
            return kinds.NO_BYTES
        message = event.data.get("message", "")
        if event.data.get("exception") == "TypeError" and _HEAD.search(message):
            return kinds.BAD_HEAD
        if event.data.get("bare") == "true" and event.data.get("exception") == "TypeError":
            return next((kind for kind, pattern in _CALLED if re.search(pattern, message)), None)
    return kinds.NO_START_RESPONSE if not one.said and one.without_head and one.bytes > 0 else None


def _of_examination(evidence: Evidence, said: Examination, asked: Exchange) -> Iterator[Finding]:
    if kind := _LOADED.get(said.load.kind):
        yield _finding(evidence, said, kind, [asked.line], "request")
    for problem in said.call.problems:
        kind = _PROBLEMS.get(problem.kind)
        waits = problem.kind == "hang" and asked.status not in (0, 504)
        whole = problem.kind == "wrong-length" and not asked.error
        if kind and not waits and not whole:
            yield _finding(evidence, said, kind, [asked.line], "request")


def _finding(evidence: Evidence, said: Examination, kind: Kind, rows: list[str], basis: Basis) -> Finding:
    project = evidence.project
    module = (project.module or project.file) if project else "the module"
    name = project.callable if project else "application"
    problem = next((one for one in said.call.problems if _PROBLEMS.get(one.kind) is kind), None)
    where = _where(said, kind, problem)
    what = problem.message if problem else said.load.failure.message if _LOADED.get(said.load.kind) is kind else rows[0]
    place = f" ({where})" if where and where not in what else ""
    fix = _FIXES[kind.id].format(module=module, name=name, package=module.rpartition(".")[0] or "package")
    return kind.found(
        cause=f"{module}:{name}: {what}{place}",
        evidence=[*rows, *([where] if where else [])],
        fix=[fix, *([f"correct {where}"] if where and kind not in (kinds.ASGI, kinds.WRONG_ARGUMENTS) else [])],
        # How long it would have taken in the end is not known.
        certainty="likely" if kind is kinds.NEVER_ANSWERS else "certain",
        basis=basis,
    )


def _where(said: Examination, kind: Kind, problem: Problem | None) -> str:
    frame = problem.frame if problem else said.load.failure.frame if _LOADED.get(said.load.kind) is kind else None
    return f"{frame.where}: {frame.code}" if frame and frame.code else frame.where if frame else ""


RULES = (breaks_rules,)
