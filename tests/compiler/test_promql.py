"""Tests of PromQL: canonical printing, selectors, and the texts that are refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.promql import (
    Matcher,
    PromQLError,
    Selector,
    canonical,
    checked,
    go_general,
    operand,
    parse_matchers,
    parse_selector,
)

CANONICAL = {
    "sum(rate(x[300s]))by(a)": "sum by (a) (rate(x[5m]))",
    "sum without(a)(x)/on(b)group_left(c)y": "sum without (a) (x) / on (b) group_left (c) y",
    "x unless on() y": "x unless on () y",
    "x{ a = 'b' , c!~\"d\" }": 'x{a="b",c!~"d"}',
    "x{a='it\\'s'}": 'x{a="it\'s"}',
    'x{a=~"a\\\\.b"}': 'x{a=~"a\\\\.b"}',
    "x offset 90s": "x offset 1m30s",
    "max_over_time(x[60m:60s])": "max_over_time(x[1h:1m])",
    "1e3*x": "1000 * x",
    "x>bool 1e-3": "x > bool 0.001",
    "x>0.050": "x > 0.05",
    "-x>5": "-x > 5",
    "(a+b)*c": "(a + b) * c",
    "a and b or c": "a and b or c",
    "quantile(0.9,x)by(a)": "quantile by (a) (0.9, x)",
    "topk(3,x)": "topk(3, x)",
    "time()-min(x)": "time() - min(x)",
    "absent(x)==1": "absent(x) == 1",
    'label_replace(x,"a","$1","b","(.*)")': 'label_replace(x, "a", "$1", "b", "(.*)")',
    'histogram_quantile(0.95,sum by(le,a_long_label)(rate(a_long_metric_seconds_bucket{b_label="value"}[5m]))) and sum by(a_long_label)(rate(a_long_metric_seconds_count{b_label="value"}[5m]))>=1/60': 'histogram_quantile(0.95, sum by (le, a_long_label) (rate(a_long_metric_seconds_bucket{b_label="value"}[5m]))) and sum by (a_long_label) (rate(a_long_metric_seconds_count{b_label="value"}[5m])) >= 1 / 60',
}


@pytest.mark.parametrize(("written", "printed"), CANONICAL.items())
def test_an_expression_is_printed_as_prometheus_prints_it(written: str, printed: str) -> None:
    """It is printed on one line of any length. Printing it again changes nothing."""
    assert canonical(written) == printed
    assert canonical(printed) == printed


@pytest.mark.acceptance
def test_prometheus_prints_the_same(promtool: Path) -> None:
    """Prometheus's own formatter, which breaks long lines, agrees with every line of the table."""
    known = subprocess.run([promtool, "--help"], capture_output=True, text=True, check=True)
    if "promql format" not in known.stdout + known.stderr:
        pytest.skip("this promtool has no formatter")
    for printed in CANONICAL.values():
        done = subprocess.run(
            [promtool, "--experimental", "promql", "format", "--", printed], capture_output=True, text=True, check=True
        )
        assert " ".join(done.stdout.split()).replace("( ", "(").replace(" )", ")") == printed


@pytest.mark.parametrize("expression", ["", "sum(x", "rate(x)", "x +", 'x{a=~"("}', "no_such_function(x)", "x[5m"])
def test_what_is_no_promql_is_refused(expression: str) -> None:
    """The error has the parser's reason, and there is no other exception."""
    with pytest.raises(PromQLError):
        canonical(expression)


@pytest.mark.parametrize(
    "expression",
    [
        'sum(rate(x{a="b" or c="d"}[5m]))',
        "limitk(3, x)",
        "limit_ratio(0.5, x)",
        'sort_by_label(x, "a")',
        "mad_over_time(x[5m])",
    ],
)
def test_what_old_servers_do_not_read_is_refused_in_a_query(expression: str) -> None:
    """The parser knows more than Prometheus 2.42, the oldest supported release."""
    canonical(expression)
    with pytest.raises(PromQLError, match=r"`or`|experimental"):
        checked(expression)


