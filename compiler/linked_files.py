"""What lies at the other end of the links in runbooks.

Beside `compiler.source_files`: the same folder, and nothing outside of it, not by a symbolic link either. Files are
only looked at; what they say is no part of what is compiled. `compiler.checks.links` judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from compiler.anchors import Style
from compiler.diagnostics import Diagnostics, Span
from compiler.runbooks import Runbook, anchors_in
from compiler.runbooks.destinations import MARKDOWN, Linked, destination
from compiler.source_text import read_text, shown

_MOST_NAMES: Final = 2000
"""Names of one folder that a hint may come from."""


def linked_files(folder: Path, runbooks: Mapping[str, Runbook], style: Style) -> dict[str, Linked]:
    """Return what the links of the runbooks lead to, by path below `folder`; what lies outside is left out."""
    known = {PurePosixPath(path).as_posix(): runbook.targets for path, runbook in runbooks.items()}
    wanted = {
        there.path
        for runbook in runbooks.values()
        for link in runbook.links
        if (there := destination(runbook.path, link.target, style)) is not None
    }
    try:
        root = folder.resolve()
    except (OSError, RuntimeError):
        return {}
    found = ((path, _linked(root, path, known, style)) for path in sorted(wanted))
    return {path: one for path, one in found if one is not None}


def _linked(root: Path, path: str, known: Mapping[str, frozenset[str]], style: Style) -> Linked | None:
    if path in known:
        return Linked(exists=True, anchors=known[path])
    try:
        file = (root / path).resolve()
        if not file.is_relative_to(root):
            return None
        if file.is_file():
            return Linked(exists=True, anchors=_anchors(file, style))
        if file.exists():
            return Linked(exists=True)
        return _missing(root, path)
    except (OSError, RuntimeError, ValueError):
        # A name that no file can have, a folder that may not be entered, links in a circle.
        return Linked(exists=False)


def _anchors(file: Path, style: Style) -> frozenset[str] | None:
    """Return the anchors of a Markdown file; None for others, and where it cannot be read."""
    if file.suffix.lower() not in MARKDOWN:
        return None
    text = read_text(file, Span("", 1, 1, 1), Diagnostics(), ours=False)
    return None if text is None else anchors_in(text, style)


def _missing(root: Path, path: str) -> Linked:
    """Return what lies in the nearest folder on the way to a path."""
    folder = next(one for one in PurePosixPath(path).parents if (root / one).is_dir())
    if not (root / folder).resolve().is_relative_to(root):
        return Linked(exists=False)
    return Linked(exists=False, folder=folder.as_posix(), beside=_names(root / folder))


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(shown(Path(one.name)) for one in islice(folder.iterdir(), _MOST_NAMES)))
