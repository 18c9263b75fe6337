"""One code of the registry: the form of each entry in `compiler.checks.codes`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One diagnostic code with its explanation.

    `summary` is one sentence, `explanation` says why it matters, and `mend` what to do. `suppressible` is whether a
    comment with a reason may silence it: only a finding in spite of which everything can be compiled.
    """

    code: str
    summary: str
    explanation: str
    mend: str
    suppressible: bool = False
