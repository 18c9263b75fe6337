"""A runbook's sections → those that an alert may lead to, each with what speaks for it; used by `proposals`."""

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
    `chapter` is set where other candidates stand in it, `listing` where it only lists limits; `procedure` holds the
    words of its heading that tell how something is done.
    """

    section: Section
    opening: str
    around: str
    chapter: bool
    listing: bool
    procedure: tuple[str, ...]


def candidates(sections: Sequence[Section]) -> tuple[Candidate, ...]:
    """Return the candidates among the sections of one runbook, in its order."""
    helping = [one for one in sections if _may_help(one)]
    return tuple(_candidate(one, helping, sections) for one in helping if not _is_title(one, sections))


def _candidate(section: Section, helping: Sequence[Section], sections: Sequence[Section]) -> Candidate:
    outer = [one.title for one in sections if _holds(one, section) and not _is_title(one, sections)]
    headings = simple(" ".join((*outer, section.title)))
    return Candidate(
        section=section,
        opening=_without_fences(section.markdown)[:_OPENING],
        around=" ".join(outer),
        chapter=any(_holds(section, other) for other in helping),
        listing=vocabulary().listings.search(headings) is not None,
        procedure=tuple(found.group() for found in vocabulary().procedures.finditer(simple(section.title))),
    )


def stating(lines: Iterable[int], sections: Sequence[Section]) -> frozenset[str]:
    """Return the anchors of the sections in which one of the lines stands."""
    numbers = sorted(lines)
    return frozenset(one.anchor for one in sections if any(one.line <= line <= one.end for line in numbers))


def linked(title: str, sections: Sequence[Section]) -> Section | None:
    """Return the section that list items beginning with a title link to; None where they link to several or none."""
    wanted = title.casefold()
    if not wanted:
        return None
    items = (found for one in sections for found in _ITEM.finditer(one.markdown))
    anchors = {
        link for item in items if item["text"].casefold().startswith(wanted) for link in _LINK.findall(item["text"])
    }
    found = [one for one in sections if one.anchor in anchors]
    return found[0] if len(found) == 1 else None


def _may_help(section: Section) -> bool:
    heading, known = simple(section.title), vocabulary()
    return bool(heading) and not known.never.fullmatch(heading) and not known.parts.fullmatch(heading)


def _is_title(section: Section, sections: Sequence[Section]) -> bool:
    """Return whether a section is the whole document."""
    return section is sections[0] and all(other.end <= section.end for other in sections) and len(sections) > 1


def _holds(one: Section, other: Section) -> bool:
    return one.line < other.line and other.end <= one.end


def _without_fences(text: str) -> str:
    """Return a text without its fenced blocks; one that is not closed stays."""
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
