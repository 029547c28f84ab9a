"""What a proof can find."""

from __future__ import annotations

from portico.model.finding import Kind

DIFFERENT = Kind(
    "config.W040",
    "config",
    "The new stack answers differently",
    "What a client, a cache or a monitor relies on may not be there after the change.",
    shows="`portico adopt --prove` ends with exit status 1 and lists each request with both answers.",
    example="GET /admin/login/   old 200, new 404",
    cure="Look at the line of the old files that the answer comes from, and at its fate in the list: it may be one that is "
    "not carried over. Add what is missing to portico.toml (a key, or raw lines) and prove again.",
)
OLD_DEAD = Kind(
    "config.W041",
    "config",
    "The old pair does not start here",
    "What does not run cannot be compared; the new stack may be right or wrong.",
    shows="`portico adopt --prove` could not tell, and shows the last lines of nginx or uWSGI.",
    example='nginx: [emerg] unknown directive "more_set_headers" in .../nginx.conf:31',
    cure="Often a path of another machine (`--map /old=/new`), a module that this nginx was built without, or a package "
    "that the Python named by `home` does not have. Run the proof on the machine the files are for.",
)
NEW_DEAD = Kind(
    "config.W042",
    "config",
    "The new stack does not start here",
    "What does not run cannot be compared.",
    shows="`portico adopt --prove` could not tell, and shows the last lines of nginx or uWSGI.",
    example="ModuleNotFoundError: No module named 'shop'",
    cure="`portico check` and `portico up` in the project's folder say the same with more detail. If the old pair runs and "
    "the new stack does not, a line of the old files was not carried over: look at the list.",
)
