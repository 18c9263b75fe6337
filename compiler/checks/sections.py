"""Checks of runbooks: an alert or a link must lead to each section that helps with an incident."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import reduce
from posixpath import normpath
from typing import Final

from compiler.checks.context import CheckContext
from compiler.conventions import THRESHOLDS_HEADING
from compiler.diagnostics import Diagnostics, Span, nearest
from compiler.model import System
from compiler.runbooks import Runbook, Section
from compiler.runbooks.destinations import destination

_HEADING: Final = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
_MARK: Final = re.compile(r"(?:#{1,6}[ \t]+|\*\*|__)([^*_#\n]{1,80})")
"""The marks that make up the form of a section: headings, and bold text at the beginning of a line."""

_Links = dict[tuple[str, str], list[tuple[str, int]]]


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check each runbook whose systems were all resolved."""
    for path, sections in unused(context).items():
        for section in sections:
            message = f"no alert and no link leads to “{section.title}”"
            hint = f'lead an alert to it by `runbook: "#{section.anchor}"`, or link it where it helps'
            diagnostics.warning("unused-section", _span(context.runbooks[path], section), message, hint=hint)


def unused(context: CheckContext) -> dict[str, tuple[Section, ...]]:
    """Return, by runbook path, the sections to which nothing leads; skip a runbook with an unresolved signal."""
    links = _links(context)
    unused_sections = {}
    systems_by_runbook: dict[str, list[System]] = {}
    for system in context.model.systems:
        systems_by_runbook.setdefault(system.runbook, []).append(system)
    for path, runbook in sorted(context.runbooks.items()):
        systems = systems_by_runbook.get(path, [])
        alerted = {watched.section.anchor for system in systems for watched in system.signals}
        if alerted and all(context.complete(system) for system in systems):
            unused_sections[path] = tuple(_unused(runbook, alerted, links))
    return unused_sections


def _unused(runbook: Runbook, alerted: set[str], links: _Links) -> Iterator[Section]:
    """Yield the sections to which nothing leads, although they have the form of the sections that alerts link to."""
    places = _places(runbook)
    alerted_sections = [section for section in runbook.sections if section.anchor in alerted]
    form = reduce(frozenset.__and__, (_marks(section) for section in alerted_sections))
    alerted_places = {places[section.anchor] for section in alerted_sections}
    for section in runbook.sections:
        if section.anchor in alerted or section.title.casefold() == THRESHOLDS_HEADING.casefold():
            continue
        is_alike = _marks(section) >= form if form else bool(section.fences)
        if is_alike and places[section.anchor] in alerted_places and not _linked(section, links):
            yield section


def _marks(section: Section) -> frozenset[str]:
    matches = (_MARK.match(line) for line in section.markdown.split("\n"))
    return frozenset(match[1].strip(" .:").casefold() for match in matches if match)


def _places(runbook: Runbook) -> dict[str, tuple[int, int]]:
    """Return, by anchor, a section's level and the line of its parent section, or 0 if it has no parent."""
    lines = runbook.text.split("\n")
    enclosing: list[Section] = []
    places = {}
    for section in runbook.sections:
        while enclosing and enclosing[-1].end < section.line:
            enclosing.pop()
        places[section.anchor] = (_level(lines, section.line), enclosing[-1].line if enclosing else 0)
        enclosing.append(section)
    return places


def _level(lines: Sequence[str], line: int) -> int:
    heading = _HEADING.match(lines[line - 1])
    if heading is not None:
        return len(heading[1])
    return 1 if line < len(lines) and lines[line].lstrip().startswith("=") else 2


def _links(context: CheckContext) -> _Links:
    """Return the places (path and line) of the links to each anchor of each file."""
    links: _Links = {}
    by_path = {normpath(path): runbook for path, runbook in reversed([*context.runbooks.items()])}
    for path, runbook in context.runbooks.items():
        for link in runbook.links:
            target = destination(path, link.target, context.style)
            if target is not None and target.anchor is not None:
                anchor = _meant_anchor(target.anchor, by_path.get(target.path))
                links.setdefault((target.path, anchor), []).append((path, link.span.line))
    return links


def _meant_anchor(anchor: str, runbook: Runbook | None) -> str:
    """Return the anchor of a link; for a broken link, the anchor that it probably means."""
    if runbook is None or anchor in runbook.targets or len(anchor) > _LONGEST:
        return anchor
    return nearest(anchor, runbook.anchors) or anchor


_LONGEST: Final = 200
"""The most characters of an anchor that is compared with others."""


def _linked(section: Section, links: _Links) -> bool:
    """Return whether a link from outside a section leads to the section."""
    path = normpath(section.path)
    places = [place for anchor in (section.anchor, *section.aliases) for place in links.get((path, anchor), [])]
    return any(path != section.path or not section.line <= line <= section.end for path, line in places)


def _span(runbook: Runbook, section: Section) -> Span:
    text = runbook.text.split("\n")[section.line - 1]
    start = len(text) - len(text.lstrip(" #")) + 1
    return Span(runbook.shown, section.line, start, max(start, len(text.rstrip(" #"))) + 1)
