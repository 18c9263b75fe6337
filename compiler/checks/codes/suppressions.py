"""Codes of suppressions: comments that silence a finding must be true."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="suppression",
        summary="A suppression is incomplete, or names what cannot be suppressed.",
        explanation=(
            "`# tocsin: ignore[code] reason`, in Markdown `<!-- tocsin: ignore[code] reason -->`, silences the findings"
            " of these codes in its line or, alone in a line, in the next one. Without a reason nobody can tell later"
            " whether it still holds. Findings that leave nothing to compile cannot be silenced."
        ),
        mend="Write the code as the finding shows it in brackets, and behind it the reason.",
    ),
    Code(
        code="unused-suppression",
        summary="A suppression silences nothing.",
        explanation=(
            "What it was written for is gone, or stands in another line. Left there, it would hide something else one"
            " day."
        ),
        mend="Take it out, or move it to the line of the finding.",
    ),
)
