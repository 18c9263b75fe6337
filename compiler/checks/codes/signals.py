"""Codes of signals: what is measured, and by which PromQL."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="alert-name",
        summary="Two signals come out as one alert name.",
        explanation=(
            "Alertmanager and the webhook tell alerts apart by name and severity, so each name may stand for one signal"
            " of one system only. `a-b` with `c`, and `a` with `b_c`, are one name."
        ),
        mend="Rename one of the two.",
    ),
    Code(
        code="lost-label",
        summary="A label that the routing or an alert needs is lost on the way.",
        explanation=(
            "Aggregation drops every label that it does not name. An alert whose query loses a label of `per` has an"
            " empty component: all components share one alert, and the critical alert of one inhibits the warning of"
            " another. A query that does not ask for `per` mixes what the `dimensions` tell apart: in one cluster the"
            " state of all is told. A label of `group_by` that no alert carries groups by nothing. Where it cannot be"
            " told which labels survive, nothing is said."
        ),
        mend=(
            "Name the label in the `by (…)` of the query, or in `per`. Labels that tell installations apart and may be"
            " added by Prometheus on the way out (`external_labels`) stand below `dimensions`. Where they are added"
            " so, a query need not keep them: suppress the finding and say so."
        ),
        suppressible=True,
    ),
    Code(
        code="metrics",
        summary="A signal's metrics are missing, incomplete, too many, or the same series twice.",
        explanation=(
            "A binding names exactly the inputs of its signal's kind; a signal with limits needs a binding. A part that"
            " is held against itself, or against a whole that takes it in, is no share of anything."
        ),
        mend="Name below `metrics:` what the message asks for.",
    ),
    Code(
        code="promql",
        summary="A metric or a query is not PromQL as Prometheus reads it.",
        explanation=(
            "What every supported Prometheus refuses, and what only some of them or only a feature flag admits, would"
            " keep the whole rule file from loading."
        ),
        mend="Correct the expression; the message says what the parser saw.",
    ),
    Code(
        code="signal",
        summary="A signal is not defined, or its definition is incomplete.",
        explanation="A limit needs to know what it limits: a kind and a unit, or a query.",
        mend="Correct the id, or define the signal below `signals:`.",
    ),
    Code(
        code="template",
        summary="The PromQL template of a signal does not parse or does not render.",
        explanation=(
            "Templates know names, numbers, arithmetic on numbers and `a if b else c`, and no more, so that they can"
            " neither run on nor fill the memory."
        ),
        mend="Use the names that a binding gives, `per` and `window`; in an example also `value` and `steps`.",
    ),
    Code(
        code="unknown-function",
        summary="A query calls a function that Prometheus does not have.",
        explanation="One unknown function keeps the whole rule file from loading.",
        mend="Correct its name; the hint names the nearest one.",
    ),
    Code(
        code="untested",
        summary="No series can be made up that make a query return a given value.",
        explanation="The alert has no generated test then: nothing shows that it fires when it should.",
        mend="Give the signal an `example`, or write the matchers so that an example of them can be made.",
        suppressible=True,
    ),
)
