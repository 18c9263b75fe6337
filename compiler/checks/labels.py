"""Checks of labels: the labels that tell components and groups apart must be in the results of the rules."""

from __future__ import annotations

from collections.abc import Mapping

from compiler import conventions
from compiler.checks.codes import blocking
from compiler.checks.context import CheckContext
from compiler.diagnostics import Diagnostics, Related, Span
from compiler.document import Items, Table
from compiler.model import System, WatchedSignal
from compiler.resolve.reading import table
from compiler.signals import kinds
from compiler.signals.queries.tree import carried, lost_buckets


def check(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Check that users' queries keep the labels of `per`, and that some alert carries each label of `group_by`."""
    for system, watched in context.lowered():
        if watched.bound.signal.query is not None:
            _check_components(context, system, watched, diagnostics)
            _check_buckets(watched, diagnostics)
    _check_dimensions(context, diagnostics)
    if not blocking(diagnostics.found):
        _check_groups(context, diagnostics)


def _check_components(context: CheckContext, system: System, watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    bound = watched.bound
    kept_labels = carried(kinds()[bound.signal.kind].expression(bound))
    lost_labels = [label for label in bound.binding.per if label not in kept_labels]
    if not lost_labels:
        return
    labels = " and ".join(f"`{label}`" for label in lost_labels)
    message = f"the query of `{bound.signal.id}` loses {labels}: its components cannot be told apart"
    per_labels = _labels_below(context.binding(system, watched), "per")
    related = tuple(
        Related(span=span, message=f"`{system.id}` tells them apart by it here")
        for label, span in per_labels
        if label in lost_labels
    )
    span = bound.signal.span or watched.span
    diagnostics.error("lost-label", span, message, hint="aggregate `by ({{ per }})`", related=related)


def _check_buckets(watched: WatchedSignal, diagnostics: Diagnostics) -> None:
    """Check that a query keeps the label `le` for a quantile: without bucket bounds a quantile has no value."""
    signal = watched.bound.signal
    name = lost_buckets(kinds()[signal.kind].expression(watched.bound))
    if name is not None:
        message = f"the query of `{signal.id}` loses `le`, which tells the buckets of `{name}` apart"
        labels = "le, {{ per }}" if watched.bound.binding.per else "le"
        hint = f"aggregate `by ({labels})` inside of `histogram_quantile`"
        diagnostics.error("lost-label", signal.span or watched.span, message, hint=hint)


def _check_dimensions(context: CheckContext, diagnostics: Diagnostics) -> None:
    """Add a warning for queries that do not use `per`, which contains the dimensions.

    It is no error, because Prometheus may add the labels.
    """
    uses_by_signal: dict[str, list[tuple[System, WatchedSignal]]] = {}
    for system, watched in context.lowered():
        lost_labels = set(context.model.dimensions) - set(watched.bound.binding.per)
        if lost_labels and watched.bound.signal.query is not None:
            uses_by_signal.setdefault(watched.bound.signal.id, []).append((system, watched))
    for identifier, uses in uses_by_signal.items():
        _, first_use = uses[0]
        labels = " and ".join(
            f"`{label}`" for label in context.model.dimensions if label not in first_use.bound.binding.per
        )
        message = f"the query of `{identifier}` does not tell {labels} apart: it does not ask for `per`"
        related = (
            *(Related(span=span, message="declared here") for _, span in _labels_below(context.document, "dimensions")),
            *(Related(span=watched.span, message=f"`{system.id}` uses the query here") for system, watched in uses),
        )
        hint = "aggregate `by ({{ per }})`, or suppress this where Prometheus adds the label (`external_labels`)"
        span = first_use.bound.signal.span or first_use.span
        diagnostics.warning("lost-label", span, message, hint=hint, related=related)


def _check_groups(context: CheckContext, diagnostics: Diagnostics) -> None:
    components = {*context.model.dimensions} | {
        label for _, watched in context.watched() for label in watched.bound.binding.per
    }
    # A result of `absent` carries the labels of its selector.
    components |= {label for _, watched in context.lowered() for label in _labels_of_absent(watched)}
    routing = table(context.document, "routing")
    for label, span in _labels_below(routing, "group_by"):
        if label not in {"alertname", *conventions.RULE_LABELS, *components}:
            message = f"no alert carries the label `{label}`, so it groups by nothing"
            known = f"alerts carry `alertname`, {_list(conventions.RULE_LABELS)} and what `per` and `dimensions` name"
            hint = f"name it in `per` or, where it tells installations apart, in `dimensions: [{label}]`; {known}"
            diagnostics.error("lost-label", span, message, hint=hint)


def _labels_of_absent(watched: WatchedSignal) -> Mapping[str, str]:
    return kinds()[watched.bound.signal.kind].further(watched.bound)


def _labels_below(owner: Table, key: str) -> list[tuple[str, Span]]:
    """Return the labels below a key, with their places; the value of the key is one label or a list of labels."""
    labels = owner.get(key)
    if isinstance(labels, Items):
        return list(zip(labels, labels.spans, strict=True))
    return [] if labels is None else [(str(labels), owner.value_spans[key])]


def _list(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels)
