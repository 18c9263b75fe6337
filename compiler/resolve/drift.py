"""Resolve: what is said where a runbook and thresholds.yaml do not agree; each finding shows both places.

Used by `compiler.resolve.evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from compiler.conventions import THRESHOLDS_HEADING
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.guides.statement import TARGET
from compiler.guides.vocabulary import spellings
from compiler.meaning import rest
from compiler.model import Limit
from compiler.quantities import STATE, Comparison, Quantity, duration_text
from compiler.resolve.claims import Claim, differences, measured
from compiler.resolve.limits import TRUE, sentence, shown
from compiler.resolve.matching import Watch
from compiler.resolve.sentences import Sentence
from compiler.resolve.waivers import Waiver
from compiler.severities import word_key
from compiler.signals.bound import Signal
from compiler.statements import Statement

_WHICH_SIDE: Final = (
    "make the two agree: if the runbook is right, change the limit, which is what runs; if the limit is, change the"
    " runbook, which is what people follow"
)
_WAIVE: Final = '`waive: [{statement: "its words", reason: why}]` of the system'


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """How limits are called: `path` is the runbook's, `several` is set where several systems share it."""

    path: str
    several: bool

    def limit(self, claim: Claim) -> str:
        """Return what is called a claim, without an article."""
        what = (
            f"{claim.severity} limit of `{claim.signal.id}`" if claim.severity else f"`active` of `{claim.signal.id}`"
        )
        return f"{what} of `{claim.system}`" if self.several else what


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a sentence is about, in its words, and the claims that say the same of something else.

    `grade` is its word for the severity with what that stands for, where that is another word.
    """

    subject: Sequence[str] = ()
    elsewhere: Sequence[Claim] = ()
    grade: str = ""

    @property
    def of(self) -> str:
        """The words behind what a runbook says; nothing where it says it of all."""
        return f" of {', '.join(self.subject)}" if self.subject else ""


def bullet_differs(watch: Watch, limit: Limit, bullet: Statement, naming: Naming, diagnostics: Diagnostics) -> None:
    """Add an error where a bullet states another limit than the one that runs."""
    stated, comparison = bullet.comparison or TRUE, _comparison(limit)
    if stated != comparison and not stated.quantity.unit == comparison.quantity.unit == STATE:
        where = f"the {naming.limit(watch.claim(limit))} is {shown(comparison)}"
        message = f"the runbook says {shown(stated)}, and {where}"
        related = (Related(span=limit.span, message=where),)
        diagnostics.error("limit-differs", bullet.span, message, hint=_WHICH_SIDE, related=related)


def sentence_differs(one: Sentence, claim: Claim, about: About, naming: Naming, diagnostics: Diagnostics) -> None:
    """Add the error for a sentence and the claim that it speaks of and does not agree with."""
    where, what = naming.limit(claim), differences(one, claim)
    related = [Related(span=claim.span, message=f"the {where} is {shown(claim.comparison)}")]
    runs = f"the {where} is {_runs(one, claim)}"
    if what == ("for",) and claim.for_span is not None and claim.for_seconds is not None:
        message = f"the {where} holds for {duration_text(claim.for_seconds)}"
        related = [Related(span=claim.for_span, message=message)]
    if about.elsewhere and "severity" in what:
        of_system = f" of `{claim.system}`" if naming.several else ""
        runs = f"`{claim.signal.id}`{of_system} has no {one.stated.severity} limit"
    message = f"the runbook says {_said(one, claim, what)}{about.of}, and {runs}"
    hint = f"{_WHICH_SIDE}; where they speak of different things, waive the sentence: {_WAIVE}"
    if "severity" in what and other_word(one.stated.severity_word, one.stated.severity):
        meant = f"`severities: {{{one.stated.severity_word}: {claim.severity}}}` in thresholds.yaml"
        hint = f"where “{one.stated.severity_word}” stands for another severity, say {meant}; else {hint}"
    if about.elsewhere:
        message += f"; {_stated(one)} is the {naming.limit(about.elsewhere[0])}"
        related += [
            Related(span=other.span, message=f"the {naming.limit(other)} is {shown(other.comparison)}")
            for other in about.elsewhere
        ]
    diagnostics.error("limit-differs", one.span, message, hint=hint, related=tuple(related))


def quotes_another(
    quoted: Statement, limit: Limit, subject: Sequence[str], where: str, diagnostics: Diagnostics
) -> None:
    """Add the error for a limit that quotes words on something else than its alerts are about."""
    message = f"the runbook says this of {', '.join(subject)}, and the {where} quotes it"
    related = (Related(span=limit.span, message=f"the {where}"),)
    hint = "quote the sentence on what the alert is about"
    diagnostics.error("limit-differs", quoted.span, message, hint=hint, related=related)


def unwatched(what: str, span: Span, about: About, systems: Sequence[str], diagnostics: Diagnostics) -> None:
    """Add the error for a statement that no alert of the systems carries."""
    whose = " or ".join(f"`{system}`" for system in systems)
    message = f"no alert of {whose} carries this limit of “{what}”{f', {about.grade}' if about.grade else ''}"
    naming = Naming(path="", several=len(systems) > 1)
    related = [
        Related(span=one.span, message=f"the {naming.limit(one)} has this number, and is about something else")
        for one in about.elsewhere
    ]
    if about.subject:
        message += f", which the runbook states{about.of}"
    hint = f"name it below `limits:` of the system, take it out of the runbook, or waive it: {_WAIVE}"
    diagnostics.error("unwatched-statement", span, message, hint=hint, related=tuple(related))


def undocumented(watch: Watch, limit: Limit, called: str, naming: Naming, diagnostics: Diagnostics) -> None:
    """Add the error for a limit that the runbook does not state; `called` is what a bullet calls the signal."""
    proposed = sentence(replace(watch.signal, title=called), limit.severity, _comparison(limit))
    hint = f'add `- {proposed}` below "{THRESHOLDS_HEADING}"'
    diagnostics.error("undocumented-limit", limit.span, f"{naming.path} does not state this limit", hint=hint)


def changed(waiver: Waiver, one: Sentence, diagnostics: Diagnostics) -> None:
    """Add the error for a sentence that has been changed since it was waived."""
    related = (Related(span=waiver.span, message="these words were waived"),)
    hint = "bring the waiver's `statement:` up to date, or take it out and name the limit"
    diagnostics.error(
        "unused-waiver", one.span, "this limit has been changed since it was waived", hint=hint, related=related
    )


def misnamed(bullet: Statement, signal: Signal, limit: Limit, diagnostics: Diagnostics) -> None:
    """Add the error for a bullet that names a signal almost by its title."""
    related = (Related(span=limit.span, message=f"the {limit.severity} limit of “{signal.title}” has no statement"),)
    message = f"no signal is called “{bullet.title}”"
    diagnostics.error(
        "unwatched-statement", bullet.span, message, hint=f"did you mean “{signal.title}”?", related=related
    )


def unused(waiver: Waiver, path: str, text: str, diagnostics: Diagnostics) -> None:
    """Add the error for a waiver that waives nothing."""
    carried = any(waiver.covers(line) for line in text.split("\n"))
    why = "an alert carries this" if carried else f"{path} does not say this"
    hint = "take it out; a waiver that waives nothing hides what comes later"
    diagnostics.error("unused-waiver", waiver.span, f"{why}: there is nothing to waive", hint=hint)


def _said(one: Sentence, claim: Claim, what: Sequence[str]) -> str:
    """Return what a sentence says of what it and a claim differ in; of the rest of a share both ways to say it."""
    stated, same, limit = one.stated, measured(one.stated, claim), _stated(one)
    if same is not stated:
        used = shown(Comparison(same.comparator, Quantity(same.value, same.unit)))
        limit = f"{limit} {rest(claim.signal) or 'of the rest'}, that is {used}"
    if {"number", "comparator"} & set(what):
        limit += " as a target" if stated.kind == TARGET else ""
        # What is quoted is the runbook's word, which may stand for what nobody expects.
        other = other_word(stated.severity_word, stated.severity)
        return f"{limit} for {other}" if other else limit
    if "severity" in what:
        return f"{limit} is {other_word(stated.severity_word, stated.severity) or stated.severity}"
    if "for" in what:
        return f"{limit} for {duration_text(stated.for_seconds or 0)}"
    return f"{limit} within {duration_text(stated.window or 0)}"


def other_word(word: str, severity: str) -> str:
    """Return a runbook's word for a severity with what it stands for, nothing where it is the severity's own name."""
    return "" if word_key(word) in {"", *spellings(severity)} else f"`{word}` ({severity})"


def _stated(one: Sentence) -> str:
    return shown(Comparison(one.stated.comparator, Quantity(one.stated.value, one.stated.unit)))


def _runs(one: Sentence, claim: Claim) -> str:
    runs, what = shown(claim.comparison), differences(one, claim)
    if what[:1] == ("for",) and claim.for_seconds is not None:
        return f"{runs} for {duration_text(claim.for_seconds)}"
    return f"{runs} within {duration_text(claim.window)}" if what == ("window",) and claim.window is not None else runs


def _comparison(limit: Limit) -> Comparison:
    return TRUE if limit.unit == STATE else Comparison(limit.comparator, Quantity(limit.value, limit.unit))
