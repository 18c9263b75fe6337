"""Reduce a PromQL expression to its observable part: differences that cannot change a result are removed.

`equivalent.py` compares the observable part before and after a mutation. Two facts of arithmetic are enough. First, a
positive constant factor changes neither a quantile, which depends on a histogram's shape, nor a comparison with zero.
Second, a value has no effect if it is multiplied by zero, or stands after `and` or `unless`. `rate()` and `increase()`
differ by the range's length, a constant factor; both have a result for the same series.
"""

from dataclasses import dataclass
from typing import Any

import promql_parser

_SCALED = {"rate", "increase"}
# All of these have a result for the same groups.
_AGGREGATIONS = {"sum", "max", "min", "avg"}
_COMPARATORS = {"==", "!=", ">", "<", ">=", "<="}


@dataclass(frozen=True, kw_only=True)
class _Sight:
    """What is observable of a part: a change of its values, and a positive constant factor on all of them."""

    value: bool = True
    factor: bool = True


_ALL = _Sight()
_UNSCALED = _Sight(factor=False)
_PRESENCE = _Sight(value=False, factor=False)


def observable(text: str) -> str:
    """Return the observable part of an expression; the whole text if it does not parse."""
    try:
        return _seen(promql_parser.parse(text), _ALL)
    except ValueError:
        return text


def _seen(node: Any, sight: _Sight) -> str:  # noqa: ANN401  # the library has no common type of nodes
    if isinstance(node, promql_parser.ParenExpr):
        return f"({_seen(node.expr, sight)})"
    if isinstance(node, promql_parser.BinaryExpr):
        left, right = _sides(node, sight)
        return f"{_seen(node.lhs, left)} {node.op} {node.modifier} {_seen(node.rhs, right)}"
    if isinstance(node, promql_parser.AggregateExpr):
        return _seen_aggregation(node, sight)
    if isinstance(node, promql_parser.Call):
        return _seen_call(node, sight)
    return str(node)


def _sides(node: promql_parser.BinaryExpr, sight: _Sight) -> tuple[_Sight, _Sight]:
    """Return what is observable of the two sides of an operator."""
    operator = str(node.op)
    number = node.rhs.val if isinstance(node.rhs, promql_parser.NumberLiteral) else None
    if operator in {"and", "unless"}:
        return sight, _PRESENCE
    if operator == "or" and not sight.value:
        return sight, sight
    if operator == "*" and number == 0:
        return _PRESENCE, _ALL
    if operator in {"*", "/"} and number is not None:
        return sight, _ALL
    if operator in _COMPARATORS and number == 0 and node.modifier and node.modifier.return_bool:
        return _UNSCALED, _ALL
    return _ALL, _ALL


def _seen_aggregation(node: promql_parser.AggregateExpr, sight: _Sight) -> str:
    operator = str(node.op)
    if operator not in _AGGREGATIONS:
        return str(node)
    name = operator if sight.value else "any"
    return f"{name} {node.modifier} ({_seen(node.expr, sight)})"


def _seen_call(node: promql_parser.Call, sight: _Sight) -> str:
    name = node.func.name
    if name in _SCALED and not sight.factor:
        return f"scaled({node.args[0]})"
    insides = [_UNSCALED if name == "histogram_quantile" else _ALL] * len(node.args)
    return f"{name}({', '.join(map(_seen, node.args, insides))})"
