"""A signal and a runbook's sections → the sections that it may lead to, best first, with reasons and how sure.

What counts, most first: a link beside the signal's name, a limit of it that stands in the section, the words of the
heading, of the chapter around it, of the section's first lines (`fit`). It stays a proposal: who shows it shows the
sureness with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from compiler.choosing.fit import Fit, fit
from compiler.choosing.outline import Candidate, candidates, linked, stating
from compiler.choosing.wording import simple, terms, vocabulary
from compiler.runbooks import Section

SURE: Final = "sure"
LIKELY: Final = "likely"
GUESS: Final = "a guess"

_OTHER_WORDING: Final = 0.7
"""What a fit with another wording than the plainest one is worth: not enough to be sure."""
# Where the words of sureness begin; the tests measure them on the project's own runbooks.
_SURE: Final = 0.72
_COVER: Final = 0.75
_COVER_WITH_LIMIT: Final = 0.5
_OTHER: Final = 0.9
_CLEAR: Final = 0.8
_EVEN: Final = 0.97
_LIKELY: Final = 0.5
_LEAST: Final = 0.22
_SHOWN: Final = 3
_MOST_EVEN: Final = 2
"""Where more fit evenly, naming the first would be picking a number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A section, by anchor (without `#`), title and line; how sure it is the right one; and why, in words."""

    anchor: str
    title: str
    line: int
    sureness: str
    why: str


def propose(
    identifier: str, title: str, sections: Sequence[Section], stated: Iterable[int] = ()
) -> tuple[Proposal, ...]:
    """Return the sections that fit a signal, best first; none where nothing fits.

    `stated` are the lines of the runbook that state a limit of this signal.
    """
    asked, limits = _asked(identifier, title), stating(stated, sections)
    found = candidates(sections)
    pointed = linked(title, sections)
    fits = [_best(asked, one, limit=one.section.anchor in limits) for one in found] if asked else []
    by_fit = sorted((one for one in fits if one.score >= _LEAST), key=lambda one: -one.score)
    even = [one for one in by_fit if one.score >= by_fit[0].score * _EVEN]
    proposals = [_proposal(one, _sureness(one, by_fit)) for one in by_fit] if len(even) <= _MOST_EVEN else []
    if pointed is None:
        return tuple(proposals)
    link = _proposal_of(pointed, SURE, f"the line on “{title}” links to it")
    return (link, *(_less(one) for one in proposals if one.anchor != pointed.anchor))


def proposals_text(identifier: str, title: str, sections: Sequence[Section], stated: Iterable[int] = ()) -> str:
    """Return a hint: which section to name, how sure that is and why, with up to two others; or that none fits."""
    found = propose(identifier, title, sections, stated)
    if not found:
        return 'no section fits; write one and add `runbook: "#…"`'
    first, *others = found[:_SHOWN]
    text = f'add `runbook: "#{first.anchor}"`? {first.sureness}: “{first.title}” ({first.why})'
    beside = ", ".join(f"`#{one.anchor}` ({one.sureness})" for one in others)
    return f"{text}; or {beside}" if beside else text


def _asked(identifier: str, title: str) -> tuple[Mapping[str, str], ...]:
    """Return the terms of each wording of a signal, the plainest first."""
    texts = vocabulary().signals.get(identifier) or dict.fromkeys((simple(title), simple(identifier)))
    return tuple(found for text in texts if (found := terms(text)))


def _best(asked: Sequence[Mapping[str, str]], candidate: Candidate, *, limit: bool) -> Fit:
    first, *others = (fit(wording, candidate, limit=limit) for wording in asked)
    weaker = (replace(one, score=one.score * _OTHER_WORDING, cover=one.cover * _OTHER_WORDING) for one in others)
    return max((first, *weaker), key=lambda one: one.score)


def _sureness(one: Fit, by_fit: Sequence[Fit]) -> str:
    """Return the word for a fit: two that are near each other are never sure, and two that are even are guesses."""
    rival = max((other.score for other in by_fit if other is not one), default=0.0)
    cover = _COVER_WITH_LIMIT if one.limit else _COVER
    of_it_alone = one.limit or one.other < _OTHER
    if of_it_alone and one.score >= _SURE and one.cover >= cover and rival <= _CLEAR * one.score:
        return SURE
    return LIKELY if one.score >= _LIKELY and one.cover and rival <= one.score * _EVEN else GUESS


def _proposal(one: Fit, sureness: str) -> Proposal:
    reasons = (
        f"names {', '.join(one.named)}" if one.named else "",
        f"stands beside {', '.join(one.told)}" if one.told else "",
        "states a limit of it" if one.limit else "",
    )
    return _proposal_of(one.candidate.section, sureness, " and ".join(part for part in reasons if part))


def _proposal_of(section: Section, sureness: str, why: str) -> Proposal:
    return Proposal(anchor=section.anchor, title=section.title, line=section.line, sureness=sureness, why=why)


def _less(one: Proposal) -> Proposal:
    return replace(one, sureness=GUESS)
