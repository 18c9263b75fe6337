"""Labels that satisfy a selector, and samples in promtool's notation: what synthesised series are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, product
from typing import Final

from compiler import automaton
from compiler.promql import Matcher, Selector
from compiler.quantities import decimal_text
from compiler.signals import own_units
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Series, UnsampledError
from compiler.signals.profile import Broken, Example, Phase

Labels = tuple[tuple[str, str], ...]

_DIGITS: Final = 12

_ANY: Final = ("", "a", "b", "0")
_NO_LABELS: Final[Mapping[str, str]] = {}


def levels(phases: Iterable[tuple[Decimal | None, Phase]]) -> str:
    """Return samples that stay, for each phase, at the value given with it; None is a gap."""
    tokens: list[str] = []
    for value, phase in phases:
        if value is None:
            tokens.append(_ended(phase))
        elif phase.is_even:
            tokens.append(f"{decimal_text(value)}x{phase.steps - 1}")
        else:
            tokens += _uneven([value] * phase.steps, phase)
    return " ".join(token for token in tokens if token)


def counter(phases: Iterable[tuple[Decimal | None, Phase]], start: Decimal = Decimal(0)) -> str:
    """Return samples that rise, for each phase, by the value given with it a step; None is a gap.

    The first sample of all is `start`. Where a phase leaves samples out, those that are there rise by as much more. A
    counter that begins anew counts what has come since the last sample, so that no engine misses any.
    """
    tokens: list[str] = []
    last: Decimal | None = None
    for by, phase in phases:
        if by is None:
            tokens.append(_ended(phase))
            continue
        rise = round(by * phase.every, _DIGITS)
        first = start if last is None else rise if phase.reset else last + rise
        samples = -(-phase.steps // phase.every)
        last = first + rise * (samples - 1)
        if phase.is_even:
            sign = "-" if rise < 0 else "+"
            tokens.append(f"{decimal_text(first)}{sign}{decimal_text(abs(rise))}x{samples - 1}")
            continue
        tokens += _uneven([first + rise * (step // phase.every) for step in range(phase.steps)], phase)
    return " ".join(token for token in tokens if token)


def events(phases: Iterable[tuple[Decimal | None, Phase]], step: int, window: int) -> str:
    """Return samples of a counter that rises, for each phase, by the value given with it a window; None is a gap.

    Whole numbers of events come one after the other, as events do: by as much every few steps. Others, which no counter
    of events has, come evenly.
    """
    courses = list(phases)
    if any(phase.born for _, phase in courses):
        return levels(courses)
    stairs = [(None if value is None else _stair(value, step, window), phase) for value, phase in courses]
    if all(stair is None or stair[1] == 1 for stair, _ in stairs):
        return counter((None if stair is None else stair[0], phase) for stair, phase in stairs)
    tokens: list[str] = []
    last, since = Decimal(0), 0
    for stair, phase in stairs:
        if stair is None:
            tokens.append(_ended(phase))
            continue
        (by, every), values = stair, list[Decimal]()
        last = Decimal(0) if phase.reset else last
        for _ in range(phase.steps):
            since += 1
            if (tokens or values) and since >= every:
                last, since = last + by, 0
            values.append(last)
        tokens += _uneven(values, phase)
    return " ".join(token for token in tokens if token)


def _uneven(values: Sequence[Decimal], phase: Phase) -> Iterator[str]:
    """Yield the samples of a phase of which not every one is there, or as it should be."""
    samples = (_sample(step, value, phase) for step, value in enumerate(values))
    for sample, repeated in groupby(samples):
        times = sum(1 for _ in repeated)
        if sample == "_" and times > 1:
            yield f"_x{times}"
        else:
            yield from [sample] * times


def _sample(step: int, value: Decimal, phase: Phase) -> str:
    if phase.is_broken(step):
        return "NaN" if phase.broken is Broken.NAN else "stale"
    if step % phase.every == 0:
        return decimal_text(value)
    return "stale" if phase.stale else "_"


def _ended(phase: Phase) -> str:
    """Return the samples of a phase that has none: unlike a number, a blank is not repeated once more than it says."""
    if phase.stale:
        return " ".join(["stale", *([f"_x{phase.steps - 1}"] if phase.steps > 1 else [])])
    return f"_x{phase.steps}" if phase.steps > 0 else ""


def _stair(value: Decimal, step: int, window: int) -> tuple[Decimal, int]:
    """Return by how much a counter rises and every how many steps, so that it rises by `value` a window."""
    if window % step == 0 and value == value.to_integral_value():
        rise = Fraction(int(value) * step, window)
        if rise.denominator <= window // step:
            return Decimal(rise.numerator), rise.denominator
    return value * step / window, 1


def series(selector: Selector, bound: BoundSignal, example: Example, values: str, /, **labels: str) -> Series:
    """Return a series that `selector` matches, of the example's component, with further `labels`.

    `values`, and the edge `le` of a bucket, are in base units; the series is in the unit that its metric is in.
    """
    if "le" in labels:
        labels["le"] = own_units.edge(bound, selector.metric, labels["le"])
    samples = own_units.samples(bound, selector.metric, values)
    component = component_labels(bound, example)
    preferred = {**example.preferred, **component}
    found = dict(example.extra) | component | dict(satisfying(selector.matchers, preferred)) | labels
    return Series(metric=selector.metric, labels=tuple(sorted(found.items())), values=samples)


def component_labels(bound: BoundSignal, example: Example) -> dict[str, str]:
    """Return the labels of the example's component: by its own names where the matchers of all metrics let these in.

    One metric may be of a single service and another of all: then the component is that service.
    """
    matchers = by_label(one for selector in bound.metrics for one in selector.matchers)
    wanted = {label: example.component.get(label, f"{label}-a") for label in bound.binding.per}
    return {label: _shared(label, matchers.get(label, []), value) for label, value in wanted.items()}


def _shared(label: str, matchers: list[Matcher], wanted: str) -> str:
    try:
        return _value(label, matchers, wanted)
    except UnsampledError:
        return wanted


def satisfying(matchers: Iterable[Matcher], preferred: Mapping[str, str] = _NO_LABELS) -> Labels:
    """Return labels that satisfy all `matchers`, by their `preferred` values where these do.

    Empty labels are left out, unless they are to replace a preferred one. Raises UnsampledError where none are found.
    """
    values = ((label, _value(label, group, preferred.get(label))) for label, group in by_label(matchers).items())
    return tuple((label, value) for label, value in values if value or label in preferred)


def by_label(matchers: Iterable[Matcher]) -> dict[str, list[Matcher]]:
    """Return matchers by the label that they look at."""
    found: dict[str, list[Matcher]] = {}
    for matcher in matchers:
        found.setdefault(matcher.label, []).append(matcher)
    return found


def allowed(matchers: Iterable[Matcher], wanted: str) -> str | None:
    """Return a value of one label that satisfies all of its `matchers` and holds `wanted`; None if none is found."""
    given = list(matchers)
    try:
        if all(lets(matcher, wanted) for matcher in given):
            return wanted
        for matcher in given:
            if matcher.operator == "=~":
                for candidate in _examples(matcher.value, wanted):
                    if wanted in candidate and all(lets(one, candidate) for one in given):
                        return candidate
    except UnsampledError:
        pass
    return None


def violating(matchers: Iterable[Matcher], kept: Iterable[Matcher]) -> Labels:
    """Return labels that satisfy `kept` but not all of `matchers`; UnsampledError where none are found."""
    kept = tuple(kept)
    for matcher in matchers:
        if matcher in kept:
            continue
        try:
            return satisfying((*kept, _negated(matcher)))
        except UnsampledError:
            continue
    raise UnsampledError("no series lies outside of the part but inside of the whole")


def outside(matcher: Matcher) -> tuple[str, ...]:
    """Return values of a matcher's label that it does not let through: for `!~` one an alternative."""
    if matcher.operator == "!=":
        return (matcher.value,)
    if matcher.operator == "!~":
        return tuple(dict.fromkeys(one for one in _examples(matcher.value) if not lets(matcher, one)))
    candidates = ("other", *(one for one in _ANY if one), "")
    return next(((one,) for one in candidates if not lets(matcher, one)), ())


