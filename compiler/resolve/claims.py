"""Resolve: the claims of thresholds.yaml on one signal, compared with the sentences of a runbook.

`compiler.resolve.evidence` uses them. A claim is the limit of one severity, or the comparison that makes a state true.
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
    """One number that a system watches; `severity` and `for_seconds` are None for the comparison of a state.

    `window` is the number of seconds within which the signal counts events, or None if the number counts no events.
    `section` is the runbook section that its alert links to, or None if that is unknown. `system` and `subject` tell
    what the claim is about.
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
        """What the claim is about."""
        quantity = self.quantity or (self.signal.kind, self.comparison.quantity.unit)
        return About(subject=self.subject, quantity=quantity)

    @property
    def quantity(self) -> str | None:
        """The measured quantity, in the vocabulary of guides; None if the signal's title does not tell it."""
        if self.signal.kind == SILENCE:
            return SILENCE
        return _quantity(self.signal.id, self.signal.title, self.comparison.quantity.unit)


def limit_claim(signal: Signal, limit: Limit, section: Section | None) -> Claim:
    """Return the claim of a limit."""
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
    if any(quantity.signal == identifier for quantity in vocabulary().quantities):
        return identifier
    nearest = meaning.nearest(title, unit, backwards=True) or meaning.nearest(words(identifier), unit, backwards=True)
    return nearest.signal if nearest else None


