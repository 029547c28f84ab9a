"""Options of the Python plugin and of loops."""

from __future__ import annotations

from portico.hops.uwsgi.adopt.word import Word, each

_OTHER_WAY = "Portico loads a module or a file: write a wsgi.py that makes the application, and name it in `module`"
_DEVELOPMENT = "it watches files and is for development; `portico reload` brings new code"
_LOOP = "the library must be in the project's Python; a worker then handles requests in turn in one thread (`threads = 1`)"

WORDS: dict[str, Word] = {
    **each("paste ini-paste ini-paste-logged pecan web3 wsgi-lite eval", "left", _OTHER_WAY),
    **each(
        "python",
        "left",
        "it runs a script in uWSGI before the application; import it in the application, or make it a hook of the release",
    ),
    **each("py-auto-reload py-auto-reload-ignore", "left", _DEVELOPMENT),
    **each(
        "single-interpreter",
        "written",
        "there is one application in one interpreter: extensions such as NumPy break in others",
    ),
    **each(
        "no-site py-executable py-programname python-worker-override",
        "left",
        "Portico starts the project's own Python: `python`",
    ),
    **each(
        "envdir early-envdir",
        "left",
        "a folder with a file for each variable: set them in [env], or in a file of `env_files`",
    ),
    **each("reload-os-env", "left", "the environment of a release is made once, when it is started"),
    **each("gevent gevent-monkey-patch gevent-early-monkey-patch gevent-wait-for-hub loop async", "raw", _LOOP),
    **each("ugreen", "raw", _LOOP),
    **each(
        "py-tracebacker", "raw", "every instance makes the same sockets, during a reload the new ones beside the old", "path"
    ),
    **each("force-cwd", "left", "`[uwsgi] chdir` is the folder the application runs in"),
    **each("chdir2", "left", "`[uwsgi] chdir` is the folder the application runs in: say this one there"),
}
