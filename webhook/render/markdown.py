"""Converts a runbook section's Markdown for the channels: Slack's mrkdwn, plain text, sanitised HTML. Pure.

`slack`, `pagerduty`, `mail` and `pages` use it. This module cuts a section into pieces at block boundaries, and a list
at its items. So a channel that has too little room leaves out whole pieces at the end, and a link leads to the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Protocol
from urllib.parse import urljoin

import nh3
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from webhook.commands import Filled
from webhook.untrusted import ELLIPSIS, visible, web_address

_BLANK = re.compile(r"\n[ \t]*\n")
_COMMENT = re.compile(r"\A<!--.*-->\Z", re.DOTALL)
_TAGS = {
    *("p", "pre", "code", "em", "strong", "s", "a", "ul", "ol", "li", "blockquote", "br", "hr"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a section that is shown whole or not at all; `gap` separates it from the piece before."""

    text: str
    gap: str = "\n\n"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """The text of a section that fits into a channel, and whether it is the whole section."""

    text: str
    complete: bool


class Style(Protocol):
    """How a text format writes the elements of Markdown."""

    @property
    def code_in_lists(self) -> bool:
        """Whether code in a list item may be indented like the item."""

    def plain(self, text: str) -> str:
        """Return running text."""

    def strong(self, inner: str) -> str:
        """Return formatted text in bold."""

    def emphasis(self, inner: str) -> str:
        """Return formatted text in italics."""

    def code(self, text: str) -> str:
        """Return code within a line."""

    def block(self, text: str) -> str:
        """Return code on lines of its own."""

    def link(self, inner: str, url: str) -> str:
        """Return a link; `url` is http or https."""


def pieces(markdown: str, style: Style, *, commands: Mapping[str, Filled], base: str) -> tuple[Piece, ...]:
    """Return the section in the format of `style`, with commands filled and relative links resolved against `base`.

    A section that cannot be parsed, for example because its marks are nested too deeply, becomes plain text.
    """
    try:
        return tuple(_Writer(style, commands, base).top(_tree(markdown)))
    except Exception:  # noqa: BLE001  the person who is called gets the text, even when the parser fails
        return tuple(Piece(text=style.plain(part)) for part in _paragraphs(markdown, commands))


def fitting(parts: Iterable[Piece], limit: int) -> Cut:
    """Return as many pieces from the start as fit into `limit` characters.

    When not even the first piece fits, its first lines are kept, so that a reader always gets something.
    """
    text = ""
    for piece in parts:
        longer = text + (piece.gap if text else "") + piece.text
        if len(longer) > limit:
            return Cut(text=text or _first_lines(piece.text, limit), complete=False)
        text = longer
    return Cut(text=text, complete=True)


def html(markdown: str, *, commands: Mapping[str, Filled], base: str) -> str:
    """Return the section as HTML that contains only text, lists, tables, code and http(s) links."""
    try:
        return _html(markdown, commands, base)
    except Exception:  # noqa: BLE001  as in `pieces`
        return "".join(f"<pre>{escape(part)}</pre>" for part in _paragraphs(markdown, commands))


def _html(markdown: str, commands: Mapping[str, Filled], base: str) -> str:
    tokens = _PARSER.parse(visible(markdown))
    for token in tokens:
        if token.type in {"fence", "code_block"}:
            token.content = _filled(token.content, commands) + "\n"
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", _resolved(str(child.attrGet("href") or ""), base) or "")
            elif child.type == "image":
                # No page loads an image from another site; its alternative text replaces it, as in other formats.
                child.type, child.children = "text", None
    rendered = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )


def words(markdown: str) -> str:
    """Return the text of `markdown` without marks and without the targets of links."""
    try:
        return " ".join("".join(_words(block)) for block in _tree(markdown).children)
    except Exception:  # noqa: BLE001  as in `pieces`
        return " ".join(_paragraphs(markdown, {}))


def _paragraphs(markdown: str, commands: Mapping[str, Filled]) -> tuple[str, ...]:
    """Return the unparsed text in paragraphs, with its commands filled."""
    for text, filled in commands.items():
        markdown = markdown.replace(text, filled.text)
    return tuple(part for part in _BLANK.split(visible(markdown)) if part.strip())


