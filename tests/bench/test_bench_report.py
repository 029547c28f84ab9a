"""The page that a run writes: everything measured is on it, and what is not so good is said as plainly."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from bench.results import Results, load, save
from bench.words import cell, listed, shown
from measured import STACKS, results, rounds

from bench import pictures, report


@pytest.fixture(scope="module")
def page() -> str:
    return report.text(results())


def _section(page: str, title: str) -> str:
    return page.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]


def test_tables_are_whole(page: str) -> None:
    blocks = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
    assert len(blocks) >= 8
    for rows in blocks:
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {len(re.findall(r"(?<!\\)\|", rows[0]))}
        assert re.fullmatch(r"\|( -+:? \|)+", rows[1])


def test_every_picture_is_shown_and_every_picture_shown_is_there(page: str) -> None:
    shown_there = set(re.findall(r"!\[[^\]]+\]\(performance/([^)]+)\)", page))
    made = pictures.all_of(results())
    assert shown_there == set(made)
    for drawn in made.values():
        assert ElementTree.fromstring(drawn).attrib["width"] == "720"


def test_links_within_the_page_lead_to_headings(page: str) -> None:
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in page.splitlines() if line[:1] == "#"
    }
    links = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert links
    assert links <= headings


def test_what_is_behind_is_said_plainly_and_what_is_first_too(page: str) -> None:
    short = _section(page, "In short")
    assert "first in 1, more than 3 % behind in 1 and without another that qualifies in 1" in short
    plainly = short.split("**Where Portico is neither first nor within 3 % of the first:**")[1]
    assert re.search(r"- Waiting view, 200 clients, .*gunicorn.* 326/s, Portico 163/s, a ratio of 0\.50", plainly)
    assert re.search(r"\| \[JSON view\].* 0\.57 .*\| \*\*first\*\* \|", short)
    assert re.search(r"\| \[Waiting view, 200 clients\].* 0\.50 .*\| \*\*not first\*\* \|", short)


def test_a_run_in_which_portico_is_first_everywhere_has_no_such_list() -> None:
    calm = results()
    fast = {**calm.rounds, "sleep": {**calm.rounds["sleep"], "portico": rounds(900, 900, 900, figure="per_s")}}
    assert "neither first" not in report.text(replace(calm, rounds=fast))


def test_who_does_not_qualify_is_named_with_where_it_is_better(page: str) -> None:
    short = _section(page, "In short")
    assert re.search(
        r"- granian does not survive slow clients\. Better than Portico: JSON view \(0\.90 .*\), Waiting", short
    )
    assert "- nginx + waitress does not reload without loss.\n" in short


def test_a_figure_that_does_not_decide_is_not_hidden(page: str) -> None:
    assert re.search(r"- Waiting view, 200 clients, p99: 56\d\sms, nginx \+ gunicorn \(gthread\) 28\d\sms", page)


def test_the_overhead_over_the_floor_is_held_against_its_target(page: str) -> None:
    assert "0.40 (0.40\u20110.40) of what that adds (target: at most 0.5, held)" in page
    slow = {**results().rounds["json"], "gunicorn": results().rounds["json"]["portico"]}
    assert "**missed**" in report.text(replace(results(), rounds={"json": slow}))


def test_a_quick_run_gives_no_verdict(page: str) -> None:
    whole = results()
    few = {key: {stack: many[:2] for stack, many in one.items()} for key, one in whole.rounds.items()}
    short = _section(report.text(replace(whole, rounds=few)), "In short")
    assert short.index("A quick run: read no verdict into it.") < short.index("Compared with")
    assert "| first, by 2 rounds |" in short
    assert "| not first, by 2 rounds |" in short
    assert "held, by 2 rounds)" in short
    assert "**first**" not in short
    assert "read no verdict" not in page
    # A workload of a whole run that has few rounds is marked, and the run is not.
    one = _section(report.text(replace(whole, rounds={**whole.rounds, "sleep": few["sleep"]})), "In short")
    assert "| not first, by 2 rounds |" in one
    assert "read no verdict" not in one


def test_a_stack_that_is_not_there_has_its_reason(page: str) -> None:
    assert "| mod_wsgi-express |  |  |  |  |  | not measured: apache2-dev is not installed |" in page
    assert "not measured: answered 502 to 3 of 900 requests" in _section(page, "Waiting view, 200 clients")
    assert "lost 2 of its requests" in _section(page, "JSON view")


def test_machine_versions_sources_and_the_way_to_run_it_again_are_there(page: str) -> None:
    for text in (
        r"Sample \| 1 GHz",
        "gunicorn 27.0.1, nginx 1.22.1",
        "<https://gunicorn.org/deploy>",
        "make bench",
        "5 rounds",
    ):
        assert text in page


def test_a_curve_says_whether_there_is_a_cliff(page: str) -> None:
    section = _section(page, "JSON view, from 1 to 1,000 clients")
    assert "no cliff" in section
    assert "2.00 at 100" in section


def test_a_run_of_almost_nothing_makes_a_page(tmp_path: Path) -> None:
    for few in (Results({}, (), (), {}), Results({}, STACKS, results().workloads, {}), replace(results(), rounds={})):
        report.write(few, tmp_path)
        assert (tmp_path / "performance.md").read_text().startswith("# Performance")


def test_writing_replaces_the_pictures_of_before_and_a_stored_run_makes_the_same_page(tmp_path: Path, page: str) -> None:
    (tmp_path / "performance").mkdir()
    (tmp_path / "performance" / "old.svg").write_text("<svg/>")
    save(results(), tmp_path / "results.json")
    report.write(load(tmp_path / "results.json"), tmp_path)
    assert {one.name for one in (tmp_path / "performance").iterdir()} == set(pictures.all_of(results()))
    assert (tmp_path / "performance.md").read_text(encoding="utf-8") == page


def test_text_of_others_does_not_break_a_table() -> None:
    assert cell("a | b\nc <script>") == r"a \| b c &lt;script>"
    assert shown("cpu_us", 412.3) == "412\u00a0µs"
    assert shown("per_s", 2211.4) == "2,211/s"
    assert shown("new_mb", 1.0) == "1\u00a0MB"
    assert shown("cpu_us", None) == ""


def test_names_are_told_apart() -> None:
    assert [listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"], ["a, b", "c", "d"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
        "a, b; c and d",
    ]
