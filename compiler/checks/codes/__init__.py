"""The registry of all codes: what each code means, why it matters, and how to mend its finding.

`tocsin explain CODE`, the reference page (`compiler.checks.reference`), SARIF's rules (`compiler.reports`) and the
suppressions (`compiler.suppressions`) read it. There is one file for each subject, with its `ENTRIES`; a new code is a
new entry in one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from compiler.checks.code import Code
from compiler.checks.codes import documents, files, form, limits, people, proof, signals, suppressions
from compiler.diagnostics import Diagnostic

SUBJECTS: Final[dict[str, tuple[Code, ...]]] = {
    "Files": files.ENTRIES,
    "Form": form.ENTRIES,
    "Limits": limits.ENTRIES,
    "Signals": signals.ENTRIES,
    "Runbooks": documents.ENTRIES,
    "People and routing": people.ENTRIES,
    "Proof": proof.ENTRIES,
    "Suppressions": suppressions.ENTRIES,
}
"""The entries by subject, in the order of the reference page."""

CODES: Final[dict[str, Code]] = {entry.code: entry for entries in SUBJECTS.values() for entry in entries}
"""The entries by code."""


def suppressible(code: str) -> bool:
    """Return whether a comment may silence the findings of a code."""
    return code in CODES and CODES[code].suppressible


def blocking(findings: Iterable[Diagnostic]) -> bool:
    """Return whether an error among the findings leaves parts of the model out, so that absence proves nothing."""
    return any(finding.level == "error" and not suppressible(finding.code) for finding in findings)
