"""`tocsin prove`: run the generated tests with promtool, and report failures in the words of thresholds.yaml."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from compiler import conventions, output, reports
from compiler.artifacts import Artifact
from compiler.cli.program import FAILED, FINDINGS, FORMAT, SPEC, complain, counts, number, report, say
from compiler.compilation import Compilation, compile_spec
from compiler.diagnostics import Diagnostics, did_you_mean, render
from compiler.promtool import running
from compiler.promtool.findings import Finding, UnknownAlertError, findings
from compiler.promtool.pairing import table
from compiler.promtool.proved import Proved
from compiler.promtool.proved import folder as cache
from compiler.promtool.reading import NotUnderstoodError, failures

_MOST_SHOWN: Final = 3
"""The most further differences of one alert that are shown; most are like the first."""
_NO_PROMTOOL: Final = (
    "{name} is not there: it comes with Prometheus (https://prometheus.io/download, on Debian `apt install"
    " prometheus`); put it on the PATH, or name it by `--promtool PATH`"
)


@click.command("prove")
@SPEC
@click.option("--promtool", type=click.Path(path_type=Path), help="The promtool to run, if it is not on the PATH.")
@click.option("--only", metavar="SYSTEM", multiple=True, help="Prove only this system; may be given several times.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    help="How many promtools run at once. Default: the number of processors.",
)
@click.option("--no-cache", is_flag=True, help="Run all tests, also those that this promtool has passed before.")
@FORMAT
def prove_command(  # noqa: PLR0913 - an argument each
    spec: Path, promtool: Path | None, only: tuple[str, ...], jobs: int, form: str, *, no_cache: bool
) -> None:
    """Run the generated tests.

    The command compiles and tests your files as they are now, whether or not you have written the result to the output
    folder. For a test that fails it shows what was expected beside what promtool got. It does not run again what the
    same promtool has passed before, as long as neither the test nor its rules change.
    """
    program = running.find(promtool)
    if program is None:
        say(_NO_PROMTOOL.format(name=promtool or running.PROGRAM))
        sys.exit(FAILED)
    compilation = compile_spec(spec)
    if compilation.diagnostics.failed or form == "text":
        complain(compilation.diagnostics, form)
    tests = _chosen(compilation, only)
    with TemporaryDirectory(prefix=f"{conventions.PROGRAM}-") as folder:
        output.write(
            Path(folder), [artifact for artifact in compilation.artifacts if artifact.path.startswith(_FOLDERS)]
        )
        try:
            build = running.build(program)
            proved = Proved(None if no_cache else cache(), build)
            runs = running.run_all(program, Path(folder), tests, proved, jobs)
            proof = _proof(compilation, runs, verbose=form == "text")
        except OSError as error:
            say(f"cannot run {program}: {(error.strerror or str(error)).lower()}")
            sys.exit(FAILED)
    _tell(proof, compilation, form)
    say(f"{', '.join(only) or counts(compilation)}: {_verdict(proof, tests, running.name(build))}")
    sys.exit(proof.status)


_FOLDERS: Final = (f"{conventions.RULES_FOLDER}/", f"{conventions.TESTS_FOLDER}/")


@dataclass(kw_only=True)
class Proof:
    """The result of the runs: findings, runs with outputs that are not understood, and whether promtool broke."""

    failed: int = 0
    reported: list[Finding] = field(default_factory=list)
    raw: list[running.Run] = field(default_factory=list)
    broken: bool = False

    @property
    def status(self) -> int:
        """The exit status."""
        return FAILED if self.broken else FINDINGS if self.failed else 0


def _chosen(compilation: Compilation, only: Sequence[str]) -> list[Artifact]:
    """Return the tests of the systems in `only`, or all tests if it is empty."""
    tests = {artifact.path: artifact for artifact in compilation.artifacts if artifact.path.startswith(_FOLDERS[1])}
    systems = [] if compilation.model is None else [system.id for system in compilation.model.systems]
    for system in only:
        if system not in systems:
            hint = did_you_mean(system, systems) or f"there are {number(len(systems), 'system')}"
            raise click.BadParameter(f"there is no system `{system}`; {hint}", param_hint="--only")
    if not only:
        return list(tests.values())
    paths = (conventions.tests_path(system, slow=slow) for system in dict.fromkeys(only) for slow in (False, True))
    return [tests[path] for path in paths if path in tests]


def _proof(compilation: Compilation, runs: Iterator[running.Run], *, verbose: bool) -> Proof:
    proof = Proof()
    for run in runs:
        if verbose:
            say(f"{run.path}: {'FAILED' if not run.passed else 'proved before' if run.before else 'proved'}")
        if run.passed:
            continue
        proof.failed += 1
        proof.broken = proof.broken or not run.failed
        try:
            proof.reported += _findings(compilation, run)
        except (NotUnderstoodError, UnknownAlertError):
            proof.raw.append(run)
    return proof


def _findings(compilation: Compilation, run: running.Run) -> tuple[Finding, ...]:
    """Return the findings in the output of a failed run; raises NotUnderstoodError if there are none."""
    groups = [
        group
        for group in compilation.groups
        if run.path in {conventions.tests_path(group.system.id, slow=slow) for slow in (False, True)}
    ]
    run_findings = findings(failures(run.output), groups)
    if not run_findings:
        raise NotUnderstoodError(run.output)
    return run_findings


def _tell(proof: Proof, compilation: Compilation, form: str) -> None:
    diagnostics = compilation.diagnostics
    if form == "text":
        for finding in proof.reported:
            say("\n".join(["", render(finding.diagnostic, diagnostics), *_side_by_side(finding)]))
    else:
        all_diagnostics = [*diagnostics.found, *(finding.diagnostic for finding in proof.reported)]
        with_failures = Diagnostics(
            found=all_diagnostics, suppressed=diagnostics.suppressed, sources=diagnostics.sources
        )
        report(reports.FORMATS[form](with_failures), form)
    for run in proof.raw:
        say(f"\n{run.path}: promtool says, with status {run.status}:\n{run.output.strip()}")
    if proof.failed and form == "text":
        say("")


def _side_by_side(finding: Finding) -> Iterator[str]:
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    if finding.pair is not None:
        yield ""
        yield from table(finding.pair, width)
    if finding.others:
        yield ""
    yield from finding.others[:_MOST_SHOWN]
    if len(finding.others) > _MOST_SHOWN:
        yield f"and {number(len(finding.others) - _MOST_SHOWN, 'more difference')}"


_WIDTH: Final = 120


def _verdict(proof: Proof, tests: Sequence[Artifact], program: str) -> str:
    if proof.failed:
        return f"{proof.failed} of {number(len(tests), 'test file')} failed in {program}"
    return f"proved by {program}"
