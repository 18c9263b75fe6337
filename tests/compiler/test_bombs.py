"""Tests of small inputs that could grow large: each ends in a finding or in artifacts, in little time and memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from compiler import reports
from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics
from compiler.importing.imported import import_guides
from compiler.input_files import MAX_MARKDOWN
from compiler.lines import line
from tests.compiler.base import SHOP, SPEC, tocsin
from tests.compiler.test_growth import calls

pytestmark = pytest.mark.usefixtures("base")
QUERY: Final = "sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})"


def spec(old: str, new: str) -> None:
    """Replace a text of thresholds.yaml once."""
    text = Path(SPEC).read_text(encoding="utf-8")
    assert old in text
    Path(SPEC).write_text(text.replace(old, new, 1), encoding="utf-8")


PRODUCTS: Final = [
    '{{ "x" * 2999999999 }}',
    "{{ 2999999999 * 'x' }}",
    '{{ ("x" * 99999) * 99999 }}',
    '{{ ("x" if 1 else "y") * 2999999999 }}',
    '{{ ("x" ~ "y") * 2999999999 }}',
    "{{ [1] * 2999999999 }}",
    "{{ (1, 2) * 999999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%2999999999d' % 1 }}",
    "{{ '{:2999999999}'.format(1) }}",
    "{{ 'x'|center(2999999999) }}",
    "{{ range(2999999999)|list }}",
    "{% for a in range(2999999999) %}x{% endfor %}",
    "{{ taken * 2999999999 }}",
    "{{ per * 2999999999 }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ " + " * ".join(["999999999999999999"] * 300) + " }}",
    "{{ 1" + "0" * 4400 + " + 1 }}",
    "{{ 0x" + "f" * 5000 + " }}",
    "{{ 1e999 * 1e999 }}",
]


@pytest.mark.parametrize("query", PRODUCTS, ids=lambda query: query[:30])
@pytest.mark.parametrize("place", ["query", "series", "values"])
def test_a_template_computes_nothing_large(query: str, place: str) -> None:
    """The compiler evaluates no large value, neither when it reads the template nor when it renders it."""
    old = {"query": QUERY, "series": '"{{ taken }}"', "values": '"100x{{ steps }}"'}[place]
    spec(old, repr(query))
    tracemalloc.start()
    result = tocsin("check")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.exit_code in {0, 1}
    assert "Traceback" not in result.output
    assert most < 50 * 2**20


NUMBERS: Final = [*("9" * size for size in (20, 400, 5000)), "1e99", "1e99999999999999999999", "0." + "9" * 5000]
PLACES: Final = {
    "a limit": ('"> 1000"', '"> {}"'),
    "a limit with a unit": ('"> 150ms"', '"> {}ms"'),
    "a share": ('"< 99.5%"', '"< {}%"'),
    "a part": (">= 85 of 100", ">= {} of {}"),
    "a hold": ("for: 2m", "for: {}m"),
    "a version": ("version: 1", "version: {}"),
    "a query": (QUERY, QUERY + " + {}"),
    "a window of a query": (QUERY, "rate(up[{}s])"),
    "a repetition": ('code=~"5.."', 'code=~"5{{{}}}"'),
    "samples": ('"100x{{ steps }}"', '"100x{}"'),
    "a maximum": ("max: 100", "max: {}"),
    "a port": ("tocsin:9095", "tocsin:{}"),
    "a telephone number": ("+12025550101", "+{}"),
}


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number[:6]} of {len(number)}")
@pytest.mark.parametrize("place", PLACES)
def test_a_huge_number_ends_in_a_finding_or_an_artifact(place: str, number: str) -> None:
    """Python itself refuses to read or to write some of these numbers."""
    old, new = PLACES[place]
    new = new.replace("{{{}}}", "{\0}").replace("{}", "\0") if place != "a query" else f"{QUERY} + {number}"
    spec(old, new.replace("\0", number))
    result = tocsin("check")
    assert result.exit_code in {0, 1}
    assert "Traceback" not in result.output


def growing(count: int) -> dict[str, Callable[[], object]]:
    """Return, for each kind of input, a function that processes an input of this size."""
    base, shop = Path(SPEC).read_text(encoding="utf-8"), Path(SHOP).read_text(encoding="utf-8")
    table = "# A\n\n| Host | Warning | Critical |\n|---|---|---|\n"

    def check(text: str = base, runbook: str = shop) -> object:
        Path(SPEC).write_text(text, encoding="utf-8")
        Path(SHOP).write_text(runbook, encoding="utf-8")
        diagnostics = compile_spec(Path(SPEC)).diagnostics
        return [form(diagnostics) for form in reports.FORMATS.values()]

    def imported(text: str) -> object:
        Path("guide.md").write_text(text, encoding="utf-8")
        guide = import_guides([Path("guide.md")], Diagnostics())
        return guide.as_yaml(), guide.as_json(), guide.summary()

    def passwords(separator: str) -> str:
        return "".join(f"{separator}password=ab{number}cdef" for number in range(count))

    return {
        "passwords in a runbook": lambda: check(runbook=shop + passwords("\n")),
        "passwords on one line": lambda: check(runbook=f"{shop}\n{passwords(' ')}"),
        "passwords in comments": lambda: check(text=base + passwords("\n# ")),
        "rows of limits": lambda: imported(table + "| web | > 70 % | > 90 % |\n" * count),
        "rows of words": lambda: imported(table + "| web | much | more |\n" * count),
        "columns": lambda: imported(f"# A\n\n{'| a > 7 % ' * count}|\n{'|---' * count}|\n{'| b > 9 % ' * count}|\n"),
        "keys nobody knows": lambda: check(text=base + "".join(f"x{number}: 1\n" for number in range(count))),
        "keys on one line": lambda: check(
            text=base.replace("sales: {title", "sales: {" + "".join(f"x{n}: 1, " for n in range(count)) + "title")
        ),
        "texts of several lines": lambda: check(
            text=base + "".join(f"  q{number}: 'a\n\n   b'\n" for number in range(count))
        ),
        "systems of nobody": lambda: check(
            text=base
            + "".join(
                f"  s{n}: {{team: nobod{n}, runbook: runbooks/x{n}.md, escalation: standard}}\n" for n in range(count)
            )
        ),
        "headings of one name": lambda: check(runbook=f"{shop}\n" + "## H\n\nx\n" * count),
        "links that lead nowhere": lambda: check(
            runbook=f"{shop}\n" + "".join(f"[a](x{n}.md) [b](#n{n})\n\n" for n in range(count))
        ),
        "definitions": lambda: check(runbook=f"{shop}\n\n" + "".join(f"[a{n}]: x{n}.md\n" for n in range(count))),
        "comments that silence": lambda: check(runbook=f"{shop}\n" + "<!-- tocsin: ignore[secret] x -->\n\n" * count),
        "placeholders": lambda: check(runbook=f"{shop}\n\n```sh\nls {'<pod> ' * count}\n```\n"),
        "mentions of a metric": lambda: check(text=base.replace(QUERY, QUERY + " + {{ taken }}" * count)),
        "marks": lambda: check(runbook=f"{shop}\n\n{'*a **b ' * count}c{'** a*' * count}\n"),
        "included names": lambda: check(
            text=base.replace(
                "version: 1\n", f"version: 1\ninclude: [{', '.join(f'x{n}.yaml' for n in range(count))}]\n"
            )
        ),
    }


KINDS: Final = (
    "passwords in a runbook",
    "passwords on one line",
    "passwords in comments",
    "rows of limits",
    "rows of words",
    "columns",
    "keys nobody knows",
    "keys on one line",
    "texts of several lines",
    "systems of nobody",
    "headings of one name",
    "links that lead nowhere",
    "definitions",
    "comments that silence",
    "placeholders",
    "mentions of a metric",
    "marks",
    "included names",
)
_FEW: Final = 10
_MOST: Final = 14


@pytest.mark.parametrize("kind", KINDS)
def test_ten_times_the_input_twice_is_ten_times_the_calls_twice(kind: str) -> None:
    """Every stage and every report is linear in its input.

    The test counts calls, so it does not depend on the machine.
    """
    counted = []
    originals = [(path, Path(path).read_text(encoding="utf-8")) for path in (SPEC, SHOP)]
    for count in (1, _FEW, _FEW * 10, _FEW * 100):
        for path, text in originals:
            Path(path).write_text(text, encoding="utf-8")
        counted.append(calls(growing(count)[kind]))
    assert counted[2] < _MOST * counted[1], counted
    assert counted[3] < _MOST * counted[2], counted


@pytest.mark.parametrize("text", ["- ", "-", " ", "a ", "a: ", "'", "a'", '"', '"a"', "-  ", "#", "{", "\t"])
def test_a_long_line_of_yaml_is_read_once(text: str) -> None:
    """The pattern has many ways to divide blanks, dashes and quotation marks; trying all of them would take hours."""
    for long in (text * 200_000, f"{text * 200_000}x", f"a{text * 200_000}x", f"- {text * 200_000}a: b"):
        assert line(1, long).number == 1


@pytest.mark.parametrize("path", [SHOP, "guide.md"])
def test_a_document_beyond_the_budget_is_refused(path: str) -> None:
    """The compiler reads each sentence separately, and nobody reads half a megabyte at night."""
    Path(path).write_text("# A\n\n" + "Page when it burns.\n" * (MAX_MARKDOWN // 20 + 1), encoding="utf-8")
    result = tocsin("check") if path == SHOP else tocsin("import", path)
    assert result.exit_code == 1
    assert "larger than 256 KiB" in result.stderr


def test_a_list_of_secrets_is_shown_nowhere() -> None:
    """The compiler stops reading the file beyond the budget, so no other finding can quote it."""
    text = Path(SHOP).read_text(encoding="utf-8")
    Path(SHOP).write_text(text + "".join(f"\npassword=hunter{n}x" for n in range(101)), encoding="utf-8")
    for form in sorted(reports.FORMATS):
        result = tocsin("check", "--format", form)
        assert result.exit_code == 1
        assert "more than 100 secrets" in result.output
        assert "hunter" not in result.output
