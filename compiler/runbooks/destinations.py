"""Find where a runbook's link leads: to which file below the folder of thresholds.yaml, and to which anchor in it.

`links` finds the links, `compiler.linked_files` looks at their destinations, and `compiler.checks.links` reports broken
ones. This module ignores web addresses and files outside of the folder.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from compiler.runbooks.anchors import Style

MARKDOWN: Final = (".md", ".markdown")
"""The endings of file names whose anchors are known."""

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\$\{|<%")
_ROOTED: Final = frozenset({"github", "gitlab", "gitea"})
"""Sites where `/docs/x.md` begins at the root of the repository; the compiler does not know the root of others."""
_HIDDEN: Final = "user-content-"
"""GitHub, GitLab and Gitea put this before every anchor in the page; links work with and without it."""
_DIRECTIVE: Final = ":~:"
"""In a fragment, the text from here on is for the browser: https://wicg.github.io/scroll-to-text-fragment/."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A path below the folder of thresholds.yaml, normalised (`.` is the folder), and an anchor in it, or None."""

    path: str
    anchor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Linked:
    """The file or folder at a path: whether it exists, and its anchors if it is Markdown.

    If nothing is there, `folder` is the nearest existing folder, and `beside` are the sorted names in it.
    """

    exists: bool
    anchors: frozenset[str] | None = None
    folder: str = ""
    beside: tuple[str, ...] = ()


def destination(runbook: str, target: str, style: Style) -> Destination | None:
    """Return where the link `target` in the runbook at a path leads, or None if the files do not tell."""
    if _ADDRESS.match(target) or _TEMPLATE.search(target):
        return None
    address, _, fragment = target.partition("#")
    path, query, _ = address.partition("?")
    path = unquote(path)
    if "\0" in path or (path.startswith("/") and style not in _ROOTED):
        return None
    if path and style == "mkdocs" and not posixpath.splitext(path)[1]:
        # This is the address of a page that MkDocs has yet to build; MkDocs itself only follows links to files.
        return None
    base = "" if path.startswith("/") else posixpath.dirname(runbook)
    resolved = posixpath.normpath(posixpath.join(base, path.lstrip("/"))) if path else posixpath.normpath(runbook)
    if resolved == ".." or resolved.startswith("../"):
        return None
    # `?plain=1#L7` shows the source, whose lines are its anchors.
    return Destination(path=resolved, anchor=None if query else _anchor(fragment, style))


def _anchor(fragment: str, style: Style) -> str | None:
    name = unquote(fragment.partition(_DIRECTIVE)[0])
    if style in _ROOTED:
        name = name.removeprefix(_HIDDEN)
    # For an empty name and for `top`, browsers scroll to the top of the page.
    return None if name.lower() in {"", "top"} else name
