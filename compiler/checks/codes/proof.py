"""Codes of `tocsin prove`: what the generated tests say when promtool runs them."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="test-fails",
        summary="An alert does not do what its generated test asks for.",
        explanation=(
            "`tocsin prove` runs the generated tests through promtool. The test of a signal with a query of its own"
            " takes its series from the `example` of the file: the query must make of them the value that the example"
            " was asked for. All other tests are made from the same lines as the rules."
        ),
        mend=(
            "Compare the two columns. For a query of your own, correct the query or its `example`; for a built-in kind"
            " report the failure, because neither the limit nor the binding can be to blame."
        ),
    ),
)