def candidates(sentence: Sentence, claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Return the claims that a sentence may be about, all in its unit; a bullet is about the signal that it names.

    It is the first of these groups that is not empty: claims on the sentence's quantity that link to its section;
    claims that link there and agree with it; claims on its quantity; claims that link there; claims on a quantity of
    the same family, as the 95th percentile belongs to response times.
    """
    claims_in_unit = in_unit(sentence, claims)
    if sentence.titled:
        return tuple(
            claim for claim in claims_in_unit if sentence.titled in {claim.signal.title.casefold(), claim.signal.id}
        )
    same_quantity = [claim for claim in claims_in_unit if claim.quantity == sentence.stated.signal]
    in_section = [
        claim for claim in _innermost(sentence, claims_in_unit) if agrees(sentence, claim) or _may_mean(sentence, claim)
    ]
    same_family = [
        claim
        for claim in claims_in_unit
        if claim.quantity and _family(claim.quantity) == _family(sentence.stated.signal)
    ]
    agreeing = [claim for claim in in_section if agrees(sentence, claim)]
    return tuple(
        [claim for claim in in_section if claim in same_quantity]
        or agreeing
        or same_quantity
        or in_section
        or same_family
    )


def in_unit(sentence: Sentence, claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims with the same unit as a sentence's number."""
    return [claim for claim in claims if claim.comparison.quantity.unit == _unit(sentence.stated)]


_GENERAL: Final = frozenset({"latency_other", "rate", "count", "other"})
"""Quantities of a sentence that names no particular quantity."""


def _may_mean(sentence: Sentence, claim: Claim) -> bool:
    """Return whether a sentence in a claim's section may be about the claim: not if it names another quantity."""
    quantity = sentence.stated.signal
    return quantity in _GENERAL or claim.quantity is None or _family(claim.quantity) == _family(quantity)


def _unit(stated: GuideStatement) -> str:
    """Return the base unit of a sentence's number; a number of times is a count."""
    return COUNT if stated.unit == "other" else stated.unit


def _family(quantity: str) -> str:
    if quantity in {AGE, SILENCE}:
        return SILENCE
    return quantity.split("_", maxsplit=1)[0] if quantity.startswith("latency_") else quantity


def _innermost(sentence: Sentence, claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims that link to the innermost section in which the sentence stands."""
    inside = [
        (claim.section.line, claim)
        for claim in claims
        if claim.section and claim.section.line <= sentence.span.line <= claim.section.end
    ]
    deepest = max((line for line, _ in inside), default=0)
    return [claim for line, claim in inside if line == deepest]


def agrees(sentence: Sentence, claim: Claim) -> bool:
    """Return whether a sentence agrees with a claim."""
    return not differences(sentence, claim)


def differences(sentence: Sentence, claim: Claim) -> tuple[str, ...]:
    """Return what differs: `number`, `comparator`, `severity`, `for`, `window`; return nothing if the two agree."""
    stated, comparison = measured(sentence.stated, claim), claim.comparison
    differing = []
    numbers = [stated.value, *(() if stated.value_to is None else (stated.value_to,))]
    # A target of fewer than 25 fits an alert above 25 as well as one at 25 or more.
    form = _unchanged if stated.kind == TARGET else _normal_form
    comparator, value = form(comparison.comparator, comparison.quantity)
    stated_numbers = [form(stated.comparator, Quantity(end, _unit(stated))) for end in numbers]
    if value not in [number for _, number in stated_numbers]:
        differing.append("number")
    elif not _same_comparator(stated, stated_numbers[0][0], comparator):
        differing.append("comparator")
    if stated.severity != NO_SEVERITY and claim.severity not in {None, stated.severity}:
        differing.append("severity")
    if stated.for_seconds is not None and claim.for_seconds is not None and stated.for_seconds != claim.for_seconds:
        differing.append("for")
    if stated.window is not None and claim.window is not None and stated.window != claim.window:
        differing.append("window")
    return tuple(differing)


def measured(stated: GuideStatement, claim: Claim) -> GuideStatement:
    """Return a statement in terms of what the claim's signal measures: a free share is converted to a used share.

    If the signal measures the free share itself, and is in trouble when that is low, the statement is unchanged.
    """
    if not stated.complement or claim.signal.bad != builtin_side(stated.signal):
        return stated
    converted = complement(Comparison(stated.comparator, Quantity(stated.value, stated.unit)))
    if converted is None:
        return stated
    ends = () if stated.value_to is None else (Decimal(1) - stated.value_to,)
    changed = replace(stated, comparator=converted.comparator, value=converted.quantity.value, complement=False)
    return replace(changed, value_to=ends[0] if ends else None)


_INVERSE: Final = {">": "<", "<": ">"}


def _same_comparator(stated: GuideStatement, comparator: str, claim_comparator: str) -> bool:
    """Return whether the comparators agree; for a target, or an inferred comparator, only the direction counts.

    A target "below 200 ms" may be breached at 200 ms or above 200 ms: both readings are accepted.
    """
    if stated.kind == TARGET and _INVERSE.get(comparator[0]) == claim_comparator[0]:
        return True
    if stated.inferred:
        return comparator[0] == claim_comparator[0]
    return comparator == claim_comparator


def _normal_form(comparator: str, quantity: Quantity) -> tuple[str, Decimal]:
    """Return a comparison in one normal form: for whole counts, at least 1 becomes more than 0."""
    value = quantity.value
    if quantity.unit == COUNT and value == value.to_integral_value() and comparator in {">=", "<"}:
        return (">", value - 1) if comparator == ">=" else ("<=", value - 1)
    return comparator, value


def _is_beyond(claim: Claim, sentence: Sentence) -> bool:
    """Return whether a claim's limit lies at a sentence's target or on its bad side."""
    stated = measured(sentence.stated, claim)
    value, target = claim.comparison.quantity.value, stated.value
    inverse = _INVERSE.get(stated.comparator[0]) == claim.comparison.comparator[0]
    return inverse and (value >= target if claim.comparison.comparator[0] == ">" else value <= target)


def is_usual(sentence: Sentence, claims: Sequence[Claim]) -> bool:
    """Return whether a sentence is a target, and there are claims, and all of them alert on the target's breach."""
    all_are_beyond = bool(claims) and all(_is_beyond(claim, sentence) for claim in claims)
    return all_are_beyond and sentence.stated.kind == TARGET


def nearest_claim(sentence: Sentence, claims: Iterable[Claim]) -> Claim:
    """Return the claim that a sentence is most probably about; there must be at least one."""
    return min(
        claims, key=lambda claim: (claim.severity not in {None, sentence.stated.severity}, _distance(sentence, claim))
    )


def _unchanged(comparator: str, quantity: Quantity) -> tuple[str, Decimal]:
    return comparator, quantity.value


def _distance(sentence: Sentence, claim: Claim) -> Decimal:
    number, limit = measured(sentence.stated, claim).value, claim.comparison.quantity.value
    return abs(number - limit) / max(abs(number), abs(limit), Decimal(1).scaleb(-18))


def lines_about(runbook: Runbook, signal: Signal) -> tuple[int, ...]:
    """Return the lines of a runbook that state a limit for the quantity that a signal measures."""
    quantity = _quantity(signal.id, signal.title, signal.unit)
    return tuple(
        sentence.span.line for sentence in of_runbook(runbook) if quantity and sentence.stated.signal == quantity
    )


def active_claim(signal: Signal, active: Comparison, section: Section | None, span: Span) -> Claim | None:
    """Return the claim of a state's comparison; return None if it tests for one value, or has no numeric unit."""
    if active.comparator == "==" or active.quantity.unit == STATE:
        return None
    return Claim(signal=signal, severity=None, comparison=active, for_seconds=None, section=section, span=span)
