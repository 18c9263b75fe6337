"""The parts of synthetic series: labels that satisfy a selector, and samples in promtool's notation."""

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
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Series, UnsampledError
from compiler.signals.profile import Broken, Example, Phase
from compiler.signals.samples import own_units

Labels = tuple[tuple[str, str], ...]

_DIGITS: Final = 12

_ANY: Final = ("", "a", "b", "0")
_NO_LABELS: Final[Mapping[str, str]] = {}


def levels(phases: Iterable[tuple[Decimal | None, Phase]]) -> str:
    """Return samples that keep, during each phase, the value paired with it; None is a gap."""
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
    """Return samples that rise, during each phase, by the value paired with it per step; None is a gap.

    The very first sample is `start`. Where a phase leaves samples out, the next sample rises by as much more. A counter
    that begins anew starts with the rise since the last sample, so that no engine misses an event.
    """
    tokens: list[str] = []
    last: Decimal | None = None
    for per_step, phase in phases:
        if per_step is None:
            tokens.append(_ended(phase))
            continue
        rise = round(per_step * phase.every, _DIGITS)
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
    """Return samples of a counter that rises, during each phase, by the value paired with it per window; None is a gap.

    A whole number of events comes in equal jumps every few steps, as real events do. Fractions, which no counter of
    events has, come evenly.
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
        (height, every), values = stair, list[Decimal]()
        last = Decimal(0) if phase.reset else last
        for _ in range(phase.steps):
            since += 1
            if (tokens or values) and since >= every:
                last, since = last + height, 0
            values.append(last)
        tokens += _uneven(values, phase)
    return " ".join(token for token in tokens if token)


def _uneven(values: Sequence[Decimal], phase: Phase) -> Iterator[str]:
    """Yield the samples of a phase in which some samples are missing or broken."""
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
    """Return the tokens of a phase without samples: `_x3` is three blanks, whereas `1x3` is four samples."""
    if phase.stale:
        return " ".join(["stale", *([f"_x{phase.steps - 1}"] if phase.steps > 1 else [])])
    return f"_x{phase.steps}" if phase.steps > 0 else ""


def _stair(value: Decimal, step: int, window: int) -> tuple[Decimal, int]:
    """Return the height of a counter's jumps and the steps between them, so that it rises by `value` per window."""
    if window % step == 0 and value == value.to_integral_value():
        rise = Fraction(int(value) * step, window)
        if rise.denominator <= window // step:
            return Decimal(rise.numerator), rise.denominator
    return value * step / window, 1


def series(selector: Selector, bound: BoundSignal, example: Example, values: str, /, **labels: str) -> Series:
    """Return a series of the example's component that `selector` matches, with further `labels`.

    The caller gives `values` and the edge `le` of a bucket in base units; the series has them in the metric's own unit.
    """
    if "le" in labels:
        labels["le"] = own_units.edge(bound, selector.metric, labels["le"])
    samples = own_units.samples(bound, selector.metric, values)
    component = component_labels(bound, example)
    preferred = {**example.preferred, **component}
    all_labels = dict(example.extra) | component | dict(satisfying(selector.matchers, preferred)) | labels
    return Series(metric=selector.metric, labels=tuple(sorted(all_labels.items())), values=samples)


def component_labels(bound: BoundSignal, example: Example) -> dict[str, str]:
    """Return the labels of the example's component, with its own names where the matchers of all metrics allow them.

    If one metric is of a single service and another of all services, the component is that single service.
    """
    matchers = by_label(matcher for selector in bound.metrics for matcher in selector.matchers)
    names = {label: example.component.get(label, f"{label}-a") for label in bound.binding.per}
    return {label: _shared(label, matchers.get(label, []), value) for label, value in names.items()}


def _shared(label: str, matchers: list[Matcher], preferred: str) -> str:
    try:
        return _value(label, matchers, preferred)
    except UnsampledError:
        return preferred


def satisfying(matchers: Iterable[Matcher], preferred: Mapping[str, str] = _NO_LABELS) -> Labels:
    """Return labels that satisfy all `matchers`, with the `preferred` values where these satisfy them.

    Empty labels are left out, unless they replace a preferred one. Raises UnsampledError where no labels are found.
    """
    values = ((label, _value(label, group, preferred.get(label))) for label, group in by_label(matchers).items())
    return tuple((label, value) for label, value in values if value or label in preferred)


def by_label(matchers: Iterable[Matcher]) -> dict[str, list[Matcher]]:
    """Return matchers grouped by their label."""
    groups: dict[str, list[Matcher]] = {}
    for matcher in matchers:
        groups.setdefault(matcher.label, []).append(matcher)
    return groups


