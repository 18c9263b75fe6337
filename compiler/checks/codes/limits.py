"""Codes of limits: how they are written, and whether they can do what they are there for."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="against-direction",
        summary="A limit fires on the good side of its signal, or a signal is bound by its opposite.",
        explanation=(
            "Most quantities are in trouble on one side: usage, errors, latency, restarts, queues and lag when they are"
            " high, availability, success and hit ratios and the time left when they are low. A guide that says “less"
            " than 20 % free” means more than 80 % used: as `< 20%` of what is used the alert would page a healthy"
            " disk and stay silent on a full one, with every generated test green. The same happens where availability"
            " is bound by errors, and where a state compares what is `available`, whose value is the used share."
        ),
        mend=(
            "Write the limit in what the signal measures: `> 80%`. Where the other side is the trouble, as of a queue"
            " that must never be empty, say so once: `bad: low` beside the limits, or in the signal's definition."
        ),
        suppressible=True,
    ),
    Code(
        code="hold-outlasts-window",
        summary="Events have left the window before the alert may fire.",
        explanation=(
            "An event counts while it is in the window. Where `for` is as long as the window, a burst has left it"
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
        summary="A limit is crossed by every value that its signal can have.",
        explanation=(
            "A share is never below 0 % or above 100 %, and a count never below 0: `>= 0%` and `< 101%` fire from the"
            " first minute on for ever, until nobody looks at the alert any more."
        ),
        mend="Move the limit into the range of the signal, or use `>` where `>=` takes in its end.",
        suppressible=True,
    ),
    Code(
        code="limit-differs",
        summary="The runbook and thresholds.yaml state different limits.",
        explanation=(
            "People follow the one, the alert follows the other. Number, comparator, severity and a stated duration"
            " are compared, in the bullets of “Alert thresholds” and in every other sentence that states a limit: one"
            " that stands in the section of an alert, or names what it measures, speaks of it. A sentence that names an"
            " environment, an instance, a path, a route, a region or a component is held against the alerts of just"
            " that: limits that are exchanged between two of them differ at both. All places are shown. What a word"
            " such as `P1` stands for is said by `severities:`."
        ),
        mend=(
            "Decide which of the two is right and change the other. Where the words name the wrong thing, change the"
            " words or the alert's `selector`. A sentence about something else is waived:"
            ' `waive: [{statement: "its words", reason: "what it speaks of"}]` of the system.'
        ),
    ),
    Code(
        code="limit-direction",
        summary="One severity of a signal is bad when high, another when low.",
        explanation="A signal has one worst series of each component, and it is either the highest or the lowest.",
        mend="Make two signals of them.",
    ),
    Code(
        code="limit-never-fires",
        summary="A limit is crossed by no value that its signal can have.",
        explanation=(
            "A share of events is never above 100 %, and a count never below 0. Looked at are ratios, counts, rates,"
            " averages and quantiles of what is counted, utilization by idle time, usage by what is available, and the"
            " `active` of states. Usage by what is in use may exceed its maximum (overcommitment), and a gauge may have"
            " any value: nothing is said of these. A state is true where its query returns 1: a comparison without"
            " `bool` returns the number that it compares."
        ),
        mend="Move the limit into the range of the signal; `>= 100%` can fire where `> 100%` cannot.",
        suppressible=True,
    ),
    Code(
        code="limit-order",
        summary="A more severe limit is not beyond the less severe one.",
        explanation=(
            "The more severe alert inhibits the less severe one of the same component. Where their limits are equal or"
            " reversed, the less severe alert is never seen, or is seen last."
        ),
        mend="Exchange the two, or drop one by `off`.",
        suppressible=True,
    ),
    Code(
        code="limit-unit",
        summary="A limit has no unit, or one that its signal is not measured in.",
        explanation="A bare number would be taken for the base unit: `> 150` for seconds where milliseconds are meant.",
        mend="Write the unit; the hint shows those that fit.",
    ),
    Code(
        code="recover",
        summary="A recovery limit is not on the good side of its limit, or its signal has nothing to recover to.",
        explanation=(
            "An alert with a recovery limit goes on firing until the value has come to it: one above 5 % may end below"
            " 4 %. A recovery limit in the troubled range would end what still is trouble, and a state has no value."
        ),
        mend="Write it opposite to the limit and on its good side, in the same unit: `< 4%` for `> 5%`.",
    ),
    Code(
        code="window-too-short",
        summary="A window holds too few scrapes.",
        explanation=(
            "Prometheus needs two samples in a range to compute a rate or an increase; under four scrape intervals, one"
            " late or missed scrape leaves a gap, the alert's `for` starts anew, and it may never fire (Prometheus,"
            " `rate()`). The scrape interval is the one that thresholds.yaml states or, where it does not, the default."
            " A burn rate has a short window of four scrapes at least, which must not take up half of the long one."
        ),
        mend="Widen `window` to four scrape intervals, or state the true `scrape_interval`.",
        suppressible=True,
    ),
)
