"""Processes that judge inputs, and may die or hang: what they report, and who is put in the place of one that is gone.

Above `judge.py`, below `__main__.py`. A process takes every n-th index and says when it begins one, so that one that
dies names its input.
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
from testbed.fuzz.workshop import opened, place
from testbed.servers import Servers

SECONDS: Final = 60.0
"""What an input may take by the clock; the usual one takes a thousandth of it."""
MEMORY: Final = 2 * 2**30
"""Bytes of addresses that a process may have."""
_PATIENT_SECONDS: Final = 600.0
"""What shrinking may take, and an input that the real tools are asked about."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which inputs, and every which of those that compile the real tools are asked about (0: none)."""

    seed: int
    indices: Sequence[int]
    jobs: int = 1
    ask_every: int = 0
    seconds: float = SECONDS

    def asks(self, index: int) -> bool:
        """Return whether the tools see what an input compiles to."""
        return bool(self.ask_every) and index % self.ask_every == 0


@dataclass(frozen=True, kw_only=True)
class Judged:
    """An input with its verdict."""

    index: int
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """The first failure of its kind that a process met, and the case with less damage that fails alike."""

    index: int
    verdict: Verdict
    case: Case


@dataclass(kw_only=True)
class _Worker:
    """A process; it has begun so many of its inputs, and is busy with the last of them."""

    process: BaseProcess
    reports: Connection
    indices: Sequence[int]
    begun: int = 0
    busy: bool = False
    since: float = field(default_factory=monotonic)

    @property
    def index(self) -> int:
        """The input that was begun last."""
        return self.indices[self.begun - 1]

    def is_late(self, plan: Plan) -> bool:
        """Return whether nothing has been heard for longer than what is under way may take."""
        patient = not self.busy or plan.asks(self.index)
        return monotonic() - self.since > (_PATIENT_SECONDS if patient else plan.seconds)


def judged(plan: Plan) -> Iterator[Judged | Shrunk]:
    """Yield every input of a plan with its verdict, in the order in which they are done, and what was shrunk."""
    with place() as folder:
        workers = [_start(plan, plan.indices[number :: plan.jobs], folder) for number in range(plan.jobs)]
        try:
            while workers:
                ready = wait([worker.reports for worker in workers], timeout=1.0)
                for worker in list(workers):
                    if worker.reports in ready:
                        yield from _heard(plan, worker, workers, folder)
                    elif worker.is_late(plan):
                        yield from _replaced(plan, worker, workers, folder, f"not done after {plan.seconds:g} s")
        finally:
            for worker in workers:
                _end(worker)


def _heard(plan: Plan, worker: _Worker, workers: list[_Worker], folder: Path) -> Iterator[Judged | Shrunk]:
    worker.since = monotonic()
    try:
        report = worker.reports.recv()
    except EOFError:
        worker.process.join()
        if worker.process.exitcode == 1:
            raise RuntimeError(f"the fuzzer itself failed at input {worker.index}") from None
        yield from _replaced(plan, worker, workers, folder, f"the process ended with status {worker.process.exitcode}")
        return
    if isinstance(report, Judged | Shrunk):
        worker.busy = False
        yield report
    else:
        worker.begun, worker.busy = report, True


def _replaced(plan: Plan, worker: _Worker, workers: list[_Worker], folder: Path, why: str) -> Iterator[Judged]:
    """End a process that is late or gone; blame its input, if it was busy with one, and go on behind that."""
    _end(worker)
    workers.remove(worker)
    if worker.busy:
        verdict = Verdict(outcome=FAILURE, broken=why, signature=why)
        yield Judged(index=worker.index, verdict=verdict)
    if not worker.begun and worker.indices:
        raise RuntimeError(f"no input could be judged: {why}")
    if rest := worker.indices[worker.begun :]:
        workers.append(_start(plan, rest, folder))


def _start(plan: Plan, indices: Sequence[int], folder: Path) -> _Worker:
    context = get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    own = Path(mkdtemp(dir=folder))
    process = context.Process(target=_work, args=(plan, indices, own, sending), daemon=True)
    process.start()
    sending.close()
    return _Worker(process=process, reports=receiving, indices=indices)


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.reports.close()


def _work(plan: Plan, indices: Sequence[int], folder: Path, reports: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    # A core file of each input that crashes would fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    workshop = opened(folder)
    known: set[str] = set()
    for number, index in enumerate(indices, start=1):
        reports.send(number)
        found = tools.installed()
        judge = Judge(workshop=workshop, ask=_asking(found, index // max(1, plan.ask_every)))
        case = make(plan.seed, index)
        verdict = judge.verdict(case, asking=plan.asks(index) and bool(found))
        reports.send(Judged(index=index, verdict=verdict))
        if verdict.outcome == FAILURE and verdict.signature not in known:
            known.add(verdict.signature)
            reports.send(Shrunk(index=index, verdict=verdict, case=_shrunk(judge, case, verdict.signature)))


def _shrunk(judge: Judge, case: Case, signature: str) -> Case:
    asking = signature.startswith(ASKED)
    return shrink.shrunk(case, lambda smaller: judge.verdict(smaller, asking=asking).signature == signature)


def _asking(found: Sequence[Servers], turn: int) -> Callable[[Path, Collection[str]], Sequence[tools.Objection]]:
    """Return what asks the real tools, of one generation after the other, if there are any."""

    def ask(folder: Path, changed: Collection[str]) -> Sequence[tools.Objection]:
        with _roomy():
            return tools.objections(found[turn % len(found)], folder, changed) if found else ()

    return ask


@contextmanager
def _roomy() -> Iterator[None]:
    """Lift the limit of addresses: programs in Go reserve more than they use."""
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
