"""What a character is comes from our table, and agrees with Python wherever Python knows the character."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.artifacts import yaml_artifact
from compiler.characters import is_printable, lower_case, small_letters
from compiler.conventions import COMPILE

KNOWN = st.characters(exclude_categories=["Cn", "Cs"])
"""What Python knows of; younger ones are ours alone."""
UNSEEN_NAMES = {
    *("COMBINING GRAPHEME JOINER", "HANGUL CHOSEONG FILLER", "HANGUL JUNGSEONG FILLER", "HANGUL FILLER"),
    *("HALFWIDTH HANGUL FILLER", "KHMER VOWEL INHERENT AQ", "KHMER VOWEL INHERENT AA", "BRAILLE PATTERN BLANK"),
    *("MONGOLIAN FREE VARIATION SELECTOR ONE", "MONGOLIAN FREE VARIATION SELECTOR TWO"),
    *("MONGOLIAN FREE VARIATION SELECTOR THREE", "MONGOLIAN FREE VARIATION SELECTOR FOUR", "VARIATION SELECTOR"),
}
NEW_LETTER = "\u1c89"
"""Of Unicode 16.0: printable for Python 3.14, not for 3.11."""


def test_every_character_that_python_knows_is_printable_where_python_says_so() -> None:
    known = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in {"Cn", "Cs"}]
    assert [one for one in known if is_printable(one) and not one.isprintable()] == []
    # Marks, letters and signs that show as nothing are printable to Python.
    refused = [one for one in known if one.isprintable() and not is_printable(one)]
    assert {unicodedata.name(one, "").split("-")[0] for one in refused} <= UNSEEN_NAMES
    assert [one for one in known if small_letters(one) != one.lower()] == []


@pytest.mark.parametrize("text", ["\ud800", "\ufdd0", "\uffff", "\U0010ffff", "a\u2028b"])
def test_what_is_no_character_is_not_printable(text: str) -> None:
    assert not is_printable(text)


@given(st.text(st.one_of(KNOWN, st.sampled_from("ΑΣσς'.\u00ad\u0301 "))))
def test_small_letters_are_those_of_python(text: str) -> None:
    """Law: with the form of a sigma that ends a word, whatever is ignored around it."""
    assert lower_case(text) == text.lower()


def test_a_new_letter_is_quoted_alike_on_every_python() -> None:
    """The bytes of generated YAML do not hang on Python's Unicode."""
    content = yaml_artifact("a.yml", {"summary": f"disk {NEW_LETTER}!"}, COMPILE).content
    assert f"summary: 'disk {NEW_LETTER}!'\n".encode() in content
