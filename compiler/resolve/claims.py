"""Resolve: what thresholds.yaml says of one signal, and whether a sentence of a runbook says the same.

Used by `compiler.resolve.evidence`. A claim is a limit of one severity, or the comparison that makes a state true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Final

from compiler.conventions import words
from compiler.diagnostics import Span
from compiler.guides import meaning
from compiler.guides.absence import AGE, SILENCE
from compiler.guides.statement import NO_SEVERITY, TARGET, GuideStatement
from compiler.guides.vocabulary import vocabulary
from compiler.meaning import builtin_side, complement
from compiler.model import Limit
from compiler.quantities import COUNT, STATE, Comparison, Quantity
from compiler.resolve.sentences import Sentence, of_runbook
from compiler.runbooks import Runbook, Section
from compiler.signals.bound import Signal
from compiler.subjects import About, Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One number that a system watches; `severity` and `for_seconds` are None where they are not its own.

    `window` are the seconds within which the events are counted that it is a number of, None of anything else.
    `section` is where its alert leads to, None where that is not known; `system` and `subject` tell what it is about.
    """

    signal: Signal
    severity: str | None
    comparison: Comparison
    for_seconds: int | None
    section: Section | None
    span: Span
    system: str = ""
    subject: Subject = ()
    for_span: Span | None = None
    window: int | None = None

    @property
    def about(self) -> About:
        """What it is about."""
        quantity = self.quantity or (self.signal.kind, self.comparison.quantity.unit)
        return About(subject=self.subject, quantity=quantity)

    @property
    def quantity(self) -> str | None:
        """What is measured, in the vocabulary of guides; None where the signal's title does not tell."""
        if self.signal.kind == SILENCE:
            return SILENCE
        return _quantity(self.signal.id, self.signal.title, self.comparison.quantity.unit)


def limit_claim(signal: Signal, limit: Limit, section: Section | None) -> Claim:
    """Return what a limit claims."""
    comparison = Comparison(limit.comparator, Quantity(limit.value, limit.unit))
    return Claim(
        signal=signal,
        severity=limit.severity,
        comparison=comparison,
        for_seconds=limit.for_seconds,
        section=section,
        span=limit.span,
        for_span=limit.for_span,
    )


@lru_cache(maxsize=1024)
def _quantity(identifier: str, title: str, unit: str) -> str | None:
    if identifier.startswith(AGE):
        return AGE
    if any(one.signal == identifier for one in vocabulary().quantities):
        return identifier
    found = meaning.nearest(title, unit, backwards=True) or meaning.nearest(words(identifier), unit, backwards=True)
    return found.signal if found else None


