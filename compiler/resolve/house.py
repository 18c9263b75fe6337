"""Resolve: the house's limits (`defaults: limits:`), checked even if no system uses them."""

from __future__ import annotations

from collections.abc import Iterable

from compiler.diagnostics import Diagnostics, Span, did_you_mean
from compiler.document import Table
from compiler.resolve import limits
from compiler.resolve.reading import NOTHING, is_off
from compiler.resolve.scope import Scope


def check(scope: Scope) -> None:
    """Add an error for each invalid limit of the house, whether or not a system uses it."""
    for identifier, mapping in scope.house_limits.items():
        span = scope.house_limits.key_spans[identifier]
        if is_off(mapping):
            continue
        if not isinstance(mapping, Table):
            limits.not_tiers(mapping, scope.house_limits.value_spans[identifier], scope.diagnostics)
            continue
        if "documented" in mapping:
            message = "a quotation stands in the runbook of one system, and the house has none"
            hint = "say it below the system's `limits:`"
            scope.diagnostics.error("documented", mapping.key_spans["documented"], message, hint=hint)
        tiers = limits.written(NOTHING, mapping)
        signal = scope.signals.get(identifier)
        if signal is not None:
            extras = limits.extras(NOTHING, mapping, scope.for_seconds, scope.keep, scope.diagnostics)
            limits.limits(signal, tiers, extras, scope.diagnostics)
        elif identifier not in scope.signals and not limits.implies_state(tiers):
            no_signal(identifier, span, scope.signals, scope.diagnostics)


def no_signal(identifier: str, span: Span, known: Iterable[str], diagnostics: Diagnostics) -> None:
    """Add the error for an id that is no signal; the hint names the most similar of the `known` ids."""
    hint = did_you_mean(identifier, known, itself=False) or "define it under `signals:` with a kind and a unit"
    diagnostics.error("signal", span, f"there is no signal `{identifier}`", hint=hint)
