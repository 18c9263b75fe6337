"""YAML with places: what is read as what, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from compiler import document
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Items, Table


def read(text: str) -> Table:
    """Return a document that must be without fault."""
    diagnostics = Diagnostics()
    table = document.parse("f.yaml", text, diagnostics)
    assert diagnostics.found == []
    assert table is not None
    return table


def refused(text: str) -> tuple[str, int, int, str]:
    """Return code, line, column and message of the only thing wrong with a document."""
    diagnostics = Diagnostics()
    assert document.parse("f.yaml", text, diagnostics) is None
    (found,) = diagnostics.found
    return found.code, found.span.line, found.span.column, found.message


def test_keys_values_and_items_know_their_places() -> None:
    """Line and column count from 1, the end is the first column behind, quotes belong to a value."""
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
    """One line can be shown; the mark is one character wide."""
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
    """`off` is a word, `012` no octal, `18:00` no number in base 60; what is not exact in a float is not made one."""
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
    """Booleans, null and plain numbers are typed; what is quoted or tagged as text is text."""
    found = read(f"a: {text}\n")["a"]
    assert found == value
    assert type(found) is type(value)


def test_a_duplicate_key_shows_both_places_and_keeps_the_first() -> None:
    """The first one stands, so that the rest of the file is checked in the same run."""
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
    """Anchors, tags, several documents, tabs and control characters: each an error with its place."""
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
    """Between a key and its value a tab is as good as a blank."""
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
    """Between braces YAML makes a key of what follows; the text is whole again for what looks at it next."""
    diagnostics = Diagnostics()
    table = document.parse("f.yaml", text, diagnostics)
    assert table is not None
    assert table["a"][key] == value
    assert None not in table["a"].values()
    (found,) = diagnostics.found
    assert (found.code, found.span) == ("syntax", table["a"].value_spans[key])
    assert found.hint == f"quote it: `{key}: {json.dumps(value)}`"


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
    """Only behind a text without quotes is it surely the end of that text."""
    diagnostics = Diagnostics()
    table = document.parse("f.yaml", text, diagnostics)
    assert diagnostics.found == []
    assert table is not None
    assert None in table["a"].values()


@pytest.mark.parametrize("text", ["a: {respond:0sms, x}\n", "a: {k:1,000, l: 2}\n", "a: {k:1,000,000}\n"])
def test_a_value_that_its_key_has_taken_in_may_be_cut_off_by_a_comma(text: str) -> None:
    """The key is known by the name that it has without the value."""
    diagnostics = Diagnostics()
    document.parse("f.yaml", text, diagnostics)
    assert {found.code for found in diagnostics.found} == {"syntax"}


@pytest.mark.parametrize("text", ['a: "\nb: c\n', "a: '\nb: 'c'\n", "a: {k: '\nb: 'c'\n", 'a: " \nb: "c"\n'])
def test_a_quotation_mark_with_nothing_behind_it_is_not_closed(text: str) -> None:
    """There is no other mark that it could end with."""
    assert refused(text)[3] == "this quotation mark is not closed"


def test_a_bracket_left_open_says_nothing_of_commas() -> None:
    """What follows on other lines is no part of the text."""
    assert refused("a: {k: more than 1,000 requests\nb: c\n")[3] == "this `{` is not closed"


def test_a_lone_byte_order_mark_is_an_empty_file() -> None:
    """An editor that saves nothing may save the mark alone."""
    assert refused(b"\xef\xbb\xbf".decode("utf-8-sig"))[3] == "the file is empty"
    assert refused("\ufeff")[3] == "the file is empty"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_does_not_bring_the_process_down(opening: str) -> None:
    """100,000 brackets kill PyYAML's own composer; a process of its own shows that ours survives."""
    program = f"from compiler import document, diagnostics\nfound = diagnostics.Diagnostics()\nassert document.parse('f', {opening!r} * 100_000, found) is None\nprint(found.found[0].message)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"nested more than {document.MAX_DEPTH} deep\n")


def test_nesting_up_to_the_limit_is_read() -> None:
    """The limit is what it says."""
    diagnostics = Diagnostics()
    depth = document.MAX_DEPTH - 1
    assert document.parse("f", "a: " + "[" * depth + "]" * depth, diagnostics) is not None
    assert document.parse("f", "a: " + "[" * (depth + 1) + "]" * (depth + 1), diagnostics) is None
