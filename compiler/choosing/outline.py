"""Find the sections of a runbook that an alert may lead to, each with the facts that tell how well it fits.

`fit` and `proposals` use this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from compiler.choosing.wording import simple, vocabulary
from compiler.runbooks import Section

_FENCE: Final = re.compile(r" *+(?P<mark>`{3,}|~{3,})")
_ITEM: Final = re.compile(r"^ *[-*+] +(?:\*\*|`)?(?P<text>.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"\]\(#([^()\s<>]+)\)")
_OPENING: Final = 700
"""Characters of a section's text that tell what it is about."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A section that an alert may lead to.

    `opening` is the beginning of its text without commands, `around` the headings of the chapters that it stands in.
    `chapter` is set if other candidates stand in it, `listing` if it only lists limits; `procedure` holds the words of
    its heading that tell how something is done.
    """

    section: Section
    opening: str
    around: str
    chapter: bool
    listing: bool
    procedure: tuple[str, ...]


def candidates(sections: Sequence[Section]) -> tuple[Candidate, ...]:
    """Return the candidates among the sections of one runbook, in its order."""
    helpful = [section for section in sections if _may_help(section)]
    return tuple(_candidate(section, helpful, sections) for section in helpful if not _is_title(section, sections))


def _candidate(section: Section, helpful: Sequence[Section], sections: Sequence[Section]) -> Candidate:
    outer = [chapter.title for chapter in sections if _holds(chapter, section) and not _is_title(chapter, sections)]
    headings = simple(" ".join((*outer, section.title)))
    return Candidate(
        section=section,
        opening=_without_fences(section.markdown)[:_OPENING],
        around=" ".join(outer),
        chapter=any(_holds(section, inner) for inner in helpful),
        listing=vocabulary().listings.search(headings) is not None,
        procedure=tuple(match.group() for match in vocabulary().procedures.finditer(simple(section.title))),
    )


def stating(lines: Iterable[int], sections: Sequence[Section]) -> frozenset[str]:
    """Return the anchors of the sections in which one of the lines stands."""
    numbers = sorted(lines)
    return frozenset(
        section.anchor for section in sections if any(section.line <= line <= section.end for line in numbers)
    )


def linked(title: str, sections: Sequence[Section]) -> Section | None:
    """Return the section to which list items that begin with a title link; None if they link to several or none."""
    beginning = title.casefold()
    if not beginning:
        return None
    items = (item for section in sections for item in _ITEM.finditer(section.markdown))
    anchors = {
        link for item in items if item["text"].casefold().startswith(beginning) for link in _LINK.findall(item["text"])
    }
    targets = [section for section in sections if section.anchor in anchors]
    return targets[0] if len(targets) == 1 else None


def _may_help(section: Section) -> bool:
    heading, lexicon = simple(section.title), vocabulary()
    return bool(heading) and not lexicon.never.fullmatch(heading) and not lexicon.parts.fullmatch(heading)


def _is_title(section: Section, sections: Sequence[Section]) -> bool:
    """Return whether a section is the whole document."""
    return section is sections[0] and all(inner.end <= section.end for inner in sections) and len(sections) > 1


def _holds(outer: Section, inner: Section) -> bool:
    return outer.line < inner.line and inner.end <= outer.end


def _without_fences(text: str) -> str:
    """Return a text without its fenced blocks; an unclosed block stays."""
    kept: list[str] = []
    opened: list[str] = []
    mark = ""
    for line in text.split("\n"):
        if mark:
            opened.append(line)
            if line.lstrip(" ").startswith(mark):
                kept.append(" ")
                opened, mark = [], ""
        elif (fence := _FENCE.match(line)) is not None:
            opened, mark = [line], fence["mark"]
        else:
            kept.append(line)
    return "\n".join([*kept, *opened])
