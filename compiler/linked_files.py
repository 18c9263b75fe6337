"""Find the files that links in runbooks lead to, and read their anchors.

Like `compiler.source_files`, this module reads below the folder of thresholds.yaml only, and follows no symbolic link
out of it. It reads anchors only; the files' content is not compiled. `compiler.checks.links` judges the links.

It reads each file once, however many links and names lead to it, and no more than `MAX_LINKED` bytes in total.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from compiler.diagnostics import Diagnostics
from compiler.input_files import MAX_MARKDOWN, InputFiles
from compiler.runbooks import Link, Runbook, anchors_in
from compiler.runbooks.anchors import Style
from compiler.runbooks.destinations import MARKDOWN, Linked, destination
from compiler.source_text import read_text, shown

MAX_LINKED: Final = 8 * 2**20
"""Bytes of all documents that runbooks link to and that are no system's runbook; their headings are read."""


def linked_files(
    folder: Path, files: InputFiles, runbooks: Mapping[str, Runbook], style: Style, diagnostics: Diagnostics
) -> dict[str, Linked]:
    """Return the targets of the runbooks' links, by path below `folder`; targets outside of it are left out.

    The first link that exceeds `MAX_LINKED` adds an error; the anchors of its target and of later ones stay unknown.
    """
    reading = _Reading(folder, files, runbooks, style, diagnostics)
    linked_by_path: dict[str, Linked | None] = {}
    for runbook in runbooks.values():
        for link in runbook.links:
            target = destination(runbook.path, link.target, style)
            if target is not None and target.path not in linked_by_path:
                linked_by_path[target.path] = reading.linked(target.path, link)
    return {path: linked for path, linked in sorted(linked_by_path.items()) if linked is not None}


class _Reading:
    """Reads linked files; it holds the anchors by resolved path, and the number of bytes that it may still read."""

    def __init__(
        self, root: Path, files: InputFiles, runbooks: Mapping[str, Runbook], style: Style, diagnostics: Diagnostics
    ) -> None:
        self.root, self.files, self.style, self.diagnostics = root, files, style, diagnostics
        self.runbook_anchors = {PurePosixPath(path).as_posix(): runbook.targets for path, runbook in runbooks.items()}
        self.anchors: dict[Path, frozenset[str] | None] = {}
        self.bytes_left = MAX_LINKED

    def linked(self, path: str, link: Link) -> Linked | None:
        """Return the target at a path, or None if the path leads out of the folder."""
        if path in self.runbook_anchors:
            return Linked(exists=True, anchors=self.runbook_anchors[path])
        file = self.root / path
        try:
            if not self.files.is_inside(file):
                return None
            if self.files.is_file(file):
                return Linked(exists=True, anchors=self._anchors(file, link))
            return Linked(exists=True) if self.files.exists(file) else _missing(self.root, self.files, path)
        except (OSError, ValueError):
            # A name that no file can have, a folder without permission, or a loop of links.
            return Linked(exists=False)

    def _anchors(self, file: Path, link: Link) -> frozenset[str] | None:
        """Return the anchors of a Markdown file; None for other or unreadable files, and beyond `MAX_LINKED`."""
        if file.suffix.lower() not in MARKDOWN or self.bytes_left < 0:
            return None
        real_file = file.resolve()
        if real_file not in self.anchors:
            text = read_text(file, link.span, Diagnostics(), files=self.files, ours=False, most=MAX_MARKDOWN)
            self.bytes_left -= len(text.encode()) if text is not None else 0
            if self.bytes_left < 0:
                self._refuse(link)
            self.anchors[real_file] = None if text is None or self.bytes_left < 0 else anchors_in(text, self.style)
        return self.anchors[real_file]

    def _refuse(self, link: Link) -> None:
        message = f"the documents that runbooks link have more than {MAX_LINKED // 2**20} MiB together"
        hint = "link fewer of them, or their place on the web: the headings of each are read"
        self.diagnostics.error("missing-file", link.span, message, hint=hint)


def _missing(root: Path, files: InputFiles, path: str) -> Linked:
    """Return a missing target, with the names in its nearest existing parent folder."""
    folder = next((parent for parent in PurePosixPath(path).parents if files.is_folder(root / parent)), None)
    if folder is None:
        return Linked(exists=False)
    names = files.names(root / folder)
    return Linked(exists=False, folder=folder.as_posix(), beside=tuple(shown(Path(name)) for name in names))
