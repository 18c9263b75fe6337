"""Tests of the YAML reader: the values and places that it returns, and the documents that it refuses."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from compiler import document
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Items, Table


def read(text: str) -> Table:
    """Return a document, and assert that it has no finding."""
    diagnostics = Diagnostics()
    table = document.parse("f.yaml", text, diagnostics)
    assert diagnostics.found == []
    assert table is not None
    return table


def refused(text: str) -> tuple[str, int, int, str]:
    """Return code, line, column and message of a document's only finding."""
    diagnostics = Diagnostics()
    assert document.parse("f.yaml", text, diagnostics) is None
    (finding,) = diagnostics.found
    return finding.code, finding.span.line, finding.span.column, finding.message


def test_keys_values_and_items_know_their_places() -> None:
    """Lines and columns count from 1, a span ends at the first column behind, and quotation marks belong to a value."""
    table = read('a: one\nlong: "two"\n\nlist:\n  - x\n  -  {k: v}\nflow: [1, 22]\n')
    assert table.key_spans["long"] == Span("f.yaml", 2, 1, 5)
    assert table.value_spans["a"] == Span("f.yaml", 1, 4, 7)
    assert table.value_spans["long"] == Span("f.yaml", 2, 7, 12)
    items = table["list"]
    assert isinstance(items, Items)
    assert items.spans == [Span("f.yaml", 5, 5, 6), Span("f.yaml", 6, 6, 7)]
    assert items[1].span == Span("f.yaml", 6, 6, 12)
    assert table["flow"].span == Span("f.yaml", 7, 7, 14)
    assert table["flow"].spans[1] == Span("f.yaml", 7, 11, 13)


def test_a_value_of_several_lines_is_marked_where_it_begins() -> None:
    """A message shows one line, and the mark is one character wide."""
    table = read("a: >-\n  one\n  two\nb: [1,\n  2]\nc: x\n")
    assert table == {"a": "one two", "b": [1, 2], "c": "x"}
    assert table.value_spans["a"] == Span("f.yaml", 1, 4, 5)
    assert table["b"].span == Span("f.yaml", 4, 4, 5)


def test_columns_count_characters_not_bytes() -> None:
    """A person's editor shows characters."""
    assert read("é: {ü𝄞: x}\n")["é"].value_spans["ü𝄞"] == Span("f.yaml", 1, 9, 10)


def test_line_breaks_that_no_editor_shows_are_not_counted() -> None:
    """YAML 1.1 breaks lines at U+0085, U+2028 and U+2029; places are those of editors."""
    assert read("# a\x85b\u2028c\u2029d\nkey: x\n").key_spans["key"].line == 2


@pytest.mark.parametrize(
    "text",
    [
        "off",
        "on",
        "yes",
        "No",
        "y",
        "012",
        "0x1F",
        "18:00",
        "1e3",
        "1_000",
        "+.5",
        ".inf",
        "2026-11-22",
        "1234567890123456",
    ],
)
def test_scalars_of_yaml_1_1_stay_text(text: str) -> None:
    """`off` is a word, `012` no octal, `18:00` not base 60. A number that no float holds exactly stays text."""
    assert read(f"a: {text}\n") == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("Null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("1.50", 1.5),
        ("'5'", "5"),
        ('"true"', "true"),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    """Booleans, null and plain numbers are typed. A quoted scalar is text."""
    scalar = read(f"a: {text}\n")["a"]
    assert scalar == value
    assert type(scalar) is type(value)


def test_a_duplicate_key_shows_both_places_and_keeps_the_first() -> None:
    """The first value stays, so that the compiler checks the rest of the file in the same run."""
    diagnostics = Diagnostics()
    table = document.parse("f.yaml", "a: 1\nb: {c: 1, c: {d: 2}}\na: 3\n", diagnostics)
    assert table == {"a": 1, "b": {"c": 1}}
    inner, outer = diagnostics.found
    assert (inner.code, outer.code) == ("duplicate-key", "duplicate-key")
    assert (outer.span, outer.related[0].span) == (Span("f.yaml", 3, 1, 2), Span("f.yaml", 1, 1, 2))
    assert (inner.span, inner.related[0].span) == (Span("f.yaml", 2, 11, 12), Span("f.yaml", 2, 5, 6))


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a:\n\tb: 1\n", "syntax", 2, 1),
        ("\t\n", "syntax", 1, 1),
        ("a: &x 1\nb: *x\n", "alias", 1, 4),
        ("a: {<<: *x}\n", "alias", 1, 9),
        ("*x : 1\n", "alias", 1, 1),
        ("a: 1\n---\nb: 2\n", "syntax", 2, 1),
        ("", "syntax", 1, 1),
        ("# nothing\n", "syntax", 1, 1),
        ("- a\n", "syntax", 1, 1),
        ("words\n", "syntax", 1, 1),
        ("[a]: 1\n", "syntax", 1, 1),
        ("a: é\x00\n", "syntax", 1, 5),
        ("x: 1\na: \x07\n", "syntax", 2, 4),
        ("a: !include x\n", "syntax", 1, 4),
        ("a: !!str 5\n", "syntax", 1, 4),
        ("a: !!int 1\n", "syntax", 1, 4),
        ("a: ! b\n", "syntax", 1, 4),
        ("a: !!binary aGk=\n", "syntax", 1, 4),
        ("a: 1\nb: !!python/object/apply:os.system x\n", "syntax", 2, 4),
        ("a: !<tag:yaml.org,2002:str> x\n", "syntax", 1, 4),
        ("a: !!seq [1]\n", "syntax", 1, 4),
        ("a: !!map {b: 1}\n", "syntax", 1, 4),
        ("!!map\na: 1\n", "syntax", 1, 1),
        ("!!str a: 1\n", "syntax", 1, 1),
        ("%YAML 1.2\n---\na: 1\n", "syntax", 1, 1),
        ("%TAG ! tag:example.org,2026:\n---\na: 1\n", "syntax", 1, 1),
        ("# c\n%TAG !! tag:yaml.org,2002:\n---\na: 1\n", "syntax", 2, 1),
        ("%YAML 9.9\n---\na: 1\n", "syntax", 1, 1),
    ],
)
def test_what_is_not_plain_yaml_is_refused_where_it_stands(text: str, code: str, line: int, column: int) -> None:
    """Anchors, tags, several documents, tabs and control characters are errors, each with its place."""
    assert refused(text)[:3] == (code, line, column)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1\n", "a tab indents this line"),
        ("a:\n \tb: 1\n", "a tab indents this line"),
        ("a: b\n\tc: d\n", "a tab indents this line"),
        ("a:\t{b: > 5%}\n", "a value cannot begin with `>`, which YAML takes for a sign of its own"),
        ("a: {b: 'c}\t\n", "this quotation mark is not closed"),
    ],
)
def test_a_tab_is_blamed_where_it_is_at_fault(text: str, message: str) -> None:
    """Between a key and its value, a tab is as good as a blank."""
    assert refused(text)[3] == message


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("a: {k: more than 1,000 requests}\n", "k", "more than 1,000 requests"),
        ("a: {k: 1,000,000 requests, l: x}\n", "k", "1,000,000 requests"),
        ("a: {k: more than 1,000\n  requests}\n", "k", "more than 1,000 requests"),
        ("a: {k: 'x', l: y, or \"z\"}\n", "l", 'y, or "z"'),
    ],
)
def test_a_text_that_a_comma_cuts_off_is_one_error_that_shows_the_quotes(text: str, key: str, value: str) -> None:
    """Between braces, YAML takes the text behind the comma for a key.

    The reader joins the text again for later checks.
    """
    diagnostics = Diagnostics()
    table = document.parse("f.yaml", text, diagnostics)
    assert table is not None
    assert table["a"][key] == value
    assert None not in table["a"].values()
    (finding,) = diagnostics.found
    assert (finding.code, finding.span) == ("syntax", table["a"].value_spans[key])
    assert finding.hint == f"quote it: `{key}: {json.dumps(value)}`"


