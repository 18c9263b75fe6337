"""Tests of nesting in Markdown, YAML, PromQL, templates and expressions: too deep is a finding at its place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics
from compiler.runbooks import parse_runbook
from compiler.runbooks.nesting import MAX_LISTS, MAX_MARKS
from tests.compiler.base import SHOP, SPEC, edit, tocsin

MARKS: Final[dict[str, Callable[[int], str]]] = {
    "emphases in turn": lambda n: "*a **b " * (n // 2) + "c" + "** a*" * (n // 2),
    "stars alone": lambda n: "*" * (2 * n) + "a" + "*" * (2 * n),
    "underscores": lambda n: "_a __b " * (n // 2) + "c" + "__ a_" * (n // 2),
    "strikes": lambda n: "*a ~~b " * (n // 2) + "c" + "~~ a*" * (n // 2),
    "in a link": lambda n: f"[{'*a **b ' * (n // 2)}c{'** a*' * (n // 2)}](https://example.com)",
    "in a heading": lambda n: f"## {'*a **b ' * (n // 2)}c{'** a*' * (n // 2)}",
    "in an item": lambda n: f"- {'*a **b ' * (n // 2)}c{'** a*' * (n // 2)}",
    "in a quotation": lambda n: f"> {'*a **b ' * (n // 2)}c{'** a*' * (n // 2)}",
    "in a cell": lambda n: f"| a |\n|---|\n| {'*a **b ' * (n // 2)}c{'** a*' * (n // 2)} |",
    "in HTML": lambda n: f"<div>{'*a **b ' * (n // 2)}c{'** a*' * (n // 2)}</div>",
    "in an HTML comment that is not closed": lambda n: f"<!-- {'*a **b ' * (n // 2)}c{'** a*' * (n // 2)}",
    "over several lines": lambda n: "*a\n**b\n" * (n // 2) + "c" + "**\na*" * (n // 2),
}
LISTS: Final[dict[str, Callable[[int], str]]] = {
    "quotations": lambda n: "> " * n + "a",
    "quotations without blanks": lambda n: ">" * n + "a",
    "items on one line": lambda n: "- " * n + "a",
    "items below each other": lambda n: "".join("  " * level + "- a\n" for level in range(n)),
    "numbers": lambda n: "".join("   " * level + "1. a\n" for level in range(n)),
    "both": lambda n: "> - " * (n // 2) + "a",
}


def errors(text: str) -> list[str]:
    """Return the codes of the findings about a runbook's form."""
    diagnostics = Diagnostics()
    parse_runbook("a.md", f"# A\n\n{text}\n", diagnostics)
    return [finding.code for finding in diagnostics]


@pytest.mark.parametrize("shape", MARKS)
@pytest.mark.parametrize("depth", [MAX_MARKS + 2, 250, 2000])
def test_marks_within_marks_are_refused(shape: str, depth: int) -> None:
    """The code that reports findings recurses into the marks."""
    assert errors(MARKS[shape](depth)) == ["nesting"]


@pytest.mark.parametrize("mark", ["[", "*a ", "~~", "_a", "![", "[a](b) "])
def test_a_paragraph_that_is_too_long_to_look_into_is_refused(mark: str) -> None:
    """Finding out how deep its marks lie would take quadratic time. Without marks, any length is allowed."""
    assert errors("a" + mark * 200_000) == ["nesting"]
    assert errors("a" * 200_000) == []


@pytest.mark.parametrize("shape", LISTS)
@pytest.mark.parametrize("depth", [MAX_LISTS + 2, 30, 300])
def test_lists_within_lists_are_refused(shape: str, depth: int) -> None:
    """markdown-it would silently leave the deeper parts out of the page, so the compiler reports them."""
    assert errors(LISTS[shape](depth)) == ["nesting"]


@pytest.mark.parametrize("shape", [*MARKS, *LISTS])
def test_what_people_write_is_not_refused(shape: str) -> None:
    """Half of each limit is fine, and so are many marks beside each other."""
    depth = (MAX_MARKS if shape in MARKS else MAX_LISTS) // 2
    assert errors({**MARKS, **LISTS}[shape](depth)) == []


def test_many_marks_beside_each_other_are_no_nesting() -> None:
    """A long list of bold words on neighbouring lines is one block of many marks."""
    assert errors("".join(f"- **Step {number}:** look at *it* and `*`\n" for number in range(500))) == []


