"""Write the generated pages into docs/, or with --check fail when they are not what the code says."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import portico
from portico.export.reference import files
from portico.model.finding import Kind

DOCS = Path(__file__).parent.parent / "docs"


def kinds() -> Iterator[Kind]:
    """Every Kind declared anywhere in the package. `inside` runs in other Pythons and declares none."""
    for info in pkgutil.walk_packages(portico.__path__, "portico."):
        if ".inside" in info.name or info.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, Kind):
                yield value
            elif isinstance(value, (tuple, list)):
                yield from (item for item in value if isinstance(item, Kind))


def main() -> int:
    stale = []
    for file in files(kinds()):
        path = DOCS / file.path
        if "--check" not in sys.argv[1:]:
            path.write_text(file.text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != file.text:
            stale.append(path.name)
    if stale:
        sys.stderr.write(f"docs/{', docs/'.join(stale)}: not what the code says; run `make docs`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
