"""Tests of the budgets of one run: limits on texts, lines, lists, nodes and findings, and on the time that each takes.

The tests measure the processor's time and the process's own memory, because regular expressions and C libraries make
no calls that could be counted (`tests.compiler.test_growth`). Each kind of input grows tenfold twice.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from compiler import reports
from compiler.cli import check, program
from compiler.compilation import compile_spec
from compiler.diagnostics import MAX_FOUND, MAX_SHOWN, Diagnostics, Span
from compiler.document import MAX_NODES, MAX_TEXT, NodeBudget, parse
from compiler.input_files import MAX_LINE
from compiler.promql import Matcher
from compiler.signals.contract import UnsampledError
from compiler.signals.samples.sampling import accepts
from tests.compiler.base import LEDGER, SHOP, SPEC, tocsin
from tests.compiler.test_expressions import stopped_after

pytestmark = pytest.mark.usefixtures("base")

SECONDS: Final = 4.0
"""Processor time for a check of the base specification with one long text in it.

Without the text it takes some tenths.
"""
SIZES: Final = (1_600, 16_000, 160_000)
LIMIT: Final = '"> 1000"'
SELECTOR: Final = 'job="shop"'
USED: Final = "used: pool_in_use"
QUERY: Final = "sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})"
CODE: Final = 'code=~"5.."'

IN_SPEC: Final[dict[str, tuple[str, Callable[[int], str]]]] = {
    "blanks in a limit": (LIMIT, lambda n: f'"> 1{" " * n}x"'),
    "blanks behind a unit": (LIMIT, lambda n: f'"> 150ms{" " * n}x"'),
    "blanks before a limit": (LIMIT, lambda n: f'"{" " * n}> x"'),
    "digits of a limit": (LIMIT, lambda n: f'"> {"1" * n}!"'),
    "a limit of a part": (LIMIT, lambda n: f'"> 85 of{" " * n}x"'),
    "letters of a selector": ('job="shop"', lambda n: f'"{"a" * n}!"'),
    "names of a selector": ('job="shop"', lambda n: f'"{"a " * (n // 2)}!"'),
    "matchers of a selector": ('job="shop"', lambda n: "'" + ",".join(f'l{i}="x"' for i in range(n // 8)) + "'"),
    "blanks in a metric": (USED, lambda n: f'used: "a{" " * n}!"'),
    "braces in a metric": (USED, lambda n: f'used: "{{{{a{" " * n}b"'),
    "brackets in a metric": (USED, lambda n: f'used: "a{"(" * n}"'),
    "a metric that is compared": (USED, lambda n: f'used: "a{" >" * (n // 2)} 1!"'),
    "a number and a unit": ("max: 100", lambda n: f'max: "7{" " * n}!"'),
    "letters in a query": (QUERY, lambda n: f"'{'a' * n}! + {QUERY}'"),
    "equals signs in a query": (QUERY, lambda n: f"""'{"a = " * (n // 4)}! + {QUERY}'"""),
    "quotation marks in a query": (QUERY, lambda n: f"""'{QUERY} + up{{a="{chr(92) + chr(34)}'""" + "x" * n),
    "a template without quotes": (f"query: {QUERY}", lambda n: f"query: {{{{a{' ' * n}b}}}}"),
    "repeated groups": (CODE, lambda n: f'code=~"{"(a|a)*" * (n // 6)}b"'),
    "repeated characters": (CODE, lambda n: f'code=~"{"a*" * (n // 2)}b"'),
    "optional characters": (CODE, lambda n: f'code=~"{"5?" * (n // 2)}b"'),
    "alternatives": (CODE, lambda n: f'code=~"{"5|" * (n // 2)}b"'),
    "labels of components": ("per: [region, queue]", lambda n: f"per: [{', '.join(f'l{i}' for i in range(n // 6))}]"),
    "dimensions": (
        "version: 1\n",
        lambda n: f"version: 1\ndimensions: [{', '.join(f'd{i}' for i in range(n // 6))}]\n",
    ),
    "a comment that silences": ("version: 1", lambda n: f"version: 1 # tocsin: ignore[secret] a{' ' * n}b"),
    "comments below one another": (
        "version: 1\n",
        lambda n: "# tocsin: ignore[secret] a\n" * (n // 27) + "version: 1\n",
    ),
    "blanks in a title": ("title: The shop", lambda n: f'title: "The{" " * n}shop"'),
    "a duration": ("for: 2m", lambda n: f'for: "{"1" * n}m"'),
    "a long wait": ("for: {warning: 10m, critical: 5m}", lambda n: f'for: "{n * 60}s"'),
    "an address": ("on-call@example.com", lambda n: f'"{"a" * n}"'),
}
IN_RUNBOOK: Final[dict[str, Callable[[int], str]]] = {
    "a comment that silences": lambda n: f"<!-- tocsin: ignore[secret] a{' ' * n}b -->",
    "comments without an end": lambda n: "<!-- tocsin: " * (n // 13),
    "comments on one line": lambda n: "<!-- tocsin: ignore[secret] x -->" * (n // 33),
    "a heading in a fence": lambda n: f"```\n\n## axx{' ' * n}x",
    "number signs": lambda n: f"```\n\n## a{' #' * (n // 2)} x",
    "bold words": lambda n: f"**a{' **' * (n // 3)} x",
    "a bullet of dashes": lambda n: f"## Alert thresholds\n\n- a{' -' * (n // 2)} x",
    "a bullet of blanks": lambda n: f"## Alert thresholds\n\n- a{' ' * n}- x",
    "a bullet of digits": lambda n: f"## Alert thresholds\n\n- a: warning above {'1' * n}x",
    "attributes of a heading": lambda n: f"## a {{:{' ' * n}x",
    "brackets": lambda n: "![" * (n // 2),
    "blanks in a sentence": lambda n: f"Page when errors are{' ' * n}above 5 x",
    "digits in a sentence": lambda n: f"Page when errors are above {'5' * n}",
    "code in a sentence": lambda n: f"Page when `{'a ' * (n // 2)}>` is above 5 %",
    "fences that are not closed": lambda n: "```a\n~~~b\n" * (n // 10),
}


def _checked() -> float:
    """Return the processor seconds that a check with all reports takes."""
    begun = time.process_time()
    with stopped_after(2 * SECONDS):
        diagnostics = compile_spec(Path(SPEC)).diagnostics
        for form in reports.FORMATS.values():
            form(diagnostics)
    return time.process_time() - begun


@pytest.mark.parametrize("kind", IN_SPEC)
def test_a_long_text_in_the_specification_takes_its_time_alone(kind: str) -> None:
    """The text grows ten and a hundred times. Above its maximum it is a finding; below it, no pattern takes long."""
    old, new = IN_SPEC[kind]
    text = Path(SPEC).read_text(encoding="utf-8")
    assert old in text
    for size in SIZES:
        Path(SPEC).write_text(text.replace(old, new(size), 1), encoding="utf-8")
        assert _checked() < SECONDS, size


@pytest.mark.parametrize("kind", IN_RUNBOOK)
def test_a_long_text_in_a_runbook_takes_its_time_alone(kind: str) -> None:
    """Like the test above.

    Because a section is missing, the compiler also looks for lines that were meant as headings.
    """
    text = Path(SHOP).read_text(encoding="utf-8")
    assert "## Slow answers" in text
    for size in SIZES:
        Path(SHOP).write_text(
            text.replace("## Slow answers", "## Answers") + f"\n{IN_RUNBOOK[kind](size)}\n", encoding="utf-8"
        )
        assert _checked() < SECONDS, size


@pytest.mark.parametrize("text", ["{}", '"{}"', "'{}'", "|\n  {}", "[{}]", "{{{}: 1}}"])
def test_a_key_or_value_beyond_its_most_is_refused(text: str) -> None:
    """The way in which it is written does not matter. A text of exactly the maximum length is read."""
    for size, codes in ((MAX_TEXT, []), (MAX_TEXT + 1, ["too-large"])):
        diagnostics = Diagnostics()
        parse("a.yaml", f"x: {text.format('a' * size)}", diagnostics)
        assert [finding.code for finding in diagnostics.found if finding.code == "too-large"] == codes, size


@pytest.mark.parametrize("size", [MAX_LINE, MAX_LINE + 1])
def test_a_line_of_a_runbook_beyond_its_most_is_refused_at_its_place(size: int) -> None:
    """The number of the other lines does not matter."""
    text = Path(LEDGER).read_text(encoding="utf-8")
    Path(LEDGER).write_text(f"{text}\n{'a ' * (size // 2)}{'a' * (size % 2)}\n", encoding="utf-8")
    result = tocsin("check")
    assert ("error[too-large]: this line has 32769 characters" in result.stderr) == (size > MAX_LINE)
    assert result.exit_code == int(size > MAX_LINE)


def test_all_files_together_hold_no_more_than_so_many_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Included files count too."""
    monkeypatch.setattr("compiler.document.MAX_NODES", 400)
    text = Path(SPEC).read_text(encoding="utf-8")
    Path(SPEC).write_text(text.replace("version: 1\n", "version: 1\ninclude: more.yaml\n"), encoding="utf-8")
    Path("more.yaml").write_text(
        "version: 1\nsignals: {" + ", ".join(f"k{n}: 1" for n in range(100)) + "}\n", encoding="utf-8"
    )
    result = tocsin("check")
    assert "more.yaml:2:" in result.stderr
    assert "hold more than 400 keys, values and lists" in result.stderr