def alternatives(matcher: Matcher) -> tuple[str, ...]:
    """Return values of a matcher's label that it lets through: for `=~` one an alternative."""
    if matcher.operator != "=~":
        return ()
    return tuple(dict.fromkeys(one for one in _examples(matcher.value) if lets(matcher, one)))


def exact(by: Decimal) -> bool:
    """Return whether adding `by` again and again, in binary, rounds nothing."""
    denominator = by.as_integer_ratio()[1]
    return denominator & (denominator - 1) == 0 and denominator <= 2**10


def rates(by: Decimal, step: int, window: int) -> tuple[float, ...]:
    """Return what engines make of `rate` over a window of counters that rise by `by` every `step` seconds.

    Evaluated at a sample, long after the counter began. The first is Prometheus before 3.0, whose windows include their
    left end; the second Prometheus since; the third VictoriaMetrics, which does not extrapolate.
    """
    events, seconds, risen = float(by), float(window), window // step
    extrapolated = window / (window - step) if window > step else 1.0
    old = events * risen * (1.0 / seconds)
    new = events * (risen - 1) * (extrapolated / seconds) if risen > 1 else old
    return old, new, events * risen / seconds


_MOST_PARTS: Final = 1024
"""Of a great rate nobody waits until the last part has been tried."""


