"""Conversion factors in a kind's PromQL, for metrics that are not in base units.

Kinds write their formulas as if every metric were in seconds, bytes or shares; `compiler.alerts` then asks this module
for the factors. It reads a formula as a tree and moves a metric's factor out of all operations that are proportional to
the metric (`rate`, `sum`, quotients). So the value is multiplied once: where it is compared, where it is added to
another value, or at the end. `own_units` does the reverse for the series of rule tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isinf
from typing import Any, Final, NamedTuple

import promql_parser

from compiler.promql import NAME
from compiler.promql_text import marked, unmarked, value_of
from compiler.signals.bound import BoundSignal
from compiler.signals.contract import Rules
from compiler.signals.inputs import HISTOGRAM

_ONE: Final = Fraction(1)


class Factors(NamedTuple):
    """Factors by metric: for values, and for the bucket edges of histograms."""

    values: Mapping[str, Fraction]
    edges: Mapping[str, Fraction]


def factors_of(bound: BoundSignal) -> Factors:
    """Return how many base units one own unit is, for each metric of a binding that is not in base units."""
    values: dict[str, Fraction] = {}
    edges: dict[str, Fraction] = {}
    for name, measured in bound.binding.units.items():
        metric = bound.selector(name).metric
        if name == HISTOGRAM.name:
            values[f"{metric}_sum"] = measured.factor
            edges |= {metric: measured.factor, f"{metric}_bucket": measured.factor}
        else:
            values[metric] = measured.factor
    return Factors(values, edges)


def scaled(rules: Rules, bound: BoundSignal) -> Rules:
    """Return the rules with values in base units, whatever units the metrics have."""
    if not bound.binding.units:
        return rules
    return Rules(
        records={name: _each_in_base_units(record, bound) for name, record in rules.records.items()},
        conditions={name: in_base_units(condition, bound) for name, condition in rules.conditions.items()},
        value=None if rules.value is None else in_base_units(rules.value, bound),
    )


def _each_in_base_units(record: str | tuple[str, ...], bound: BoundSignal) -> str | tuple[str, ...]:
    """Return a recorded expression, or each of its parts, in base units."""
    if isinstance(record, str):
        return in_base_units(record, bound)
    return tuple(in_base_units(part, bound) for part in record)


def in_base_units(expression: str, bound: BoundSignal) -> str:
    """Return an expression with the factors of its metrics, so that its value is in base units.

    The library prints parts of a tree without the escapes of their strings, so marks replace the strings meanwhile.
    """
    text, strings = marked(expression)
    scaling = _Scaling(factors_of(bound), {mark: value_of(string) or string.text for mark, string in strings.items()})
    return unmarked(scaling.scale(promql_parser.parse(text)).done, strings)


class _Scaled(NamedTuple):
    """PromQL, with the factors by which its value and its bucket edges still have to be multiplied.

    `loose`: the PromQL binds less tightly than a product and needs parentheses in one. `inside`: the PromQL with the
    factor applied to an inner part, where that reads better than a factor at the end.
    """

    text: str
    factor: Fraction = _ONE
    edge: Fraction = _ONE
    loose: bool = False
    inside: str | None = None

    @property
    def done(self) -> str:
        """PromQL with the factor: it divides by 1000 instead of multiplying by 0.001, which is inexact in binary."""
        if self.factor == 1 or self.inside is not None:
            return self.text if self.factor == 1 else self.inside or ""
        text = f"({self.text})" if self.loose else self.text
        up, down = self.factor.numerator, self.factor.denominator
        return text + (f" * {up}" if up != 1 else "") + (f" / {down}" if down != 1 else "")

    @property
    def tight(self) -> str:
        """The PromQL with its factor, as an operand of an operator that binds more tightly than a product."""
        return self.text if self.factor == 1 else f"({self.done})"


_COUNTING: Final = frozenset(
    {
        *("absent", "absent_over_time", "changes", "count_over_time", "present_over_time", "resets", "timestamp"),
        "histogram_count",
    }
)
"""Functions whose value does not depend on the unit."""
_OF_BUCKETS: Final = frozenset({"histogram_quantile", "histogram_avg", "histogram_sum", "histogram_stddev"})
"""Functions whose value has the unit of the bucket edges."""
_PROPORTIONAL: Final = frozenset(
    {
        *("abs", "delta", "deriv", "idelta", "increase", "irate", "label_join", "label_replace", "predict_linear"),
        *("avg_over_time", "last_over_time", "max_over_time", "min_over_time", "quantile_over_time"),
        # A value is rounded in the metric's own unit.
        "round",
        *("rate", "scalar", "sort", "sort_desc", "stddev_over_time", "sum_over_time", "vector"),
    }
)
"""Functions that return twice the value for twice the metric."""
_COUNTS: Final = frozenset({"count", "group"})
_LOOSE: Final = frozenset({"+", "-", "or", "==", "!=", ">", "<", ">=", "<="})
_COMPARATORS: Final = frozenset({"==", "!=", ">", "<", ">=", "<="})


class _Scaling:
    """Walks an expression's tree and moves the factors outwards."""

    def __init__(self, factors: Factors, strings: Mapping[str, str]) -> None:
        self.factors = factors
        self.strings = strings

    def scale(self, node: Any) -> _Scaled:  # noqa: ANN401 - the library has no common type of nodes
        match node:
            case promql_parser.VectorSelector():
                scaled_node = self._selected(node)
            case promql_parser.MatrixSelector():
                scaled_node = self._selected(node.vector_selector)._replace(text=str(node))
            case promql_parser.ParenExpr():
                inner = self.scale(node.expr)
                inside = None if inner.inside is None else f"({inner.inside})"
                scaled_node = inner._replace(text=f"({inner.text})", loose=False, inside=inside)
            case promql_parser.UnaryExpr() | promql_parser.SubqueryExpr():
                scaled_node = self._around(node, node.expr)
            case promql_parser.AggregateExpr():
                around = self._around(node, node.expr)
                scaled_node = _Scaled(around.text) if str(node.op) in _COUNTS else around
            case promql_parser.Call():
                scaled_node = self._call(node)
            case promql_parser.BinaryExpr():
                scaled_node = self._binary(node)
            case _:
                scaled_node = _Scaled(str(node))
        return scaled_node

    def _selected(self, node: promql_parser.VectorSelector) -> _Scaled:
        name = node.name or self._name_in_quotes(node)
        return _Scaled(str(node), self.factors.values.get(name, _ONE), self.factors.edges.get(name, _ONE))

    def _name_in_quotes(self, node: promql_parser.VectorSelector) -> str:
        """Return the metric name that a matcher holds, where the name needs quotes; empty where no matcher does."""
        marks = (
            matcher.value
            for matcher in node.matchers.matchers
            if matcher.name == NAME and str(matcher.op) == "MatchOp.Equal"
        )
        return next((self.strings.get(mark, mark) for mark in marks), "")

    def _around(self, node: Any, inner: Any) -> _Scaled:  # noqa: ANN401 - see above
        """Return a node with its inner part replaced by the scaled one."""
        scaled_inner = self.scale(inner)
        before, _, behind = str(node).rpartition(str(inner))
        return scaled_inner._replace(text=f"{before}{scaled_inner.text}{behind}", loose=False, inside=None)

    def _call(self, node: promql_parser.Call) -> _Scaled:
        name, arguments = node.func.name, [self.scale(argument) for argument in node.args]
        if name not in _COUNTING | _OF_BUCKETS | _PROPORTIONAL:
            return _Scaled(f"{name}({', '.join(argument.done for argument in arguments)})")
        text = f"{name}({', '.join(argument.text for argument in arguments)})"
        factor = next((argument.factor for argument in arguments if argument.factor != 1), _ONE)
        edge = next((argument.edge for argument in arguments if argument.edge != 1), _ONE)
        if name in _COUNTING:
            return _Scaled(text)
        return _Scaled(text, edge) if name in _OF_BUCKETS else _Scaled(text, factor, edge)

    def _binary(self, node: promql_parser.BinaryExpr) -> _Scaled:
        left, right, operator = self.scale(node.lhs), self.scale(node.rhs), str(node.op)
        between = str(node).removeprefix(str(node.lhs)).removesuffix(str(node.rhs))
        edge = left.edge if left.edge != 1 else right.edge
        operation = f"{left.text}{between}{right.text}"
        if operator in {"*", "/"}:
            factor = left.factor * right.factor if operator == "*" else left.factor / right.factor
            return _Scaled(operation, factor, edge)
        if operator in {"and", "unless"}:
            inside = f"{left.done}{between}{right.text}"
            return _Scaled(f"{left.text}{between}{right.text}", left.factor, left.edge, loose=True, inside=inside)
        if operator in _COMPARATORS and (left.factor == right.factor or _is_same_in_every_unit(node.rhs)):
            returns_bool = bool(node.modifier and node.modifier.return_bool)
            inside = f"{left.done}{between}{right.done}"
            return _Scaled(operation, _ONE if returns_bool else left.factor, edge, loose=True, inside=inside)
        if operator in {"+", "-", "or"} and left.factor == right.factor:
            return _Scaled(operation, left.factor, edge, loose=True)
        if operator in _LOOSE:
            return _Scaled(f"{left.done}{between}{right.done}", edge=edge, loose=True)
        return _Scaled(f"{left.tight}{between}{right.tight}", edge=edge)


def _is_same_in_every_unit(node: Any) -> bool:  # noqa: ANN401 - the library has no common type of nodes
    """Return whether a node is a number that is the same in every unit: zero or infinity."""
    if isinstance(node, promql_parser.UnaryExpr):
        return _is_same_in_every_unit(node.expr)
    return isinstance(node, promql_parser.NumberLiteral) and (node.val == 0 or isinf(node.val))
