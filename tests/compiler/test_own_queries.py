"""Tests of custom queries: what the generated tests prove, what the compiler says where they cannot, and the labels."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler import conventions
from compiler.compilation import compile_spec
from compiler.promql import canonical, parse_selector
from compiler.signals import kinds
from compiler.signals.bound import Binding, BoundSignal, Signal
from compiler.signals.contract import UnsampledError
from compiler.signals.profile import Example, Phase
from compiler.signals.queries.reading import course, looks_back
from compiler.signals.queries.tree import has_value_without_data, lost_buckets, quoted_labels
from compiler.signals.queries.truth import not_one
from tests.compiler.base import SPEC, compiled, edit, tocsin

TEMPLATE = kinds()["template"]


def bound(query: str, metric: str = "oven", *, per: tuple[str, ...] = ("hall",), low: bool = False) -> BoundSignal:
    """Return a signal by a query over one metric."""
    signal = Signal(id="heat", kind="template", unit="count", title="Heat", query=query)
    return BoundSignal(
        signal=signal, binding=Binding(inputs={"x": parse_selector(metric)}, per=per, window=300), low=low
    )


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        ("{{ x }}", "max by (hall) (oven)"),
        ("avg by ({{ per }}) ({{ x }})", "avg by (hall) (oven)"),
        ("sum by (hall, door) ({{ x }})", "max by (hall) (sum by (hall, door) (oven))"),
        ("sum without (door) ({{ x }})", "max by (hall) (sum without (door) (oven))"),
        ("sum by (hall) ({{ x }}) / 2 > 3", "sum by (hall) (oven) / 2 > 3"),
        ("topk by (hall) (1, {{ x }})", "max by (hall) (topk by (hall) (1, oven))"),
        ("{{ x }} == bool 1", "max by (hall) (oven == bool 1)"),
        ("{{ x }} and {{ x }} > 1", "max by (hall) (oven and oven > 1)"),
        ("max by (hall) ({{ x }}) or min by (hall) ({{ x }})", "max by (hall) (oven) or min by (hall) (oven)"),
        ('{__name__=~"oven|stove"}', 'max by (hall) ({__name__=~"oven|stove"})'),
        ("scalar({{ x }})", "vector(scalar(oven))"),
        ("absent({{ x }})", "absent(oven)"),
        ("absent({{ x }}) or absent(stove)", "absent(oven) or absent(stove)"),
    ],
)
def test_a_query_comes_out_with_one_series_a_component(query: str, expression: str) -> None:
    """A result that may carry more labels than those of `per` is aggregated to the worst.

    Everything else stays as written.
    """
    assert canonical(TEMPLATE.expression(bound(query))) == expression


def test_the_worst_is_the_lowest_where_low_is_bad_and_of_all_where_nothing_tells_components_apart() -> None:
    """Neither depends on how the query is written."""
    assert canonical(TEMPLATE.expression(bound("{{ x }}", low=True))) == "min by (hall) (oven)"
    assert canonical(TEMPLATE.expression(bound("{{ x }} * 2", per=()))) == "max(oven * 2)"


def test_an_absence_carries_the_labels_of_its_matchers() -> None:
    """The alert carries these labels, so its test expects them."""
    labels = TEMPLATE.further(bound("absent({{ x }})", 'oven{hall="a",fuel=~"gas",door!="b"}'))
    assert labels == {"hall": "a"}
    assert TEMPLATE.further(bound("{{ x }}", 'oven{hall="a"}')) == {}


def samples(query: str, *values: str, unit: str = "count") -> str:
    """Return the samples of the query's one series, with three steps at each value."""
    template = bound(query)
    signal = Signal(id="heat", kind="template", unit=unit, title="Heat", query=query)
    phases = tuple(Phase(value=Decimal(value), steps=3) for value in values)
    (series,) = TEMPLATE.series(BoundSignal(signal=signal, binding=template.binding), Example(phases=phases))
    return series.values


