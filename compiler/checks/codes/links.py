"""Codes of the links in runbooks."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="broken-link",
        summary="A link in a runbook leads to a file, or to a place in a file, that does not exist.",
        explanation=(
            "A reader at night follows the link and finds nothing. The check follows links, pictures and definitions"
            " to every file below the folder of thresholds.yaml, and to the anchors of Markdown files in the form that"
            " `links.style` says. It does not check web addresses and files outside of that folder."
        ),
        mend="Correct the target as the hint proposes, or delete the link.",
        suppressible=True,
    ),
)
