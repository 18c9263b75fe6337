"""Kind `template`: a user's own PromQL, a Jinja2 template over the metrics that each system binds.

The names in the template are the inputs of the binding; `per` and `window` are there always. Templates are a user's
text, so they run in Jinja2's sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment

from compiler.promql import PromQLError, Selector, checked, parse_selector
from compiler.quantities import decimal_text, duration_text
from compiler.signals import sampling
from compiler.signals.contract import BoundSignal, ExampleSeries, Input, Series, UnsampledError

CONTEXT: Final = frozenset({"per", "window"})
"""Names that every template knows besides its inputs."""
EXAMPLE_CONTEXT: Final = frozenset({"value", "steps"})
"""Names that the templates of an example know besides."""

_ENVIRONMENT: Final = SandboxedEnvironment(undefined=StrictUndefined)


class InvalidTemplateError(ValueError):
    """A template that does not parse or does not render; the message says why."""


@lru_cache(maxsize=1024)
def inputs(query: str) -> tuple[str, ...]:
    """Return the names that a template asks for besides `CONTEXT`, sorted: of a query, those that a binding gives.

    Raises InvalidTemplateError where it does not parse.
    """
    try:
        names = meta.find_undeclared_variables(_ENVIRONMENT.parse(query))
    except TemplateError as error:
        raise InvalidTemplateError(str(error)) from error
    return tuple(sorted(names - CONTEXT))


class Template:
    """PromQL from the file."""

    name = "template"
    forms: tuple[tuple[Input, ...], ...] = ()
    constants: frozenset[str] = frozenset()

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "query"

    def expression(self, bound: BoundSignal) -> str:
        """Return the rendered query; InvalidTemplateError where it does not render, PromQLError where it is none."""
        return checked(_render(bound.signal.query or "", _names(bound)))

    def series(self, bound: BoundSignal, value: Decimal, steps: int) -> tuple[Series, ...]:
        """Return the signal's own example, or a constant where the query has one input alone."""
        per = bound.binding.per
        if bound.signal.example:
            context = _names(bound) | {"value": float(value), "steps": steps}
            return tuple(_example(one, per, context) for one in bound.signal.example)
        metrics = [found for found in bound.binding.inputs.values() if isinstance(found, Selector)]
        if len(metrics) != 1:
            raise UnsampledError("a query of several metrics needs an `example`")
        return (sampling.series(metrics[0], per, sampling.constant(value, steps)),)


def _names(bound: BoundSignal) -> dict[str, object]:
    binding = bound.binding
    found: dict[str, object] = {name: _text(value) for name, value in binding.inputs.items()}
    return found | {"per": ", ".join(binding.per), "window": duration_text(binding.window)}


def _text(value: Selector | Decimal) -> str:
    return decimal_text(value) if isinstance(value, Decimal) else str(value)


def _example(one: ExampleSeries, per: tuple[str, ...], context: Mapping[str, object]) -> Series:
    try:
        selector = parse_selector(_render(one.series, context))
        return sampling.series(selector, per, _render(one.values, context), **dict(one.labels))
    except (PromQLError, InvalidTemplateError) as error:
        raise UnsampledError(str(error)) from error


def _render(source: str, context: Mapping[str, object]) -> str:
    try:
        return _ENVIRONMENT.from_string(source).render(context)
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidTemplateError(str(error)) from error


KIND = Template()
