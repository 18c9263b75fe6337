"""Labels for synthesised series: inside of a selector, outside of it, or an honest refusal."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.promql import Matcher, parse_matchers, parse_selector
from compiler.signals import sampling
from compiler.signals.contract import UnsampledError

WORD = st.from_regex(r"[a-z0-9/-]{1,6}", fullmatch=True)
PATTERN = st.one_of(
    WORD,
    WORD.map(lambda word: f"{word}.*"),
    WORD.map(lambda word: f".+{word}"),
    st.lists(WORD, min_size=1, max_size=3).map("|".join),
    st.just(r"5\d\d"),
    st.just("[45].."),
)
MATCHER = st.one_of(
    st.builds(Matcher, st.sampled_from("abc"), st.sampled_from(["=", "!="]), st.one_of(WORD, st.just(""))),
    st.builds(Matcher, st.sampled_from("abc"), st.sampled_from(["=~", "!~"]), PATTERN),
)


def holds(matcher: Matcher, labels: dict[str, str]) -> bool:
    """Return whether Prometheus would let a series pass: a missing label is an empty one, patterns match wholly."""
    value = labels.get(matcher.label, "")
    return {
        "=": value == matcher.value,
        "!=": value != matcher.value,
        "=~": re.fullmatch(matcher.value, value) is not None,
        "!~": re.fullmatch(matcher.value, value) is None,
    }[matcher.operator]


@pytest.mark.parametrize(
    ("matchers", "labels"),
    [
        ('job="api"', {"job": "api"}),
        ('code=~"5.."', {"code": "500"}),
        ('code=~"401|403"', {"code": "401"}),
        ('code!~"5.."', {}),
        ('container!=""', {"container": "a"}),
        ('name=~"acgs_.*",name!~".*_test"', {"name": "acgs_a"}),
        ('lb=~"app/fusion-bitcoin-.*"', {"lb": "app/fusion-bitcoin-a"}),
        (r'code=~"5\\d{2}"', {"code": "500"}),
        ('code=~"[45][0-9]{2}"', {"code": "400"}),
        ('a=~"[^b]c"', None),
        ('a="x",a="y"', None),
        ('a=~"(x|y)z"', None),
    ],
)
def test_labels_satisfy_simple_selectors_or_none_are_made_up(matchers: str, labels: dict[str, str] | None) -> None:
    """What a person would write as an example; a pattern that is too hard is refused rather than guessed."""
    if labels is None:
        with pytest.raises(UnsampledError):
            sampling.satisfying(parse_matchers(matchers))
    else:
        assert dict(sampling.satisfying(parse_matchers(matchers))) == labels


@given(st.lists(MATCHER, max_size=4))
def test_labels_that_are_found_satisfy_all_matchers(matchers: list[Matcher]) -> None:
    """Law: a made-up series is never outside of its selector."""
    try:
        labels = dict(sampling.satisfying(matchers))
    except UnsampledError:
        return
    assert all(holds(matcher, labels) for matcher in matchers)


@given(st.lists(MATCHER, min_size=1, max_size=3), st.lists(MATCHER, max_size=2))
def test_labels_outside_satisfy_the_whole_but_not_the_part(part: list[Matcher], whole: list[Matcher]) -> None:
    """Law: the rest of the requests are requests, and no errors."""
    try:
        labels = dict(sampling.violating((*part, *whole), whole))
    except UnsampledError:
        return
    assert all(holds(matcher, labels) for matcher in whole)
    assert not all(holds(matcher, labels) for matcher in part)


def test_there_is_no_outside_of_what_is_the_whole() -> None:
    """Where the part has no matcher of its own, nothing lies outside of it."""
    whole = parse_matchers('job="api"')
    with pytest.raises(UnsampledError):
        sampling.violating(whole, whole)


def test_a_component_keeps_its_name_unless_the_selector_says_otherwise() -> None:
    """`service-a` is as good as any; where a matcher wants or forbids a name, it wins."""
    per = ("service",)
    named = {
        'x{job="a"}': (("job", "a"), ("service", "service-a")),
        'x{service!=""}': (("service", "service-a"),),
        'x{service=~"api|web"}': (("service", "api"),),
        'x{service!~"service-.*"}': (("service", ""),),
    }
    for selector, labels in named.items():
        assert sampling.series(parse_selector(selector), per, "1x5").labels == labels


def test_labels_of_an_example_may_have_any_name() -> None:
    """Also those of the function's own parameters."""
    found = sampling.series(parse_selector("x"), (), "1x5", per="p", values="v", selector="s")
    assert found.selector == 'x{per="p",selector="s",values="v"}'


@pytest.mark.parametrize(
    ("start", "by", "text"),
    [("0", "3", "0+3x9"), ("5", "-0.25", "5-0.25x9"), ("-300", "60", "-300+60x9"), ("0", "0", "0+0x9")],
)
def test_rising_samples_are_in_promtools_notation(start: str, by: str, text: str) -> None:
    """`start+by×n`, with the sign in its place and no exponent."""
    assert sampling.rising(Decimal(start), Decimal(by), 9) == text


def test_a_rise_without_end_is_cut_where_nobody_sees_it() -> None:
    """Ten thirds a minute: twelve decimals are beyond every limit's precision."""
    assert sampling.rising(Decimal(0), Decimal(10) / 3, 2) == "0+3.333333333333x2"
