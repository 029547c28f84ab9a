"""The cause of an application that is not loaded in a sentence, and what to do about it, for each reason there is."""

from __future__ import annotations

from collections.abc import Callable

from portico.model.directive import Option
from portico.model.evidence import Evidence, UwsgiSeen
from portico.seams.faults.app_seen import asked_for, examined, python_of, target
from portico.seams.faults.load_told import Told

#: Cause and fix.
Words = tuple[str, list[str]]
_PACKAGES = {
    "MySQLdb": "mysqlclient",
    "psycopg2 or psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "environ": "django-environ",
    "decouple": "python-decouple",
    "dotenv": "python-dotenv",
    "corsheaders": "django-cors-headers",
    "debug_toolbar": "django-debug-toolbar",
    "django_filters": "django-filter",
    "storages": "django-storages",
    "allauth": "django-allauth",
    "crispy_forms": "django-crispy-forms",
    "import_export": "django-import-export",
    "PIL": "Pillow",
    "yaml": "PyYAML",
    "dateutil": "python-dateutil",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "sklearn": "scikit-learn",
    "dj_database_url": "dj-database-url",
    "oracledb": "oracledb",
}


def of(evidence: Evidence, told: Told) -> Words:
    """For the reason that was told."""
    return _WORDS.get(told.what, _raised)(evidence, told)


def rows(evidence: Evidence, told: Told) -> list[str]:
    """Evidence beside what was told: the options that say which application it is, and where it was looked for."""
    found = asked_for(evidence.instance)
    if told.what in ("module-not-found", "own-module") and (folders := examined(evidence).python.path):
        found.append(f"sys.path: {', '.join(folders[:4])}")
    return found


def _row(seen: UwsgiSeen | None, *names: str) -> str:
    option = seen.option(*names) if seen else None
    return f"   # in {option.where}" if option else ""


def _module(evidence: Evidence, told: Told) -> Words:
    name, _, callable_ = target(evidence)
    folder = evidence.project.directory if evidence.project else ""
    seen = evidence.instance
    named = name if name and f"{name}.".startswith(f"{told.missing}.") else told.missing
    where = f" from {folder}" if folder else ""
    correct = (
        f"module = PACKAGE.wsgi:{callable_ or 'application'}{_row(seen, 'module', 'wsgi', 'mount')}: the package's real name"
    )
    chdir = f"chdir = /the/folder/that/contains/{named.partition('.')[0]}{_row(seen, 'chdir')}: that of manage.py"
    return f"uWSGI was told to import {named}, and there is no module {told.missing!r}{where}", [correct, chdir]


def _file(evidence: Evidence, told: Told) -> Words:
    folder = evidence.project.directory if evidence.project else ""
    path = told.load.failure.path or told.missing
    start = f", looked for from {folder}" if folder and not told.missing.startswith("/") else ""
    return f"uWSGI was told to load {path}, which is not there{start}", [
        f"wsgi-file = /the/real/path/wsgi.py{_row(evidence.instance, 'wsgi-file')}",
        "or module = package.wsgi:application, with chdir = the folder of manage.py",
    ]


def _callable(evidence: Evidence, told: Told) -> Words:
    module, file, name = target(evidence)
    where = module or file or "the module"
    wanted = name or "application"
    known = told.load.callables
    option = "module" if module else "callable"
    if told.load.kind == "not-callable":
        return f"{wanted} in {where} cannot be called: {told.load.failure.message}", [f"name the callable of {where}"]
    if known:
        line = f"module = {module}:{known[0]}" if module else f"callable = {known[0]}"
        cause = f"{where} was imported, but has no callable {wanted!r}: it has {', '.join(known)}"
        return cause, [f"{line}{_row(evidence.instance, option, 'module', 'wsgi-file')}"]
    if told.load.factory:
        line = f"module = {where}:{told.load.factory}()"
        return f"{where} has no callable {wanted!r}, but a function {told.load.factory} that makes one", [line]
    return f"{where} was imported without an error, but has no callable {wanted!r}", [
        f"look for the name that {where} gives to its application, and write it behind the colon: module = {where}:NAME"
    ]


def _package(evidence: Evidence, told: Told) -> Words:
    top = told.missing.partition(".")[0]
    python = python_of(evidence)
    importer = f", imported by {told.where}" if told.where else ""
    fix = [f"{python} -m pip install {_PACKAGES.get(top, top)}"]
    for other in told.load.elsewhere[:2]:
        version = f" (Python {other.python})" if other.python else ""
        fix.append(
            f"it is installed in another place, {other.path}{version}: start uWSGI with the Python of that environment"
        )
    return f"{told.missing!r} is not installed for {python}{importer}", fix


