"""Codes of signals: what they measure, and with which PromQL."""

from __future__ import annotations

from typing import Final

from compiler.checks.code import Code

ENTRIES: Final = (
    Code(
        code="alert-name",
        summary="Two signals have the same alert name.",
        explanation=(
            "Alertmanager and the webhook distinguish alerts by name and severity, so a name may stand for only one"
            " signal of one system. For example, `a-b` with `c` and `a` with `b_c` give the same name."
        ),
        mend="Rename one of the two.",
    ),
    Code(
        code="constant-metric",
        summary="A metric whose value is always 1 is bound as a value.",
        explanation=(
            "Metrics named `_info` have labels, such as a version, and are always 1 (OpenMetrics). So a limit above 1"
            " never fires, and a limit below 1 always fires."
        ),
        mend=(
            "Bind a metric that has a value. Or define a state that is true while a series with certain labels exists."
        ),
        suppressible=True,
    ),
    Code(
        code="counter-as-gauge",
        summary="A metric with the name of a counter is bound as a value that goes up and down.",
        explanation=(
            "A counter rises until its process restarts. A limit on its value fires once it is crossed and then keeps"
            " firing for weeks, whatever happens. `_total` is the name of counters. `_count`, `_sum` and `_bucket` are"
            " parts of histograms and summaries; the check covers them if the word before them names something that is"
            " observed: `duration_seconds_count`. The inputs `max` and `capacity` may have `_total` in their name."
        ),
        mend=(
            "Count the events in a window (`kind: increase`, `rate`, or a state by `counter`), or bind the histogram"
            " itself. If an exporter gives a gauge such a name, silence the finding and write the reason."
        ),
        suppressible=True,
    ),
    Code(
        code="gauge-as-counter",
        summary="A metric with the name of a value that goes up and down is bound as a counter.",
        explanation=(
            "`rate` and `increase` take every fall for a restart of the counter. So the movements of a gauge become a"
            " large number of events that never happened."
        ),
        mend=(
            "Bind it with `gauge`, or name the counter. If the metric's name is wrong, silence the finding and write"
            " the reason."
        ),
        suppressible=True,
    ),
    Code(
        code="histogram-name",
        summary="A histogram is bound by one of its series, or another metric is bound as a histogram.",
        explanation=(
            "The rules add `_bucket`, `_count` and `_sum` themselves. For `x_bucket` they would query"
            " `x_bucket_bucket`, which does not exist: the alert has no value and never fires."
        ),
        mend="Remove the suffix, as the hint shows.",
        suppressible=True,
    ),
    Code(
        code="input-contradicts-name",
        summary="A metric is bound as the opposite of what its name or its matchers say.",
        explanation=(
            "Examples are: free space bound as used space, successes as errors, misses as hits, idle time as busy"
            " time, or two inputs in each other's place. The alert is silent in trouble and pages when all is well."
            " Every generated test passes, because its series are made for the binding. The check looks at the words"
            " of names, and at matchers for outcomes (`code`, `status`, `result`, …) and for modes."
        ),
        mend="Bind it as the hint shows. If the name is wrong, keep the binding and write the reason in a comment.",
        suppressible=True,
    ),
    Code(
        code="lost-label",
        summary="A query drops a label that the routing or an alert needs.",
        explanation=(
            "Aggregation drops every label that it does not name. If a query drops a label of `per`, its alert has an"
            " empty component: all components share one alert, the critical alert of one component inhibits the"
            " warning of another, and no component has a generated test. A query without `per` mixes the installations"
            " that `dimensions` distinguishes, so an alert in one cluster reports the state of all. A quantile of"
            " buckets without `le` has no value. If no alert carries a label of `group_by`, grouping by it has no"
            " effect. If the check cannot find out which labels remain, it reports nothing."
        ),
        mend=(
            "Name the label in the `by (…)` of the query, or in `per`. Labels that distinguish installations belong"
            " below `dimensions`, also if Prometheus adds them when it sends alerts (`external_labels`). A query need"
            " not keep labels that are added so: silence the finding and write the reason."
        ),
        suppressible=True,
    ),
    Code(
        code="metric-unit",
        summary="A metric does not have the unit of its limits, or its unit is not known.",
        explanation=(
            "Limits are compared in base units, and a metric in another unit is scaled. If the metric's name states"
            " the unit without doubt (`_milliseconds`, `_ms`, `_kib`), the compiler uses it, and the binding does not"
            " need `in`. Other names are ambiguous: `_percent` may count to 100 or to 1, `_kilobytes` may be 1000 or"
            " 1024 bytes, `_us` and `_ns` may be a region or a namespace. With a wrong guess, the alert would always"
            " fire, or never. If the name says bytes and the limit is in seconds, the binding names the wrong metric."
        ),
        mend="Write `in:` with the unit into the binding, for each input if they differ, or bind another metric.",
    ),
    Code(
        code="metrics",
        summary="A signal's metrics are missing, incomplete or too many, or two of them have the same series.",
        explanation=(
            "A binding names exactly the inputs of its signal's kind; a signal with limits needs a binding. Two inputs"
            " must not be the same series. If the inputs are two parts, such as hits and misses, neither may include"
            " the series of the other, because the result would not be a share."
        ),
        mend="Write the metrics that the message asks for below `metrics:`.",
    ),
    Code(
        code="point-in-time",
        summary="A timestamp is bound as a value, or a duration is bound as a timestamp.",
        explanation=(
            "`since` and `until` take a time since the epoch and compare it with the clock. A timestamp that is used"
            " as a value is beyond every limit. A duration that is used as a timestamp gives an age of about fifty"
            " years."
        ),
        mend="Bind a timestamp with `since` or `until`; bind an age or the time left with `gauge`.",
        suppressible=True,
    ),
    Code(
        code="newer-prometheus",
        summary="Prometheus 2 does not know a label or a function.",
        explanation=(
            "Label names with other characters than letters, digits and `_` are written in quotes, which only"
            " Prometheus 3 reads. With one such label, an older server does not load the rule file, and older"
            " Alertmanagers refuse alerts that carry it. A metric with such a name is allowed: all versions read"
            ' `{__name__="http.server.duration"}`.'
        ),
        mend="Rename the label by relabelling, or write `prometheus: {oldest: 3}` if no older server loads the rules.",
    ),
    Code(
        code="promql",
        summary="A metric or a query is not valid PromQL.",
        explanation=(
            "An expression that every supported Prometheus refuses would keep the whole rule file from loading; so"
            " would one that only some versions accept, or only with a feature flag. Strings are those of Prometheus:"
            " with escapes in double and single quotes, without escapes in backticks."
        ),
        mend="Correct the expression; the caret shows the first word that is not allowed at its place.",
    ),
    Code(
        code="signal",
        summary="A signal is not defined, or its definition is incomplete.",
        explanation="The compiler must know what a limit applies to: a kind and a unit, or a query.",
        mend="Correct the id, or define the signal below `signals:`.",
    ),
    Code(
        code="template",
        summary="The PromQL template of a signal cannot be parsed or rendered.",
        explanation=(
            "Templates allow only names, numbers, arithmetic on numbers and `a if b else c`, so that they always end"
            " and cannot fill the memory."
        ),
        mend="Use the names that a binding defines, `per` and `window`; in an example also `value` and `steps`.",
    ),
    Code(
        code="unit-contradicts-name",
        summary="`in`, or a query of your own, gives a metric another unit than its name says.",
        explanation=(
            "One of the two is wrong, and with the wrong unit the alert always fires, or never. The compiler uses"
            " `in`. It does not scale the metrics of a query of your own: the query's value is compared with limits in"
            " base units."
        ),
        mend=(
            "Look at one of the metric's values. Delete `in`, or scale the metric in the query (`{{ m }} / 1000`). Or"
            " keep it as it is and write in a comment why the name is wrong."
        ),
        suppressible=True,
    ),
    Code(
        code="unknown-function",
        summary="A query calls a function that Prometheus does not have.",
        explanation="One unknown function keeps the whole rule file from loading.",
        mend="Correct its name; the hint shows the most similar function.",
    ),
    Code(
        code="untested",
        summary="The compiler cannot generate series that make a query return a given value.",
        explanation=(
            "The alert then has no generated test, so nothing shows that it fires when it should. For a query of your"
            " own, the compiler can generate series if the query uses the level of one metric, its rise, the time"
            " since or until it, or its absence, with comparisons, factors and aggregations. It cannot if the query"
            " asks for the hour, forecasts or combines several metrics, unless an `example` gives the series."
        ),
        mend=(
            "Give the signal an `example`, or write the matchers so that matching labels can be generated. If that is"
            ' not possible, `untested: "why"` in the signal\'s definition leaves the test out; the catalogue and'
            " `check --coverage` show the reason."
        ),
        suppressible=True,
    ),
)
