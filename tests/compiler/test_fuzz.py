"""Tests that any bytes give artifacts or findings, and tests of the fuzzer that checks this."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler import compilation, output
from compiler.cli import compile_files
from compiler.diagnostics import Diagnostic, Diagnostics, Span
from compiler.input_files import MAX_BYTES
from testbed.fuzz import crew, inputs, shrink, workshop
from testbed.fuzz.__main__ import main
from testbed.fuzz.case import SPEC, Case, original
from testbed.fuzz.judge import FAILURE, FINDINGS, OK, REFUSED, Judge, Verdict
from testbed.fuzz.report import Tally
from testbed.fuzz.tools import Objection
from tests.compiler.base import DATA, SHOP

SEED = 3
COUNT = 90
BASE = original("base")
INDEX = (DATA / "damaged" / "README.md").read_text(encoding="utf-8")
DAMAGED = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| [^|]+ \| (?:`([^`]+)`|none) \|$", INDEX, re.MULTILINE)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Return a judge with a workshop of its own."""
    return Judge(workshop=workshop.open_workshop(tmp_path_factory.mktemp("fuzz")))


def edited(old: str, new: str, path: str = SPEC) -> Case:
    """Return the base specification with one text replaced. The text must stand there exactly once."""
    assert BASE.text(path).count(old) == 1
    return BASE.with_file(path, BASE.text(path).replace(old, new).encode())


# What the program promises.


@pytest.mark.parametrize("part", range(5))
def test_damage_ends_in_artifacts_or_findings(part: int, judge: Judge) -> None:
    """A short run of what `make fuzz` runs for long. `python -m testbed.fuzz --seed 3 --only N` repeats an input."""
    for index in range(part, COUNT, 5):
        verdict = judge.verdict(inputs.make(SEED, index))
        assert verdict.broken is None, f"seed {SEED} input {index}: {verdict.broken}"


@pytest.mark.parametrize(("name", "path", "code"), DAMAGED, ids=[name for name, _, _ in DAMAGED])
def test_a_damaged_file_ends_in_artifacts_or_its_finding(name: str, path: str, code: str, judge: Judge) -> None:
    """Every file of the corpus ends as its index says."""
    verdict = judge.verdict(BASE.with_file(path, (DATA / "damaged" / name).read_bytes()))
    assert (verdict.broken, verdict.outcome) == (None, FINDINGS if code else OK)
    assert not code or code in verdict.codes


def test_every_damaged_file_is_in_the_index_and_no_other() -> None:
    """No test compiles a file that the index lacks."""
    present = {path.name for path in (DATA / "damaged").iterdir()} - {"README.md", ".gitattributes"}
    assert {name for name, _, _ in DAMAGED} == present
    assert len(DAMAGED) == len(present)


@settings(max_examples=80, deadline=None)
@given(
    path=st.sampled_from(sorted(BASE.files)),
    start=st.floats(0, 1),
    length=st.integers(0, 60),
    new=st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass"))),
)
def test_any_bytes_anywhere_end_in_artifacts_or_findings(
    judge: Judge, path: str, start: float, length: int, new: bytes
) -> None:
    """Law: it does not matter what stands where, nor whether it is text."""
    content = BASE.files[path]
    at = int(start * len(content))
    assert judge.verdict(BASE.with_file(path, content[:at] + new + content[at + length :])).broken is None


