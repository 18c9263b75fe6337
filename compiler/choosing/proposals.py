"""Propose runbook sections for a signal, best first, with the reasons and how sure each is.

The reasons are, from the strongest: a link beside the signal's name, a limit of the signal in the section, the words of
the heading, of the chapter around it, and of the section's first lines (`fit`). The result is only a proposal, so
callers show the sureness with it.
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
"""The factor for a fit with another wording than the plainest one; such a fit is too low to be sure."""
# The bounds of the words of sureness; the tests measure them on the project's own runbooks.
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
"""If more sections fit evenly, naming the first would be a random choice."""


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
    """Return the sections that fit a signal, best first; none if nothing fits.

    `stated` are the lines of the runbook that state a limit of this signal.
    """
    wordings, limits = _wordings(identifier, title), stating(stated, sections)
    choices = candidates(sections)
    target = linked(title, sections)
    fits = (
        [_best(wordings, candidate, limit=candidate.section.anchor in limits) for candidate in choices]
        if wordings
        else []
    )
    by_fit = sorted((rating for rating in fits if rating.score >= _LEAST), key=lambda rating: -rating.score)
    even = [rating for rating in by_fit if rating.score >= by_fit[0].score * _EVEN]
    proposals = [_proposal(rating, _sureness(rating, by_fit)) for rating in by_fit] if len(even) <= _MOST_EVEN else []
    if target is None:
        return tuple(proposals)
    link = _proposal_of(target, SURE, f"the line on “{title}” links to it")
    return (link, *(_as_guess(proposal) for proposal in proposals if proposal.anchor != target.anchor))


def proposals_text(identifier: str, title: str, sections: Sequence[Section], stated: Iterable[int] = ()) -> str:
    """Return a hint: which section to name, how sure that is and why, with up to two others; or that none fits."""
    proposals = propose(identifier, title, sections, stated)
    if not proposals:
        return 'no section fits; write one and add `runbook: "#…"`'
    first, *alternatives = proposals[:_SHOWN]
    text = f'add `runbook: "#{first.anchor}"`? {first.sureness}: “{first.title}” ({first.why})'
    others_text = ", ".join(f"`#{alternative.anchor}` ({alternative.sureness})" for alternative in alternatives)
    return f"{text}; or {others_text}" if others_text else text


def _wordings(identifier: str, title: str) -> tuple[Mapping[str, str], ...]:
    """Return the terms of each wording of a signal, the plainest first."""
    texts = vocabulary().signals.get(identifier) or dict.fromkeys((simple(title), simple(identifier)))
    return tuple(wording_terms for text in texts if (wording_terms := terms(text)))


def _best(wordings: Sequence[Mapping[str, str]], candidate: Candidate, *, limit: bool) -> Fit:
    plainest, *further = (fit(wording, candidate, limit=limit) for wording in wordings)
    weaker = (
        replace(rating, score=rating.score * _OTHER_WORDING, cover=rating.cover * _OTHER_WORDING) for rating in further
    )
    return max((plainest, *weaker), key=lambda rating: rating.score)


def _sureness(rating: Fit, by_fit: Sequence[Fit]) -> str:
    """Return the sureness of a fit: with a near rival it is never sure, and with an even one it is a guess."""
    rival = max((further.score for further in by_fit if further is not rating), default=0.0)
    cover = _COVER_WITH_LIMIT if rating.limit else _COVER
    is_specific = rating.limit or rating.extra < _OTHER
    if is_specific and rating.score >= _SURE and rating.cover >= cover and rival <= _CLEAR * rating.score:
        return SURE
    return LIKELY if rating.score >= _LIKELY and rating.cover and rival <= rating.score * _EVEN else GUESS


def _proposal(rating: Fit, sureness: str) -> Proposal:
    reasons = (
        f"names {', '.join(rating.named)}" if rating.named else "",
        f"stands beside {', '.join(rating.nearby)}" if rating.nearby else "",
        "states a limit of it" if rating.limit else "",
    )
    return _proposal_of(rating.candidate.section, sureness, " and ".join(part for part in reasons if part))


def _proposal_of(section: Section, sureness: str, why: str) -> Proposal:
    return Proposal(anchor=section.anchor, title=section.title, line=section.line, sureness=sureness, why=why)


def _as_guess(proposal: Proposal) -> Proposal:
    return replace(proposal, sureness=GUESS)
