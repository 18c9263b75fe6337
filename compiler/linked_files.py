"""What lies at the other end of the links in runbooks.

Beside `compiler.source_files`: the same folder, and nothing outside of it, not by a symbolic link either. Files are
only looked at; what they say is no part of what is compiled. `compiler.checks.links` judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from compiler.anchors import Style
from compiler.diagnostics import Diagnostics, Span
from compiler.input_files import MAX_MARKDOWN, InputFiles
from compiler.runbooks import Runbook, anchors_in
from compiler.runbooks.destinations import MARKDOWN, Linked, destination
from compiler.source_text import read_text, shown


def linked_files(folder: Path, files: InputFiles, runbooks: Mapping[str, Runbook], style: Style) -> dict[str, Linked]:
    """Return what the links of the runbooks lead to, by path below `folder`; what lies outside is left out."""
    known = {PurePosixPath(path).as_posix(): runbook.targets for path, runbook in runbooks.items()}
    wanted = {
        there.path
        for runbook in runbooks.values()
        for link in runbook.links
        if (there := destination(runbook.path, link.target, style)) is not None
    }
    found = ((path, _linked(folder, files, path, known, style)) for path in sorted(wanted))
    return {path: one for path, one in found if one is not None}


def _linked(
    root: Path, files: InputFiles, path: str, known: Mapping[str, frozenset[str]], style: Style
) -> Linked | None:
    if path in known:
        return Linked(exists=True, anchors=known[path])
    file = root / path
    try:
        if not files.is_inside(file):
            return None
        if files.is_file(file):
            return Linked(exists=True, anchors=_anchors(file, files, style))
        return Linked(exists=True) if files.exists(file) else _missing(root, files, path)
    except (OSError, ValueError):
        # A name that no file can have, a folder that may not be entered, links in a circle.
        return Linked(exists=False)


def _anchors(file: Path, files: InputFiles, style: Style) -> frozenset[str] | None:
    """Return the anchors of a Markdown file; None for others, and where it cannot be read."""
    if file.suffix.lower() not in MARKDOWN:
        return None
    text = read_text(file, Span("", 1, 1, 1), Diagnostics(), files=files, ours=False, most=MAX_MARKDOWN)
    return None if text is None else anchors_in(text, style)


def _missing(root: Path, files: InputFiles, path: str) -> Linked:
    """Return what lies in the nearest folder on the way to a path."""
    folder = next((one for one in PurePosixPath(path).parents if files.is_folder(root / one)), None)
    if folder is None:
        return Linked(exists=False)
    names = files.names(root / folder)
    return Linked(exists=False, folder=folder.as_posix(), beside=tuple(shown(Path(name)) for name in names))