@pytest.mark.parametrize(
    "text",
    [
        "a: {k}\n",
        "a: {k: x, l: }\n",
        "a: {k: 'x', l}\n",
        "a: {k: [x], l}\n",
        "a: {k: {l: x}, m}\n",
        "a: {k: , l}\n",
        "a: {k: x, # y\n z}\n",
        "a:\n  k: x,\n  ? l\n",
        f"a: {{k: {'x' * 1000}, l}}\n",
    ],
)
def test_a_key_without_a_value_is_left_to_the_schema(text: str) -> None:
    """Only behind a text without quotation marks is it surely the end of that text."""
    diagnostics = Diagnostics()
    table = document.parse("f.yaml", text, diagnostics)
    assert diagnostics.found == []
    assert table is not None
    assert None in table["a"].values()


@pytest.mark.parametrize("text", ["a: {respond:0sms, x}\n", "a: {k:1,000, l: 2}\n", "a: {k:1,000,000}\n"])
def test_a_value_that_its_key_has_taken_in_may_be_cut_off_by_a_comma(text: str) -> None:
    """The reader knows the key by its name without the value."""
    diagnostics = Diagnostics()
    document.parse("f.yaml", text, diagnostics)
    assert {finding.code for finding in diagnostics.found} == {"syntax"}


@pytest.mark.parametrize("text", ['a: "\nb: c\n', "a: '\nb: 'c'\n", "a: {k: '\nb: 'c'\n", 'a: " \nb: "c"\n'])
def test_a_quotation_mark_with_nothing_behind_it_is_not_closed(text: str) -> None:
    """There is no other mark that could close it."""
    assert refused(text)[3] == "this quotation mark is not closed"


def test_a_bracket_left_open_says_nothing_of_commas() -> None:
    """Text on further lines does not belong to the value."""
    assert refused("a: {k: more than 1,000 requests\nb: c\n")[3] == "this `{` is not closed"


def test_a_lone_byte_order_mark_is_an_empty_file() -> None:
    """An editor that saves an empty file may save the mark alone."""
    assert refused(b"\xef\xbb\xbf".decode("utf-8-sig"))[3] == "the file is empty"
    assert refused("\ufeff")[3] == "the file is empty"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_does_not_bring_the_process_down(opening: str) -> None:
    """100,000 brackets crash PyYAML's own composer. The test runs ours in a separate process."""
    program = f"from compiler import document, diagnostics\nfound = diagnostics.Diagnostics()\nassert document.parse('f', {opening!r} * 100_000, found) is None\nprint(found.found[0].message)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"nested more than {document.MAX_DEPTH} deep\n")


def test_nesting_up_to_the_limit_is_read() -> None:
    """A document at the limit is read, and one level more is refused."""
    diagnostics = Diagnostics()
    depth = document.MAX_DEPTH - 1
    assert document.parse("f", "a: " + "[" * depth + "]" * depth, diagnostics) is not None
    assert document.parse("f", "a: " + "[" * (depth + 1) + "]" * (depth + 1), diagnostics) is None