@pytest.mark.parametrize(
    ("query", "values", "expected"),
    [
        ("{{ x }}", ("7", "3"), "7x2 3x2"),
        ("{{ x }} / 4 - 1", ("7", "3"), "32x2 16x2"),
        ("100 - {{ x }}", ("7", "3"), "93x2 97x2"),
        ("-{{ x }} + 2 * 5", ("7", "3"), "3x2 7x2"),
        ("clamp_min({{ x }} > 1, 0)", ("7", "3"), "7x2 3x2"),
        ("rate({{ x }}[5m]) * 60", ("6", "3"), "0+6x2 15+3x2"),
        ("increase({{ x }}[10m])", ("20", "10"), "0+2x2 5+1x2"),
        ("time() - {{ x }}", ("600", "60"), "-600+60x2 120+60x2"),
        ("({{ x }} - time()) / 60", ("10", "1"), "600+60x2 240+60x2"),
    ],
)
def test_samples_are_reckoned_back_from_the_value(query: str, values: tuple[str, ...], expected: str) -> None:
    """The calculation goes back through every number that the query adds or multiplies by."""
    assert samples(query, *values) == expected


@pytest.mark.parametrize(
    ("query", "bad", "good"),
    [
        ("{{ x }} == bool 0", "0x2", "1x2"),
        ("{{ x }} != bool 3", "4x2", "3x2"),
        ("{{ x }} > bool 40", "44x2", "36x2"),
        ("{{ x }} <= bool 40", "36x2", "44x2"),
        ("5 < bool {{ x }} * 2", "3x2", "2x2"),
        ("absent({{ x }})", "_x3", "1x2"),
        ("absent_over_time({{ x }}[15m]) == bool 1", "_x3", "1x2"),
        ("absent({{ x }} > 8)", "_x3", "9x2"),
    ],
)
def test_a_state_is_made_true_and_false(query: str, bad: str, good: str) -> None:
    """The samples lie on either side of its comparison, or there are no samples at all."""
    assert samples(query, "1", "0", unit="state") == f"{bad} {good}"


UNTESTED = {
    "count by (hall) ({{ x }})": "`count` makes another number of the values that it sees",
    "predict_linear({{ x }}[1h], 60)": "`predict_linear` looks at how its metric changes",
    "ln({{ x }})": "`ln` looks at more than the level of its metric",
    "{{ x }} offset 1h": "`offset` looks at another time than now",
    "{{ x }} @ 60": "`@` looks at another time than now",
    "max_over_time({{ x }}[1h:5m])": "`max_over_time` goes over a subquery",
    "{{ x }} % 7": "`%` makes another number of what it sees",
    "1 / {{ x }}": "`/` makes another number of what it sees",
    "{{ x }} or {{ x }} > 5": "`or` puts two results together",
    "{{ x }} + stove": "it looks at several metrics",
    "{{ x }} and on () hour() > 6": "`hour` asks the clock, and rule tests begin at 1970-01-01 00:00 UTC",
    "{{ x }} * on () group_left () vector(time())": "`time` asks the clock, and rule tests begin at 1970-01-01 00:00 UTC",
    "histogram_quantile(0.9, rate({{ x }}[5m]))": (
        "its series are native histograms, which not every Prometheus can hold in a rule test"
    ),
    "histogram_quantile(0.9, rate(oven_bucket[5m]))": "a quantile comes of several buckets",
    "rate({{ x }}[90s])": "its range holds too few samples of a rule test, one every 60s; write `[{{ window }}]`",
    "absent({{ x }})": "what is absent is a state: write `unit: state` and `when true`",
    "vector(1)": "it looks at no metric",
    'label_replace({{ x }}, "hall", "b", "", "")': "`label_replace` looks at more than the level of its metric",
}


@pytest.mark.parametrize(("query", "why"), UNTESTED.items())
def test_a_query_that_is_no_matter_of_one_number_has_no_series_and_says_why(query: str, why: str) -> None:
    """A made-up level proves nothing."""
    with pytest.raises(UnsampledError) as caught:
        samples(query, "1")
    assert str(caught.value) == why


