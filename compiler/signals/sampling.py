"""Labels that satisfy a selector: what the synthesised series of rule tests are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from compiler.promql import Matcher, Selector
from compiler.quantities import decimal_text
from compiler.signals.contract import Series, UnsampledError

Labels = tuple[tuple[str, str], ...]

_DIGITS: Final = 12

_ANY: Final = ("", "a", "b", "0")
_NO_LABELS: Final[Mapping[str, str]] = {}


def constant(value: Decimal, steps: int) -> str:
    """Return samples that stay at `value`, in promtool's notation."""
    return f"{decimal_text(value)}x{steps}"


def rising(start: Decimal, by: Decimal, steps: int) -> str:
    """Return samples that begin at `start` and rise by `by` a step (fall, where it is negative)."""
    sign, by = "-" if by < 0 else "+", round(by, _DIGITS)
    return f"{decimal_text(start)}{sign}{decimal_text(abs(by))}x{steps}"


def series(selector: Selector, per: tuple[str, ...], values: str, /, **labels: str) -> Series:
    """Return a series that `selector` matches, of the one example component, with further `labels`."""
    component = dict(component_labels(per))
    found = component | dict(satisfying(selector.matchers, component)) | labels
    return Series(metric=selector.metric, labels=tuple(sorted(found.items())), values=values)


def component_labels(per: tuple[str, ...]) -> Labels:
    """Return the labels of the example component."""
    return tuple((label, f"{label}-a") for label in per)


def satisfying(matchers: Iterable[Matcher], preferred: Mapping[str, str] = _NO_LABELS) -> Labels:
    """Return labels that satisfy all `matchers`, by their `preferred` values where these do.

    Empty labels are left out, unless they are to replace a preferred one. Raises UnsampledError where none are found.
    """
    by_label: dict[str, list[Matcher]] = {}
    for matcher in matchers:
        by_label.setdefault(matcher.label, []).append(matcher)
    values = ((label, _value(label, group, preferred.get(label))) for label, group in by_label.items())
    return tuple((label, value) for label, value in values if value or label in preferred)


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


def _value(label: str, matchers: list[Matcher], preferred: str | None) -> str:
    for candidate in _candidates(matchers, preferred):
        if all(_matches(matcher, candidate) for matcher in matchers):
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


def _matches(matcher: Matcher, value: str) -> bool:
    if matcher.operator in {"=", "!="}:
        return (value == matcher.value) == (matcher.operator == "=")
    try:
        found = re.fullmatch(matcher.value, value) is not None
    except re.error as error:
        raise UnsampledError(f"`{matcher.value}` is beyond what examples are made for") from error
    return found == (matcher.operator == "=~")


_REPLACEMENTS: Final = (
    (re.compile(r"\\d"), "0"),
    (re.compile(r"\[\^?([^\]])[^\]]*\]"), r"\1"),
    (re.compile(r"(?<!\\)\.[*+]"), "a"),
    (re.compile(r"(?<!\\)\."), "0"),
    (re.compile(r"(?<!\\)[*+?]"), ""),
    (re.compile(r"\\(.)"), r"\1"),
)

_REPEATED: Final = re.compile(r"(.)\{([0-9]{1,2})(?:,[0-9]*)?\}")


def _examples(pattern: str) -> Iterator[str]:
    """Yield strings that a simple regular expression probably matches: one an alternative. The caller checks them."""
    for alternative in pattern.strip("^$").strip("()").split("|"):
        example = alternative.removeprefix("?:")
        for expression, replacement in _REPLACEMENTS:
            example = expression.sub(replacement, example)
        yield _REPEATED.sub(lambda match: match[1] * int(match[2]), example)
