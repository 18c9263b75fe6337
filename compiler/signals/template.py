"""Kind `template`: a user's own PromQL, a Jinja2 template over the metrics that each system binds.

The names in the template are the inputs of the binding; `per` and `window` are there always. Templates are a user's
text: they run in Jinja2's sandbox, and of its language only names, numbers, arithmetic on numbers and `a if b else c`
are let in, so that rendering neither runs on nor fills the memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, TemplateError, meta, nodes
from jinja2 import Template as JinjaTemplate
from jinja2.sandbox import SandboxedEnvironment

from compiler.promql import PromQLError, Selector, checked, has_range, parse_selector
from compiler.quantities import RATIO, decimal_text, duration_text
from compiler.signals import sampling
from compiler.signals.bound import STEP_SECONDS, BoundSignal, ExampleSeries
from compiler.signals.contract import Kind, Series, UnsampledError
from compiler.signals.profile import Example, Phase

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

    Raises InvalidTemplateError where it does not parse, or uses more of the language than is let in.
    """
    tree = _parse(query)
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _LET_IN):
            raise InvalidTemplateError(f"`{type(node).__name__.lower()}` has no place in it")
    return tuple(sorted(meta.find_undeclared_variables(tree) - CONTEXT))


def asks(query: str, name: str) -> bool:
    """Return whether a template that parses asks for a name."""
    return name in meta.find_undeclared_variables(_parse(query))


def check_arithmetic(source: str) -> None:
    """Raise InvalidTemplateError where a template reckons with text, whose product would repeat it."""
    for node in _parse(source).find_all(_ARITHMETIC):
        for part in node.find_all((nodes.Name, nodes.Const)):
            if isinstance(part, nodes.Name) and part.name not in EXAMPLE_CONTEXT:
                raise InvalidTemplateError(f"`{part.name}` is a metric, not a number")
            if isinstance(part, nodes.Const) and not isinstance(part.value, int | float):
                raise InvalidTemplateError("arithmetic takes numbers alone")


_ARITHMETIC: Final = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.Neg, nodes.Pos)
_LET_IN: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.CondExpr, nodes.Compare, nodes.Operand),
    *_ARITHMETIC,
)


_EXPRESSION: Final = re.compile(r"\{\{.*?(?:\}\}|\Z)", re.DOTALL)
_OPERATOR: Final = re.compile(r"[-+*/(<>=]")
_MAX_OPERATORS: Final = 300
"""Each may lie within the last; Python's stack ends at a few hundred."""


def _parse(source: str) -> nodes.Template:
    if any(len(_OPERATOR.findall(part)) > _MAX_OPERATORS for part in _EXPRESSION.findall(source)):
        raise InvalidTemplateError("it is nested too deep")
    try:
        return _ENVIRONMENT.parse(source)
    except TemplateError as error:
        raise InvalidTemplateError(str(error)) from error
    except RecursionError as error:
        raise InvalidTemplateError("it is nested too deep") from error


class Template(Kind):
    """PromQL from the file."""

    name = "template"
    bindable = False

    def operations(self, bound: BoundSignal) -> str:
        """Return the operations of the recorded name."""
        return "query"

    def expression(self, bound: BoundSignal) -> str:
        """Return the rendered query; InvalidTemplateError where it does not render, PromQLError where it is none."""
        return checked(_render(bound.signal.query or "", _names(bound)))

    def windowed(self, bound: BoundSignal) -> bool:
        """Return whether the query asks for the window."""
        return bool(_WINDOW.search(bound.signal.query or ""))

    def series(self, bound: BoundSignal, example: Example) -> tuple[Series, ...]:
        """Return the signal's own example, or a level where the query has one input alone.

        The samples of several phases are put behind each other; a counter that begins anew is no trouble to `rate`.
        """
        if bound.signal.example:
            return tuple(_example(one, bound, example) for one in bound.signal.example)
        if len(bound.metrics) != 1:
            raise UnsampledError("a query of several metrics needs an `example`")
        return (
            sampling.series(bound.metrics[0], bound, example, sampling.levels((p.value, p) for p in example.phases)),
        )

    def first(self, bound: BoundSignal) -> int | None:
        """Return what the signal says; else 0 where the query has no range, and None where it has one."""
        if bound.signal.settles is not None:
            return bound.signal.settles
        return None if has_range(self.expression(bound)) else 0

    def settled(self, bound: BoundSignal) -> int:
        """Return an hour where nothing is said: the ranges of a query are its own."""
        return max(bound.binding.window + 2 * STEP_SECONDS, bound.signal.settles or _SETTLES)

    def loud(self, bound: BoundSignal) -> Phase:
        """Return a value far beyond any other that an example is asked for."""
        return Phase(value=Decimal(10**6), steps=1)

    def beyond(self, bound: BoundSignal, value: Decimal) -> Decimal:
        """Return twice the limit, or all where it is a share."""
        if bound.signal.unit == RATIO and value < 1 and not bound.low:
            return Decimal(1)
        return super().beyond(bound, value)


_WINDOW: Final = re.compile(r"\{\{\s*window\s*\}\}")
_SETTLES: Final = 3600


def _names(bound: BoundSignal) -> dict[str, object]:
    binding = bound.binding
    found: dict[str, object] = {name: _text(value) for name, value in binding.inputs.items()}
    return found | {"per": ", ".join(binding.per), "window": duration_text(binding.window)}


def _text(value: Selector | Decimal) -> str:
    return decimal_text(value) if isinstance(value, Decimal) else str(value)


def _example(one: ExampleSeries, bound: BoundSignal, example: Example) -> Series:
    values = " ".join(_samples(one, bound, phase) for phase in example.phases)
    try:
        selector = parse_selector(_render(one.series, _names(bound)))
    except PromQLError as error:
        raise InvalidTemplateError(str(error)) from error
    return sampling.series(selector, bound, example, values, **dict(one.labels))


def _samples(one: ExampleSeries, bound: BoundSignal, phase: Phase) -> str:
    """Return the samples of one phase; an example renders `steps` as promtool counts: the first is not among them."""
    if phase.value is None:
        return sampling.levels([(None, phase)])
    values = _render(one.values, _names(bound) | {"value": float(phase.value), "steps": phase.steps - 1})
    if not _SAMPLES.fullmatch(values):
        raise InvalidTemplateError(f"`{values[:60]}` are no samples in promtool's notation, such as `0+10x60`")
    return values


_NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|Inf|NaN)"
_SAMPLE: Final = rf"(?:_|stale|[-+]?{_NUMBER}(?:[-+]{_NUMBER})?)(?:x[0-9]+)?"
_SAMPLES: Final = re.compile(rf"{_SAMPLE}(?: +{_SAMPLE})*")


@lru_cache(maxsize=256)
def _template(source: str) -> JinjaTemplate:
    # Each text is rendered once for each phase of each test; to read it costs more than to fill it in.
    return _ENVIRONMENT.from_string(source)


def _render(source: str, context: Mapping[str, object]) -> str:
    try:
        return _template(source).render(context)
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidTemplateError(str(error)) from error


KIND = Template()
