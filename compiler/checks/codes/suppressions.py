"""Codes of suppressions: comments that silence a finding must be complete and have an effect."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="suppression",
        summary="A suppression is incomplete, or names a code that cannot be suppressed.",
        explanation=(
            "`# tocsin: ignore[code] reason`, or in Markdown `<!-- tocsin: ignore[code] reason -->`, silences the"
            " findings of these codes in its line; if it is alone in a line, it silences those in the next line."
            " Without a reason nobody can tell later whether it is still right. A finding that prevents compilation"
            " cannot be silenced."
        ),
        mend="Write the code as the finding shows it in brackets, and the reason after it.",
    ),
    Code(
        code="unused-suppression",
        summary="A suppression silences nothing.",
        explanation=(
            "The finding for which it was written is gone, or is on another line. If the suppression stayed, it could"
            " hide another finding later."
        ),
        mend="Delete it, or move it to the line of the finding.",
    ),
)