def test_a_query_that_holds_nothing_new_passes_unchanged() -> None:
    """The check does not rewrite the query."""
    expression = "max  by (a) (predict_linear(x[1h], 4 * 3600)) >= bool (max by (a) (y) > 0)"
    assert checked(expression) == expression


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("up", Selector("up")),
        ("job:requests:rate5m", Selector("job:requests:rate5m")),
        ("up{}", Selector("up")),
        ('x{b=~"5..", a!="y"}', Selector("x", (Matcher("b", "=~", "5.."), Matcher("a", "!=", "y")))),
        ("x{a='q\"q\\\\d'}", Selector("x", (Matcher("a", "=", 'q"q\\d'),))),
        ("x{a='it\\'s'}", Selector("x", (Matcher("a", "=", "it's"),))),
        (r'x{a=~`/v\d+\.html`,b=~"c"}', Selector("x", (Matcher("a", "=~", r"/v\d+\.html"), Matcher("b", "=~", "c")))),
        ('x{a=`he said "no"`}', Selector("x", (Matcher("a", "=", 'he said "no"'),))),
        ("x{a=`two\nlines`}", Selector("x", (Matcher("a", "=", "two\nlines"),))),
        ('x{a="`"}', Selector("x", (Matcher("a", "=", "`"),))),
        ('{__name__="x"}', Selector("x")),
        ('{"http.server.duration",a="b"}', Selector("http.server.duration", (Matcher("a", "=", "b"),))),
        ('x{"k8s.pod"="y"}', Selector("x", (Matcher("k8s.pod", "=", "y"),))),
    ],
)
def test_a_selector_is_a_name_and_its_matchers_in_the_order_written(text: str, selector: Selector) -> None:
    """The order stays, because people recognise it."""
    assert parse_selector(text) == selector


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x y",
        "x-y",
        "3",
        '"x"',
        "sum(x)",
        "x[5m]",
        "x offset 5m",
        "x @ 5",
        '{a="b"}',
        '{__name__=~"x"}',
        '{"x$y"}',
        'x{a="b" or c="d"}',
        "x{a=b}",
    ],
)
def test_what_is_more_or_less_than_a_selector_is_refused(text: str) -> None:
    """Ranges, offsets and functions belong to the kind. A metric must have a name."""
    with pytest.raises(PromQLError):
        parse_selector(text)


def test_matchers_are_written_without_braces() -> None:
    """Empty text is no matcher; a comma may end the list."""
    assert parse_matchers(' job="api", env!~"t.*",') == (Matcher("job", "=", "api"), Matcher("env", "!~", "t.*"))
    assert parse_matchers(" ") == ()


@pytest.mark.parametrize(
    "text", ["job", "job=api", '{job="a"}', 'job="a"} or x{b="c"', 'job="a"} offset 5m #', '__name__="x"']
)
def test_what_is_no_list_of_matchers_is_refused(text: str) -> None:
    """Nobody can smuggle a text behind the closing brace."""
    with pytest.raises(PromQLError):
        parse_matchers(text)


@given(
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True),
    st.sampled_from(["=", "!="]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)
def test_a_printed_matcher_reads_as_the_same(label: str, operator: str, value: str) -> None:
    """Law: quotes and backslashes survive."""
    if label == "__name__":
        label = "name"
    matcher = Matcher(label, operator, value)
    assert parse_matchers(str(matcher)) == (matcher,)


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("a / b", "a / b"),
        ("a > bool 1", "(a > bool 1)"),
        ("a and b", "(a and b)"),
        ("sum(a > 0)", "sum(a > 0)"),
        ("-a", "-a"),
    ],
)
def test_an_operand_of_a_comparison_has_parentheses_where_it_binds_less(expression: str, printed: str) -> None:
    """`a and b > 5` would compare `b`, and people misread chained comparisons."""
    assert operand(expression) == printed


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.07, 4, "0.07"), (12345, 4, "1.234e+04"), (1e-05, 4, "1e-05"), (100, 4, "100"), (99.999, 4, "100"), (0, 6, "0")],
)
def test_numbers_are_printed_as_go_does(value: float, digits: int, text: str) -> None:
    """`%.4g` writes exponents with two digits in both languages."""
    assert go_general(value, digits) == text