def test_a_metric_in_the_query_is_as_good_as_a_bound_one() -> None:
    """Its series are made up too, unless it fixes a label of the component, which only a binding tells."""
    assert course('max by (hall) (oven{fuel="gas"})', ("hall",)).selector == parse_selector('oven{fuel="gas"}')
    with pytest.raises(UnsampledError, match="bind it below `metrics:`"):
        samples('oven{hall="a"}', "1")


def test_how_far_a_query_looks_back_is_the_sum_of_what_is_nested() -> None:
    """Ranges, subqueries and offsets count."""
    assert looks_back("max_over_time(rate(x[5m])[1h:1m] offset 10m) + y offset 2m") == 4500


@pytest.mark.parametrize(
    ("query", "expected"),
    [("x > 5", False), ("x or vector(0)", True), ("y unless x", True), ("absent(x)", True), ("hour()", True)],
)
def test_a_query_may_speak_of_what_has_no_data(query: str, *, expected: bool) -> None:
    """Then nobody knows what an example returns after its series have ended."""
    assert has_value_without_data(query) is expected


def test_labels_in_quotes_are_found_wherever_a_query_names_them() -> None:
    """They are found in matchers, groupings and matchings, and where a function writes a label."""
    query = 'sum by ("a.a") (x{"b.b"="1"}) + on ("c.c") group_left ("d.d") label_replace(y, "e.e", "", "", "")'
    assert quoted_labels(query) == {"a.a", "b.b", "c.c", "d.d", "e.e"}


QUERY = """\
    query: sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})
    example:
      - {series: "{{ taken }}", values: "{{ 100 + value }}x{{ steps }}"}
      - {series: "{{ done }}", values: "100x{{ steps }}"}
"""
GOOD = Decimal("999.6")
"""The backlog that the generated test takes for fine. Its limit is 1000."""
BINDING = "{taken: entries_taken, done: entries_done, per: [region, queue]}"


def one_metric(query: str, *further: str, per: str = "queue", comment: str = "") -> None:
    """Make the ledger measure its backlog by a query over one metric."""
    lines = "".join(f"    {line}\n" for line in (f"query: '{query}'{comment}", *further))
    edit(SPEC, QUERY, lines)
    edit(SPEC, BINDING, f"{{taken: entries_taken, per: {per}}}")


def proofs_of(alert: str) -> list[dict[str, Any]]:
    """Return the generated tests that look at an alert of the ledger."""
    (selected,) = (artifact for artifact in compiled().artifacts if artifact.path == conventions.tests_path("ledger"))
    tests: list[dict[str, Any]] = yaml.safe_load(selected.content)["tests"]
    return [test for test in tests if alert in {expectation["alertname"] for expectation in test["alert_rule_test"]}]


@pytest.mark.usefixtures("base")
def test_a_query_that_cannot_be_tested_is_a_finding_with_both_ways_out() -> None:
    """The remedies are an example or a reason.

    If no series are known for which it returns `value`, no example is proposed.
    """
    one_metric("deriv({{ taken }}[1h])")
    (finding,) = compile_spec(Path(SPEC)).diagnostics
    assert (finding.code, finding.level) == ("untested", "error")
    assert finding.hint is not None
    assert "such as" not in finding.hint
    assert 'untested: "why"' in finding.hint


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    "expression",
    [
        "taken.__class__",
        "taken['__class__']",
        "''.__class__.__mro__[1].__subclasses__()",
        "self._TemplateReference__context",
        "cycler.__init__.__globals__.os.popen('id').read()",
        "taken|attr('__class__')",
        "namespace()",
        "lipsum()",
        "taken.format(taken)",
        "(taken, per)",
    ],
)
def test_a_template_reaches_no_object_of_the_program(expression: str) -> None:
    """Names, numbers, comparisons and arithmetic are allowed. A member, a call or a filter is a finding."""
    edit(SPEC, "({{ taken }}) -", f"({{{{ {expression} }}}}) -")
    (finding,) = compile_spec(Path(SPEC)).diagnostics
    assert (finding.code, finding.level) == ("template", "error")
    assert "is not allowed in a template" in finding.message


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(("sign", "second"), [("-", 0), ("+", 0), ("*", 1), ("/", 1)])
def test_the_example_that_is_proposed_returns_the_value(sign: str, second: int) -> None:
    """The proposed example compiles unchanged: the first metric is the value, and the second does not change it."""
    query = f"sum by ({{{{ per }}}}) ({{{{ taken }}}}) {sign} sum by ({{{{ per }}}}) ({{{{ done }}}})"
    edit(SPEC, QUERY, f"    query: '{query}'\n")
    edit(SPEC, BINDING, "{taken: entries_taken, done: entries_done, per: queue}")
    (finding,) = compile_spec(Path(SPEC)).diagnostics
    proposed = (finding.hint or "").partition("such as `")[2].partition("`")[0]
    assert f'{{series: "{{{{ done }}}}", values: "{second}x{{{{ steps }}}}"}}' in proposed
    edit(SPEC, f"    query: '{query}'\n", f"    query: '{query}'\n    example: {proposed}\n")
    assert compile_spec(Path(SPEC)).diagnostics.found == []


