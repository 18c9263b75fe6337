"""Tests of headings' anchors: GitHub's equal those of the reference; every other style follows its own rule."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.runbooks.anchors import STYLES, Anchors, Style, page, slug
from testbed.anchors import digest_of, ours
from testbed.headings import corpus
from tests.compiler.base import DATA

REFERENCE = json.loads((DATA / "anchors.json").read_text(encoding="utf-8"))
HEADINGS = st.lists(
    st.sampled_from(["Errors", "errors", "Errors 1", "errors-1", "Errors-1-1", "Données", "A b", "a  b", ""]),
    max_size=12,
)


def anchors(style: Style, *headings: str) -> list[str]:
    """Return the anchors that one document's headings get."""
    style_anchors = Anchors(style)
    return [style_anchors.add(heading) for heading in headings]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("High latency", "high-latency"),
        ("Load balancer 502/503", "load-balancer-502503"),
        ("What's `up == 0`?", "whats-up--0"),
        ("Überlast & Ausfall", "überlast--ausfall"),
        ("snake_case-stays", "snake_case-stays"),
        ("🔥 Fire", "-fire"),
        (":fire: Fire", "fire-fire"),
        ("1. First: do this", "1-first-do-this"),
    ],
)
def test_an_anchor_is_the_heading_in_small_letters_without_punctuation(heading: str, anchor: str) -> None:
    """As in GitHub's reference: blanks become hyphens; everything but letters, digits, `_` and `-` is dropped."""
    assert slug(heading) == anchor


@pytest.mark.parametrize("document", REFERENCE["documents"], ids=lambda document: ascii(document["headings"][0])[:30])
def test_github_s_anchors_equal_those_of_its_reference(document: dict[str, list[str]]) -> None:
    """Compare with npm's `github-slugger` for headings in many scripts, with emoji and with odd characters."""
    assert ours(document["headings"]) == document["anchors"]


@pytest.mark.parametrize("style", [style for style in STYLES if style != "plain"])
def test_every_character_gives_the_same_anchor_on_every_python(style: Style) -> None:
    """No rule asks Python what a character is. For GitHub, the digest is that of the reference."""
    assert digest_of(style) == REFERENCE["every_character"][style]


def test_the_corpus_is_the_same_for_the_same_seed() -> None:
    """One person can then reproduce a difference that another person reports."""
    assert list(corpus(5, 300)) == list(corpus(5, 300)) != list(corpus(6, 300))
    assert sum(len(document) for document in corpus(5, 300)) == 300


@pytest.mark.parametrize("style", [style for style in STYLES if style != "gitlab"])
@given(headings=HEADINGS)
def test_no_two_headings_share_an_anchor(style: Style, headings: list[str]) -> None:
    """Law: a link leads to one place.

    Only GitLab lets a heading get the same anchor as the numbered one of another heading.
    """
    made = anchors(style, *headings)
    assert len(set(made)) == len(made)


def test_gitlab_joins_hyphens_and_counts_each_text() -> None:
    """GitLab drops outer blanks, joins hyphens, and writes `anchor-` before mere digits, which would mean an issue."""
    assert anchors(
        "gitlab", "Foo -- bar", "Foo - bar", " 🔥 Fire ", "snake_case", "2024", "Überlast: 50 %", "½ Tag", "Ⓐ ΝΑΌΣ"
    ) == [
        *("foo-bar", "foo-bar-1", "-fire", "snake_case", "anchor-2024", "überlast-50-", "-tag", "ⓐ-ναόσ"),
    ]
    assert anchors("gitlab", "a", "a", "a 1") == ["a", "a-1", "a-1"]


def test_gitea_keeps_numbers_of_all_kinds_and_has_a_word_for_nothing() -> None:
    """Gitea keeps letters, numbers, `_` and `-`, turns blanks into hyphens, and writes `heading` if nothing is left."""
    assert anchors("gitea", "Foo -- bar.baz", "½ Tag", "a\u00a0b", "!!", "??", "e\u0301", " 🔥 Fire") == [
        *("foo----barbaz", "½-tag", "a-b", "heading", "heading-1", "e", "-fire"),
    ]


def test_mkdocs_knows_ascii_alone_and_numbers_with_an_underscore() -> None:
    """Python-Markdown's `toc` counts on from a number at a heading's end, and gives every heading an anchor."""
    assert anchors("mkdocs", "Foo -- bar", "Überlast", "日本語", "日本", "C++", "ﬁn") == [
        *("foo-bar", "uberlast", "_1", "_2", "c", "fin"),
    ]
    assert anchors("mkdocs", "Foo", "Foo", "Foo 1", "foo_1", "foo_1", "Foo") == [
        *("foo", "foo_1", "foo-1", "foo_2", "foo_3", "foo_4"),
    ]
    around = Anchors("mkdocs", own_anchors=["foo", "bar"])
    assert [around.add("Foo"), around.add("Foo")] == ["foo_1", "foo_2"]


def test_plain_pages_name_sections_as_github_does() -> None:
    """These pages give headings no anchors of their own."""
    assert anchors("plain", "A: b", "A: b", "ΑΣ") == ["a-b", "a-b-1", "ας"]


@pytest.mark.parametrize("style", STYLES)
def test_many_headings_of_one_text_take_no_longer_each(style: Style) -> None:
    """A generated file may hold thousands of headings; in quadratic time this test would take minutes."""
    started = time.process_time()
    made = anchors(style, *(f"a_{number % 3}" for number in range(60_000)))
    assert len(made) == 60_000
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("docs/runbooks/shop.md", "runbooks/shop/"),
        ("runbooks/shop.md", "runbooks/shop/"),
        ("runbooks/index.md", "runbooks/"),
        ("docs/README.md", ""),
        ("shop.v2.md", "shop.v2/"),
    ],
)
def test_a_page_of_mkdocs_is_a_folder(path: str, address: str) -> None:
    """`use_directory_urls` does this, and it is MkDocs's default."""
    assert page(path) == address