QUERY = "query: sum by ({{ per }}) ({{ taken }}) - "
ERRORS = """'http_requests_total{code=~"5.."}'"""
ONCE_BROKEN = {
    "brackets that overflow the stack of the PromQL library": (
        edited(QUERY, f"query: {'(' * 7000}1{')' * 7000} * sum by ({{{{ per }}}}) ({{{{ taken }}}}) - "),
        "promql",
    ),
    "a bracket behind quotes that a comment holds": (
        edited(QUERY, f'query: "# \\"\\n {"(" * 9000} # \\"\\n{{{{ taken }}}} {{{{ done }}}}" #'),
        "promql",
    ),
    "a repetition that is too long for Go": (edited(ERRORS, """'http_requests_total{code=~"a{1001}"}'"""), "promql"),
    "a flag that Go does not know": (edited(ERRORS, """'http_requests_total{code=~"(?x) 5"}'"""), "promql"),
    "the replacement character in a selector": (edited(ERRORS, """'http_requests_total{code="\ufffd"}'"""), "promql"),
    "an include of the folder itself": (edited("version: 1\n", "version: 1\ninclude: .\n"), "path"),
    "an include that is longer than a name can be": (
        edited("version: 1\n", f"version: 1\ninclude: {'x' * 300}\n"),
        "path",
    ),
    "an included file whose name is no text": (
        edited("version: 1\n", "version: 1\ninclude: '*.yaml'\n").with_file("caf\udce9.yaml", b"version: 1\nteam: 1\n"),
        "unknown-key",
    ),
    "a byte that is not UTF-8 behind a carriage return": (BASE.with_file(SHOP, b"# A\rb\r\xff"), "encoding"),
    "a pipe in the place of a runbook": (replace(BASE.without_file(SHOP), pipes=(SHOP,)), "missing-file"),
    "a link to a device in the place of a runbook": (
        replace(BASE.without_file(SHOP), links={SHOP: "/dev/zero"}),
        "path",
    ),
    "a file that nobody wrote": (BASE.with_file(SHOP, b" " * (MAX_BYTES + 1)), "missing-file"),
    "a second section of limits": (
        BASE.with_file(SHOP, BASE.files[SHOP] + b"\n## Alert thresholds\n\n- Error ratio: warning above 3 %.\n"),
        "limit-differs",
    ),
}


@pytest.mark.parametrize("name", ONCE_BROKEN)
def test_what_once_broke_a_promise_is_a_finding(name: str, judge: Judge) -> None:
    """Every mistake that fuzzing has discovered stays mended."""
    case, code = ONCE_BROKEN[name]
    verdict = judge.verdict(case)
    assert (verdict.broken, verdict.outcome) == (None, FINDINGS)
    assert code in verdict.codes


# What the fuzzer sees.


def raising(error: Exception) -> object:
    """Return a stage of the compiler that raises an error."""

    def stage(*_arguments: object, **_options: object) -> None:
        raise error

    return stage


def saying(place: Span, code: str = "syntax") -> object:
    """Return a compilation with one finding."""

    def compiled(_spec: Path) -> compilation.Compilation:
        return compilation.Compilation(diagnostics=Diagnostics(found=[Diagnostic(code=code, message="x", span=place)]))

    return compiled


def half_written(folder: Path, *_arguments: object) -> object:
    """Spoil an artifact, and fail."""
    (folder / "catalog.json").write_bytes(b"{")
    raise OSError(5, "cannot")


def doing_nothing(_folder: Path, _artifacts: object, _spec: Path | None = None) -> output.Changes:
    """Write nothing, and report success."""
    return output.Changes(missing=(), differing=(), stale=())


BUGS = {
    "an exception": (compile_files, "compile_spec", raising(KeyError("x")), "KeyError"),
    "an end without a word": (compile_files, "compile_spec", raising(SystemExit(3)), "exit 3"),
    "a line behind the file": (compile_files, "compile_spec", saying(Span(SPEC, 9999, 1, 2)), "a line behind the file"),
    "a column behind the line": (
        compile_files,
        "compile_spec",
        saying(Span(SPEC, 1, 999, 1000)),
        "a column behind the line",
    ),
    "a place before the file": (compile_files, "compile_spec", saying(Span(SPEC, 0, 1, 2)), "a place before the file"),
    "a code that nobody explains": (
        compile_files,
        "compile_spec",
        saying(Span(SPEC, 1, 1, 2), "nonsense"),
        "unexplained",
    ),
    "half an output": (output, "write", half_written, "exit 2"),
    "an output that is not written": (output, "write", doing_nothing, "not up to date"),
}


