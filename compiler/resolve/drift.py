"""Resolve: the findings for a runbook and thresholds.yaml that do not agree; each finding shows both places.

`compiler.resolve.evidence` calls these functions.
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
from compiler.resolve.limits import TRUE, shown
from compiler.resolve.limits import sentence as limit_sentence
from compiler.resolve.matching import Watch
from compiler.resolve.sentences import Sentence
from compiler.resolve.waivers import Waiver
from compiler.runbooks.statements import Statement
from compiler.severities import word_key
from compiler.signals.bound import Signal

_WHICH_SIDE: Final = (
    "make the two agree: if the runbook is right, change the limit, which is what runs; if the limit is, change the"
    " runbook, which is what people follow"
)
_WAIVE: Final = '`waive: [{statement: "its words", reason: why}]` of the system'


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """How messages name limits: `path` is that of the runbook, `several` is set if several systems share it."""

    path: str
    several: bool

    def limit(self, claim: Claim) -> str:
        """Return the name of a claim, without an article."""
        limit_name = (
            f"{claim.severity} limit of `{claim.signal.id}`" if claim.severity else f"`active` of `{claim.signal.id}`"
        )
        return f"{limit_name} of `{claim.system}`" if self.several else limit_name


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a sentence is about, in its own words, and the claims that agree with it but are about something else.

    `grade` is the sentence's word for its severity, together with the severity, if the two differ; else it is empty.
    """

    subject: Sequence[str] = ()
    elsewhere: Sequence[Claim] = ()
    grade: str = ""

    @property
    def of(self) -> str:
        """The words ` of …` that follow a statement in a message; empty if the statement holds for all alerts."""
        return f" of {', '.join(self.subject)}" if self.subject else ""


def bullet_differs(watch: Watch, limit: Limit, bullet: Statement, naming: Naming, diagnostics: Diagnostics) -> None:
    """Add an error if a bullet states another limit than the one that runs."""
    stated, comparison = bullet.comparison or TRUE, _comparison(limit)
    if stated != comparison and not stated.quantity.unit == comparison.quantity.unit == STATE:
        limit_text = f"the {naming.limit(watch.claim(limit))} is {shown(comparison)}"
        message = f"the runbook says {shown(stated)}, and {limit_text}"
        related = (Related(span=limit.span, message=limit_text),)
        diagnostics.error("limit-differs", bullet.span, message, hint=_WHICH_SIDE, related=related)


def sentence_differs(sentence: Sentence, claim: Claim, about: About, naming: Naming, diagnostics: Diagnostics) -> None:
    """Add the error for a sentence that differs from the claim that it is about."""
    limit_name, differing = naming.limit(claim), differences(sentence, claim)
    related = [Related(span=claim.span, message=f"the {limit_name} is {shown(claim.comparison)}")]
    runs = f"the {limit_name} is {_running_limit(sentence, claim)}"
    if differing == ("for",) and claim.for_span is not None and claim.for_seconds is not None:
        message = f"the {limit_name} holds for {duration_text(claim.for_seconds)}"
        related = [Related(span=claim.for_span, message=message)]
    if about.elsewhere and "severity" in differing:
        of_system = f" of `{claim.system}`" if naming.several else ""
        runs = f"`{claim.signal.id}`{of_system} has no {sentence.stated.severity} limit"
    message = f"the runbook says {_differing_words(sentence, claim, differing)}{about.of}, and {runs}"
    hint = f"{_WHICH_SIDE}; where they speak of different things, waive the sentence: {_WAIVE}"
    if "severity" in differing and other_word(sentence.stated.severity_word, sentence.stated.severity):
        setting = f"`severities: {{{sentence.stated.severity_word}: {claim.severity}}}` in thresholds.yaml"
        hint = f"where “{sentence.stated.severity_word}” stands for another severity, say {setting}; else {hint}"
    if about.elsewhere:
        message += f"; {_stated_limit(sentence)} is the {naming.limit(about.elsewhere[0])}"
        related += [
            Related(
                span=other_claim.span, message=f"the {naming.limit(other_claim)} is {shown(other_claim.comparison)}"
            )
            for other_claim in about.elsewhere
        ]
    diagnostics.error("limit-differs", sentence.span, message, hint=hint, related=tuple(related))


def quotes_another(
    quoted: Statement, limit: Limit, subject: Sequence[str], limit_name: str, diagnostics: Diagnostics
) -> None:
    """Add the error for a limit that quotes a line which is about something else than the limit's alerts."""
    message = f"the runbook says this of {', '.join(subject)}, and the {limit_name} quotes it"
    related = (Related(span=limit.span, message=f"the {limit_name}"),)
    hint = "quote the sentence on what the alert is about"
    diagnostics.error("limit-differs", quoted.span, message, hint=hint, related=related)


