"""Tests of the labels that a query's result can carry, by Prometheus's rules of aggregation and matching."""

from __future__ import annotations

import pytest

from compiler.signals.queries.tree import carried, shortest_range


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("x", "abc"),
        ("rate(x[5m])", "abc"),
        ("max_over_time(rate(x[5m])[1h:1m])", "abc"),
        ("sum(x)", ""),
        ("sum by (a) (x)", "a"),
        ("sum by (a, b) (sum by (b, c) (x))", "b"),
        ("sum without (a) (x)", "bc"),
        ("sum without (a) (sum by (a, b) (x))", "b"),
        ("topk(3, x)", "abc"),
        ("topk by (a) (3, sum by (a, b) (x))", "ab"),
        ('count_values("c", x)', "c"),
        ("sum by (a) (x) / sum by (a) (y)", "a"),
        ("sum by (a) (x) > 5", "a"),
        ("5 - sum by (a) (x)", "a"),
        ("1 > bool 0", ""),
        ("-(sum by (a) (x))", "a"),
        ("x / on (a) y", "a"),
        ("x / ignoring (a) y", "bc"),
        ("x / ignoring () y", "abc"),
        ("sum by (a, b) (x) * on (a) group_left (c) y", "abc"),
        ("sum by (a) (x) * on (a) group_right () sum by (a, b) (y)", "ab"),
        ("sum by (a) (x) and sum by (b) (y)", "a"),
        ("sum by (a) (x) unless on () y", "a"),
        ("sum by (a) (x) or sum by (b) (y)", "ab"),
        ("sum by (a) (x) or sum without (a) (y)", "abc"),
        ("sum without (a) (x) or sum without (a, b) (y)", "bc"),
        ('label_replace(sum by (a) (x), "b", "$1", "a", "(.*)")', "ab"),
        ("histogram_quantile(0.9, sum by (le, a) (x))", "a"),
        ("clamp_max(sum by (a) (x), 5)", "a"),
        ("vector(1)", ""),
        ("vector(time())", ""),
        ("time() - max by (a) (x)", "a"),
        ("scalar(x) + sum by (a) (y)", "a"),
        ('absent(x{a="b"})', "a"),
        ('absent(x{a="b",b=~"c",c!="d"})', "a"),
        ('absent(x{a="b",a!="c"})', ""),
        ('absent_over_time(x{b="b"}[5m])', "b"),
        ('absent(sum(x{a="b"}))', ""),
        ("hour()", ""),
    ],
)
def test_labels_survive_as_prometheus_has_it(query: str, labels: str) -> None:
    """The series may have three labels."""
    carried_labels = carried(query)
    assert "".join(label for label in "abc" if label in carried_labels) == labels


def test_the_label_of_buckets_does_not_come_out_of_a_quantile() -> None:
    """The quantile is computed over this label."""
    assert "le" not in carried("histogram_quantile(0.9, x)")


def test_a_query_that_nests_too_deep_is_held_to_carry_everything() -> None:
    """An unknown result gives no finding and no traceback."""
    assert "a" in carried("(" * 1500 + "sum(x)" + ")" * 1500)


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("x", None),
        ("max_over_time(x[1m])", None),
        ("rate(x[5m]) / rate(y[2m])", 120),
        ("max_over_time(rate(x[5m])[1h:1m])", 300),
    ],
)
def test_the_shortest_range_is_that_of_what_is_counted(query: str, seconds: int | None) -> None:
    """A gauge has a value with one sample."""
    assert shortest_range(query) == seconds
