"""Tests of labels for made-up series: inside of a selector, outside of it, or an error if none can be made up."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.promql import Matcher, parse_matchers, parse_selector
from compiler.signals.bound import Binding, BoundSignal, Signal
from compiler.signals.contract import UnsampledError
from compiler.signals.profile import Broken, Example, Phase
from compiler.signals.samples import sampling

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
    """Return whether Prometheus selects a series: a missing label is empty, a pattern matches the whole value."""
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
        ('a=~"[[:alpha:]]"', None),
    ],
)
def test_labels_satisfy_simple_selectors_or_none_are_made_up(matchers: str, labels: dict[str, str] | None) -> None:
    """These labels are what a person would write. A pattern that is too hard is refused, not guessed."""
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
    """Law: the remaining requests are requests, and no errors."""
    try:
        labels = dict(sampling.violating((*part, *whole), whole))
    except UnsampledError:
        return
    assert all(holds(matcher, labels) for matcher in whole)
    assert not all(holds(matcher, labels) for matcher in part)


def test_there_is_no_outside_of_what_is_the_whole() -> None:
    """If the part has no matcher of its own, nothing lies outside of it."""
    whole = parse_matchers('job="api"')
    with pytest.raises(UnsampledError):
        sampling.violating(whole, whole)


def bound(*per: str) -> BoundSignal:
    """Return a signal whose components these labels tell apart."""
    binding = Binding(inputs={}, per=per, window=300)
    return BoundSignal(signal=Signal(id="x", kind="gauge", unit="count", title="X"), binding=binding)


def example(*phases: Phase, **component: str) -> Example:
    """Return a course of a component."""
    return Example(phases=phases, component=component)


def test_a_component_keeps_its_name_unless_the_selector_says_otherwise() -> None:
    """`service-a` is as good as any name. A matcher that requires or forbids a name takes precedence."""
    named = {
        'x{job="a"}': (("job", "a"), ("service", "service-a")),
        'x{service!=""}': (("service", "service-a"),),
        'x{service=~"api|web"}': (("service", "api"),),
        'x{service!~"service-.*"}': (("service", ""),),
    }
    for selector, labels in named.items():
        assert sampling.series(parse_selector(selector), bound("service"), example(), "1x5").labels == labels
    named_so = sampling.series(parse_selector("x"), bound("service"), example(service="at-limit"), "1x5")
    assert named_so.labels == (("service", "at-limit"),)


def test_labels_of_a_series_may_have_any_name() -> None:
    """These may also be the names of the function's own parameters."""
    made_up = sampling.series(
        parse_selector("x"), bound(), example(), "1x5", bound="b", example="e", values="v", selector="s"
    )
    assert made_up.selector == 'x{bound="b",example="e",selector="s",values="v"}'


@pytest.mark.parametrize(
    ("matchers", "name", "expected"),
    [
        ("", "at-limit", "at-limit"),
        ('name!=""', "at-limit", "at-limit"),
        ('name=~"acgs_.*"', "at-limit", "acgs_at-limit"),
        ('name=~"api|web"', "at-limit", None),
        ('name="api"', "at-limit", None),
        ('name!~"at-.*"', "at-limit", None),
    ],
)
def test_a_component_is_named_for_its_case_where_the_selector_lets_it(
    matchers: str, name: str, expected: str | None
) -> None:
    """Then many cases share one test, each under its own name. Otherwise each case has a test of its own."""
    assert sampling.allowed(parse_matchers(matchers), name) == expected


@pytest.mark.parametrize(
    ("matcher", "values"),
    [
        ('job="api"', ("other",)),
        ('code=~"5.."', ("other",)),
        ('container!=""', ("",)),
        ('fstype!~"tmpfs|squashfs"', ("tmpfs", "squashfs")),
        ('any=~".*"', ()),
    ],
)
def test_values_outside_of_a_matcher_are_those_that_it_is_there_for(matcher: str, values: tuple[str, ...]) -> None:
    """Each excluded alternative is a value, so that nobody can drop one unnoticed."""
    (parsed,) = parse_matchers(matcher)
    assert sampling.outside(parsed) == values


