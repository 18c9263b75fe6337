"""What lies at the other end of the links in runbooks.

Beside `compiler.source_files`: the same folder, and nothing outside of it, not by a symbolic link either. Files are
only looked at; what they say is no part of what is compiled. `compiler.checks.links` judges.

A file is read once, however many links lead to it and by whatever name, and no more than `MAX_LINKED` bytes of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from compiler.anchors import Style
from compiler.diagnostics import Diagnostics
from compiler.input_files import MAX_MARKDOWN, InputFiles
from compiler.runbooks import Link, Runbook, anchors_in
from compiler.runbooks.destinations import MARKDOWN, Linked, destination
from compiler.source_text import read_text, shown

MAX_LINKED: Final = 8 * 2**20
"""Bytes of all documents that runbooks link and that are no runbooks of a system: their headings are read."""


def linked_files(
    folder: Path, files: InputFiles, runbooks: Mapping[str, Runbook], style: Style, diagnostics: Diagnostics
) -> dict[str, Linked]:
    """Return what the links of the runbooks lead to, by path below `folder`; what lies outside is left out.

    An error is added at the first link that leads beyond `MAX_LINKED`; what it leads to has no known anchors then.
    """
    reading = _Reading(folder, files, runbooks, style, diagnostics)
    found: dict[str, Linked | None] = {}
    for runbook in runbooks.values():
        for link in runbook.links:
            there = destination(runbook.path, link.target, style)
            if there is not None and there.path not in found:
                found[there.path] = reading.linked(there.path, link)
    return {path: one for path, one in sorted(found.items()) if one is not None}


class _Reading:
    """What was read of the linked files, by where they lie, and how much may still be."""

    def __init__(
        self, root: Path, files: InputFiles, runbooks: Mapping[str, Runbook], style: Style, diagnostics: Diagnostics
    ) -> None:
        self.root, self.files, self.style, self.diagnostics = root, files, style, diagnostics
        self.known = {PurePosixPath(path).as_posix(): runbook.targets for path, runbook in runbooks.items()}
        self.read: dict[Path, frozenset[str] | None] = {}
        self.left = MAX_LINKED

    def linked(self, path: str, link: Link) -> Linked | None:
        """Return what lies at a path, None outside of the folder."""
        if path in self.known:
            return Linked(exists=True, anchors=self.known[path])
        file = self.root / path
        try:
            if not self.files.is_inside(file):
                return None
            if self.files.is_file(file):
                return Linked(exists=True, anchors=self._anchors(file, link))
            return Linked(exists=True) if self.files.exists(file) else _missing(self.root, self.files, path)
        except (OSError, ValueError):
            # A name that no file can have, a folder that may not be entered, links in a circle.
            return Linked(exists=False)

    def _anchors(self, file: Path, link: Link) -> frozenset[str] | None:
        """Return the anchors of a Markdown file; None for others, where it cannot be read, and beyond the bound."""
        if file.suffix.lower() not in MARKDOWN or self.left < 0:
            return None
        place = file.resolve()
        if place not in self.read:
            text = read_text(file, link.span, Diagnostics(), files=self.files, ours=False, most=MAX_MARKDOWN)
            self.left -= len(text.encode()) if text is not None else 0
            if self.left < 0:
                self._refuse(link)
            self.read[place] = None if text is None or self.left < 0 else anchors_in(text, self.style)
        return self.read[place]

    def _refuse(self, link: Link) -> None:
        message = f"the documents that runbooks link have more than {MAX_LINKED // 2**20} MiB together"
        hint = "link fewer of them, or their place on the web: the headings of each are read"
        self.diagnostics.error("missing-file", link.span, message, hint=hint)


def _missing(root: Path, files: InputFiles, path: str) -> Linked:
    """Return what lies in the nearest folder on the way to a path."""
    folder = next((one for one in PurePosixPath(path).parents if files.is_folder(root / one)), None)
    if folder is None:
        return Linked(exists=False)
    names = files.names(root / folder)
    return Linked(exists=False, folder=folder.as_posix(), beside=tuple(shown(Path(name)) for name in names))