@pytest.mark.parametrize("name", BUGS)
def test_the_judge_sees(name: str, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fuzzer that misses what it looks for proves nothing."""
    owner, attribute, bug, signature = BUGS[name]
    monkeypatch.setattr(owner, attribute, bug)
    verdict = judge.verdict(edited("title: The shop", "title: Another shop"))
    assert verdict.outcome == FAILURE
    assert signature in verdict.signature


def test_the_judge_sees_half_an_output_where_writing_must_fail(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed file is a failure even if the machine refuses to write."""
    case = replace(edited("title: The shop", "title: Another shop"), blocked="alertmanager/alertmanager.yml")
    assert judge.verdict(case).outcome == REFUSED
    monkeypatch.setattr(output, "write", half_written)
    assert judge.verdict(case).signature == "exit status 2, output changed"


def test_the_judge_sees_what_the_real_tools_refuse(judge: Judge) -> None:
    """A tool that refuses compiled files is a failure.

    A failing generated test is only reported, because it may be right.
    """
    case = edited("title: The shop", "title: Another shop")
    refused = Objection(title="promtool check rules", output="no", unproved=False)
    strict = replace(judge, ask=lambda _folder, _changed: [refused])
    assert strict.verdict(case).outcome == OK
    assert strict.verdict(case, asking=True).signature == "refused by a real tool: promtool check rules"
    mild = replace(judge, ask=lambda _folder, _changed: [replace(refused, unproved=True)])
    assert mild.verdict(case, asking=True).unproved


def test_a_workshop_is_put_back_after_each_case(judge: Judge) -> None:
    """No case is compared with the artifacts of the case before it."""
    case = edited("title: The shop", "title: Another shop")
    assert judge.verdict(case).outcome == OK
    with judge.workshop.laid_out(BASE):
        assert workshop.tree(workshop.OUTPUT) == judge.workshop.good["base"]


def test_an_input_is_the_same_whenever_it_is_made() -> None:
    """Seed and index alone name a failure."""
    assert [inputs.make(7, index) for index in range(40)] == [inputs.make(7, index) for index in range(40)]
    assert inputs.make(7, 1) != inputs.make(8, 1)


def test_damage_is_undone_as_far_as_the_failure_allows() -> None:
    """The report shows only the change that matters."""
    case = edited("title: The shop", "title: Another zebra shop").with_file(SHOP, b"nothing")
    smaller = shrink.shrunk(case, lambda candidate: b"zebra" in candidate.files[SPEC])
    assert smaller.files[SHOP] == BASE.files[SHOP]
    assert smaller.files[SPEC] == BASE.files[SPEC].replace(b"    title: The shop\n", b"zebra")


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the process of input 1 end at once, and that of input 2 never."""
    ends = {1: lambda: os._exit(9), 2: lambda: time.sleep(300)}
    made: list[int] = []

    def make(_seed: int, index: int) -> Case:
        made.append(index)
        return BASE

    def verdict(*_arguments: object, **_options: object) -> Verdict:
        ends.get(made[-1], lambda: None)()
        return Verdict(outcome=OK)

    monkeypatch.setattr(crew, "make", make)
    monkeypatch.setattr(Judge, "verdict", verdict)


@pytest.mark.usefixtures("dying")
def test_an_input_that_takes_its_process_down_or_never_ends_is_named_and_the_rest_goes_on() -> None:
    """A crash below Python, or an endless loop, is a failure of one input, not of the run."""
    reports = list(crew.judged(crew.Plan(seed=1, indices=range(5), seconds=15)))
    signatures = {report.index: report.verdict.signature for report in reports}
    assert signatures == {0: "", 1: "the process ended with status 9", 2: "not done after 15 s", 3: "", 4: ""}


def test_a_run_ends_with_its_seed_and_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The command prints what a report needs, and the exit status says whether a promise was broken."""
    assert main(["--seed", "3", "--count", "4", "--jobs", "1", "--ask-every", "0", "--cases", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^seed 3: 4 inputs in \d+ s$", shown, re.MULTILINE)
    assert sum(map(int, re.findall(r"(\d+) (?:ok|findings|not written)", shown))) == 4


def test_failures_of_one_kind_are_counted_together() -> None:
    """A thousand inputs that meet one bug are one line."""
    tally = Tally()
    for index in range(9):
        tally.add(crew.Judged(index=index, verdict=Verdict(outcome=FAILURE, signature="the same")))
    assert "FAILURE the same: 9 inputs (0, 1, 2, 3, 4, …)" in tally.text(1, 1.0)
