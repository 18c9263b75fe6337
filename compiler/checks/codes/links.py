"""Codes of the links in runbooks."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="broken-link",
        summary="A link in a runbook leads to a file, or to a place in a file, that is not there.",
        explanation=(
            "Whoever follows it at night ends nowhere. Links, pictures and definitions are followed to every file below"
            " the folder of thresholds.yaml, and to the anchors of Markdown files, as `links.style` has them. Addresses"
            " of the web, and what lies outside of that folder, are not looked at."
        ),
        mend="Correct the target, as the hint proposes it, or take the link out.",
        suppressible=True,
    ),
)
