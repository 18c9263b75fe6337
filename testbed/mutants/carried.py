"""Find the labels that every result of a PromQL expression surely has, because it selects by them and keeps them.

`equivalent.py` calls this module: a rule that sets such a label again changes nothing.
"""

from typing import Any

import promql_parser

_Pairs = frozenset[tuple[str, str]]
_NONE: _Pairs = frozenset()
_KEEPING = {"last_over_time", "max_over_time", "min_over_time", "avg_over_time", "sum_over_time"}
"""Functions that leave the labels of their series as they are."""


def carried_labels(text: str) -> _Pairs:
    """Return these labels with their values; none if the text does not parse."""
    try:
        return _carried(promql_parser.parse(text))
    except ValueError:
        return _NONE


def _carried(node: Any) -> _Pairs:  # noqa: ANN401  # the library has no common type of nodes
    if isinstance(node, promql_parser.ParenExpr):
        return _carried(node.expr)
    if isinstance(node, promql_parser.Call) and node.func.name in _KEEPING:
        return _carried(node.args[0])
    if isinstance(node, promql_parser.MatrixSelector):
        return _carried(node.vector_selector)
    if isinstance(node, promql_parser.VectorSelector):
        matchers = node.matchers.matchers
        return frozenset(
            (matcher.name, matcher.value)
            for matcher in matchers
            if matcher.op == promql_parser.MatchOp.Equal and matcher.value
        )
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
        is_by = node.modifier.type == promql_parser.AggModifierType.By
        return frozenset(pair for pair in _carried(node.expr) if (pair[0] in node.modifier.labels) is is_by)
    return _of_operator(node) if isinstance(node, promql_parser.BinaryExpr) else _NONE


def _of_operator(node: promql_parser.BinaryExpr) -> _Pairs:
    """Return the labels that an operator keeps: those of both sides of `or`, else the left side's if it keeps them."""
    if str(node.op) == "or":
        return _carried(node.lhs) & _carried(node.rhs)
    keeps_left = str(node.op) in {"and", "unless"} or isinstance(node.rhs, promql_parser.NumberLiteral)
    return _carried(node.lhs) if keeps_left else _NONE
