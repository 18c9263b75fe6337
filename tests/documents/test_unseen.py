"""Tests of invisible characters: compiler and webhook share one table, from Unicode's classes; no output holds them."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest

from compiler.characters import UNPRINTABLE, is_printable
from tests.webhook.conftest import catalog  # noqa: F401 - a fixture by its name
from tests.webhook.samples import alert, message_of
from webhook.catalog.model import Catalog
from webhook.logs import _line
from webhook.render import mail, pagerduty, slack, sms, speech
from webhook.terminal import visible as in_a_terminal
from webhook.untrusted import UNSEEN, breaks_line, one_line, visible

# DerivedCoreProperties.txt of Unicode 16; `unicodedata` does not know the property.
IGNORABLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
WIDE_BLANKS = set("\xa0\u1680\u202f\u205f\u3000") | {chr(code) for code in range(0x2000, 0x200B)}
OF_UNICODE = {
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    or any(first <= ord(character) <= last for first, last in IGNORABLE)
}
SOME = "".join(
    sorted(character for character in OF_UNICODE if ord(character) < 0xD800 or 0xF8F0 < ord(character) < 0xE0200)
)


def test_compiler_and_webhook_have_one_table() -> None:
    """Only the compiler has the wide blanks: a name holds none, but people's text may."""
    for character in map(chr, range(sys.maxunicode + 1)):
        expected = character in WIDE_BLANKS or character in "\t\n" or UNSEEN.match(character) is not None
        assert (not is_printable(character)) == expected, f"U+{ord(character):04X}"
    assert UNPRINTABLE.flags == UNSEEN.flags


def test_whatever_unicode_calls_unseen_is_in_the_table() -> None:
    """The table holds controls, formats, halves of pairs, private use and default-ignorable characters."""
    assert [
        f"U+{ord(character):04X}" for character in OF_UNICODE - set("\t\n") if UNSEEN.match(character) is None
    ] == []


@pytest.mark.parametrize("blank", ["\u2800", "\u3164", "\uffa0", "\u115f", "\u1160", "\u17b4", "\u034f", "\ufe00"])
def test_what_only_looks_like_nothing_is_unseen(blank: str) -> None:
    """Unicode may call such a character a letter, a mark or a sign."""
    assert visible(f"pay{blank}ments") == one_line(f"pay{blank}ments") == "payments"
    assert breaks_line(f"pay{blank}ments")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("⚠\ufe0f disk", "⚠\ufe0f disk"),
        ("❤\ufe0e", "❤\ufe0e"),
        ("⚠\ufe0f\ufe0f disk", "⚠\ufe0f disk"),
        ("d\ufe0fisk\ufe0f", "disk"),
        ("👩\u200d🚒", "👩🚒"),
        ("soft\xadware", "software"),
        ("می\u200cشود", "میشود"),
    ],
)
def test_a_sign_keeps_its_form_and_nothing_else_is_unseen(text: str, shown: str) -> None:
    """Ordinary text needs the variation selector after a sign; the rest loses no word."""
    assert visible(text) == shown
    assert visible(shown) == shown


def test_no_output_holds_anything_unseen(catalog: Catalog) -> None:  # noqa: F811
    """Labels and annotations hold all invisible characters; a word that holds them stays readable."""
    text = f"pay{SOME}ments"
    message = message_of(
        catalog,
        alert("Nobody", component=text, instance=text, path=text, annotations={"summary": text, "description": text}),
    )
    written = {
        "slack": json.dumps(slack.layout(message, buttons=True).blocks, ensure_ascii=False),
        "notification": slack.layout(message).text,
        "pagerduty": json.dumps(pagerduty.layout(message), ensure_ascii=False),
        "mail": f"{mail.layout(message).subject}{mail.layout(message).text}{mail.layout(message).html}",
        "sms": sms.layout(message),
        "phone": speech.layout(message),
        "terminal": in_a_terminal(text),
        "log": _line({"event": text, text: "x"}),
    }
    for channel, output in written.items():
        unseen_characters = {
            f"U+{ord(character):04X}" for character in output if character != "\n" and UNSEEN.match(character)
        }
        assert unseen_characters <= {"U+FE0F"}, channel  # behind a sign of ours
        assert "pay" in output, channel
