"""Compile a case that is laid out in the current directory, and hold the outcome against what is promised.

The promises: exit status 0 with everything written, or 1 with at least one error and nothing changed; 2 only where the
machine refuses to write. Above `workshop.py`, `places.py` and `artifacts.py`; `crew.py` calls it for each input.
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
"""How the signatures of such failures begin."""
_EXIT: Final = {0: OK, 1: FINDINGS, 2: REFUSED}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of an input: `codes` of its diagnostics, `broken` the promise that was not kept, or None.

    `signature` is the same for failures that are probably one; `seconds` is processor time; `asked` says whether real
    tools saw it, `unproved` whether a generated test failed then.
    """

    outcome: str
    codes: tuple[str, ...] = ()
    broken: str | None = None
    signature: str = ""
    seconds: float = 0.0
    asked: bool = False
    unproved: bool = False


class BrokenPromiseError(Exception):
    """The program did what it promises never to do; the second argument is the failure's signature."""

    def __init__(self, message: str, signature: str) -> None:
        super().__init__(message)
        self.signature = signature


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Judges cases in a workshop; what compiles is shown to the real tools where `ask` says so."""

    workshop: Workshop
    ask: Callable[[Path, Collection[str]], Sequence[Objection]] = lambda _folder, _changed: ()

    def verdict(self, case: Case, *, asking: bool = False) -> Verdict:
        """Return what becomes of a case; never raises for what the compiler does."""
        started = time.process_time()
        codes: tuple[str, ...] = ()
        unproved = False
        try:
            with self.workshop.laid_out(case):
                status, codes = self._compile(case)
                if status == 0:
                    unproved = self._check_written(case, asking=asking)
        except BrokenPromiseError as error:
            return _failed(str(error), error.signature, codes, started)
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
        found = _diagnostics(result)
        errors = [one for one in found if one["level"] == "error"]
        if bool(errors) != (result.exit_code == 1):
            raise BrokenPromiseError(
                f"exit status {result.exit_code} with {len(errors)} errors", "status and errors differ"
            )
        if result.exit_code == 1:
            _check_unchanged(before, "findings")
        _check_diagnostics(found)
        _check_form(case, found)
        return result.exit_code, tuple(sorted({one["code"] for one in found}))

    def _check_written(self, case: Case, *, asking: bool) -> bool:
        """Check what was written; return whether a generated test failed."""
        again = run("compile", "--check")
        if again.exit_code != 0 or "up to date" not in again.stderr:
            raise BrokenPromiseError(f"`compile --check` after `compile`:\n{again.stderr}", "not up to date")
        written, good = tree(OUTPUT), self.workshop.good[case.origin]
        complaints = artifacts.complaints(OUTPUT, written)
        if complaints:
            raise BrokenPromiseError("\n".join(complaints), f"written: {complaints[0].split(':')[0]}")
        changed = [path for path, content in written.items() if content != good.get(path)]
        objections = self.ask(OUTPUT, changed) if asking else ()
        for one in objections:
            if not one.unproved:
                raise BrokenPromiseError(f"{one.title}: {one.output}", f"{ASKED}: {one.title}")
        return bool(objections)


def run(*arguments: str) -> Result:
    """Return the result of the command; BrokenPromiseError where it ends in a traceback or warns of itself."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        result = CliRunner().invoke(main, arguments)
    if warned:
        first = warned[0]
        raise BrokenPromiseError(f"{first.category.__name__}: {first.message}", f"warning {first.category.__name__}")
    error = result.exception
    if error is not None and not isinstance(error, SystemExit):
        raise BrokenPromiseError("".join(traceback.format_exception(error)), _raised(traceback.format_exception(error)))
    if "Traceback (most recent call last)" in result.stderr:
        raise BrokenPromiseError(result.stderr, _raised(result.stderr.splitlines(keepends=True)))
    return result


def _raised(lines: Sequence[str]) -> str:
    """Return the type of an exception and the innermost place of ours that it passed through."""
    text = "".join(lines).split("\n")
    types = [line.split(":")[0] for line in text if line[:1].isalpha() and "Error" in line.split(":")[0]]
    ours = [line.strip() for line in text if line.strip().startswith("File") and "/compiler/" in line]
    return f"{types[-1] if types else 'exception'} {ours[-1].rpartition('/compiler/')[2] if ours else ''}"


def _failed(broken: str, signature: str, codes: tuple[str, ...], started: float) -> Verdict:
    seconds = time.process_time() - started
    return Verdict(outcome=FAILURE, codes=codes, broken=broken, signature=signature, seconds=seconds)


def _diagnostics(result: Result) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(result.stdout)["diagnostics"]
        result.stdout.encode()
    except ValueError as error:
        raise BrokenPromiseError(f"{error}\n{result.stdout[:2000]}", "the diagnostics are no JSON") from error
    return found


def _check_unchanged(before: Tree, why: str) -> None:
    after = tree(OUTPUT)
    if after != before:
        changed = sorted(path for path in {*before, *after} if before.get(path, b"") != after.get(path, b""))
        raise BrokenPromiseError(f"{why}, and these have changed: {changed}", f"{why}, output changed")


def _check_diagnostics(found: Sequence[dict[str, Any]]) -> None:
    for one in found:
        if not _is_explained(one["code"]):
            raise BrokenPromiseError(f"nobody explains `{one['code']}`", f"unexplained {one['code']}")
        for place in (one, *one["related"]):
            complaint = places.complaint(place)
            if complaint is not None:
                raise BrokenPromiseError(f"{complaint}: {place}", f"place of {one['code']}: {complaint}")


@cache
def _is_explained(code: str) -> bool:
    return run("explain", code).exit_code == 0


_FORMS: Final = ("text", "github", "sarif")


def _check_form(case: Case, found: Sequence[dict[str, Any]]) -> None:
    """Check one of the other formats, by chance that hangs on the case alone."""
    digest = hashlib.sha256(repr(sorted(case.files.items())).encode()).digest()
    if not found or digest[0] % 3:
        return
    form = Random(digest).choice(_FORMS)  # noqa: S311 - repeatable, not secret
    result = run("check", "--format", form)
    shown = result.stderr if form == "text" else result.stdout
    complaint = places.form_complaint(form, shown, len(found))
    if complaint is not None:
        raise BrokenPromiseError(f"{complaint}\n{shown[:2000]}", f"format {form}: {complaint}")