def test_what_a_run_finds_is_bounded_and_what_a_report_shows_too() -> None:
    """Each report says how many findings it leaves out."""
    text = Path(SPEC).read_text(encoding="utf-8")
    Path(SPEC).write_text(text + "".join(f"k{n}: 1\n" for n in range(MAX_FOUND + 1000)), encoding="utf-8")
    diagnostics = compile_spec(Path(SPEC)).diagnostics
    assert len(diagnostics.found) == MAX_FOUND + 1
    assert any(finding.code == "too-large" for finding in diagnostics.found)
    more = MAX_FOUND + 1 - MAX_SHOWN
    words = f"{more} more findings are not shown"
    assert words in reports.text(diagnostics)
    assert f"{MAX_FOUND + 1} findings" in reports.text(diagnostics)
    assert words in reports.github(diagnostics)
    as_json = json.loads(reports.as_json(diagnostics))
    assert (len(as_json["diagnostics"]), as_json["more"]) == (MAX_SHOWN, more)
    (run,) = json.loads(reports.sarif(diagnostics))["runs"]
    assert len(run["results"]) == MAX_SHOWN
    assert words in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_errors_are_shown_before_warnings() -> None:
    """Otherwise a reader would not see why the compiler writes nothing."""
    diagnostics = Diagnostics()
    for line in range(1, MAX_SHOWN + 10):
        diagnostics.warning("untested", Span("a.yaml", line, 1, 2), "a warning")
    diagnostics.error("syntax", Span("a.yaml", MAX_SHOWN + 99, 1, 2), "an error")
    shown, more = diagnostics.excerpt()
    assert (shown[-1].level, len(shown), more) == ("error", MAX_SHOWN, 10)


