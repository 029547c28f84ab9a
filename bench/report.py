"""docs/performance.md and its pictures, from what a run measured. No figure on the page is typed by hand."""

from __future__ import annotations

from pathlib import Path

from bench import pictures, report_curves, report_head, report_stacks, report_summary, report_workloads
from bench.results import Results
from bench.words import cell, table

PAGE, PICTURES = "performance.md", "performance"


def text(results: Results) -> str:
    """The page as Markdown; the pictures that it shows are those of `pictures.all_of`."""
    parts = [
        "# Performance",
        "<!-- Written by `make bench ARGS=--write`; do not edit. -->",
        *report_head.paragraphs(results),
        *report_summary.paragraphs(results),
        *report_workloads.paragraphs(results),
        *report_curves.paragraphs(results),
        *report_stacks.paragraphs(results),
        *_tables(results),
        *report_head.again(),
    ]
    return "\n\n".join(parts) + "\n"


def write(results: Results, docs: Path) -> None:
    """The page and its pictures into the folder; pictures of an earlier run go."""
    folder = docs / PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    made = pictures.all_of(results)
    for old in folder.glob("*.svg"):
        if old.name not in made:
            old.unlink()
    for name, drawn in made.items():
        (folder / name).write_text(drawn, encoding="utf-8")
    (docs / PAGE).write_text(text(results), encoding="utf-8")


def _tables(results: Results) -> list[str]:
    return [
        part
        for one in results.tables
        for part in (
            f"## {one.title}",
            one.about,
            "\n".join(table([cell(name) for name in one.columns], [[cell(each) for each in row] for row in one.rows])),
        )
    ]
