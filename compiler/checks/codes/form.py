"""Codes of form: keys, ids and single values of thresholds.yaml."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="missing-key",
        summary="A key that the format requires is missing.",
        explanation="Without the key it is not known where an alert would go or what it would mean.",
        mend="Add the key; the hint shows it in the right form.",
    ),
    Code(
        code="quantity",
        summary="A duration, a rate or a number cannot be read.",
        explanation="Durations are written as in Prometheus; a rate is a number of events in a unit of time.",
        mend="Write `30s`, `5m`, `1h30m` or `2d`, `1 per minute`, `10 per second`.",
    ),
    Code(
        code="question",
        summary="A question of `tocsin import` has no answer yet.",
        explanation=(
            "Only people know where a metric is measured, who owns a system, or why nobody needs to know of a limit."
            " `import` writes QUESTION in such a place. Until all questions are answered, nothing else is checked."
        ),
        mend="Replace the word by the answer; the hint says what the question is.",
    ),
    Code(
        code="reference",
        summary="An id refers to nothing.",
        explanation="There is no team, level or policy with this name, so nobody would be told.",
        mend="Correct the id, or define what it names.",
    ),
    Code(
        code="reserved-id",
        summary="A system has the name of another generated file.",
        explanation="The alert that always fires has a rule file of its own, and the system's file would overwrite it.",
        mend="Give the system another name.",
    ),
    Code(
        code="reserved-label",
        summary="`per` or `dimensions` names a label that cannot distinguish components or installations.",
        explanation=(
            "The rule itself sets this label on every alert, or the label is `le`, which distinguishes a histogram's"
            " buckets, or it begins with `__`: Prometheus keeps those labels to itself and drops them from results."
            " `job` and `metric` are reserved as dimensions too, because alerts on missing metrics use them to say"
            " what is missing."
        ),
        mend="Name the label whose value differs from component to component, or from installation to installation.",
    ),
    Code(
        code="schema",
        summary="A value does not have the form that the format requires.",
        explanation=(
            "The published schema of thresholds.yaml describes every key. A system with such a value is left out, so"
            " that the same run finds the mistakes elsewhere. If the value is outside of `systems:`, nothing else is"
            " checked."
        ),
        mend="Write the value in the form that the hint shows.",
    ),
    Code(
        code="unknown-key",
        summary="The format does not have this key.",
        explanation=(
            "A misspelt key would be a limit, a contact or a window that silently has no effect. If the key resembles"
            " a known key, the other checks use it as that key, so that one mistake is one finding."
        ),
        mend="Correct the key, or delete it.",
    ),
)
