"""Where the links of runbooks lead: which file below the folder of thresholds.yaml, and which place in it.

Between `links`, which finds them, and `compiler.linked_files`, which looks at what lies at the other end;
`compiler.checks.links` judges. Addresses of the web, and what lies outside of the folder, are nobody's business here.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from compiler.anchors import Style

MARKDOWN: Final = (".md", ".markdown")
"""The ends of the names of files whose anchors are known."""

_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\$\{|<%")
_ROOTED: Final = frozenset({"github", "gitlab", "gitea"})
"""Styles in which `/docs/x.md` begins at the root of the repository; a site's root is not known."""
_HIDDEN: Final = "user-content-"
"""GitHub, GitLab and Gitea put this before every anchor in the page, and find it with and without."""
_DIRECTIVE: Final = ":~:"
"""What follows in a fragment is for the browser: https://wicg.github.io/scroll-to-text-fragment/."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A path below the folder of thresholds.yaml, normalised (`.` is the folder), and an anchor in it, or None."""

    path: str
    anchor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Linked:
    """What lies at a path: whether anything does, its anchors where it is Markdown, and otherwise what lies beside it.

    `beside` are names in the nearest folder that there is, `folder`, sorted.
    """

    exists: bool
    anchors: frozenset[str] | None = None
    folder: str = ""
    beside: tuple[str, ...] = ()


def destination(runbook: str, target: str, style: Style) -> Destination | None:
    """Return where a link in the runbook at a path leads, or None where that cannot be told from the files."""
    if _ADDRESS.match(target) or _TEMPLATE.search(target):
        return None
    address, _, fragment = target.partition("#")
    path, query, _ = address.partition("?")
    path = unquote(path)
    if "\0" in path or (path.startswith("/") and style not in _ROOTED):
        return None
    if path and style == "mkdocs" and not posixpath.splitext(path)[1]:
        # The address of a page that has yet to be made; MkDocs itself follows links to files alone.
        return None
    base = "" if path.startswith("/") else posixpath.dirname(runbook)
    there = posixpath.normpath(posixpath.join(base, path.lstrip("/"))) if path else posixpath.normpath(runbook)
    if there.startswith(".."):
        return None
    # `?plain=1#L7` shows the source, whose lines are its anchors.
    return Destination(path=there, anchor=None if query else _anchor(fragment, style))


def _anchor(fragment: str, style: Style) -> str | None:
    name = unquote(fragment.partition(_DIRECTIVE)[0])
    if style in _ROOTED:
        name = name.removeprefix(_HIDDEN)
    # Browsers scroll to the top for these two.
    return None if name.lower() in {"", "top"} else name