def test_the_line_of_the_deepest_mark_is_shown() -> None:
    """A paragraph may be long."""
    diagnostics = Diagnostics()
    parse_runbook("a.md", f"# A\n\nOne.\nTwo.\n{MARKS['stars alone'](40)}\nFour.\n", diagnostics)
    (finding,) = diagnostics
    assert (finding.span.line, finding.message) == (5, f"emphases and links are nested more than {MAX_MARKS} deep")


BRACKETS: Final[dict[str, Callable[[int], str]]] = {
    "brackets of PromQL": lambda n: "(" * n + "1" + ")" * n,
    "signs of PromQL": lambda n: "-" * n + "1",
    "functions of PromQL": lambda n: "abs(" * n + "vector(1)" + ")" * n,
    "sums of PromQL": lambda n: "1" + " + 1" * n,
    "subqueries of PromQL": lambda n: "max_over_time((" * n + "vector(1)" + ")[5m:])" * n,
    "regular expressions": lambda n: f'sum(up{{a=~"{"(" * n}a{")" * n}"}})',
    "sets of regular expressions": lambda n: f'sum(up{{a=~"{"(?:[a" * n}{"])*" * n}"}})',
    "templates": lambda n: "{{ " + "(" * n + "1" + ")" * n + " }}",
    "signs of templates": lambda n: "{{ " + "-" * n + "1 }}",
    "conditions of templates": lambda n: "{{ " + "1 if 1 else " * n + "1 }}",
    "conditions with blanks between": lambda n: "{{ " + "1 if\t1\telse " * n + "1 }}",
    "conditions without an end": lambda n: "{{ " + "1 if 1" + " if 1" * n + " }}",
    "comparisons of templates": lambda n: "{{ 1" + "==1" * n + " }}",
    "denials of templates": lambda n: "{{ " + "not " * n + "1 }}",
    "lists of templates": lambda n: "{{ " + "[" * n + "1" + "]" * n + " }}",
    "members of templates": lambda n: "{{ a" + ".a" * n + " }}",
    "items of templates": lambda n: "{{ a" + "[0]" * n + " }}",
    "filters of templates": lambda n: "{{ a" + "|abs" * n + " }}",
    "tests of templates": lambda n: "{{ a" + " is none" * n + " }}",
    "joined texts of templates": lambda n: "{{ a" + " ~ a" * n + " }}",
    "powers of templates": lambda n: "{{ 2" + "**2" * n + " }}",
    "blocks of templates": lambda n: "{% if 1 %}" * n + "1" + "{% endif %}" * n,
    "mentions of metrics": lambda n: "1 + {{ taken }}" * n,
}


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("shape", BRACKETS)
@pytest.mark.parametrize("depth", [100, 900, 3000, 100_000])
def test_a_query_that_is_too_deep_ends_in_a_finding(shape: str, depth: int) -> None:
    """At any depth there are findings or artifacts, and no traceback."""
    edit(SPEC, "sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})", repr(BRACKETS[shape](depth)))
    result = tocsin("check")
    assert result.exit_code in {0, 1}
    assert "Traceback" not in result.output
    assert "bug" not in result.output


YAML: Final[dict[str, Callable[[int], str]]] = {
    "lists": lambda n: "[" * n + "]" * n,
    "mappings": lambda n: "{a: " * n + "}" * n,
    "open lists": lambda n: "[" * n,
    "dashes": lambda n: "\n    " + "- " * n + "a",
    "blocks": lambda n: "".join("\n" + " " * (6 + level) + "a:" for level in range(n)),
    "keys": lambda n: "\n      " + "? " * n + "a",
}


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("shape", YAML)
@pytest.mark.parametrize("depth", [33, 1000, 3000])
def test_yaml_that_is_too_deep_ends_in_a_finding(shape: str, depth: int) -> None:
    """The parser recurses in C, but the finding still has its place."""
    edit(SPEC, "title: The shop", f"title: {YAML[shape](depth)}")
    result = tocsin("check")
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert f"{SPEC}:" in result.stderr


@pytest.mark.usefixtures("base")
def test_a_deep_runbook_is_a_finding_with_little_of_the_stack_left() -> None:
    """This compiles everything, with as little stack as a surrounding program may leave."""
    text = Path(SHOP).read_text(encoding="utf-8")
    Path(SHOP).write_text("\n\n".join([text, *(shape(2000) for shape in MARKS.values())]), encoding="utf-8")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(700)
    try:
        codes = {finding.code for finding in compile_spec(Path(SPEC)).diagnostics}
    finally:
        sys.setrecursionlimit(before)
    assert "nesting" in codes
