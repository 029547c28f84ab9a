"""Write the generated pages into docs/, or with --check fail when they are not what the code says."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import portico
from portico.export.findings_pages import FOLDER
from portico.export.reference import files
from portico.model.finding import Kind

DOCS = Path(__file__).parent.parent / "docs"


def modules() -> Iterator[ModuleType]:
    """All of the package. `inside` runs in other Pythons and declares no findings."""
    for info in pkgutil.walk_packages(portico.__path__, "portico."):
        if ".inside" not in info.name and not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def kinds_in(value: object) -> Iterator[Kind]:
    """The kinds a name stands for: one, or those of a table."""
    if isinstance(value, Kind):
        yield value
    elif isinstance(value, (tuple, list, frozenset)):
        yield from (item for item in value if isinstance(item, Kind))
    elif isinstance(value, Mapping):
        yield from (item for item in value.values() if isinstance(item, Kind))


def kinds() -> Iterator[Kind]:
    """Every Kind declared anywhere in the package; one that is imported elsewhere comes more than once."""
    for module in modules():
        for value in vars(module).values():
            yield from kinds_in(value)


def used_in(module: ModuleType) -> Iterator[Kind]:
    """The kinds the code of a module uses, by name (`NO_HOSTS`) or as part of another module (`kinds.NO_HOSTS`). A kind of
    which it reads only the id is raised elsewhere."""
    nodes = list(ast.walk(ast.parse(inspect.getsource(module))))
    compared = {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr == "id"}
    for node in nodes:
        if id(node) in compared:
            continue
        value = _value(node, vars(module))
        if isinstance(value, Kind):
            yield value


def _value(node: ast.AST, names: Mapping[str, object]) -> object:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return getattr(names.get(node.value.id), node.attr, None)
    return None


def path_of(module: ModuleType) -> str:
    return Path(str(module.__file__)).relative_to(Path(portico.__path__[0]).parent).as_posix()


def raised_by() -> dict[Kind, set[str]]:
    """Every kind, with the modules that raise it; the one that declares it where none was found."""
    declared: dict[Kind, set[str]] = {}
    raising: dict[Kind, set[str]] = {}
    for module in modules():
        for value in vars(module).values():
            for kind in kinds_in(value):
                declared.setdefault(kind, set()).add(path_of(module))
        if not module.__name__.endswith("kinds"):
            for kind in used_in(module):
                raising.setdefault(kind, set()).add(path_of(module))
    return {kind: raising.get(kind, places) for kind, places in declared.items()}


def main() -> int:
    check = "--check" in sys.argv[1:]
    wanted = {DOCS / file.path: file.text for file in files(raised_by())}
    superfluous = set((DOCS / FOLDER).glob("*.md")) - set(wanted)
    wrong = sorted(superfluous)
    for path, text in wanted.items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        wrong.append(path)
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if not check:
        for path in superfluous:
            path.unlink()
    elif wrong:
        names = ", ".join(path.relative_to(DOCS.parent).as_posix() for path in wrong)
        sys.stderr.write(f"{names}: not what the code says; run `make docs`\n")
    return 1 if check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
