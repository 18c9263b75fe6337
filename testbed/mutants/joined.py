"""Find matchers that both sides of an operator have on the labels that join them: one of the two is enough.

`equivalent.py` calls this module. In `sum by (pod) (a{pod=~"x"}) / sum by (pod) (b{pod=~"x"})`, a pod that one side
does not select finds no partner on the other side.
"""

from typing import Any

import promql_parser

_Demands = frozenset[tuple[str, str, str]]
_NONE: _Demands = frozenset()
_COMPARISONS = {">", ">=", "<", "<=", "==", "!="}
_JOINS = {"/", "*", "+", "-", "and", *_COMPARISONS}


def drops_what_the_other_side_demands(before: str, after: str) -> bool:
    """Return whether the only change is that one side of a join lost a matcher that the other side still has."""
    try:
        return _drops(promql_parser.parse(before), promql_parser.parse(after))
    except ValueError:
        return False


def _drops(old: Any, new: Any) -> bool:  # noqa: ANN401  # the library has no common type of nodes
    before, after = _sides(old), _sides(new)
    if before is not None and after is not None:
        for changed, unchanged in ((0, 1), (1, 0)):
            lost = before[changed] - after[changed]
            if (
                lost
                and after[changed] < before[changed]
                and before[unchanged] == after[unchanged]
                and lost <= after[unchanged]
            ):
                return True
    pairs = list(zip(_parts(old), _parts(new), strict=False))
    differing = [pair for pair in pairs if str(pair[0]) != str(pair[1])]
    return type(old) is type(new) and len(differing) == 1 and _drops(*differing[0])


def _parts(node: Any) -> list[Any]:  # noqa: ANN401
    if isinstance(node, promql_parser.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, promql_parser.Call):
        return list(node.args)
    inside = (promql_parser.ParenExpr, promql_parser.AggregateExpr, promql_parser.SubqueryExpr)
    return [node.expr] if isinstance(node, inside) else []


def _sides(node: Any) -> tuple[_Demands, _Demands] | None:  # noqa: ANN401
    if isinstance(node, promql_parser.ParenExpr):
        return _sides(node.expr)
    if not isinstance(node, promql_parser.BinaryExpr):
        return None
    if isinstance(node.rhs, promql_parser.NumberLiteral):
        return _sides(node.lhs)
    if str(node.op) not in _JOINS:
        return None
    if (node.modifier is None or node.modifier.matching is None) and _is_plain(node.lhs) and _is_plain(node.rhs):
        # All of their labels join these series.
        return _selected(node.lhs), _selected(node.rhs)
    return _demanded(node.lhs), _demanded(node.rhs)


def _is_plain(node: Any) -> bool:  # noqa: ANN401
    """Return whether a part selects stored series, now or over a range; such series have all of their labels."""
    return isinstance(node, promql_parser.VectorSelector) or (
        isinstance(node, promql_parser.Call) and node.func.name == "last_over_time"
    )


def _demanded(node: Any) -> _Demands:  # noqa: ANN401
    """Return the matchers on the labels by which a part is aggregated."""
    if isinstance(node, promql_parser.ParenExpr):
        return _demanded(node.expr)
    if isinstance(node, promql_parser.BinaryExpr):
        kept = isinstance(node.rhs, promql_parser.NumberLiteral)
        return _demanded(node.lhs) if kept else _NONE
    if isinstance(node, promql_parser.Call) and len(node.args) == 1:
        # A function over the moments of a window keeps the labels of its argument.
        inner = node.args[0]
        return _demanded(inner.expr) if isinstance(inner, promql_parser.SubqueryExpr) else _NONE
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier:
        is_by = node.modifier.type == promql_parser.AggModifierType.By
        return frozenset(demand for demand in _selected(node.expr) if is_by and demand[0] in node.modifier.labels)
    return _NONE


def _selected(node: Any) -> _Demands:  # noqa: ANN401
    """Return the matchers of the selector within functions; none if there are several selectors with matchers."""
    if isinstance(node, promql_parser.Call):
        selections = [demands for argument in node.args if (demands := _selected(argument))]
        return selections[0] if len(selections) == 1 else _NONE
    if isinstance(node, promql_parser.MatrixSelector):
        return _selected(node.vector_selector)
    if isinstance(node, promql_parser.VectorSelector):
        return frozenset((matcher.name, str(matcher.op), matcher.value) for matcher in node.matchers.matchers)
    return _NONE
