"""Load a project inside its own Python and report how that went: what `inspect_project` and `collect_static` share.

Standard library only, Python 3.8 and later. The report is a JSON file, never standard output, because projects print.
Nothing the project does while it is loaded (sys.exit, an endless loop, a thread, a fork) keeps the report from being
written, as long as the process itself lives.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

VARIABLE = "DJANGO_SETTINGS_MODULE"
_WATCH = "portico-watch"
_HERE = os.path.dirname(os.path.abspath(__file__))


def beside(name: str) -> Any:
    """The script `name`.py that lies beside this one, loaded once under a name that no project has."""
    full = f"portico_inside_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, os.path.join(_HERE, f"{name}.py"))
        if spec is None or spec.loader is None:
            raise ImportError(name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[full] = module
    return sys.modules[full]


class Report:
    """The result in the making. `stage` names what is being done, for a failure and for a hang."""

    def __init__(self, out: str, project: str) -> None:
        self.out = out
        self.project = project
        self.stage = "start"
        self.facts: dict[str, Any] = {}
        # Loaded now: after the project has had its way, importing may not work any more.
        self._failure = beside("failure")
        self._pid = os.getpid()
        self._main = threading.get_ident()
        self._once = threading.Lock()

    def trouble(self, kind: str, message: str, **more: Any) -> Exception:
        """An exception for what the project does not raise itself; `kind` is a word for programs."""
        error: Exception = self._failure.Trouble(kind, message, **more)
        return error

    def succeed(self) -> NoReturn:
        self._finish({"ok": True})

    def fail(self, error: BaseException) -> NoReturn:
        self._finish({"ok": False, "stage": self.stage, **self._failure.describe(error, self.project)})

    def watch(self, timeout_s: float) -> None:
        """Report a hang after `timeout_s` seconds, with the place where the project waits."""
        timer = threading.Timer(timeout_s, self._hang, (timeout_s,))
        timer.name = _WATCH
        timer.daemon = True
        timer.start()

    def _hang(self, timeout_s: float) -> None:
        stack = traceback.extract_stack(sys._current_frames().get(self._main))
        self._finish({"ok": False, "stage": self.stage, **self._failure.hang(stack, timeout_s, self.project)})

    def _finish(self, verdict: dict[str, Any]) -> NoReturn:
        """Write the report and end at once: atexit functions and threads of the project are not waited for."""
        if os.getpid() != self._pid:
            os._exit(0)
        with self._once:
            partial = f"{self.out}.{self._pid}"
            with open(partial, "w", encoding="utf-8") as file:
                json.dump({**self.facts, **verdict}, file, default=str)
            os.replace(partial, self.out)
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
            os._exit(0)


def read_request(argv: list[str]) -> dict[str, Any]:
    """Read the request named on the command line and leave our own folder and our arguments behind."""
    with open(argv[1], encoding="utf-8") as file:
        request: dict[str, Any] = json.load(file)
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE or entry in ("", ".")]
    sys.argv[:] = ["uwsgi"]
    return request


def start(argv: list[str]) -> tuple[dict[str, Any], Report]:
    """The request, and a report that is watched for a hang."""
    request = read_request(argv)
    report = Report(request["out"], request.get("project") or os.getcwd())
    if request.get("timeout_s"):
        report.watch(float(request["timeout_s"]))
    return request, report


def run(argv: list[str], work: Callable[[dict[str, Any], Report, Any], None]) -> NoReturn:
    """Do the work for the request that is named on the command line, and end the process. It gets this module too, and fills
    the report; what it raises makes that the report of a failure."""
    request, report = start(argv)
    try:
        work(request, report, sys.modules[__name__])
    except BaseException as error:
        report.fail(error)
    report.succeed()


def enter(request: dict[str, Any]) -> None:
    """Make the project importable as `python manage.py` and uWSGI's chdir do."""
    scripts = request.get("manage"), (request.get("target") or {}).get("file")
    folders = [os.path.dirname(os.path.abspath(script)) for script in scripts if script] or [request["project"]]
    sys.path[:0] = dict.fromkeys([*request.get("python_path", ()), *folders])


def find_settings(request: dict[str, Any], report: Report) -> str:
    """Set DJANGO_SETTINGS_MODULE as the project would; returns who named it, "" if nobody did.

    The order is: the request, the environment, the project's .env, manage.py. manage.py is run in any case (up to the point
    where it would hand over to Django), because it may extend sys.path or load a .env that the settings rely on.
    """
    names = ("request", request.get("settings")), ("environment", os.environ.get(VARIABLE))
    named = [pair for pair in (*names, (".env", request.get("dotenv_settings"))) if pair[1]]
    origin, module = named[0] if named else ("", "")
    if module:
        os.environ[VARIABLE] = module
    if request.get("manage"):
        report.stage = "manage"
        before, variables = list(sys.path), set(os.environ)
        try:
            run_manage(request["manage"])
        except BaseException:
            if not module and not request.get("target"):
                raise
        report.facts["path_added"] = [os.path.abspath(path) for path in sys.path if path not in before]
        report.facts["environ_added"] = sorted(set(os.environ) - variables - {VARIABLE})
    if module:
        os.environ[VARIABLE] = module
    elif os.environ.get(VARIABLE) or configured():
        origin = "manage.py"
    report.facts["settings"], report.facts["settings_origin"] = os.environ.get(VARIABLE, ""), origin
    return origin


def configured() -> bool:
    """Whether somebody has given Django its settings already."""
    conf = sys.modules.get("django.conf")
    return bool(conf and conf.settings.configured)


def threads() -> list[str]:
    """Names of the threads that the project has started and that still run."""
    running = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    return [thread.name for thread in running if thread.name != _WATCH]


class _Captured(BaseException):
    """Ends manage.py where it would hand over to Django; not an Exception, so that no handler of its own takes it."""


def run_manage(path: str) -> None:
    """Run manage.py as `python manage.py` would, without the management command.

    A manage.py that looks at sys.argv[1] unasked gets a second try with `check`.
    """
    try:
        _run_manage(path, [path])
    except IndexError:
        _run_manage(path, [path, "check"])


def _run_manage(path: str, argv: list[str]) -> None:
    reached = False

    def capture(*_: Any, **__: Any) -> NoReturn:
        nonlocal reached
        reached = True
        raise _Captured

    previous = sys.argv[:]
    sys.argv[:] = argv
    try:
        with _execute_replaced(capture):
            runpy.run_path(path, run_name="__main__")
    except BaseException:
        if not reached:
            raise
    finally:
        sys.argv[:] = previous


@contextlib.contextmanager
def _execute_replaced(capture: Any) -> Iterator[None]:
    """Replace what every way into Django's commands ends in: `execute_from_command_line` calls it as well."""
    try:
        utility = importlib.import_module("django.core.management").ManagementUtility
    except Exception:
        # No usable Django here: manage.py will say so itself, in its own words.
        yield
        return
    original = utility.execute
    utility.execute = capture
    try:
        yield
    finally:
        utility.execute = original


def set_up_django(report: Report) -> None:
    """Load the settings, then the applications (`django.setup()`)."""
    report.stage = "settings"
    django = importlib.import_module("django")
    report.facts["django_version"] = django.get_version()
    if os.environ.get("DJANGO_CONFIGURATION") and importlib.util.find_spec("configurations"):
        importlib.import_module("configurations.importer").install()
    _ = importlib.import_module("django.conf").settings.INSTALLED_APPS
    report.stage = "setup"
    django.setup()