BASE_MEMORY: Final = 120 * 2**20
"""Bytes that a process uses when it checks nothing large."""
NODE_MEMORY: Final = 8 * 2**10
"""Bytes that a key, a value or a list may take."""
NODE_SECONDS: Final = 0.003
"""Processor seconds that a node may take, on top of `SECONDS`."""
NODES: Final[dict[str, Callable[[int], str]]] = {
    "mappings in a list": lambda n: f"x: [{'{},' * n}{{}}]\n",
    "lists in a list": lambda n: f"x: [{'[],' * n}[]]\n",
    "texts in a list": lambda n: f"x: [{'a,' * n}a]\n",
    "keys": lambda n: "".join(f"k{number}: 1\n" for number in range(n // 2)),
    "keys without a value": lambda n: "".join(f"k{number}:\n" for number in range(n // 2)),
    "systems of nothing": lambda n: "".join(f"  s{number}: {{}}\n" for number in range(n // 2)),
}
_MEASURED: Final = """
import resource, sys
from compiler.cli import main
try:
    main(["check"])
finally:
    # `getrusage` counts memory from what the process that started this one had.
    (most,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"used {most} {used.ru_utime + used.ru_stime}")
"""


@pytest.mark.parametrize("kind", NODES)
def test_memory_and_time_grow_as_the_number_of_nodes_does(kind: str) -> None:
    """A hundred, a thousand and ten thousand nodes stay within what docs/security.md promises for each."""
    base = Path(SPEC).read_text(encoding="utf-8")
    for count in (100, 1_000, 10_000):
        Path(SPEC).write_text(base + NODES[kind](count), encoding="utf-8")
        result = _run(_MEASURED)
        kibibytes, seconds = result.stdout.rpartition("used ")[2].split()
        assert int(kibibytes) * 1024 < BASE_MEMORY + NODE_MEMORY * count, count
        assert float(seconds) < SECONDS + NODE_SECONDS * count, count


def _run(script: str, memory: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, with at most this many bytes of memory, and return the result."""
    root = str(Path(check.__file__).parents[2])

    def limited() -> None:
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=limited,
    )


def test_as_many_nodes_as_are_admitted_fit_into_a_gigabyte() -> None:
    """One node more ends in a finding."""
    base = Path(SPEC).read_text(encoding="utf-8")
    Path(SPEC).write_text(f"{base}x: [{'{},' * MAX_NODES}{{}}]\n", encoding="utf-8")
    result = _run("from compiler.cli import main; main(['check'])", memory=2**30)
    assert result.returncode == program.FINDINGS
    assert "error[too-large]" in result.stderr
    assert "Traceback" not in result.stderr


def test_memory_that_is_not_enough_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little memory is not reported as a bug of the program."""

    def greedy(_spec: Path) -> None:
        raise MemoryError

    monkeypatch.setattr(check, "compile_spec", greedy)
    result = tocsin("check")
    assert result.exit_code == program.FAILED
    assert (
        result.stderr
        == "the memory of this process is not enough for these files: split them, or give the process more memory\n"
    )


def test_a_budget_is_of_all_files() -> None:
    """All files of one run share one budget object."""
    budget = NodeBudget()
    for _ in range(3):
        parse("a.yaml", "a: {b: 1}", Diagnostics(), budget)
    assert budget.left == MAX_NODES - 15


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("(a|a)*" * 40 + "b", "a"),
        ("(a|a)*" * 2000 + "b", "a"),
        ("(a|a|a|a)*b", "a" * 16),
        ("((a*)*)*b", "a" * 200),
        ("a?" * 100 + "b", "a" * 50),
        ("(a|a)" * 60 + "b", "a" * 60),
        ("(a+)+b", "a" * 5000),
        (".*" * 60 + "b", "a" * 60),
        ("(?:a|ab|b)*c", "ab" * 40),
        ("(x{0,9}){0,9}y", "x" * 90),
        ("(a{0,30}){0,30}b", "a" * 60),
        ("[a-z]*" * 100 + "1", "abc"),
    ],
    ids=lambda pattern: pattern[:16],
)
def test_a_matchers_expression_is_never_asked_for_long(pattern: str, value: str) -> None:
    """Prometheus does not try alternatives one after the other. A value without an answer in time gets no example."""
    begun = time.process_time()
    with stopped_after(2), suppress(UnsampledError):
        assert not accepts(Matcher("x", "=~", value=pattern), value)
    assert time.process_time() - begun < 1