def _own(evidence: Evidence, told: Told) -> Words:
    package = told.missing.rpartition(".")[0]
    importer = f"{told.where} or what it imports" if told.where else "the project"
    found = f"the package {package!r} is there, but has" if package else "the project has"
    return f"{found} no module {told.missing!r}, which {importer} asks for", [
        f"is the file of {told.missing} on this machine? git status --ignored; else correct the import",
        f"if {package or told.missing!r} is an installed package: the version in requirements.txt",
    ]


def _stdlib(evidence: Evidence, told: Told) -> Words:
    python = python_of(evidence)
    return f"{told.missing!r} belongs to every Python, and {python} does not find it", [
        "unset PYTHONHOME and PYTHONPATH where uWSGI is started",
        f"sudo -u ACCOUNT {python} -c 'import {told.missing}'   # as uWSGI's account: may it read that Python?",
    ]


def _syntax(evidence: Evidence, told: Told) -> Words:
    version = examined(evidence).python.version
    place = told.where or "the file in the log"
    return f"{place}: {told.says}", [f"correct {place}" + (f" (uWSGI's Python is {version})" if version else "")]


def _variable(evidence: Evidence, told: Told) -> Words:
    code = told.load.failure.frame.code if told.load.failure.frame else ""
    reads = f": {code}" if code and told.missing in code else ""
    place = told.where or "the settings" if told.what == "settings-variable" else told.where or "the application"
    fix = [f"Environment={told.missing}=...   # in uWSGI's systemd unit, or EnvironmentFile=; then systemctl daemon-reload"]
    ignored = next((o for o in _env_options(evidence) if o.value.startswith(f"{told.missing}=")), None)
    if ignored:
        fix.append(f"{ignored.where} sets it with `env`, which comes too late for the os.environ of pyuwsgi")
    return f"{place} needs the environment variable {told.missing}, which uWSGI does not have{reads}", fix


def _env_options(evidence: Evidence) -> list[Option]:
    return [option for option in (evidence.instance.options if evidence.instance else ()) if option.name == "env"]


def _settings(evidence: Evidence, told: Told) -> Words:
    named = told.load.settings or told.missing
    if not told.missing or told.missing == "DJANGO_SETTINGS_MODULE":
        return "DJANGO_SETTINGS_MODULE is not set when Django needs its settings", [
            'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")   # in wsgi.py, before Django is used',
            "or Environment=DJANGO_SETTINGS_MODULE=mysite.settings in uWSGI's systemd unit",
        ]
    return f"DJANGO_SETTINGS_MODULE names {named}, and there is no module {told.missing!r}", [
        "correct DJANGO_SETTINGS_MODULE where uWSGI is started (systemctl show UNIT -p Environment), or in wsgi.py"
    ]


def _refused(evidence: Evidence, told: Told) -> Words:
    place = f" in {told.where}" if told.where else ""
    return f"the settings cannot be used: {told.says}{place}", [f"correct {told.where or 'the settings'}"]


def _setup(evidence: Evidence, told: Told) -> Words:
    place = f" ({told.where})" if told.where else ""
    return f"Django's applications or its logging cannot be set up: {told.says}{place}", [
        f"correct what the message names; {python_of(evidence)} manage.py check shows it again"
    ]


def _driver(evidence: Evidence, told: Told) -> Words:
    package = _PACKAGES.get(told.missing, told.missing)
    return f"the module {told.missing}, which the database's ENGINE needs, is not installed for {python_of(evidence)}", [
        f"{python_of(evidence)} -m pip install {package}"
    ]


def _exit(evidence: Evidence, told: Told) -> Words:
    if told.load.kind == "exit":
        place = f" at {told.where}" if told.where else ""
        return f"the application calls sys.exit() while it is imported{place}: {told.message}", [
            f"raise an exception{place} that says what is missing"
        ]
    return f"uWSGI ended while it imported the application, and says no reason: {told.message}", [
        "the last lines of the log before the end may say why",
        "run it by hand: python -X faulthandler -c 'import MODULE'   # the module that uWSGI loads",
    ]


def _hang(evidence: Evidence, told: Told) -> Words:
    place = f" at {told.where}" if told.where else ""
    return f"the import of the application does not end{place}: {told.message}", [
        f"give what it waits for{place} a time limit, or do it at the first use"
    ]


def _raised(evidence: Evidence, told: Told) -> Words:
    place = f" at {told.where}" if told.where else ""
    return f"importing the application raises {told.says}{place}", [f"correct {told.where or 'what the traceback names'}"]


_WORDS: dict[str, Callable[[Evidence, Told], Words]] = {
    "module-not-found": _module,
    "file-missing": _file,
    "unreadable": _file,
    "wrong-callable": _callable,
    "missing-dependency": _package,
    "own-module": _own,
    "stdlib": _stdlib,
    "missing-variable": _variable,
    "settings-variable": _variable,
    "syntax": _syntax,
    "settings": _settings,
    "settings-refused": _refused,
    "setup": _setup,
    "driver": _driver,
    "exit": _exit,
    "hang": _hang,
}