@pytest.mark.usefixtures("base")
def test_nobody_is_asked_for_an_example_that_cannot_be() -> None:
    """No series know the hour."""
    one_metric("{{ taken }} * on () group_left () hour()")
    (finding,) = compile_spec(Path(SPEC)).diagnostics
    assert finding.hint == 'write `untested: "why"` beside the query; no example can show it'


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("key", [True, False], ids=["the key", "a comment"])
def test_a_reason_leaves_the_test_out(*, key: bool) -> None:
    """In both cases the alert is compiled, and all other tests stay."""
    if key:
        one_metric("deriv({{ taken }}[1h])", "untested: of a trend there is no level")
    else:
        one_metric("deriv({{ taken }}[1h])", comment="  # tocsin: ignore[untested] of a trend there is no level")
    compilation = compiled()
    alerts = {alert.name for group in compilation.groups for alert in group.alerts}
    assert "LedgerBacklog" in alerts
    assert proofs_of("LedgerBacklog") == []
    assert proofs_of("LedgerAvailability") != []


@pytest.mark.usefixtures("base")
def test_the_reason_is_shown_in_the_catalogue_and_by_the_coverage() -> None:
    """No alert is silently untested."""
    one_metric("deriv({{ taken }}[1h])", "untested: of a trend there is no level")
    (catalog,) = (artifact for artifact in compiled().artifacts if artifact.path == conventions.CATALOG_PATH)
    reasons = {entry["signal"]: entry.get("untested") for entry in json.loads(catalog.content)["alerts"]}
    assert reasons["backlog"] == "of a trend there is no level"
    assert reasons["availability"] is None
    assert "backlog has no generated test: of a trend there is no level" in tocsin("check", "--coverage").stdout


@pytest.mark.usefixtures("base")
def test_a_test_by_somebodys_example_says_so() -> None:
    """If the test fails, the example may be at fault."""
    assert all("LedgerBacklog by its own example" in test["name"] for test in proofs_of("LedgerBacklog"))
    one_metric("{{ taken }} * 2")
    assert not any("example" in test["name"] for test in proofs_of("LedgerBacklog"))


@pytest.mark.usefixtures("base")
def test_a_state_whose_comparison_returns_another_number_never_fires() -> None:
    """If `== 0` without `bool` holds, its value is 0."""
    edit(SPEC, "signals:\n  closing", "signals:\n  idle: {unit: state, title: Idle, query: '{{ x }} == 0'}\n  closing")
    edit(
        SPEC,
        "      error_ratio:  off\n",
        '      error_ratio:  off\n      idle: {warning: when true, runbook: "#backlog"}\n',
    )
    edit(SPEC, f"backlog:      {BINDING}", f"backlog:      {BINDING}\n      idle: {{x: ledger_jobs, component: jobs}}")
    findings = [
        finding for finding in compile_spec(Path(SPEC)).diagnostics if finding.code in {"limit-never-fires", "untested"}
    ]
    assert [finding.code for finding in findings] == ["limit-never-fires"]
    assert findings[0].hint == "write `== bool 0`"


