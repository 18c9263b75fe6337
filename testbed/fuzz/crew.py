"""Judge inputs in processes that may die or hang, collect their reports, and replace a process that is gone.

`__main__.py` calls this module, which calls `judge.py`. A process takes every n-th index and reports when it begins an
input, so that the input is known if the process dies.
"""

import resource
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import Final

from testbed.fuzz import shrink, tools
from testbed.fuzz.case import Case
from testbed.fuzz.inputs import make
from testbed.fuzz.judge import ASKED, FAILURE, Judge, Verdict
from testbed.fuzz.workshop import open_workshop, temporary_folder
from testbed.servers import Servers

SECONDS: Final = 60.0
"""How long an input may take by the clock; a usual input takes a thousandth of it."""
MEMORY: Final = 2 * 2**30
"""Bytes of address space that a process may use."""
_PATIENT_SECONDS: Final = 600.0
"""How long shrinking may take, and an input that is shown to the real tools."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The inputs to judge; of every `ask_every` inputs one is shown to the real tools if it compiles (0: none)."""

    seed: int
    indices: Sequence[int]
    jobs: int = 1
    ask_every: int = 0
    seconds: float = SECONDS

    def asks(self, index: int) -> bool:
        """Return whether the tools see the output of this input."""
        return bool(self.ask_every) and index % self.ask_every == 0


@dataclass(frozen=True, kw_only=True)
class Judged:
    """An input with its verdict."""

    index: int
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """The first failure of its kind in a process, and a case with less damage that fails in the same way."""

    index: int
    verdict: Verdict
    case: Case


@dataclass(kw_only=True)
class _Worker:
    """A process; `begun` is how many of its inputs it has begun, `busy` whether it still judges the last of them."""

    process: BaseProcess
    reports: Connection
    indices: Sequence[int]
    begun: int = 0
    busy: bool = False
    since: float = field(default_factory=monotonic)

    @property
    def index(self) -> int:
        """The index of the input that was begun last."""
        return self.indices[self.begun - 1]

    def is_late(self, plan: Plan) -> bool:
        """Return whether the process has reported nothing for longer than its present work may take."""
        patient = not self.busy or plan.asks(self.index)
        return monotonic() - self.since > (_PATIENT_SECONDS if patient else plan.seconds)


def judged(plan: Plan) -> Iterator[Judged | Shrunk]:
    """Yield every input of a plan with its verdict, in the order in which they finish, and the shrunk cases."""
    with temporary_folder() as folder:
        workers = [_start(plan, plan.indices[number :: plan.jobs], folder) for number in range(plan.jobs)]
        try:
            while workers:
                ready = wait([worker.reports for worker in workers], timeout=1.0)
                for worker in list(workers):
                    if worker.reports in ready:
                        yield from _receive(plan, worker, workers, folder)
                    elif worker.is_late(plan):
                        yield from _replace(plan, worker, workers, folder, f"not done after {plan.seconds:g} s")
        finally:
            for worker in workers:
                _end(worker)


def _receive(plan: Plan, worker: _Worker, workers: list[_Worker], folder: Path) -> Iterator[Judged | Shrunk]:
    worker.since = monotonic()
    try:
        report = worker.reports.recv()
    except EOFError:
        worker.process.join()
        if worker.process.exitcode == 1:
            raise RuntimeError(f"the fuzzer itself failed at input {worker.index}") from None
        yield from _replace(plan, worker, workers, folder, f"the process ended with status {worker.process.exitcode}")
        return
    if isinstance(report, Judged | Shrunk):
        worker.busy = False
        yield report
    else:
        worker.begun, worker.busy = report, True


def _replace(plan: Plan, worker: _Worker, workers: list[_Worker], folder: Path, reason: str) -> Iterator[Judged]:
    """End a process that is late or gone, blame the input that it was busy with, and start another for the rest."""
    _end(worker)
    workers.remove(worker)
    if worker.busy:
        verdict = Verdict(outcome=FAILURE, broken=reason, signature=reason)
        yield Judged(index=worker.index, verdict=verdict)
    if not worker.begun and worker.indices:
        raise RuntimeError(f"no input could be judged: {reason}")
    if rest := worker.indices[worker.begun :]:
        workers.append(_start(plan, rest, folder))


def _start(plan: Plan, indices: Sequence[int], folder: Path) -> _Worker:
    context = get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    worker_folder = Path(mkdtemp(dir=folder))
    process = context.Process(target=_work, args=(plan, indices, worker_folder, sending), daemon=True)
    process.start()
    sending.close()
    return _Worker(process=process, reports=receiving, indices=indices)


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.reports.close()


def _work(plan: Plan, indices: Sequence[int], folder: Path, reports: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    # Write no core files: one for each input that crashes would fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    workshop = open_workshop(folder)
    known: set[str] = set()
    for number, index in enumerate(indices, start=1):
        reports.send(number)
        generations = tools.installed()
        judge = Judge(workshop=workshop, ask=_asking(generations, index // max(1, plan.ask_every)))
        case = make(plan.seed, index)
        verdict = judge.verdict(case, asking=plan.asks(index) and bool(generations))
        reports.send(Judged(index=index, verdict=verdict))
        if verdict.outcome == FAILURE and verdict.signature not in known:
            known.add(verdict.signature)
            reports.send(Shrunk(index=index, verdict=verdict, case=_shrunk(judge, case, verdict.signature)))


def _shrunk(judge: Judge, case: Case, signature: str) -> Case:
    asking = signature.startswith(ASKED)
    return shrink.shrunk(case, lambda smaller: judge.verdict(smaller, asking=asking).signature == signature)


def _asking(generations: Sequence[Servers], turn: int) -> Callable[[Path, Collection[str]], Sequence[tools.Objection]]:
    """Return a function that asks the real tools of one generation; `turn` alternates between the generations."""

    def ask(folder: Path, changed: Collection[str]) -> Sequence[tools.Objection]:
        with _raised_memory_limit():
            return tools.objections(generations[turn % len(generations)], folder, changed) if generations else ()

    return ask


@contextmanager
def _raised_memory_limit() -> Iterator[None]:
    """Raise the limit of address space: programs in Go reserve more than they use."""
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
