"""Codes of form: keys, ids and single values of thresholds.yaml."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="missing-key",
        summary="A key that the format asks for is missing.",
        explanation="Without it there is no saying where an alert would go or what it would mean.",
        mend="Add the key; the hint shows one in the right form.",
    ),
    Code(
        code="quantity",
        summary="A duration, a rate or a number cannot be read.",
        explanation="Durations are written as Prometheus writes them; a rate is so many events in a unit of time.",
        mend="Write `30s`, `5m`, `1h30m` or `2d`, `1 per minute`, `10 per second`.",
    ),
    Code(
        code="question",
        summary="A question of `tocsin import` has not been answered.",
        explanation=(
            "Where a metric is measured, who owns a system, or why nobody need know of a limit, only people can say;"
            " `import` writes QUESTION there. Until all are answered nothing else is looked at."
        ),
        mend="Write the answer in the place of the word; the hint says what is asked.",
    ),
    Code(
        code="reference",
        summary="An id refers to nothing.",
        explanation="A team, a level or a policy of this name is not defined, so nobody would be told.",
        mend="Correct the id, or define what it names.",
    ),
    Code(
        code="reserved-id",
        summary="A system has the name of a file that is generated already.",
        explanation="The always-firing alert has a rule file of its own, and the system's would overwrite it.",
        mend="Name the system otherwise.",
    ),
    Code(
        code="reserved-label",
        summary="A label that cannot tell components or installations apart is named by `per` or `dimensions`.",
        explanation=(
            "The rule itself sets this label on every alert, or it is `le`, which tells a histogram's buckets apart, or"
            " it begins with `__`: Prometheus keeps those labels to itself and drops them from what is computed. As a"
            " dimension `job` and `metric` mean something else too: what is missing."
        ),
        mend="Name the label whose value differs from component to component, or from installation to installation.",
    ),
    Code(
        code="schema",
        summary="A value is not of the form that the format asks for.",
        explanation=(
            "The published schema of thresholds.yaml describes every key. A system with such a value is left aside, so"
            " that what is wrong elsewhere is found in the same run; outside of `systems:` nothing more is looked at."
        ),
        mend="Write the value in the form that the hint shows.",
    ),
    Code(
        code="unknown-key",
        summary="The format does not know a key.",
        explanation=(
            "A misspelt key would be a limit, a contact or a window that silently does not hold. One that is nearly a"
            " known key is taken for it in what else is looked at, so that nothing is said of it twice."
        ),
        mend="Correct the key, or take it out.",
    ),
)
