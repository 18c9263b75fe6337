"""Tests of PromQL as text: strings of every sort, and the place of a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.compilation import compile_spec
from compiler.diagnostics import Diagnostics, Span
from compiler.promql import Matcher, PromQLError, canonical, parse_matchers, parse_selector, portable
from compiler.promql_text import MistakeError, tokens, without_raw_strings
from tests.compiler.base import SPEC, edit


def refused(text: str) -> PromQLError:
    """Return the error that refuses a text of PromQL."""
    with pytest.raises(PromQLError) as caught:
        canonical(text)
    return caught.value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"x{a=~`\d+`}", r'x{a=~"\\d+"}'),
        ("x{a=`say \"no\"`,b='c'}", 'x{a="say \\"no\\"",b=\'c\'}'),
        ('x{a="`"} # `', 'x{a="`"} # `'),
        ("x{a=``}", 'x{a=""}'),
        ("x{a='`b`'} + y{c=`'d'`}", "x{a='`b`'} + y{c=\"'d'\"}"),
    ],
)
def test_a_raw_string_is_written_with_escapes(written: str, read: str) -> None:
    """Backticks in other strings and in comments are no strings; everything else stays as it is."""
    assert without_raw_strings(written) == read


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="`\N{REPLACEMENT CHARACTER}"), max_size=20))
def test_a_raw_string_says_what_stands_in_it(value: str) -> None:
    """Law: nothing is an escape between backticks."""
    assert parse_matchers(f"a=`{value}`,b='c'") == (Matcher("a", "=", value), Matcher("b", "=", "c"))


@given(st.text("ab{}()[]`'\"\\#= \n1.5<>!~,:@*é", max_size=25))
def test_text_is_read_or_refused_at_a_place_in_it(text: str) -> None:
    """Law: there is no other exception, and the place is one where a caret can stand."""
    for read in (parse_selector, parse_matchers, canonical, portable):
        try:
            read(text)
        except PromQLError as error:
            mistake = error.mistake
            assert 0 <= mistake.start <= mistake.start + mistake.length <= max(len(text), 1)


@given(st.text(max_size=30))
def test_tokens_lie_in_their_order_and_hold_what_is_no_blank(text: str) -> None:
    """Law: if a text has tokens, each token is the text at its place."""
    try:
        pieces = tokens(text)
    except MistakeError:
        return
    assert all(text[token.start : token.end] == token.text for token in pieces)
    assert [token.start for token in pieces] == sorted(token.start for token in pieces)


@pytest.mark.parametrize(
    ("text", "excerpt", "message"),
    [
        ("pressure vessel", "vessel", "stands where an operator should"),
        ("sum(pressure) where vessel", "where", "stands where an operator should"),
        ("pressure +", "+", "ends where a value is missing"),
        ("pressure > > 5", ">", "stands where a value should"),
        ("sum by vessel (pressure)", "vessel", "stands where `(` should"),
        ("sum by (vessel (pressure)", "(", "`(` is not closed"),
        ("sum(pressure))", ")", "closes nothing"),
        ("rate(pressure[5m)", ")", "`]` is missing before it"),
        ("pressure{vessel=hot}", "hot", "the value of a matcher stands in quotes; `hot` has none"),
        ("pressure{vessel=='hot'}", "==", "stands where `=`"),
        ("pressure{vessel}", "}", "stands where `=`"),
        ('pressure{a="b" c="d"}', "c", "stands where `,` or `}` should"),
        ('pressure{path=~"/v\\d+"}', "\\d", "the string has no escape `\\d`"),
        ("pressure{path=~'/v\\d+',b='c'}", "\\d", "the string has no escape `\\d`"),
        ("pressure{path='\\\"'}", '\\"', 'the string has no escape `\\"`'),
        ('pressure{vessel="hot}', '"hot}', "has no end"),
        ("pressure{vessel=`hot}", "`hot}", "has no end"),
        ('pressure{vessel=~"("}', '"("', "`(` is no regular expression"),
        ("pressure & other", "&", "`&` has no meaning in PromQL"),
        ("pression_é", "é", "has no meaning in PromQL"),
        ("pressure offset", "t", "a duration"),
        ("rate(pressure)", "rate", "`rate` takes a range"),
        ("pressure = 5", "=", "stands where an operator should"),
        ("pressure > 5%", "%", "ends where a value is missing"),
        ("max_over_tme(pressure[5m])", "max_over_tme", "unknown function"),
    ],
)
def test_a_mistake_has_a_place_and_says_what_it_is(text: str, excerpt: str, message: str) -> None:
    """The caret stands below the part that cannot stand there."""
    error = refused(text)
    mistake = error.mistake
    assert text[mistake.start : mistake.start + mistake.length] == excerpt
    assert message in str(error)


def test_a_mistake_behind_a_raw_string_is_where_it_was_written() -> None:
    """The parser gets a longer text than the one that was written."""
    text = 'sum(pressure{path=~`/v\\d+"`}) by'
    mistake = refused(text).mistake
    assert (mistake.start, mistake.length) == (len(text) - 1, 1)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('x{a=~"\\d"}', "write `\\\\d`, or put the text in backticks, where nothing is an escape"),
        ("x{a=b}", 'write `"b"`'),
        ("rate(x)", "a range stands behind a metric, such as `[5m]`"),
        ("sum(x", "`)` is missing"),
    ],
)
def test_a_mistake_names_the_way_out(text: str, hint: str) -> None:
    """The hint names a remedy, if there is one."""
    assert refused(text).hint == hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("http-requests", 'write `{"http-requests"}` if that is its name'),
        ("x[5m]", "take the range out; `window` says how far the signal looks back"),
        ("sum(x)", "PromQL of your own is the `query` of a signal below `signals:`"),
    ],
)
def test_what_is_more_than_a_selector_names_the_way_out(text: str, hint: str) -> None:
    """These texts stand where the metric of a signal is expected."""
    with pytest.raises(PromQLError, match="only a metric's name and its matchers") as caught:
        parse_selector(text)
    assert caught.value.hint == hint


VALUE = "sum by (vessel) (pressure) wrong"


@pytest.mark.parametrize(
    "lines",
    [
        [f"query: {VALUE}"],
        [f"query: '{VALUE}'"],
        [f'query: "{VALUE}"'],
        ["query: sum by (vessel)", "  (pressure) wrong"],
        ["query: |-", f"  {VALUE}"],
        ["query: >-  # folded", "  sum by (vessel)", "  (pressure)", "  wrong"],
        ["query: 'sum by (vessel)", "  (pressure)", "  wrong'"],
    ],
    ids=["plain", "single quotes", "double quotes", "two lines", "a block", "a folded block", "three quoted lines"],
)
def test_a_part_of_a_value_is_found_in_the_file(lines: list[str]) -> None:
    """The notation in YAML does not matter."""
    diagnostics = Diagnostics()
    diagnostics.read("t.yaml", "\n".join(lines))
    start = lines[0].index(" ") + 2
    span = diagnostics.part(Span("t.yaml", 1, start, start + 1), VALUE, VALUE.index("wrong"), 5)
    assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == "wrong"


@pytest.mark.parametrize("line", ["query: 'it''s wrong'", 'query: "a \\"b\\" wrong"'])
def test_a_part_behind_an_escape_of_yaml_has_the_place_of_the_value(line: str) -> None:
    """A caret never stands below another part."""
    diagnostics = Diagnostics()
    diagnostics.read("t.yaml", line)
    value, whole = ("it's wrong" if "''" in line else 'a "b" wrong'), Span("t.yaml", 1, 8, len(line))
    assert diagnostics.part(whole, value, value.index("wrong"), 5) == whole


@pytest.mark.usefixtures("base")
def test_a_mistake_in_a_folded_query_is_at_its_line() -> None:
    """The place is right although the text of the metrics is filled in before it."""
    edit(
        SPEC,
        "query: sum by ({{ per }}) ({{ taken }}) - sum by ({{ per }}) ({{ done }})",
        "query: >-\n      sum by ({{ per }}) ({{ taken }})\n      minus sum by ({{ per }}) ({{ done }})",
    )
    (finding,) = compile_spec(Path(SPEC)).diagnostics
    line = Path(SPEC).read_text(encoding="utf-8").split("\n")[finding.span.line - 1]
    assert line[finding.span.column - 1 : finding.span.end_column - 1] == "minus"


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('selector: job="shop"', "selector: job=~`sho\\w`"),
        ("histogram: http_request_duration_seconds", "histogram: 'http_request_duration_seconds{route=~`/o/\\d+`}'"),
        ("used: pool_in_use", "used: 'pool_in_use{pool=''main''}'"),
        ("({{ taken }}) - ", "({{ taken }} * on () group_left () max(rate_of{path=~`/v\\d`})) - "),
        ('series: "{{ taken }}"', 'series: "entries_taken{kind=`a\\\\b`}"'),
    ],
)
def test_strings_of_every_sort_are_taken_wherever_promql_is_written(old: str, new: str) -> None:
    """Backticks and single quotes work in bindings, selectors, queries and examples."""
    edit(SPEC, old, new)
    assert [finding.message for finding in compile_spec(Path(SPEC)).diagnostics] == []
