"""Resolve: what is said where a runbook and thresholds.yaml do not agree; each finding shows both places.

Used by `compiler.resolve.evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from compiler.conventions import THRESHOLDS_HEADING
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.guides.statement import TARGET
from compiler.meaning import rest
from compiler.model import Limit
from compiler.quantities import STATE, Comparison, Quantity, duration_text
from compiler.resolve.claims import Claim, differences, measured
from compiler.resolve.limits import TRUE, sentence, shown
from compiler.resolve.sentences import Sentence
from compiler.resolve.waivers import Waiver
from compiler.signals.bound import Signal
from compiler.statements import Statement

_WHICH_SIDE: Final = (
    "make the two agree: if the runbook is right, change the limit, which is what runs; if the limit is, change the"
    " runbook, which is what people follow"
)
_WAIVE: Final = '`waive: [{statement: "its words", reason: why}]` of the system'


def bullet_differs(signal: Signal, limit: Limit, bullet: Statement, diagnostics: Diagnostics) -> None:
    """Add an error where a bullet states another limit than the one that runs."""
    stated, comparison = bullet.comparison or TRUE, _comparison(limit)
    if stated != comparison and not stated.quantity.unit == comparison.quantity.unit == STATE:
        where = f"the {limit.severity} limit of `{signal.id}` is {shown(comparison)}"
        message = f"the runbook says {shown(stated)}, and {where}"
        related = (Related(span=limit.span, message=where),)
        diagnostics.error("limit-differs", bullet.span, message, hint=_WHICH_SIDE, related=related)


def sentence_differs(one: Sentence, claim: Claim, diagnostics: Diagnostics) -> None:
    """Add the error for a sentence and the claim that it speaks of and does not agree with."""
    of_signal = f"of `{claim.signal.id}`"
    where = f"{claim.severity} limit {of_signal}" if claim.severity else f"`active` {of_signal}"
    related = (Related(span=claim.span, message=f"the {where} is {shown(claim.comparison)}"),)
    hint = f"{_WHICH_SIDE}; where they speak of different things, waive the sentence: {_WAIVE}"
    message = f"the runbook says {_said(one, claim)}, and the {where} is {_runs(one, claim)}"
    diagnostics.error("limit-differs", one.span, message, hint=hint, related=related)


def unwatched(what: str, span: Span, systems: Sequence[str], diagnostics: Diagnostics) -> None:
    """Add the error for a statement that no alert of the systems carries."""
    whose = " or ".join(f"`{system}`" for system in systems)
    message = f"no alert of {whose} carries this limit of “{what}”"
    hint = f"name it below `limits:` of the system, take it out of the runbook, or waive it: {_WAIVE}"
    diagnostics.error("unwatched-statement", span, message, hint=hint)


def undocumented(signal: Signal, limit: Limit, path: str, diagnostics: Diagnostics) -> None:
    """Add the error for a limit that the runbook does not state."""
    proposed = sentence(signal, limit.severity, _comparison(limit))
    hint = f'add `- {proposed}` below "{THRESHOLDS_HEADING}"'
    diagnostics.error("undocumented-limit", limit.span, f"{path} does not state this limit", hint=hint)


def unused(waiver: Waiver, path: str, text: str, diagnostics: Diagnostics) -> None:
    """Add the error for a waiver that waives nothing."""
    carried = any(waiver.covers(line) for line in text.split("\n"))
    why = "an alert carries this" if carried else f"{path} does not say this"
    hint = "take it out; a waiver that waives nothing hides what comes later"
    diagnostics.error("unused-waiver", waiver.span, f"{why}: there is nothing to waive", hint=hint)


def _said(one: Sentence, claim: Claim) -> str:
    """Return what a sentence says of what it and a claim differ in; of the rest of a share both ways to say it."""
    stated, same, what = one.stated, measured(one.stated, claim), differences(one, claim)
    limit = shown(Comparison(stated.comparator, Quantity(stated.value, stated.unit)))
    if same is not stated:
        used = shown(Comparison(same.comparator, Quantity(same.value, same.unit)))
        limit = f"{limit} {rest(claim.signal) or 'of the rest'}, that is {used}"
    if {"number", "comparator"} & set(what):
        return f"{limit} as a target" if stated.kind == TARGET else limit
    return f"{limit} is {stated.severity}" if "severity" in what else f"{limit} for {duration_text(stated.hold or 0)}"


def _runs(one: Sentence, claim: Claim) -> str:
    runs, hold = shown(claim.comparison), claim.hold
    return f"{runs} for {duration_text(hold)}" if differences(one, claim) == ("for",) and hold is not None else runs


def _comparison(limit: Limit) -> Comparison:
    return TRUE if limit.unit == STATE else Comparison(limit.comparator, Quantity(limit.value, limit.unit))