@pytest.mark.parametrize(
    ("query", "way_out"),
    [
        ("predict_linear(oven[2h], 7200) < 10", "write `< bool 10`"),
        ("(time() - oven > 900) and on () (hour() > 6)", "write `> bool 900`"),
        ("count by (hall) (oven > 70) >= 4", "write `>= bool 4`"),
        ("label_replace(oven != 0, 'a', '$1', 'b', '(.*)') unless on (hall) closed", "write `!= bool 0`"),
        ("max_over_time((3 < oven)[20m:1m])", "write `> bool 3`"),
        ("min by (hall) (oven < 3)", "put `group by ({{ per }}) (…)` around"),
        ("oven > 70 or fridge > 8", "put `group by ({{ per }}) (…)` around"),
        ("oven > bool 70 or fridge > 8", "write `> bool 8`"),
        ("oven > lid", "write `> bool …`"),
        ("sum by (hall) (oven > bool 70) > 0", "write `> bool 0`"),
        *(
            (query, None)
            for query in (
                "oven == 1",
                "1 == max by (hall) (oven)",
                "max by (hall) (oven > bool 70) > 0",
                "count by (hall) (oven > 70) >= bool 4",
                "group by (hall) (oven > 70)",
                "oven == bool 0 and on (hall) lid > 3",
                "absent(oven) > 0",
                "present_over_time(oven[5m]) unless lid > 3",
                "(oven > 70) * 0 + 1",
                "oven",
            )
        ),
    ],
)
def test_a_comparison_of_a_state_returns_1(query: str, way_out: str | None) -> None:
    """This concerns only the query's own result. Values behind `and` or inside of a count may be any number."""
    why = not_one(query)
    assert (None if why is None else why.partition("; ")[2]) == way_out


@pytest.mark.parametrize(
    ("query", "lost"),
    [
        ("histogram_quantile(0.9, sum by (hall) (rate(bake_bucket[5m])))", "bake_bucket"),
        ('histogram_quantile(0.5, max without (le) ({__name__="bake.time_bucket"})) * 2', "bake.time_bucket"),
        ("histogram_quantile(0.9, sum by (hall, le) (rate(bake_bucket[5m])))", None),
        ("histogram_quantile(0.9, rate(bake_bucket[5m]))", None),
        ("histogram_quantile(0.9, sum by (hall) (rate(bake[5m])))", None),
    ],
)
def test_a_quantile_of_buckets_needs_their_edges(query: str, lost: str | None) -> None:
    """A native histogram has the edges inside."""
    assert lost_buckets(query) == lost


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("label", [*conventions.RULE_LABELS, "alertname"])
def test_no_label_that_a_rule_sets_tells_components_apart(label: str) -> None:
    """This holds for a query as for any other signal."""
    one_metric("{{ taken }}", per=label)
    assert [finding.code for finding in compile_spec(Path(SPEC)).diagnostics] == ["reserved-label"]


@pytest.mark.usefixtures("base")
def test_an_example_may_count_from_the_beginning_of_its_phase() -> None:
    """`start` and `step` are seconds, so that a query that compares with `time()` can have an example."""
    one_metric(
        "(time() - {{ taken }}) * 1 + 0 * {{ taken }}",
        'example: [{series: "{{ taken }}", values: "{{ start - value }}+{{ step }}x{{ steps }}"}]',
    )
    values = [
        input_series["values"]
        for test in proofs_of("LedgerBacklog")
        for input_series in test["input_series"]
        if input_series["series"].startswith("entries_taken") and test["name"].endswith("recovery")
    ]
    (text,) = values
    (first, step, times), (second, *_) = (re.split(r"\+|x", token) for token in text.split(" ")[:2])
    assert (Decimal(first), step) == (-11_000, "60")
    assert Decimal(second) == 60 * (int(times) + 1) - GOOD