def unwatched(text: str, span: Span, about: About, systems: Sequence[str], diagnostics: Diagnostics) -> None:
    """Add the error for a statement that no alert of the systems implements; `text` is how the message quotes it."""
    system_names = " or ".join(f"`{system}`" for system in systems)
    message = f"no alert of {system_names} carries this limit of “{text}”{f', {about.grade}' if about.grade else ''}"
    naming = Naming(path="", several=len(systems) > 1)
    related = [
        Related(span=claim.span, message=f"the {naming.limit(claim)} has this number, and is about something else")
        for claim in about.elsewhere
    ]
    if about.subject:
        message += f", which the runbook states{about.of}"
    hint = f"name it below `limits:` of the system, take it out of the runbook, or waive it: {_WAIVE}"
    diagnostics.error("unwatched-statement", span, message, hint=hint, related=tuple(related))


def undocumented(watch: Watch, limit: Limit, bullet_title: str, naming: Naming, diagnostics: Diagnostics) -> None:
    """Add the error for a limit that the runbook does not state; `bullet_title` names the signal in bullets."""
    proposed = limit_sentence(replace(watch.signal, title=bullet_title), limit.severity, _comparison(limit))
    hint = f'add `- {proposed}` below "{THRESHOLDS_HEADING}"'
    diagnostics.error("undocumented-limit", limit.span, f"{naming.path} does not state this limit", hint=hint)


def changed(waiver: Waiver, sentence: Sentence, diagnostics: Diagnostics) -> None:
    """Add the error for a sentence that somebody changed after it was waived."""
    related = (Related(span=waiver.span, message="these words were waived"),)
    hint = "bring the waiver's `statement:` up to date, or take it out and name the limit"
    diagnostics.error(
        "unused-waiver", sentence.span, "this limit has been changed since it was waived", hint=hint, related=related
    )


def misnamed(bullet: Statement, signal: Signal, limit: Limit, diagnostics: Diagnostics) -> None:
    """Add the error for a bullet that misspells the title of a signal."""
    related = (Related(span=limit.span, message=f"the {limit.severity} limit of “{signal.title}” has no statement"),)
    message = f"no signal is called “{bullet.title}”"
    diagnostics.error(
        "unwatched-statement", bullet.span, message, hint=f"did you mean “{signal.title}”?", related=related
    )


def unused(waiver: Waiver, path: str, text: str, diagnostics: Diagnostics) -> None:
    """Add the error for a waiver that waives nothing."""
    is_carried = any(waiver.covers(line) for line in text.split("\n"))
    why = "an alert carries this" if is_carried else f"{path} does not say this"
    hint = "take it out; a waiver that waives nothing hides limits that somebody writes later"
    diagnostics.error("unused-waiver", waiver.span, f"{why}: there is nothing to waive", hint=hint)


def _differing_words(sentence: Sentence, claim: Claim, differing: Sequence[str]) -> str:
    """Return the part of a sentence that differs from a claim; give a free share also as the used share."""
    stated, converted, limit = sentence.stated, measured(sentence.stated, claim), _stated_limit(sentence)
    if converted is not stated:
        used_share = shown(Comparison(converted.comparator, Quantity(converted.value, converted.unit)))
        limit = f"{limit} {rest(claim.signal) or 'of the rest'}, that is {used_share}"
    if {"number", "comparator"} & set(differing):
        limit += " as a target" if stated.kind == TARGET else ""
        # The message quotes the runbook's word, because the file may map it to an unexpected severity.
        severity_text = other_word(stated.severity_word, stated.severity)
        return f"{limit} for {severity_text}" if severity_text else limit
    if "severity" in differing:
        return f"{limit} is {other_word(stated.severity_word, stated.severity) or stated.severity}"
    if "for" in differing:
        return f"{limit} for {duration_text(stated.for_seconds or 0)}"
    return f"{limit} within {duration_text(stated.window or 0)}"


def other_word(word: str, severity: str) -> str:
    """Return a runbook's word together with the severity it stands for; empty if the word is a name of the severity."""
    return "" if word_key(word) in {"", *spellings(severity)} else f"`{word}` ({severity})"


def _stated_limit(sentence: Sentence) -> str:
    return shown(Comparison(sentence.stated.comparator, Quantity(sentence.stated.value, sentence.stated.unit)))


def _running_limit(sentence: Sentence, claim: Claim) -> str:
    runs, differing = shown(claim.comparison), differences(sentence, claim)
    if differing[:1] == ("for",) and claim.for_seconds is not None:
        return f"{runs} for {duration_text(claim.for_seconds)}"
    return (
        f"{runs} within {duration_text(claim.window)}"
        if differing == ("window",) and claim.window is not None
        else runs
    )


def _comparison(limit: Limit) -> Comparison:
    return TRUE if limit.unit == STATE else Comparison(limit.comparator, Quantity(limit.value, limit.unit))
