"""Compile a case that is laid out in the current directory, and compare the outcome with the promises.

The promises: exit status 0 with everything written, or 1 with at least one error and nothing changed; 2 only if the
machine refuses to write. The module uses `workshop.py`, `places.py` and `artifacts.py`; `crew.py` calls it for each
input.
"""

import hashlib
import json
import time
import traceback
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from click.testing import CliRunner, Result

from compiler.cli import main
from testbed.fuzz import artifacts, places
from testbed.fuzz.case import Case
from testbed.fuzz.tools import Objection
from testbed.fuzz.workshop import OUTPUT, Tree, Workshop, tree

OK: Final = "ok"
FINDINGS: Final = "findings"
REFUSED: Final = "not written"
FAILURE: Final = "failure"
ASKED: Final = "refused by a real tool"
"""How the signature of a failure begins if a real tool refused the output."""
_EXIT: Final = {0: OK, 1: FINDINGS, 2: REFUSED}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of an input: `codes` of its diagnostics, and `broken`, the promise that was not kept, or None.

    Failures with the same `signature` probably have one cause; `seconds` is processor time; `asked` says whether real
    tools saw the output, and `unproved` whether a generated test then failed.
    """

    outcome: str
    codes: tuple[str, ...] = ()
    broken: str | None = None
    signature: str = ""
    seconds: float = 0.0
    asked: bool = False
    unproved: bool = False


class BrokenPromiseError(Exception):
    """The compiler broke a promise; the second argument is the failure's signature."""

    def __init__(self, message: str, signature: str) -> None:
        super().__init__(message)
        self.signature = signature


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges cases in a workshop; `ask` shows the output of a case that compiles to the real tools."""

    workshop: Workshop
    ask: Callable[[Path, Collection[str]], Sequence[Objection]] = lambda _folder, _changed: ()

    def verdict(self, case: Case, *, asking: bool = False) -> Verdict:
        """Return the outcome of a case; nothing that the compiler does makes this method raise."""
        started = time.process_time()
        codes: tuple[str, ...] = ()
        unproved = False
        try:
            with self.workshop.laid_out(case):
                status, codes = self._compile(case)
                if status == 0:
                    unproved = self._check_written(case, asking=asking)
        except BrokenPromiseError as error:
            return _failure(str(error), error.signature, codes, started)
        outcome, seconds = _EXIT[status], time.process_time() - started
        asked = asking and status == 0
        return Verdict(outcome=outcome, codes=codes, seconds=seconds, asked=asked, unproved=unproved)

    def _compile(self, case: Case) -> tuple[int, tuple[str, ...]]:
        before = self.workshop.before(case)
        result = run("compile", "--format", "json")
        if result.exit_code == 2 and case.blocked is not None and "cannot write" in result.stderr:
            _check_unchanged(before, "exit status 2")
            return 2, ()
        if result.exit_code not in {0, 1}:
            raise BrokenPromiseError(f"exit status {result.exit_code}\n{result.stderr}", f"exit {result.exit_code}")
        diagnostics = _diagnostics(result)
        errors = [diagnostic for diagnostic in diagnostics if diagnostic["level"] == "error"]
        if bool(errors) != (result.exit_code == 1):
            raise BrokenPromiseError(
                f"exit status {result.exit_code} with {len(errors)} errors", "status and errors differ"
            )
        if result.exit_code == 1:
            _check_unchanged(before, "findings")
        _check_diagnostics(diagnostics)
        _check_form(case, diagnostics)
        return result.exit_code, tuple(sorted({diagnostic["code"] for diagnostic in diagnostics}))

    def _check_written(self, case: Case, *, asking: bool) -> bool:
        """Check what was written; return whether a generated test failed."""
        check = run("compile", "--check")
        if check.exit_code != 0 or "up to date" not in check.stderr:
            raise BrokenPromiseError(f"`compile --check` after `compile`:\n{check.stderr}", "not up to date")
        written, good = tree(OUTPUT), self.workshop.good[case.origin]
        complaints = artifacts.complaints(OUTPUT, written)
        if complaints:
            raise BrokenPromiseError("\n".join(complaints), f"written: {complaints[0].split(':')[0]}")
        changed = [path for path, content in written.items() if content != good.get(path)]
        objections = self.ask(OUTPUT, changed) if asking else ()
        for objection in objections:
            if not objection.unproved:
                raise BrokenPromiseError(f"{objection.title}: {objection.output}", f"{ASKED}: {objection.title}")
        return bool(objections)


def run(*arguments: str) -> Result:
    """Return the result of the command; raises BrokenPromiseError if it ends in a traceback or issues a warning."""
    with warnings.catch_warnings(record=True) as caught_warnings:
        warnings.simplefilter("always")
        result = CliRunner().invoke(main, arguments)
    if caught_warnings:
        first = caught_warnings[0]
        raise BrokenPromiseError(f"{first.category.__name__}: {first.message}", f"warning {first.category.__name__}")
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        raise BrokenPromiseError(
            "".join(traceback.format_exception(error)), _exception_signature(traceback.format_exception(error))
        )
    if "Traceback (most recent call last)" in result.stderr:
        raise BrokenPromiseError(result.stderr, _exception_signature(result.stderr.splitlines(keepends=True)))
    return result


def _exception_signature(lines: Sequence[str]) -> str:
    """Return the type of an exception and the innermost place in the compiler that it passed through."""
    text = "".join(lines).split("\n")
    types = [line.split(":")[0] for line in text if line[:1].isalpha() and "Error" in line.split(":")[0]]
    own_lines = [line.strip() for line in text if line.strip().startswith("File") and "/compiler/" in line]
    return f"{types[-1] if types else 'exception'} {own_lines[-1].rpartition('/compiler/')[2] if own_lines else ''}"


def _failure(broken: str, signature: str, codes: tuple[str, ...], started: float) -> Verdict:
    seconds = time.process_time() - started
    return Verdict(outcome=FAILURE, codes=codes, broken=broken, signature=signature, seconds=seconds)


def _diagnostics(result: Result) -> list[dict[str, Any]]:
    try:
        diagnostics: list[dict[str, Any]] = json.loads(result.stdout)["diagnostics"]
        result.stdout.encode()
    except ValueError as error:
        raise BrokenPromiseError(f"{error}\n{result.stdout[:2000]}", "the diagnostics are no JSON") from error
    return diagnostics


def _check_unchanged(before: Tree, reason: str) -> None:
    after = tree(OUTPUT)
    if after != before:
        changed = sorted(path for path in {*before, *after} if before.get(path, b"") != after.get(path, b""))
        raise BrokenPromiseError(f"{reason}, and these have changed: {changed}", f"{reason}, output changed")


def _check_diagnostics(diagnostics: Sequence[dict[str, Any]]) -> None:
    for diagnostic in diagnostics:
        if not _is_explained(diagnostic["code"]):
            raise BrokenPromiseError(f"nobody explains `{diagnostic['code']}`", f"unexplained {diagnostic['code']}")
        for place in (diagnostic, *diagnostic["related"]):
            complaint = places.complaint(place)
            if complaint is not None:
                raise BrokenPromiseError(f"{complaint}: {place}", f"place of {diagnostic['code']}: {complaint}")


@cache
def _is_explained(code: str) -> bool:
    return run("explain", code).exit_code == 0


_FORMS: Final = ("text", "github", "sarif")


def _check_form(case: Case, diagnostics: Sequence[dict[str, Any]]) -> None:
    """Check one of the other formats for a third of the cases; the case alone decides which."""
    digest = hashlib.sha256(repr(sorted(case.files.items())).encode()).digest()
    if not diagnostics or digest[0] % 3:
        return
    form = Random(digest).choice(_FORMS)  # noqa: S311 - repeatable, not secret
    result = run("check", "--format", form)
    shown = result.stderr if form == "text" else result.stdout
    complaint = places.form_complaint(form, shown, len(diagnostics))
    if complaint is not None:
        raise BrokenPromiseError(f"{complaint}\n{shown[:2000]}", f"format {form}: {complaint}")
