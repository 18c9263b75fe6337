"""Parse a Markdown text into its lines and the blocks that markdown-it finds in them.

All other modules of `compiler.runbooks` build on this one. It reads CommonMark with tables and front matter: YAML
between `---`, or TOML between `+++`. It does not parse inline markup, because most of a runbook is passed on unchanged.
Modules that need inline markup parse it themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

_TOML: Final = "+++"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Document:
    """A Markdown text, its lines, its block tokens and the link definitions by their normalised label."""

    text: str
    lines: tuple[str, ...]
    tokens: tuple[Token, ...]
    definitions: dict[str, Any]


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").use(front_matter_plugin).disable("inline")


_MARKDOWN: Final = _parser()


def parse(text: str) -> Document:
    """Return the structure of a text whose lines end in line feeds."""
    lines = text.split("\n")
    environment: dict[str, Any] = {}
    tokens = _MARKDOWN.parse("\n".join(_without_toml(lines)), environment)
    definitions = environment.get("references", {})
    return Document(text=text, lines=tuple(lines), tokens=tuple(tokens), definitions=definitions)


def place(token: Token) -> tuple[int, int]:
    """Return the first line of a block, from 0, and the first line behind it."""
    return (token.map[0], token.map[1]) if token.map else (0, 0)


def _without_toml(lines: list[str]) -> list[str]:
    if lines[0].rstrip() != _TOML:
        return lines
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == _TOML), None)
    return lines if end is None else ["" for _ in lines[: end + 1]] + lines[end + 1 :]
