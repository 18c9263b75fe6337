"""Checks of generations: each Prometheus version that loads the rules must be able to parse them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from compiler import promql
from compiler.checks.context import CheckContext
from compiler.checks.functions import place_of_call
from compiler.diagnostics import Diagnostics, Span
from compiler.document import Table
from compiler.model import WatchedSignal
from compiler.promql import LABEL_NAME, Matcher, PromQLError
from compiler.resolve.reading import table
from compiler.signals import kinds
from compiler.signals.queries.tree import functions, quoted_labels

_NEW_VERSION: Final = 3
_KEY: Final = "oldest"
_SETTING: Final = f"`prometheus: {{{_KEY}: {_NEW_VERSION}}}` says that no older one loads the rules"
_NEW_FUNCTIONS: Final = frozenset({"histogram_avg", "histogram_stddev", "histogram_stdvar"})
"""Functions that Prometheus 3 has and 2.42 does not have, according to promtool."""


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check the names of labels and functions, unless the file says that no Prometheus 2 loads the rules."""
    if table(context.document, "prometheus").get(_KEY) == _NEW_VERSION:
        return
    for system, watched in context.lowered():
        for place, owner in context.selecting(system, watched):
            _check_matchers(place, owner, diagnostics)
        if watched.bound.signal.query is not None:
            _check_query(watched, diagnostics)


def _check_matchers(key: str, owner: Table, diagnostics: Diagnostics) -> None:
    text, span = str(owner[key]), owner.value_spans[key]
    for label in _labels_with_quotes(text):
        label_text = promql.label_text(label)
        place = diagnostics.part(span, text, max(text.find(label_text), 0), len(label_text))
        _report_label(label, place, diagnostics)


def _labels_with_quotes(text: str) -> Iterator[str]:
    """Yield the label names of a selector, or of matchers, that need quotes."""
    yield from dict.fromkeys(matcher.label for matcher in _matchers(text) if not LABEL_NAME.match(matcher.label))


def _matchers(text: str) -> tuple[Matcher, ...]:
    with suppress(PromQLError):
        return promql.parse_selector(text).matchers
    with suppress(PromQLError):
        return promql.parse_matchers(text)
    return ()


def _check_query(watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    bound = watched.bound
    query, span = kinds()[bound.signal.kind].expression(bound), bound.signal.span or watched.span
    metric_labels = {matcher.label for selector in bound.metrics for matcher in selector.matchers}
    for label in sorted(quoted_labels(query) - metric_labels):
        _report_label(label, span, diagnostics)
    for name in sorted(functions(query) & _NEW_FUNCTIONS):
        message = f"Prometheus 2 has no function `{name}`"
        place = place_of_call(bound.signal, watched.span, name, diagnostics)
        diagnostics.error("newer-prometheus", place, message, hint=_SETTING)


def _report_label(label: str, span: Span, diagnostics: Diagnostics) -> None:
    message = f"the label `{label}` needs quotes, which Prometheus 2 does not read"
    hint = f"rename it where it is scraped (`metric_relabel_configs`); {_SETTING}"
    diagnostics.error("newer-prometheus", span, message, hint=hint)
