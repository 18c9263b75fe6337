"""Tests of labels with numbers: matchers select the same on servers that write numbers in different forms."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.float_labels import forms, in_every_form
from compiler.promql import Matcher, parse_matchers, parse_selector, portable
from compiler.signals.samples.sampling import accepts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1", ("1", "1.0")),
        ("7.0", ("7.0", "7")),
        ("0", ("0", "0.0")),
        ("-2", ("-2", "-2.0")),
        ("0.25", ("0.25",)),
        ("0.250", ("0.250", "0.25")),
        ("250000", ("250000", "250000.0")),
        ("2000000", ("2000000", "2e+06", "2000000.0")),
        ("2e6", ("2e6", "2e+06", "2000000", "2000000.0")),
        ("2.0E6", ("2.0E6", "2e+06", "2000000", "2000000.0")),
        ("1048576", ("1048576", "1.048576e+06", "1048576.0")),
        ("0.00002", ("0.00002", "2e-05")),
        ("0.0002", ("0.0002",)),
        ("+Inf", ("+Inf",)),
        ("", ("",)),
        ("fast", ("fast",)),
        ("1e999", ("1e999",)),
    ],
)
def test_a_number_has_the_forms_that_exporters_and_servers_write(text: str, found: tuple[str, ...]) -> None:
    """Measured: Prometheus 3 writes whole numbers with `.0`, and from a million on with an exponent."""
    assert forms(text) == found


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("=", "5", ("=~", r"5|5\.0")),
        ("!=", "5", ("!~", r"5|5\.0")),
        ("=", "0.5", ("=", "0.5")),
        ("!=", "+Inf", ("!=", "+Inf")),
        ("=~", "3|30", ("=~", r"3|3\.0|30|30\.0")),
        ("=~", "(3|30)", ("=~", r"(3|3\.0|30|30\.0)")),
        ("=~", "^(?:3|30)$", ("=~", r"^(?:3|3\.0|30|30\.0)$")),
        ("!~", r"3\.0|0\.3", ("!~", r"3\.0|3|0\.3")),
        ("=~", r"0\.3|\+Inf", ("=~", r"0\.3|\+Inf")),
        ("=~", "3.0", ("=~", "3.0|3")),
        ("=~", r"3(\.0)?", ("=~", r"3(\.0)?")),
        ("=~", "[0-9]+", ("=~", r"[0-9]+|(?:[0-9]+)\.0")),
        ("=~", r"[0-9]+\.0", ("=~", r"[0-9]+\.0|[0-9]+")),
        ("=~", ".+", ("=~", ".+")),
        ("=~", "[", ("=~", "[")),
        ("=~", r"3e\+06", ("=~", r"3e\+06|3000000|3000000\.0")),
    ],
)
def test_a_matcher_knows_every_form(operator: str, value: str, found: tuple[str, str]) -> None:
    """A number with only one form stays as it was written."""
    assert in_every_form(operator, value) == found


NUMBERS = st.one_of(st.integers(-(10**9), 10**9).map(str), st.floats(-(10**9), 10**9).map(repr))


@given(NUMBERS, st.sampled_from(["=", "!="]))
def test_a_matcher_on_a_number_treats_all_its_forms_alike(text: str, operator: str) -> None:
    """Law. Widening a second time changes nothing."""
    matcher = Matcher("le", *in_every_form(operator, text))
    assert {accepts(matcher, form) for form in forms(text)} == {operator == "="}
    assert not accepts(Matcher("le", *in_every_form("=", text)), text + "1")
    if matcher.operator in {"=~", "!~"}:
        assert in_every_form(matcher.operator, matcher.value) == (matcher.operator, matcher.value)


@given(st.lists(st.integers(0, 10**7).map(str), min_size=1, max_size=4))
def test_alternatives_are_widened_each(numbers: list[str]) -> None:
    """Law: each number that matched still matches in every form, and no other number does."""
    _, pattern = in_every_form("=~", "|".join(numbers))
    for number in numbers:
        assert all(re.fullmatch(pattern, form) for form in forms(number))
    assert not re.fullmatch(pattern, "99999999")


def test_selectors_and_queries_know_every_form() -> None:
    """This holds for these two labels, wherever somebody writes a matcher."""
    assert str(parse_selector('x_bucket{le="2",code="2"}')) == 'x_bucket{le=~"2|2\\\\.0",code="2"}'
    assert parse_matchers('quantile!="1"') == (Matcher("quantile", "!~", r"1|1\.0"),)
    query = 'sum(x{le="2"}) / sum(y{"quantile" = `1`, a="1"}) # {le="2"}'
    assert portable(query) == 'sum(x{le=~"2|2\\\\.0"}) / sum(y{"quantile" =~ "1|1\\\\.0", a="1"}) # {le="2"}'


def test_a_query_without_such_a_matcher_stays_as_it_was_written() -> None:
    """Blanks and comments too."""
    query = 'sum  by (le) (x{le="0.5",le!=""})  # a note'
    assert portable(query) == query