def allowed(matchers: Iterable[Matcher], text: str) -> str | None:
    """Return a value that satisfies all `matchers` of one label and contains `text`; None if none is found."""
    all_matchers = list(matchers)
    try:
        if all(accepts(matcher, text) for matcher in all_matchers):
            return text
        for matcher in all_matchers:
            if matcher.operator == "=~":
                for candidate in _examples(matcher.value, text):
                    if text in candidate and all(accepts(other_matcher, candidate) for other_matcher in all_matchers):
                        return candidate
    except UnsampledError:
        pass
    return None


def violating(matchers: Iterable[Matcher], kept: Iterable[Matcher]) -> Labels:
    """Return labels that satisfy `kept` but not all `matchers`; raise UnsampledError where none are found."""
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
    """Return values of the label that the matcher rejects: for `!~`, one for each alternative of the pattern."""
    if matcher.operator == "!=":
        return (matcher.value,)
    if matcher.operator == "!~":
        return tuple(dict.fromkeys(example for example in _examples(matcher.value) if not accepts(matcher, example)))
    candidates = ("other", *(value for value in _ANY if value), "")
    return next(((value,) for value in candidates if not accepts(matcher, value)), ())


def alternatives(matcher: Matcher) -> tuple[str, ...]:
    """Return values of the label that the matcher accepts: for `=~`, one for each alternative of the pattern."""
    if matcher.operator != "=~":
        return ()
    return tuple(dict.fromkeys(example for example in _examples(matcher.value) if accepts(matcher, example)))


def exact(rise: Decimal) -> bool:
    """Return whether a binary floating-point number can add `rise` again and again without rounding."""
    denominator = rise.as_integer_ratio()[1]
    return denominator & (denominator - 1) == 0 and denominator <= 2**10


def rates(rise: Decimal, step: int, window: int) -> tuple[float, ...]:
    """Return the result of `rate` in each engine, over a window of a counter that rises by `rise` each `step` seconds.

    The evaluation falls on a sample, long after the counter began. The first result is that of Prometheus before 3.0,
    whose windows include their left end; the second that of Prometheus since 3.0; the third that of VictoriaMetrics,
    which does not extrapolate.
    """
    events, seconds, steps = float(rise), float(window), window // step
    extrapolated = window / (window - step) if window > step else 1.0
    prometheus_2 = events * steps * (1.0 / seconds)
    prometheus_3 = events * (steps - 1) * (extrapolated / seconds) if steps > 1 else prometheus_2
    return prometheus_2, prometheus_3, events * steps / seconds


_MOST_PARTS: Final = 1024
"""How many parts are tried: a high rate has too many to try all of them."""


def exact_rates(value: Decimal, step: int, window: int) -> tuple[Decimal, ...]:
    """Return two rates whose sum is exactly `value` in all engines; empty where none are found."""
    for eighths in range(1, min(int(value * 8), _MOST_PARTS) + 1):
        parts = (Decimal(eighths) / 8, value - Decimal(eighths) / 8)
        part_rates = [rates(part * step, step, window) for part in parts]
        if all(exact(part * step) for part in parts) and all(
            sum(engine_rates) == float(value) for engine_rates in zip(*part_rates, strict=True)
        ):
            return parts
    return ()


def scales() -> Iterator[Decimal]:
    """Yield amounts of traffic, for a caller that searches one at which a quotient has no rounding error."""
    for power, factor in product((1, 10, 100), range(1, 40)):
        yield Decimal(factor * power) / 10


def _value(label: str, matchers: list[Matcher], preferred: str | None) -> str:
    for candidate in _candidates(matchers, preferred):
        if all(accepts(matcher, candidate) for matcher in matchers):
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


def accepts(matcher: Matcher, value: str) -> bool:
    """Return whether a matcher accepts a value; raise UnsampledError where its pattern is too large to try."""
    if matcher.operator in {"=", "!="}:
        return (value == matcher.value) == (matcher.operator == "=")
    try:
        return automaton.matches(matcher.value, value) == (matcher.operator == "=~")
    except automaton.TooLargeError as error:
        raise UnsampledError(f"`{matcher.value}` is too large to find an example for") from error


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
    """Yield strings that a simple pattern probably matches, one for each alternative. The caller verifies them."""
    for alternative in pattern.strip("^$").strip("()").split("|"):
        example = alternative.removeprefix("?:")
        for expression, replacement in _replacements(filler.replace("\\", "")):
            example = expression.sub(replacement, example)
        yield _REPEATED.sub(lambda match: match[1] * int(match[2]), example)
