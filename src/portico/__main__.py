"""`python -m portico`, and the `portico` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code; 130 where Ctrl-C came before it began."""
    try:
        from portico.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