def phase(value: str | None, steps: int, every: int = 1) -> Phase:
    """Return a phase."""
    return Phase(value=None if value is None else Decimal(value), steps=steps, every=every)


@pytest.mark.parametrize(
    ("phases", "levels", "counter"),
    [
        ([phase("3", 9)], "3x8", "0+3x8"),
        ([phase("-0.25", 2)], "-0.25x1", "0-0.25x1"),
        ([phase("10", 3), phase("2", 2)], "10x2 2x1", "0+10x2 22+2x1"),
        ([phase("10", 2), phase(None, 3), phase("1", 2)], "10x1 _x3 1x1", "0+10x1 _x3 11+1x1"),
        ([phase("2", 7, every=3)], "2 _x2 2 _x2 2", "0 _x2 6 _x2 12"),
    ],
)
def test_samples_are_in_promtools_notation(phases: list[Phase], levels: str, counter: str) -> None:
    """A number is repeated once more than its count, a blank is not. A counter continues from the phase before."""
    assert sampling.levels((phase.value, phase) for phase in phases) == levels
    assert sampling.counter((phase.value, phase) for phase in phases) == counter


def test_a_rise_without_end_is_cut_where_nobody_sees_it() -> None:
    """Ten thirds a minute: twelve decimals are more precise than any limit, and three of the rises make ten."""
    assert sampling.counter([(Decimal(10) / 3, phase("1", 3))]) == "0+3.333333333333x2"
    assert sampling.counter([(Decimal(10) / 3, phase("1", 6, every=3))]) == "0 _x2 10 _x2"


def test_engines_agree_on_the_rate_of_a_steady_counter() -> None:
    """One event a minute is the usual floor of traffic, and each engine computes exactly that."""
    assert set(sampling.rates(Decimal(1), 60, 300)) == {1 / 60}
    assert len(set(sampling.rates(Decimal(7), 60, 420))) > 1


@pytest.mark.parametrize(
    ("value", "samples"),
    [
        ("5", "0 0 1 1 1 2 2 2"),
        ("15", "0+1x7"),
        ("4.5", "0+0.3x7"),
    ],
)
def test_events_are_whole_where_there_are_whole_ones(value: str, samples: str) -> None:
    """Five events in a quarter of an hour are one every three minutes.

    Half an event is no event, so it comes evenly.
    """
    assert sampling.events([(Decimal(value), Phase(value=Decimal(value), steps=8))], 60, 900) == samples


@pytest.mark.parametrize(
    ("phase", "samples"),
    [
        (Phase(value=Decimal(2), steps=8, broken=Broken.GAP), "stale 2 2 2 2 stale 2 2"),
        (Phase(value=Decimal(2), steps=6, broken=Broken.NAN), "2 2 2 NaN 2 2"),
        (Phase(value=None, steps=3, stale=True), "stale _x2"),
        (Phase(value=Decimal(2), steps=4, every=3, stale=True), "2 stale stale 2"),
    ],
)
def test_samples_are_missing_as_they_are_in_reality(phase: Phase, samples: str) -> None:
    """A failed scrape and the end of a series leave a mark. The last samples are normal again."""
    assert sampling.levels([(phase.value, phase)]) == samples


@pytest.mark.parametrize(("by", "exact"), [("0.5", True), ("3", True), ("0.1", False), ("0.0000001", False)])
def test_a_rise_is_exact_where_adding_it_up_rounds_nothing(by: str, exact: object) -> None:
    """Engines and promtool add in binary."""
    assert sampling.exact(Decimal(by)) is exact


def test_the_parts_of_a_great_rate_are_not_searched_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """75 million events a second have half a billion eighths. A proof without them is better than none."""
    asked: list[Decimal] = []
    rates = sampling.rates
    monkeypatch.setattr(
        sampling, "rates", lambda by, step, window: asked.append(by) or (*rates(by, step, window)[:2], -1.0)
    )
    assert sampling.exact_rates(Decimal(75_000_000), 30, 7200) == ()
    assert 0 < len(asked) < 5000
