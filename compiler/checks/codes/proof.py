"""Codes of `tocsin prove`: the results of the generated tests when promtool runs them."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="test-fails",
        summary="An alert does not do what its generated test expects.",
        explanation=(
            "`tocsin prove` runs the generated tests with promtool. The test of a signal with its own query takes its"
            " series from the `example` in the file: the query must turn them into the value that the example was"
            " asked for. All other tests are generated from the same lines as the rules."
        ),
        mend=(
            "Compare the two columns. For your own query, correct the query or its `example`. For a built-in kind,"
            " report the failure, because neither the limit nor the binding can be the cause."
        ),
    ),
)
