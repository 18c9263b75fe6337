"""What the registry knows of one code: the form of every entry in `compiler.checks.codes`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One code of diagnostics, explained.

    `summary` is one sentence, `explanation` says why it matters, `mend` what to do. `suppressible` is whether a comment
    with a reason may silence it: only where everything can be compiled in spite of it.
    """

    code: str
    summary: str
    explanation: str
    mend: str
    suppressible: bool = False