def exact_rates(value: Decimal, step: int, window: int) -> tuple[Decimal, ...]:
    """Return two rates whose sum is `value` without a rounding error in all engines; nothing where none are found."""
    for eighths in range(1, min(int(value * 8), _MOST_PARTS) + 1):
        parts = (Decimal(eighths) / 8, value - Decimal(eighths) / 8)
        found = [rates(one * step, step, window) for one in parts]
        if all(exact(one * step) for one in parts) and all(
            sum(one) == float(value) for one in zip(*found, strict=True)
        ):
            return parts
    return ()


def scales() -> Iterator[Decimal]:
    """Yield amounts of traffic to look for one by which a quotient has no rounding error."""
    for power, factor in product((1, 10, 100), range(1, 40)):
        yield Decimal(factor * power) / 10


def _value(label: str, matchers: list[Matcher], preferred: str | None) -> str:
    for candidate in _candidates(matchers, preferred):
        if all(lets(matcher, candidate) for matcher in matchers):
            return candidate
    raise UnsampledError(f"no value was found for the label `{label}`")


def _candidates(matchers: list[Matcher], preferred: str | None) -> Iterator[str]:
    if preferred is not None:
        yield preferred
    for matcher in matchers:
        if matcher.operator == "=":
            yield matcher.value
        elif matcher.operator == "=~":
            yield from _examples(matcher.value)
    yield from _ANY


def _negated(matcher: Matcher) -> Matcher:
    negation = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
    return Matcher(matcher.label, negation[matcher.operator], matcher.value)


def lets(matcher: Matcher, value: str) -> bool:
    """Return whether a matcher lets a value through; UnsampledError where its pattern is beyond Python's."""
    if matcher.operator in {"=", "!="}:
        return (value == matcher.value) == (matcher.operator == "=")
    try:
        return automaton.matches(matcher.value, value) == (matcher.operator == "=~")
    except automaton.TooLargeError as error:
        raise UnsampledError(f"`{matcher.value}` is beyond what examples are made for") from error


def _replacements(filler: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return (
        (re.compile(r"\\d"), "0"),
        (re.compile(r"\[\^?([^\]])[^\]]*\]"), r"\1"),
        (re.compile(r"(?<!\\)\.[*+]"), filler),
        (re.compile(r"(?<!\\)\."), "0"),
        (re.compile(r"(?<!\\)[*+?]"), ""),
        (re.compile(r"\\(.)"), r"\1"),
    )


_REPEATED: Final = re.compile(r"(.)\{([0-9]{1,2})(?:,[0-9]*)?\}")


def _examples(pattern: str, filler: str = "a") -> Iterator[str]:
    """Yield strings that a simple regular expression probably matches: one an alternative. The caller checks them."""
    for alternative in pattern.strip("^$").strip("()").split("|"):
        example = alternative.removeprefix("?:")
        for expression, replacement in _replacements(filler.replace("\\", "")):
            example = expression.sub(replacement, example)
        yield _REPEATED.sub(lambda match: match[1] * int(match[2]), example)