class _Writer:
    """Walks a syntax tree and writes it in one style."""

    def __init__(self, style: Style, commands: Mapping[str, Filled], base: str) -> None:
        self.style = style
        self.commands = commands
        self.base = base

    def top(self, root: SyntaxTreeNode) -> Iterator[Piece]:
        """Yield the pieces of the section."""
        for node in root.children:
            if node.type in {"bullet_list", "ordered_list"}:
                yield from self._items(node)
            else:
                text = self._block(node)
                if text:
                    yield Piece(text=text)

    def _items(self, node: SyntaxTreeNode) -> Iterator[Piece]:
        for number, item in enumerate(node.children):
            yield Piece(text=self._item(node, item, number), gap="\n" if number else "\n\n")

    def _item(self, node: SyntaxTreeNode, item: SyntaxTreeNode, number: int) -> str:
        start = int(node.attrs.get("start", 1))
        mark = f"{start + number}. " if node.type == "ordered_list" else "• "
        lines: list[str] = []
        for child in item.children:
            text = self._block(child)
            code = child.type in {"fence", "code_block"} and not self.style.code_in_lists
            lines += [text] if code and lines else [_indented(text, " " * len(mark) if lines else mark)] if text else []
        return "\n".join(lines)

    def _block(self, node: SyntaxTreeNode) -> str:  # noqa: PLR0911  one for each kind of block
        match node.type:
            case "paragraph" | "heading":
                text = "".join(self._inline(child) for child in node.children)
                if _COMMENT.match(node.children[0].content if node.children else ""):
                    return ""
                return self.style.strong(text) if node.type == "heading" and text else text
            case "fence" | "code_block":
                return self.style.block(_filled(node.content, self.commands))
            case "bullet_list" | "ordered_list":
                return "\n".join(piece.text for piece in self._items(node))
            case "blockquote":
                inner = "\n".join(self._block(child) for child in node.children)
                return "\n".join(f"> {line}" if not line.startswith(">") else line for line in inner.split("\n"))
            case "table":
                return self.style.block(_table(node))
            case "hr":
                return "———"
            case _:
                return self.style.plain(node.content)

    def _inline(self, node: SyntaxTreeNode) -> str:  # noqa: PLR0911  one for each kind of span
        inner = "".join(self._inline(child) for child in node.children or ())
        match node.type:
            case "inline" | "s":
                return inner
            case "strong":
                return self.style.strong(inner) if inner.strip() else inner
            case "em":
                return self.style.emphasis(inner) if inner.strip() else inner
            case "code_inline":
                return self.style.code(node.content)
            case "link":
                url = _resolved(str(node.attrs.get("href", "")), self.base)
                return self.style.link(inner, url) if url else inner
            case "image":
                return self.style.plain(node.content)
            case "softbreak":
                return " "
            case "hardbreak":
                return "\n"
            case _:
                return self.style.plain(node.content)


def _parser() -> MarkdownIt:
    # Raw HTML stays text: a placeholder such as <pod-name> in running text is a word of the runbook, not a tag.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


_PARSER = _parser()


def _tree(markdown: str) -> SyntaxTreeNode:
    return SyntaxTreeNode(_PARSER.parse(visible(markdown)))


def _filled(content: str, commands: Mapping[str, Filled]) -> str:
    text = content.removesuffix("\n")
    filled = commands.get(text)
    return filled.text if filled else text


def _resolved(href: str, base: str) -> str | None:
    return web_address(urljoin(base, href)) if href else None


def _indented(text: str, mark: str) -> str:
    first, *rest = text.split("\n")
    return "\n".join([mark + first, *(" " * len(mark) + line if line else line for line in rest)])


def _table(node: SyntaxTreeNode) -> str:
    """Return a table as text with aligned columns."""
    rows = [["".join(_words(cell)) for cell in row.children] for part in node.children for row in part.children]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


def _words(node: SyntaxTreeNode) -> Iterator[str]:
    if not node.children:
        yield " " if node.type in {"softbreak", "hardbreak"} else node.content
    for child in node.children or ():
        yield from _words(child)


def _first_lines(text: str, limit: int) -> str:
    """Return whole lines from the start of `text`, and close a code block that the cut left open."""
    room = max(0, limit - 8)
    beginning = text[:room].rpartition("\n")[0] or text[:room]
    closing = "\n```" if beginning.count("```") % 2 else ""
    return f"{beginning}\n{ELLIPSIS}{closing}" if beginning else ""
