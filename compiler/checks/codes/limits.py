"""Codes of limits: how they are written, and whether they can have an effect."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="against-direction",
        summary="A limit fires on the good side of its signal, or a signal is bound to its opposite.",
        explanation=(
            "Most quantities are bad on one side. Usage, errors, latency, restarts, queues and lag are bad when they"
            " are high; availability, success ratios, hit ratios and the time left are bad when they are low. A guide"
            " that says “less than 20 % free” means more than 80 % used. The limit `< 20%` of the used share would"
            " page for a healthy disk and stay silent on a full one, and every generated test would pass. The same"
            " happens if availability is bound to errors, or if a state compares `available`, whose value is the used"
            " share."
        ),
        mend=(
            "Write the limit in the quantity that the signal measures: `> 80%`. If the other side is bad, as for a"
            " queue that must never be empty, write this once: `bad: low` beside the limits, or in the signal's"
            " definition."
        ),
        suppressible=True,
    ),
    Code(
        code="hold-outlasts-window",
        summary="Events leave the window before the alert can fire.",
        explanation=(
            "An event counts while it is in the window. If `for` is as long as the window, a burst leaves the window"
            " before `for` has passed, and the alert fires only if new events keep coming."
        ),
        mend="Widen `window`, or give the signal a shorter `for`.",
        suppressible=True,
    ),
    Code(
        code="limit",
        summary="A limit cannot be read.",
        explanation=(
            "A limit is a comparator, a number and a unit (`> 5%`, `>= 85 of 100`, `> 200ms`), `when true` for a state,"
            " or `off`."
        ),
        mend="Write it in one of these forms, in quotes.",
    ),
    Code(
        code="limit-always-fires",
        summary="Every value that a signal can have crosses its limit.",
        explanation=(
            "A share is never below 0 % or above 100 %, and a count is never below 0. So `>= 0%` and `< 101%` fire all"
            " the time, until nobody looks at the alert any more."
        ),
        mend="Move the limit into the range of the signal, or use `>` if `>=` includes the end of the range.",
        suppressible=True,
    ),
    Code(
        code="limit-differs",
        summary="The runbook and thresholds.yaml state different limits.",
        explanation=(
            "People follow the runbook, but the alert follows thresholds.yaml. The check compares number, comparator,"
            " severity and a stated duration. It reads the bullets of “Alert thresholds” and every other sentence that"
            " states a limit: a sentence belongs to an alert if it is in the alert's section or names what the alert"
            " measures. A sentence that names an environment, an instance, a path, a route, a region or a component is"
            " compared only with the alerts for exactly that. If two of them have each other's limits, both differ."
            " The finding shows all places. `severities:` defines the meaning of a word such as `P1`."
        ),
        mend=(
            "Decide which of the two is right and change the other. If the words name the wrong thing, change the"
            " words or the alert's `selector`. If the sentence is about something else, waive it: `waive: [{statement:"
            ' "its words", reason: "what it speaks of"}]` of the system.'
        ),
    ),
    Code(
        code="limit-direction",
        summary="One severity of a signal is bad when high, another one when low.",
        explanation="A signal has one worst series for each component, and that is either the highest or the lowest.",
        mend="Define two signals, one for each direction.",
    ),
    Code(
        code="limit-never-fires",
        summary="No value that a signal can have crosses its limit.",
        explanation=(
            "A share of events is never above 100 %, and a count is never below 0. The check covers ratios, counts,"
            " rates, averages and quantiles of counted values, utilization by idle time, usage by what is available,"
            " and the `active` of states. Usage by what is in use may exceed its maximum (overcommitment), and a gauge"
            " may have any value, so the check does not cover them. A state is true if its query returns 1; a"
            " comparison without `bool` returns the number that it compares."
        ),
        mend="Move the limit into the range of the signal; `>= 100%` can fire where `> 100%` cannot.",
        suppressible=True,
    ),
    Code(
        code="limit-order",
        summary="A more severe limit is not beyond the less severe limit.",
        explanation=(
            "The more severe alert inhibits the less severe alert of the same component. If the two limits are equal"
            " or reversed, the less severe alert is never shown, or it is shown last."
        ),
        mend="Exchange the two limits, or remove one with `off`.",
        suppressible=True,
    ),
    Code(
        code="limit-unit",
        summary="A limit has no unit, or a unit that its signal is not measured in.",
        explanation=(
            "A bare number would count in the base unit: `> 150` would mean seconds where milliseconds are meant."
        ),
        mend="Write the unit; the hint shows those that fit.",
    ),
    Code(
        code="recover",
        summary="A recovery limit is not on the good side of its limit, or its signal has nothing to recover to.",
        explanation=(
            "An alert with a recovery limit fires until its value reaches that limit: an alert above 5 % may end below"
            " 4 %. A recovery limit on the bad side would end the alert while the trouble lasts. A state has no value"
            " to recover to."
        ),
        mend=(
            "Write it with the opposite comparator, on the good side of the limit and in the same unit: `< 4%` for `>"
            " 5%`."
        ),
    ),
    Code(
        code="window-too-short",
        summary="A window holds too few scrapes.",
        explanation=(
            "Prometheus needs two samples in a range to compute a rate or an increase. In a window of less than four"
            " scrape intervals, one late or missed scrape leaves a gap, the alert's `for` starts again, and the alert"
            " may never fire (Prometheus, `rate()`). The scrape interval is the one in thresholds.yaml or, without"
            " one, the default. The short window of a burn rate needs at least four scrapes, and it must not be longer"
            " than half of the long window."
        ),
        mend="Widen `window` to four scrape intervals, or state the true `scrape_interval`.",
        suppressible=True,
    ),
)