def candidates(sentence: Sentence, claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Return the claims that a sentence may speak of, all in its unit; of a bullet those of the signal that it names.

    They are of its quantity and lead to its section; else lead there and say the same; else are of its quantity; else
    lead there; else are of a quantity of its family, as the 95th percentile is one of response times.
    """
    fitting = in_unit(sentence, claims)
    if sentence.titled:
        return tuple(one for one in fitting if sentence.titled in {one.signal.title.casefold(), one.signal.id})
    alike = [one for one in fitting if one.quantity == sentence.stated.signal]
    here = [one for one in _innermost(sentence, fitting) if agrees(sentence, one) or _may_mean(sentence, one)]
    family = [one for one in fitting if one.quantity and _family(one.quantity) == _family(sentence.stated.signal)]
    saying = [one for one in here if agrees(sentence, one)]
    return tuple([one for one in here if one in alike] or saying or alike or here or family)


def in_unit(sentence: Sentence, claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims in the unit of a sentence's number."""
    return [one for one in claims if one.comparison.quantity.unit == _unit(sentence.stated)]


_GENERAL: Final = frozenset({"latency_other", "rate", "count", "other"})
"""Quantities of a sentence that names none of its own."""


def _may_mean(sentence: Sentence, claim: Claim) -> bool:
    """Return whether a sentence may speak of a claim whose section it stands in; not if it names something else."""
    named = sentence.stated.signal
    return named in _GENERAL or claim.quantity is None or _family(claim.quantity) == _family(named)


def _unit(stated: GuideStatement) -> str:
    """Return the base unit of a sentence's number; so many times are a count."""
    return COUNT if stated.unit == "other" else stated.unit


def _family(quantity: str) -> str:
    if quantity in {AGE, SILENCE}:
        return SILENCE
    return quantity.split("_", maxsplit=1)[0] if quantity.startswith("latency_") else quantity


def _innermost(sentence: Sentence, claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims whose section the sentence stands in, of the deepest such section."""
    inside = [
        (one.section.line, one)
        for one in claims
        if one.section and one.section.line <= sentence.span.line <= one.section.end
    ]
    deepest = max((line for line, _ in inside), default=0)
    return [one for line, one in inside if line == deepest]


def agrees(sentence: Sentence, claim: Claim) -> bool:
    """Return whether a sentence says what a claim says."""
    return not differences(sentence, claim)


def differences(sentence: Sentence, claim: Claim) -> tuple[str, ...]:
    """Return in what the two differ: `number`, `comparator`, `severity`, `for`, `window`; nothing where they agree."""
    stated, comparison = measured(sentence.stated, claim), claim.comparison
    found = []
    ends = [stated.value, *(() if stated.value_to is None else (stated.value_to,))]
    # Fewer than 25 is the target of an alert above 25, as well as of one from 25 on.
    whole = _as_it_is if stated.kind == TARGET else _whole
    sign, value = whole(comparison.comparator, comparison.quantity)
    said = [whole(stated.comparator, Quantity(end, _unit(stated))) for end in ends]
    if value not in [number for _, number in said]:
        found.append("number")
    elif not _same_comparator(stated, said[0][0], sign):
        found.append("comparator")
    if stated.severity != NO_SEVERITY and claim.severity not in {None, stated.severity}:
        found.append("severity")
    if stated.for_seconds is not None and claim.for_seconds is not None and stated.for_seconds != claim.for_seconds:
        found.append("for")
    if stated.window is not None and claim.window is not None and stated.window != claim.window:
        found.append("window")
    return tuple(found)


def measured(stated: GuideStatement, claim: Claim) -> GuideStatement:
    """Return a statement on what the claim's signal measures: what is said of the rest of a share as of what is used.

    A signal that measures the rest itself, and is in trouble when that is low, has its statements as they are.
    """
    if not stated.complement or claim.signal.bad != builtin_side(stated.signal):
        return stated
    found = complement(Comparison(stated.comparator, Quantity(stated.value, stated.unit)))
    if found is None:
        return stated
    ends = () if stated.value_to is None else (Decimal(1) - stated.value_to,)
    changed = replace(stated, comparator=found.comparator, value=found.quantity.value, complement=False)
    return replace(changed, value_to=ends[0] if ends else None)


_INVERSE: Final = {">": "<", "<": ">"}


def _same_comparator(stated: GuideStatement, said: str, claimed: str) -> bool:
    """Return whether the comparators agree; of a target, and of a number without one, the direction counts alone.

    A target "below 200 ms" is breached from 200 ms on, or above it: both are right.
    """
    if stated.kind == TARGET and _INVERSE.get(said[0]) == claimed[0]:
        return True
    if stated.inferred:
        return said[0] == claimed[0]
    return said == claimed


def _whole(comparator: str, quantity: Quantity) -> tuple[str, Decimal]:
    """Return a comparison in one of its ways to be written: at least 1 of whole things is more than 0."""
    value = quantity.value
    if quantity.unit == COUNT and value == value.to_integral_value() and comparator in {">=", "<"}:
        return (">", value - 1) if comparator == ">=" else ("<=", value - 1)
    return comparator, value


def _is_beyond(claim: Claim, sentence: Sentence) -> bool:
    """Return whether a claim begins at the number of a sentence's target or on its bad side."""
    stated = measured(sentence.stated, claim)
    value, target = claim.comparison.quantity.value, stated.value
    inverse = _INVERSE.get(stated.comparator[0]) == claim.comparison.comparator[0]
    return inverse and (value >= target if claim.comparison.comparator[0] == ">" else value <= target)


def is_usual(sentence: Sentence, claims: Sequence[Claim]) -> bool:
    """Return whether a sentence is a target that all claims, one at least, begin beyond: they alert on its breach."""
    beyond = bool(claims) and all(_is_beyond(claim, sentence) for claim in claims)
    return beyond and sentence.stated.kind == TARGET


def nearest_claim(sentence: Sentence, claims: Iterable[Claim]) -> Claim:
    """Return the claim, of at least one, that a sentence most probably speaks of."""
    return min(claims, key=lambda one: (one.severity not in {None, sentence.stated.severity}, _distance(sentence, one)))


def _as_it_is(comparator: str, quantity: Quantity) -> tuple[str, Decimal]:
    return comparator, quantity.value


def _distance(sentence: Sentence, claim: Claim) -> Decimal:
    here, there = measured(sentence.stated, claim).value, claim.comparison.quantity.value
    return abs(here - there) / max(abs(here), abs(there), Decimal(1).scaleb(-18))


def lines_about(runbook: Runbook, signal: Signal) -> tuple[int, ...]:
    """Return the lines of a runbook that state a limit of what a signal measures."""
    quantity = _quantity(signal.id, signal.title, signal.unit)
    return tuple(one.span.line for one in of_runbook(runbook) if quantity and one.stated.signal == quantity)


def active_claim(signal: Signal, active: Comparison, section: Section | None, span: Span) -> Claim | None:
    """Return what a state's comparison claims; None where it only tells one number from all others."""
    if active.comparator == "==" or active.quantity.unit == STATE:
        return None
    return Claim(signal=signal, severity=None, comparison=active, for_seconds=None, section=section, span=span)