@pytest.mark.usefixtures("base")
def test_blanks_of_an_example_fill_their_phase() -> None:
    """Promtool repeats a blank once less than a number. The next phase must still begin at its time."""
    one_metric(
        "absent({{ taken }}) or vector(0)",
        'example: [{series: "{{ taken }}", values: "{{ \'_\' if value > 2000 else value }}x{{ steps }}"}]',
        per="[]",
    )
    edit(SPEC, "per: []", "component: all")
    for test in proofs_of("LedgerBacklog"):
        assert not test["name"].endswith("gone")
        for input_series in test["input_series"]:
            if input_series["values"].startswith("_"):
                first, second = input_series["values"].split(" ")[:2]
                assert second == "_x1"
                assert first.startswith("_x")


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("query", "unit", "metric", "finding"),
    [
        ("max by ({{ per }}) ({{ m }})", "seconds", "bake_delay_microseconds", "`{{ m }} / 1000000`"),
        ("time() - {{ m }}", "seconds", "bake_done_timestamp_ms", "`{{ m }} / 1000`"),
        ("avg_over_time({{ m }}[10m]) and on (kiln) lid > 3", "seconds", "bake_hours", "`{{ m }} * 3600`"),
        ("{{ m }} + 1", "ratio", "hall_load_percent", "`{{ m }} / 100`"),
        ("increase({{ m }}[1h])", "seconds", "bake_milliseconds_total", "`(…) / 1000`"),
        ("histogram_quantile(0.9, sum by (le) (rate({{ m }}[5m])))", "seconds", "bake_ms_bucket", "`(…) / 1000`"),
        ("{{ m }}", "seconds", "hall_bytes", "measure another metric"),
        ("max_over_time({{ m }}[1h])", "count", "loaves_burnt_total", "increase({{ m }}"),
        ("{{ m }} - 3", "count", "loaves_burnt_total", "increase({{ m }}"),
        ("{{ m }} / 1000", "seconds", "bake_milliseconds", ""),
        ("0.01 * {{ m }}", "ratio", "hall_load_percent", ""),
        ("rate({{ m }}[5m])", "ratio", "bake_seconds_total", ""),
        ("{{ m }} - {{ m }} offset 1h", "count", "loaves_burnt_total", ""),
        ("count by ({{ per }}) ({{ m }} > 5)", "count", "bake_milliseconds", ""),
        ("lid and on (kiln) {{ m }} > 5", "count", "bake_milliseconds", ""),
        ("{{ m }} / hall_size_bytes", "ratio", "hall_used_bytes", ""),
    ],
)
def test_a_metric_that_a_query_takes_as_it_is_is_in_the_unit_of_the_limits(
    query: str, unit: str, metric: str, finding: str
) -> None:
    """This holds as in a binding. If the name of the metric is wrong, a comment says so."""
    definition = f"  one: {{unit: {unit}, title: One, query: '{query}', untested: not here}}\n"
    edit(SPEC, "signals:\n", f"signals:\n{definition}")
    limit = {"seconds": "90s", "ratio": "90%", "count": "9"}[unit]
    written = f'      one: {{critical: "> {limit}", runbook: "#backlog", documented: backlog}}\n'
    edit(SPEC, "      error_ratio:  off\n", f"      error_ratio:  off\n{written}")
    edit(SPEC, f"backlog:      {BINDING}", f"backlog:      {BINDING}\n      one: {{m: {metric}, per: kiln}}")
    asked = {"counter-as-gauge", "unit-contradicts-name"}
    hints = [finding.hint or "" for finding in compile_spec(Path(SPEC)).diagnostics if finding.code in asked]
    assert len(hints) == bool(finding)
    assert all(finding in hint for hint in hints)
    if finding:
        binding = f"{{m: {metric}, per: kiln}}"
        edit(SPEC, binding, f"{binding}  # tocsin: ignore[unit-contradicts-name, counter-as-gauge] a wrong name")
        assert not asked & {finding.code for finding in compile_spec(Path(SPEC)).diagnostics}
