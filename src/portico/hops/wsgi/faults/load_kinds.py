"""Kinds: uWSGI runs, or would, but it has no application."""

from __future__ import annotations

from portico.model.finding import Kind

#: What is seen: uWSGI serves without an application, or ends for want of one, and nginx finds nobody at its socket.
NO_APPLICATION = (
    *("nginx-uwsgi.E101", "nginx-uwsgi.E102", "nginx-uwsgi.E103", "nginx-uwsgi.E104"),
    *("uwsgi.E120", "uwsgi.E121"),
)
_PYTHON = "https://uwsgi-docs.readthedocs.io/en/latest/Python.html"
_IMPORT = "https://docs.python.org/3/reference/import.html"
_EVERY_PAGE = (
    "Every page is 500 `Internal Server Error` (text/plain, 21 bytes), or with `need-app` uWSGI ends and nginx says 502."
)

MODULE_NOT_FOUND = Kind(
    "wsgi.E100",
    "wsgi",
    "uWSGI does not find the module of the application",
    "uWSGI imports the module by its dotted name, from the folder it works in (`chdir`) and from `pythonpath`.",
    source=_PYTHON,
    shows=f"{_EVERY_PAGE} uWSGI's log has one line, `ModuleNotFoundError`, without a traceback, before `unable to load "
    f"app 0`.",
    example="module = mysit.wsgi:application      ; the package is mysite\nModuleNotFoundError: No module named 'mysit'",
    cure="Correct the name in `module`, and let `chdir` be the folder that contains the package (that of manage.py).",
    leads_to=NO_APPLICATION,
)
CLOSED = Kind(
    "wsgi.E101",
    "wsgi",
    "uWSGI's account may not read the project",
    "To the import system a folder that may not be entered is empty: names and paths are right, and the module is still not "
    "found.",
    source=f"{_IMPORT}#path-entry-finders",
    shows=f"{_EVERY_PAGE} uWSGI's log says `ModuleNotFoundError` for a module that is there, or `failed to open python "
    "file`; as your own account or as root it works.",
    example="uid = www-data\nchdir = /home/you/site      ; drwx------ you you /home/you",
    cure="Let the account of uWSGI read the project (`chmod o+rx`, or its group), or run uWSGI as the project's owner. "
    "Better "
    "than opening a home folder: the project under /srv.",
    leads_to=NO_APPLICATION,
)
FILE_MISSING = Kind(
    "wsgi.E102",
    "wsgi",
    "The file of the application is not there",
    "A relative `wsgi-file` starts in the folder that uWSGI works in (`chdir`).",
    source=_PYTHON,
    shows=f"{_EVERY_PAGE} uWSGI's log: `failed to open python file`.",
    example="wsgi-file = mysite/wsgii.py\nfailed to open python file mysite/wsgii.py",
    cure="Correct the path, or use `module = package.wsgi:application` with `chdir`.",
    leads_to=NO_APPLICATION,
)
NO_CALLABLE = Kind(
    "wsgi.E103",
    "wsgi",
    "The module has no callable of the name that uWSGI looks for",
    "The module was imported without an error; then uWSGI asks it for one name, `application` if nothing else is said.",
    source="https://peps.python.org/pep-3333/",
    shows=f"{_EVERY_PAGE} uWSGI's log says only `unable to load app 0 (mountpoint='') (callable not found or import "
    f"error)`, "
    "with no error above it.",
    example="module = mysite.wsgi:app       ; Django's wsgi.py defines application",
    cure="Write the name that is there behind the colon of `module`, or in `callable`.",
    leads_to=NO_APPLICATION,
)
MISSING_PACKAGE = Kind(
    "wsgi.E104",
    "wsgi",
    "A module that the project imports is not installed where uWSGI looks",
    "The package was never installed here, or into another environment than that of uWSGI's Python.",
    source="https://docs.python.org/3/library/exceptions.html#ModuleNotFoundError",
    shows=f"{_EVERY_PAGE} uWSGI's log has a traceback that ends in `ModuleNotFoundError`; the last `File` line of it is who "
    "imports.",
    example="ModuleNotFoundError: No module named 'rest_framework'",
    cure="Install it with the Python that runs uWSGI: `/srv/site/.venv/bin/python -m pip install -r requirements.txt`, then "
    "restart uWSGI.",
    leads_to=NO_APPLICATION,
)
OWN_MODULE_MISSING = Kind(
    "wsgi.E105",
    "wsgi",
    "A package has no module of a name that is imported from it",
    "Of the project's own: a file was renamed, not deployed, or is imported by a wrong name. Of an installed package: "
    "another version has it.",
    source=_IMPORT,
    shows=f"{_EVERY_PAGE} uWSGI's log has a traceback that ends in `ModuleNotFoundError` for a name with a dot in it: "
    "what is before the dot was found.",
    example="ModuleNotFoundError: No module named 'shop.payments'",
    cure="Deploy the file, or correct the import; Git does not keep what .gitignore names, and no empty folder. Of an "
    "installed package install the version that the project was written for.",
    leads_to=NO_APPLICATION,
)
STDLIB_MISSING = Kind(
    "wsgi.E106",
    "wsgi",
    "Python does not find its own standard library",
    "The interpreter looks for it below a prefix that is wrong, or that uWSGI's account may not enter: what had been "
    "imported "
    "before uWSGI gave up its privileges is there, everything else is `missing`.",
    source="https://docs.python.org/3/using/cmdline.html#envvar-PYTHONHOME",
    shows="`No module named 'encodings'` (uWSGI ends at once), or `No module named 'datetime'` and other modules that every "
    "Python has.",
    example="uid = www-data                  ; and Python lies in /root/.pyenv\nModuleNotFoundError: No module named "
    "'datetime'",
    cure="Use a Python that the account may read (/usr/bin/python3, /opt), make the environment anew with it; unset "
    "PYTHONHOME; "
    "`home` must name an environment that exists.",
    leads_to=NO_APPLICATION,
)
SHADOWED = Kind(
    "wsgi.E107",
    "wsgi",
    "A file of the project takes the place of a library's module",
    "The project's folder comes first on sys.path: a file with the name of a module of the standard library is "
    "imported instead "
    "of it, also by the libraries.",
    source="https://docs.python.org/3/library/sys_path_init.html",
    shows=f"{_EVERY_PAGE} The traceback ends deep in a library, with `cannot import name` or `has no attribute` of a module "
    "that is part of Python.",
    example="/srv/site/random.py\nImportError: cannot import name 'SystemRandom' from 'random' (/srv/site/random.py)",
    cure="Rename the file, remove its `__pycache__`, and restart uWSGI.",
    leads_to=NO_APPLICATION,
)
SYNTAX = Kind(
    "wsgi.E108",
    "wsgi",
    "A file of the project is no Python that this interpreter understands",
    "The code is broken, or uses what only a newer Python has.",
    source="https://docs.python.org/3/library/exceptions.html#SyntaxError",
    shows=f"{_EVERY_PAGE} uWSGI's log: `SyntaxError`, `IndentationError` or `TabError`.",
    example='  File "/srv/site/shop/views.py", line 12\nSyntaxError: invalid syntax',
    cure="Correct the line; where it is right for a newer Python, run uWSGI with that one. `python -m compileall -q .` "
    "finds "
    "all of them.",
    leads_to=NO_APPLICATION,
)
IMPORT_RAISES = Kind(
    "wsgi.E109",
    "wsgi",
    "The application raises an exception while uWSGI imports it",
    "uWSGI imports the application once, before it takes requests; if that fails there is nothing to pass them to.",
    source=_PYTHON,
    shows=f"{_EVERY_PAGE} uWSGI's log has the traceback above `unable to load app 0`.",
    example="FileNotFoundError: [Errno 2] No such file or directory: 'config.json'",
    cure='Correct the line. Paths are best built from the file they belong to: `Path(__file__).parent / "config.json"`.',
    leads_to=NO_APPLICATION,
)
EXITS = Kind(
    "wsgi.E110",
    "wsgi",
    "The application ends uWSGI while it is imported",
    "sys.exit() and os._exit() end the whole server, without a traceback.",
    source="https://docs.python.org/3/library/sys.html#sys.exit",
    shows="uWSGI ends right after `*** Operational MODE`, often without a word; nginx answers 502.",
    example='if "SECRET_KEY" not in os.environ:\n    sys.exit("no key")',
    cure="Raise an exception that says what is missing; put what belongs to the command line under `if __name__ == "
    '"__main__":`.',
    leads_to=NO_APPLICATION,
)
HANGS = Kind(
    "wsgi.E111",
    "wsgi",
    "The application does not finish loading",
    "Until its import ends no worker is there: connections wait in the queue of the socket.",
    source=_PYTHON,
    shows="After a restart every page waits, then 504. uWSGI's log ends at `*** Operational MODE`.",
    example='CONFIG = requests.get("https://example.com/config").json()     # at module level',
    cure="Nothing that waits (connections, locks, input) at import: at the first use, and with a time limit.",
    leads_to=("nginx-uwsgi.E131", "nginx-uwsgi.E126", "nginx-uwsgi.E125", "uwsgi.E159"),
)
MISSING_VARIABLE = Kind(
    "wsgi.E112",
    "wsgi",
    "An environment variable that the application needs is not set",
    "uWSGI gives the application the environment it was started with; what a shell or a .env has is not part of it.",
    source="https://docs.python.org/3/library/os.html#os.environ",
    shows=f"{_EVERY_PAGE} uWSGI's log: `KeyError: 'NAME'` from `os.environ`. In your shell it works.",
    example='API_KEY = os.environ["API_KEY"]',
    cure="Set it where uWSGI is started: `Environment=` or `EnvironmentFile=` of the systemd unit. With pyuwsgi `env =` in "
    "uwsgi.ini comes too late for os.environ.",
    leads_to=NO_APPLICATION,
)
NEXT_START = Kind(
    "wsgi.I140",
    "wsgi",
    "The code on the disk cannot be loaded; what runs is older",
    "uWSGI keeps what it imported when it started; the next start or reload imports what is there then.",
    source=_PYTHON,
    shows="The site works, and will not after the next restart.",
    example="RuntimeError in /srv/site/shop/models.py:3, after the files were changed under a running uWSGI",
    cure="Correct the code before the next reload; `python manage.py check` in the same environment shows the same.",
)
