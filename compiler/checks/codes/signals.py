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
        code="constant-metric",
        summary="A metric whose value is 1 at all times is bound as a value.",
        explanation=(
            "Metrics named `_info` carry labels, such as a version, and are always 1 (OpenMetrics): a limit above 1"
            " never fires, one below it always does."
        ),
        mend="Bind a metric that has a value; or make it a state, true while a series with certain labels is there.",
        suppressible=True,
    ),
    Code(
        code="counter-as-gauge",
        summary="A counter, by its name, is bound as a value that goes up and down.",
        explanation=(
            "A counter rises until its process starts anew. A limit on what it is at fires once it has been crossed and"
            " goes on for weeks, whatever happens. `_total` is the name of counters; `_count`, `_sum` and `_bucket` are"
            " parts of histograms and summaries, and looked at where the word before them is one of what is observed:"
            " `duration_seconds_count`. `max` and `capacity` may be called a total."
        ),
        mend=(
            "Count what comes within a window (`kind: increase`, `rate`, or a state by `counter`), or bind the"
            " histogram itself. Where an exporter calls a gauge so, silence the finding and say so."
        ),
        suppressible=True,
    ),
    Code(
        code="gauge-as-counter",
        summary="A value that goes up and down, by its name, is bound as a counter.",
        explanation=(
            "`rate` and `increase` take every fall for a counter that begins anew, so that the value of a gauge that"
            " moves around becomes a large number of events that never were."
        ),
        mend="Bind it by `gauge`, or name the counter. Where the name is wrong, silence the finding and say so.",
        suppressible=True,
    ),
    Code(
        code="histogram-name",
        summary="A histogram is bound by one of its series, or something else as a histogram.",
        explanation=(
            "The rules add `_bucket`, `_count` and `_sum` themselves. Of `x_bucket` they would ask for"
            " `x_bucket_bucket`, which nobody has: the alert has no value and never fires."
        ),
        mend="Take the suffix off, as the hint shows.",
        suppressible=True,
    ),
    Code(
        code="input-contradicts-name",
        summary="A metric is bound as the opposite of what its name or its matchers say.",
        explanation=(
            "What is free bound as what is in use, successes as errors, misses as hits, idle time as work, or two"
            " inputs in each other's place: the alert is silent in trouble and pages when all is well, and every"
            " generated test is green, because their series are made up for the binding. Looked at are the words of"
            " names, matchers of outcomes (`code`, `status`, `result`, …) and of modes."
        ),
        mend="Bind it as the hint shows. Where the name is wrong, keep the binding and say so in a comment.",
        suppressible=True,
    ),
    Code(
        code="lost-label",
        summary="A label that the routing or an alert needs is lost on the way.",
        explanation=(
            "Aggregation drops every label that it does not name. An alert whose query loses a label of `per` has an"
            " empty component: all components share one alert, and the critical alert of one inhibits the warning of"
            " another, and none of them has a generated test. A query that does not ask for `per` mixes what the"
            " `dimensions` tell apart: in one cluster the state of all is told. A quantile of buckets without `le`"
            " has no value. A label of `group_by` that no alert carries groups by nothing. Where it cannot be told"
            " which labels survive, nothing is said."
        ),
        mend=(
            "Name the label in the `by (…)` of the query, or in `per`. Labels that tell installations apart and may be"
            " added by Prometheus on the way out (`external_labels`) stand below `dimensions`. Where they are added"
            " so, a query need not keep them: suppress the finding and say so."
        ),
        suppressible=True,
    ),
    Code(
        code="metric-unit",
        summary="A metric is not in the unit of its limits, or nothing says in which.",
        explanation=(
            "Limits are compared in base units, and a metric that is in another one is scaled. Where its name says the"
            " unit beyond doubt (`_milliseconds`, `_ms`, `_kib`) that is taken, and `in` of the binding is not needed."
            " `_percent` may be of 100 or of 1, `_kilobytes` may be 1000 or 1024 bytes, `_us` and `_ns` may be a region"
            " or a namespace: guessed wrong, the alert would fire for ever, or never. A name of bytes below a limit in"
            " seconds is another metric than the one that is meant."
        ),
        mend="Write `in:` with the unit into the binding, by input where they differ, or bind another metric.",
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
        code="point-in-time",
        summary="A point in time is bound as a value, or a length of time as a point in time.",
        explanation=(
            "`since` and `until` take a time since the epoch and reckon with the clock. A timestamp that is taken as it"
            " is lies beyond every limit; an age that is taken for a timestamp is one of fifty years."
        ),
        mend="Bind a timestamp by `since` or `until`, an age or the time left by `gauge`.",
        suppressible=True,
    ),
    Code(
        code="newer-prometheus",
        summary="A label or a function is one that Prometheus 2 does not know.",
        explanation=(
            "Names of labels that hold more than letters, digits and `_` stand in quotes, which Prometheus 3 reads. One"
            " of them keeps an older server from loading the rule file, and older Alertmanagers from taking alerts that"
            ' carry it. A metric with such a name is no matter: `{__name__="http.server.duration"}` is read by all.'
        ),
        mend="Rename the label by relabelling, or say `prometheus: {oldest: 3}` where no older server loads the rules.",
    ),
    Code(
        code="promql",
        summary="A metric or a query is not PromQL as Prometheus reads it.",
        explanation=(
            "What every supported Prometheus refuses, and what only some of them or only a feature flag admits, would"
            " keep the whole rule file from loading. Strings are those of Prometheus: escapes in double and in single"
            " quotes, none in backticks."
        ),
        mend="Correct the expression; the caret stands at the first word that cannot stand there.",
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
        code="unit-contradicts-name",
        summary="`in`, or a query of one's own, takes a metric for another unit than its name says.",
        explanation=(
            "One of the two is wrong, and with the wrong one the alert fires for ever, or never. `in` is what is taken."
            " Nothing scales the metrics of a query of one's own: its value is compared with limits in base units."
        ),
        mend=(
            "Look at one of its values. Take `in` out, or scale the metric in the query (`{{ m }} / 1000`); or keep"
            " what stands there and say in a comment why the name is wrong."
        ),
        suppressible=True,
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
        explanation=(
            "The alert has no generated test then: nothing shows that it fires when it should. Of a query of one's own"
            " it is known what it makes of the level of one metric, of its rise, of the time since or until it, and of"
            " its absence, with comparisons, factors and aggregations around. What asks for the hour, forecasts or puts"
            " several metrics together is not known, unless an `example` says by which series it comes about."
        ),
        mend=(
            "Give the signal an `example`, or write the matchers so that an example of them can be made. Where none"
            ' can, `untested: "why"` in the signal\'s definition leaves the test out; the catalogue and'
            " `check --coverage` show the reason."
        ),
        suppressible=True,
    ),
)
