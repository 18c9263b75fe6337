"""Tests of Markdown that is nested too deeply: a person who is called gets its text, and nobody else waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.webhook.samples import NOON, alert, incident_of
from webhook.catalog.model import Catalog
from webhook.render import mail, slack
from webhook.render.markdown import html, pieces, words
from webhook.render.message import Message, compose
from webhook.render.plain import PlainStyle, section_text
from webhook.render.slack import SlackStyle
from webhook.render.wording import Context

SHAPES = {
    "emphases": "*a " * 250 + "b*" * 250,
    "bold words": "**a " * 1_000 + "b**" * 1_000,
    "bold emphases": "***a" * 3_000,
    "emphases of two kinds": "*_" * 600 + "a" + "_*" * 600,
    "links": "[" * 500 + "a" + "](http://b.example)" * 500,
    "images": "![" * 800 + "a" + "](http://b.example)" * 800,
    "struck words": "~~a " * 400 + "b~~" * 400,
    "brackets": "[" * 20_000 + "a",
    "a table": "|a|\n|-|\n|" + "*a " * 300 + "b*" * 300 + "|",
    "a heading": "# " + "*a " * 400 + "b*" * 400,
    "an item": "- " + "*a " * 400 + "b*" * 400,
    "a quotation": "> " + "*a " * 400 + "b*" * 400,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_cannot_be_laid_out_is_plain_text(shape: str) -> None:
    """Every format holds the text."""
    markdown = SHAPES[shape]
    for style in (PlainStyle(), SlackStyle()):
        assert "a" in "".join(piece.text for piece in pieces(markdown, style, commands={}, base="https://a.example"))
    assert "a" in html(markdown, commands={}, base="https://a.example")
    assert "a" in words(markdown)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_channel_can_write_it(shape: str, catalog: Catalog) -> None:
    """No channel fails, so no message waits."""
    message = _message(catalog, SHAPES[shape])
    assert message.section is not None
    assert mail.layout(message).text
    assert slack.layout(message).blocks
    assert section_text(message.section, 3_000).text


def test_markup_of_a_text_that_cannot_be_laid_out_is_escaped() -> None:
    """Plain text is escaped in HTML too."""
    markup = html("*a " * 2_000 + "<script>alert(1)</script>" + "b*" * 2_000, commands={}, base="https://a.example")
    assert "<script" not in markup


def _message(catalog: Catalog, markdown: str) -> Message:
    message = compose(incident_of(catalog, alert()), Context(catalog=catalog, now=NOON, public_url=None))
    assert message.section is not None
    return replace(message, section=replace(message.section, markdown=markdown))
