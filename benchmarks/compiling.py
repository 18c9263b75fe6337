"""Measure how long a cold `tocsin compile` of a large house takes, and compare it with `promtool check rules`.

promtool checks the rules that the compiler writes. Both run in turn as whole processes, so that the ratio holds when
the machine's speed drifts. The benchmark prints medians, the peak memory of the largest run, and, from one run within a
process, how the compiler's time is divided.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import house
from testbed.servers import find

SYSTEMS = 1000
RUNS = 3


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a process: wall-clock seconds and peak memory in MiB."""

    seconds: float
    mebibytes: float


def main() -> None:
    """Print the comparison and the stages."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        spec = house.build(Path(folder) / "house", SYSTEMS)
        out = Path(folder) / "generated"
        _compare(spec, out)
        _stages(spec)


def _compare(spec: Path, out: Path) -> None:
    compiler = [str(Path(sys.executable).with_name("tocsin")), "compile", "--spec", str(spec), "--out", str(out)]
    print(f"compile: {SYSTEMS} systems, {SYSTEMS * house.ALERTS_A_SYSTEM} alerts, cold process, median of {RUNS} runs")
    run(compiler)
    servers = find("newest")
    if servers.missing:
        print("  promtool of the newest generation is not here: no comparison (run `make servers`)")
        return
    rules = sorted(map(str, (out / "prometheus" / "rules").glob("*.yml")))
    our_runs, their_runs = [], []
    for _ in range(RUNS):
        for path in out.rglob("*.*"):
            path.unlink()
        our_runs.append(run(compiler))
        their_runs.append(run([str(servers.tool("promtool")), "check", "rules", *rules]))
    ratio = median(our_run.seconds / their_run.seconds for our_run, their_run in zip(our_runs, their_runs, strict=True))
    print(f"  tocsin compile        {_figures(our_runs)}")
    print(f"  promtool check rules  {_figures(their_runs)}")
    print(f"  ratio                 {ratio:6.2f}  (aim: 0.5)")


def run(command: Sequence[str]) -> Run:
    """Return the time and memory of one run of `command`; raises RuntimeError if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None  # noqa: S101 - requested above
    error_output = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {error_output.decode(errors='replace')[-2000:]}")
    return Run(seconds=time.perf_counter() - started, mebibytes=usage.ru_maxrss / 1024)


def _figures(runs: Sequence[Run]) -> str:
    return f"{median(timing.seconds for timing in runs):6.2f} s   {max(timing.mebibytes for timing in runs):6.0f} MiB"


def _stages(spec: Path) -> None:
    from compiler import document, emitters, schema  # noqa: PLC0415 - the time of imports is a stage
    from compiler.alerts import lower  # noqa: PLC0415
    from compiler.checks import check  # noqa: PLC0415
    from compiler.checks.context import CheckContext  # noqa: PLC0415
    from compiler.diagnostics import Diagnostics  # noqa: PLC0415
    from compiler.output import write  # noqa: PLC0415
    from compiler.resolve import resolve  # noqa: PLC0415
    from compiler.runbooks import parse_runbook  # noqa: PLC0415

    print("  where the time goes (one warm process):")
    diagnostics = Diagnostics()
    with _timed("read thresholds.yaml"):
        table = document.parse(spec.name, spec.read_text(encoding="utf-8"), diagnostics)
    assert table is not None  # noqa: S101 - this module wrote the house
    with _timed("hold it against the schema"):
        schema.validate(table, diagnostics)
    with _timed("read the runbooks"):
        paths = [system["runbook"] for system in table["systems"].values()]
        texts = {path: (spec.parent / path).read_text(encoding="utf-8") for path in paths}
        runbooks = {path: parse_runbook(path, text, diagnostics) for path, text in texts.items()}
    with _timed("resolve"):
        model = resolve(table, runbooks, diagnostics)
    with _timed("lower and check"):
        groups = lower(model, diagnostics)
        check(CheckContext(document=table, runbooks=runbooks, model=model, groups=groups), diagnostics)
    artifacts = []
    for emitter in emitters.EMITTERS:
        with _timed(f"emit {emitter.__name__.rpartition('.')[2]}"):
            artifacts += list(emitter.emit(model, groups))
    with _timed("write"):
        write(spec.parent / "staged", artifacts)


@contextmanager
def _timed(stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"    {stage:28} {time.perf_counter() - started:6.2f} s", flush=True)
