"""Tests of our table of characters, which agrees with Python wherever Python knows the character."""

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
"""Characters that Python knows; only our table has newer ones."""
UNSEEN_NAMES = {
    *("COMBINING GRAPHEME JOINER", "HANGUL CHOSEONG FILLER", "HANGUL JUNGSEONG FILLER", "HANGUL FILLER"),
    *("HALFWIDTH HANGUL FILLER", "KHMER VOWEL INHERENT AQ", "KHMER VOWEL INHERENT AA", "BRAILLE PATTERN BLANK"),
    *("MONGOLIAN FREE VARIATION SELECTOR ONE", "MONGOLIAN FREE VARIATION SELECTOR TWO"),
    *("MONGOLIAN FREE VARIATION SELECTOR THREE", "MONGOLIAN FREE VARIATION SELECTOR FOUR", "VARIATION SELECTOR"),
}
NEW_LETTER = "\u1c89"
"""A letter of Unicode 16.0: printable for Python 3.14, not for 3.11."""


def test_every_character_that_python_knows_is_printable_where_python_says_so() -> None:
    known = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in {"Cn", "Cs"}]
    assert [character for character in known if is_printable(character) and not character.isprintable()] == []
    # Python calls marks, letters and signs printable although they show as nothing.
    refused = [character for character in known if character.isprintable() and not is_printable(character)]
    assert {unicodedata.name(character, "").split("-")[0] for character in refused} <= UNSEEN_NAMES
    assert [character for character in known if small_letters(character) != character.lower()] == []


@pytest.mark.parametrize("text", ["\ud800", "\ufdd0", "\uffff", "\U0010ffff", "a\u2028b"])
def test_what_is_no_character_is_not_printable(text: str) -> None:
    assert not is_printable(text)


@given(st.text(st.one_of(KNOWN, st.sampled_from("ΑΣσς'.\u00ad\u0301 "))))
def test_small_letters_are_those_of_python(text: str) -> None:
    """Law: a sigma that ends a word gets its final form, even if ignored characters stand around it."""
    assert lower_case(text) == text.lower()


def test_a_new_letter_is_quoted_alike_on_every_python() -> None:
    """The bytes of generated YAML do not depend on the Unicode version of Python."""
    content = yaml_artifact("a.yml", {"summary": f"disk {NEW_LETTER}!"}, COMPILE).content
    assert f"summary: 'disk {NEW_LETTER}!'\n".encode() in content
