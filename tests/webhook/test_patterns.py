"""Tests of the catalogue's regular expressions: they mean the same as in Alertmanager, and no value makes them slow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.alertmanager_matchers import MatcherError, checked
from compiler.promql import Matcher as Written
from tests.webhook.samples import PATIENT
from webhook.catalog.patterns import DEEPEST, MOST_REMEMBERED, Pattern, PatternError
from webhook.catalog.routes import LONGEST_VALUE, matcher

ATOMS = ["a", "b", "Z", "1", "-", "_", ".", "[ab]", "[^a]", "[a-z]", "[^a-y1]", r"\d", r"\W", r"\.", r"[\d-]", "(?i:b)"]
PIECES = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,}", "*?"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
        st.tuples(st.sampled_from(["^", "$", ""]), inner).map("".join),
    ),
    max_leaves=8,
)


@PATIENT
@given(PIECES, st.text("abzZ1-_.", max_size=8))
def test_a_pattern_says_of_a_whole_value_what_other_engines_say(pattern: str, value: str) -> None:
    """Python's engine gives the same answers for these patterns."""
    assert Pattern(pattern).matches(value) == (re.fullmatch(pattern, value, re.ASCII) is not None)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("payments", ["payments"], ["payments-eu", "x-payments", ""]),
        ("payments-.*|shop", ["payments-", "payments-eu", "shop"], ["payments", "shop2"]),
        (".*", ["", "x"], ["a\nb"]),
        ("(?s).*", ["a\nb"], []),
        ("(?i)Team-A", ["TEAM-a"], ["team-b"]),
        ("a(?i)b|c", ["aB", "C"], ["AB"]),
        ("[[:alpha:]]+[[:^digit:]]", ["ab", "a-"], ["a1", "1"]),
        (r"\x41\x{42}\t", ["AB\t"], ["AB"]),
        (r"\Aa\z", ["a"], ["aa"]),
        ("a^b|a$b", [], ["ab", "a"]),
        ("(?P<name>a)+", ["aa"], [""]),
        ("[]a]+", ["]a"], ["b"]),
        ("", [""], ["a"]),
        ("ü+", ["üü"], ["u"]),
        (r"\s", ["\t", " "], ["\v", "\xa0"]),
    ],
)
def test_a_pattern_is_about_the_whole_value(pattern: str, yes: list[str], no: list[str]) -> None:
    """As in Alertmanager (`^(?:…)$`); classes are ASCII only, and the dot matches no line feed."""
    compiled = Pattern(pattern)
    assert [value for value in yes if not compiled.matches(value)] == []
    assert [value for value in no if compiled.matches(value)] == []


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|aa)+$", "(.*)*(.*)*x", "(a?){30}a{30}b", ".*a.{40}"])
def test_no_value_keeps_a_pattern_busy(pattern: str) -> None:
    """Each character is read once; an engine that backtracks would need years."""
    compiled = Pattern(pattern)
    assert not compiled.matches("a" * 1_000 + "!" * 50)
    assert not any(compiled.matches("ab" * 20 + chr(0x4E00 + number) * 60) for number in range(200))
    assert compiled._remembered <= MOST_REMEMBERED


@pytest.mark.parametrize(
    "pattern",
    [
        *("(", ")", "a)", "[a", "*", "a**", "+a", "a{2", "(?=a)", "(?<!a)", r"(a)\1", r"\b", r"\pL", "(?m)a", "(?x)a"),
        *(
            "\\",
            "[b-a]",
            r"[a-\d]",
            "[[:nothing:]]",
            "a{3,2}",
            "(a{100}){100}",
            "(" * 60 + ")" * 60,
            "(?",
            "(?i",
            r"\Q",
        ),
    ],
)
def test_a_pattern_that_cannot_be_used_is_told(pattern: str) -> None:
    """The pattern is never taken to mean something else."""
    with pytest.raises(PatternError):
        Pattern(pattern)


def test_nothing_is_repeated_without_end() -> None:
    """Empty parts cost nothing, however often they are repeated."""
    nested = "()"
    for _ in range(DEEPEST - 2):
        nested = f"({nested}{{1000}})"
    assert Pattern(nested).matches("")


@pytest.mark.parametrize("pattern", [")(", "a)(b", "a)|(b", "(a))((b)"])
def test_bracket_that_closes_what_is_around_the_pattern_is_refused(pattern: str) -> None:
    """Alertmanager wraps a pattern in a group, so it would take these; the webhook reads a pattern alone."""
    with pytest.raises(MatcherError, match="cannot be read"):
        checked(Written("x", "=~", pattern))


@PATIENT
@given(st.one_of(PIECES, st.text("ab()[]{}|*+?.^$\\-,1:=!&~pbBdmis", max_size=14)), st.text("ab1-", max_size=6))
def test_what_the_compiler_lets_through_the_webhook_takes(pattern: str, value: str) -> None:
    """The compiler and the webhook each implement the syntax by themselves."""
    try:
        written = checked(Written("x", "=~", pattern))
    except MatcherError:
        return
    Pattern(written.value).matches(value)


@pytest.mark.parametrize(
    ("operator", "value", "meets", "fails"),
    [
        ("=", "a", [{"x": "a"}], [{"x": "b"}, {}]),
        ("!=", "a", [{"x": "b"}, {}], [{"x": "a"}]),
        ("=", "", [{}, {"x": ""}], [{"x": "a"}]),
        ("=~", "a.*", [{"x": "ab"}], [{"x": "ba"}, {}]),
        ("!~", "a.*", [{"x": "ba"}, {}], [{"x": "ab"}]),
        ("=~", "a|", [{}], [{"x": "b"}]),
    ],
)
def test_an_absent_label_is_empty(
    operator: str, value: str, meets: list[dict[str, str]], fails: list[dict[str, str]]
) -> None:
    """It is the same in Alertmanager."""
    compiled = matcher(label="x", operator=operator, value=value)
    assert [labels for labels in meets if not compiled.meets(labels)] == []
    assert [labels for labels in fails if compiled.meets(labels)] == []


@pytest.mark.parametrize("operator", ["=", "!=", "=~", "!~"])
def test_a_value_without_end_meets_nothing(operator: str) -> None:
    """No team is found for an endless value; the fallback's team is told."""
    assert not matcher(label="x", operator=operator, value=".*").meets({"x": "a" * (LONGEST_VALUE + 1)})
