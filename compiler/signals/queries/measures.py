"""The metrics that a user's query reads unconverted, so that the query's value has their unit.

`compiler.checks.own_metrics` uses this module. A factor, a quotient, a rate or a count changes the unit. Operands
behind `and` and the numbers of comparisons are no part of the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, NamedTuple

import promql_parser

from compiler.promql import PromQLError, Selector, selector_of, tree
from compiler.signals.queries.course import COMPARISONS
from compiler.signals.queries.reading import number_of


class ReadMetric(NamedTuple):
    """A metric that determines a query's value.

    `level`: the query reads the metric's current value, not its rise. `unit`: the value keeps the metric's unit. For
    buckets of a classic histogram, the selector is that of the histogram.
    """

    selector: Selector
    level: bool
    unit: bool


_SUMS: Final = frozenset({"avg", "bottomk", "max", "min", "quantile", "stddev", "sum", "topk"})
_LEVELS: Final = frozenset(
    {
        *("abs", "avg_over_time", "ceil", "clamp", "clamp_max", "clamp_min", "floor", "label_join", "label_replace"),
        *(
            "last_over_time",
            "max_over_time",
            "min_over_time",
            "predict_linear",
            "quantile_over_time",
            "round",
            "scalar",
        ),
        *("sort", "sort_desc", "vector"),
    }
)
_RISES: Final = frozenset({"delta", "idelta", "increase"})
_QUANTILE: Final = "histogram_quantile"
_BUCKET: Final = "_bucket"


def read_metrics(expression: str) -> tuple[ReadMetric, ...]:
    """Return the metrics that an expression reads unconverted; none where it nests too deep."""
    try:
        return tuple(dict.fromkeys(_metrics_of(tree(expression))))
    except RecursionError:
        return ()


def _metrics_of(node: Any) -> Iterator[ReadMetric]:  # noqa: ANN401 - the library has no common type of nodes
    match node:
        case promql_parser.VectorSelector():
            with suppress(PromQLError):
                yield ReadMetric(selector_of(node), level=not node.offset, unit=True)
        case promql_parser.MatrixSelector():
            yield from _metrics_of(node.vector_selector)
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr() | promql_parser.SubqueryExpr():
            yield from _metrics_of(node.expr)
        case promql_parser.AggregateExpr() if str(node.op) in _SUMS:
            yield from _metrics_of(node.expr)
        case promql_parser.Call():
            yield from _metrics_of_call(node)
        case promql_parser.BinaryExpr():
            yield from _metrics_of_operation(node)


def _metrics_of_call(node: promql_parser.Call) -> Iterator[ReadMetric]:
    name = node.func.name
    if name in _LEVELS:
        yield from _metrics_of(node.args[1 if name == "quantile_over_time" else 0])
    elif name in _RISES:
        yield from (metric._replace(level=False) for metric in _metrics_of(node.args[0]))
    elif name == _QUANTILE:
        for metric in _metrics_of(_without_rate(node.args[1])):
            if metric.selector.metric.endswith(_BUCKET):
                histogram = replace(metric.selector, metric=metric.selector.metric.removesuffix(_BUCKET))
                yield ReadMetric(histogram, level=False, unit=True)


def _without_rate(node: Any) -> Any:  # noqa: ANN401 - the library has no common type of nodes
    """Return the buckets of a quantile without the rate around them, because a rate does not change their edges."""
    while isinstance(node, promql_parser.ParenExpr | promql_parser.AggregateExpr):
        node = node.expr
    rated = isinstance(node, promql_parser.Call) and node.func.name in {"increase", "irate", "rate"}
    return node.args[0] if rated else node


def _metrics_of_operation(node: promql_parser.BinaryExpr) -> Iterator[ReadMetric]:
    sign, left, right = str(node.op), number_of(node.lhs), number_of(node.rhs)
    if sign in {"and", "unless"}:
        yield from _metrics_of(node.lhs)
    elif sign in COMPARISONS:
        tested = node.modifier is not None and node.modifier.return_bool
        yield from (metric._replace(unit=not tested) for metric in _metrics_of(node.lhs if left is None else node.rhs))
    elif sign in {"+", "-", "or"}:
        sides = [list(_metrics_of(node.lhs)), list(_metrics_of(node.rhs))]
        shared_names = {metric.selector.metric for metric in sides[0]} & {metric.selector.metric for metric in sides[1]}
        for metric in (*sides[0], *sides[1]):
            # `a - a offset 1h` is a rise.
            yield metric._replace(level=metric.level and not (sign == "-" and metric.selector.metric in shared_names))
    elif sign in {"*", "/"} and (left if left is not None else right) == 1:
        yield from _metrics_of(node.rhs if left is not None else node.lhs)
