"""GitHub's anchors: our short way and our numbering are the library's."""

from __future__ import annotations

import pytest
from github_slugger import GithubSlugger
from github_slugger import slug as library_slug
from hypothesis import example, given
from hypothesis import strategies as st

from compiler.anchors import Anchors, slug

HEADINGS = st.lists(
    st.sampled_from(["Errors", "errors", "Errors 1", "errors-1", "Errors-1-1", "Données", "A b", "a  b", ""]),
    max_size=12,
)


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("High latency", "high-latency"),
        ("Load balancer 502/503", "load-balancer-502503"),
        ("What's `up == 0`?", "whats-up--0"),
        ("Überlast & Ausfall", "überlast--ausfall"),
        ("snake_case-stays", "snake_case-stays"),
        ("🔥 Fire", "-fire"),
    ],
)
def test_an_anchor_is_the_heading_in_small_letters_without_punctuation(heading: str, anchor: str) -> None:
    """As GitHub's reference has it: blanks become hyphens, everything but letters, digits, `_` and `-` goes."""
    assert slug(heading) == anchor


@given(st.text(alphabet=st.characters(max_codepoint=127)))
@example("A\tb\x7f\n[x] {y} ~z~")
def test_the_short_way_for_ascii_equals_the_library(heading: str) -> None:
    """Law: speed changes no anchor."""
    assert slug(heading) == library_slug(heading)


@given(HEADINGS)
@example(["a", "a-1", "a", "a"])
def test_numbering_of_repeated_headings_equals_the_library(headings: list[str]) -> None:
    """Law: also where a heading reads as if it had been numbered already."""
    slugger, anchors = GithubSlugger(), Anchors()
    assert [anchors.add(heading) for heading in headings] == [slugger.slug(heading) for heading in headings]


@given(HEADINGS)
def test_no_two_headings_share_an_anchor(headings: list[str]) -> None:
    """Law: a link leads to one place."""
    anchors = Anchors()
    found = [anchors.add(heading) for heading in headings]
    assert len(set(found)) == len(found)
